"""The flake against a stand-in for nixpkgs: every output evaluates, offline."""

import json
import shutil
import tomllib
from pathlib import Path

import pytest

from tests.nix.nix import HERE, ROOT, Nix, NixError

STAND_IN = """{
  description = "An offline stand-in for nixpkgs";
  outputs = { self }:
    let
      load = if builtins ? readFileType then import else import ./tests/nix/offline/compat.nix;
      lib = load LIB;
    in
    {
      inherit lib;
      legacyPackages = lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (
        system: import ./tests/nix/offline/nixpkgs.nix { inherit lib system; }
      );
    };
}
"""


@pytest.fixture(scope="module")
def nixpkgs(nix: Nix, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stand-in as a flake of its own."""
    folder = tmp_path_factory.mktemp("nixpkgs")
    shutil.copytree(HERE / "offline", folder / "tests" / "nix" / "offline")
    (folder / "nix").mkdir()
    shutil.copy(ROOT / "nix" / "dependencies.nix", folder / "nix")
    if nix.lib.startswith("<"):
        place = json.loads(nix.run("nix-instantiate", "--eval", "--json", "-E", f"toString {nix.lib}"))
        shutil.copytree(place, folder / "lib")
        lib = "./lib"
    else:
        lib = "./tests/nix/offline/lib.nix"
    (folder / "flake.nix").write_text(STAND_IN.replace("LIB", lib))
    return folder


@pytest.fixture(scope="module")
def flake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What git knows of this checkout, and nothing that only lies about in it."""
    folder = tmp_path_factory.mktemp("flake")
    for name in ("flake.nix", "pyproject.toml", "setup.py", "LICENSE", "README.md", "Makefile"):
        shutil.copy(ROOT / name, folder)
    ignored = shutil.ignore_patterns("node_modules", "dist", "__pycache__", ".pytest_cache")
    for name in ("nix", "modules", "pyjitsi", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    return folder


def nix_flake(nix: Nix, flake: Path, nixpkgs: Path, *words: str) -> str:
    place = f"path:{flake}"
    command = [word.replace("FLAKE", place) for word in words]
    return nix.run("nix", *command, "--override-input", "nixpkgs", f"path:{nixpkgs}", "--no-write-lock-file")


def test_the_check_passes(nix: Nix, flake: Path, nixpkgs: Path) -> None:
    nix_flake(nix, flake, nixpkgs, "flake", "check", "--no-build", "FLAKE")


@pytest.mark.parametrize("system", ["x86_64-linux", "aarch64-linux"])
def test_both_systems_have_everything(nix: Nix, flake: Path, nixpkgs: Path, system: str) -> None:
    shown = json.loads(nix_flake(nix, flake, nixpkgs, "flake", "show", "--json", "FLAKE"))
    assert set(shown["packages"][system]) == {"default", "pyjitsi", "client", "options-doc"}
    assert set(shown["apps"][system]) == {"default", "vm"}
    assert "default" in shown["devShells"][system]
    assert system in shown["formatter"]
    assert {name.partition("-")[0] for name in shown["checks"][system]} == {"package", "options", "example", "vm"}
    assert set(shown["templates"]) == {"default", "cluster"}
    assert set(shown["nixosModules"]) == {"default", "meet"}
    assert set(shown["overlays"]) == {"default"}


def test_the_package_has_the_dependencies_of_the_project(nix: Nix) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {each.split(">")[0].lower() for each in project["dependencies"]}
    named = json.loads(nix.run("nix-instantiate", "--eval", "--json", "--strict", str(ROOT / "nix/dependencies.nix")))
    assert set(named) == wanted


def test_every_package_of_the_client_can_be_fetched_by_its_hash() -> None:
    lock = json.loads((ROOT / "pyjitsi/web/client/package-lock.json").read_text())
    for name, entry in lock["packages"].items():
        if name and not entry.get("link"):
            assert entry["resolved"].startswith("https://registry.npmjs.org/"), name
            assert entry["integrity"].startswith("sha512-"), name


def test_every_nix_file_parses(nix: Nix) -> None:
    files = [ROOT / "flake.nix"]
    for folder in ("nix", "modules", "tests/nix", "tests/vm"):
        files += sorted((ROOT / folder).rglob("*.nix"))
    nix.run("nix-instantiate", "--parse", *map(str, files))


def test_nix_files_keep_the_style() -> None:
    for folder in ("nix", "modules"):
        for file in sorted((ROOT / folder).rglob("*.nix")):
            text = file.read_text()
            assert "\t" not in text, file
            assert "with lib;" not in text, file
            assert text.endswith("\n"), file
            first = next(line for line in text.splitlines() if line)
            assert first.startswith("#") or file.name == "flake.nix", f"{file} does not say what it is"


def test_the_check_finds_an_example_that_is_wrong(nix: Nix, flake: Path, nixpkgs: Path, tmp_path: Path) -> None:
    broken = tmp_path / "flake"
    shutil.copytree(flake, broken)
    (broken / "nix/templates/examples/caddy.nix").write_text("# Wrong.\n{ services.meet.hostNam = 1; }\n")
    with pytest.raises(NixError, match=r"services\.meet\.hostNam"):
        nix_flake(nix, broken, nixpkgs, "flake", "check", "--no-build", "FLAKE")
