"""The examples and templates, each with what a host that uses it would add by itself."""

from pathlib import Path

from tests.nix.nix import ROOT

TEMPLATES = ROOT / "nix" / "templates"

# What sops-nix and agenix would set.
SECRETS = """{
  sops.secrets = builtins.mapAttrs (name: _: { path = "/run/secrets/${name}"; }) NAMES;
  age.secrets = builtins.mapAttrs (name: _: { path = "/run/agenix/${name}"; }) NAMES;
}""".replace("NAMES", "{ meet-focus = { }; meet-rooms = { }; meet-bridge = { }; }")


def files() -> list[Path]:
    """Every host's configuration, but those that others import."""
    found = [TEMPLATES / "single" / "meet.nix"]
    found += [TEMPLATES / "cluster" / f"{name}.nix" for name in ("main", "eu1", "us1")]
    return found + sorted((TEMPLATES / "examples").glob("*.nix"))


def host(file: Path) -> str:
    """The configuration as Nix text."""
    return f"{{ imports = [ {file} {SECRETS} ]; }}"
