"""The stand-in lib says what nixpkgs' own says, wherever both are there, so that it cannot rot unseen."""

from pathlib import Path
from typing import Any

import pytest

from tests.nix.examples import files, host
from tests.nix.nix import OFFLINE_LIB, Nix, library

VALUES = ("failed", "warnings", "firewall", "switching", "sysctl", "nginx", "caddy", "etc")


@pytest.fixture(scope="module")
def stand_in(nix: Nix) -> Nix:
    """The same store with the stand-in."""
    if library() == str(OFFLINE_LIB):
        pytest.skip(
            "<nixpkgs/lib> does not resolve; clone nix-community/nixpkgs.lib to ~/.nix-defexpr/channels/nixpkgs"
        )
    return Nix(nix.folder, str(OFFLINE_LIB))


def settled(value: Any) -> Any:
    """Without the order of lists that several modules add to, which is nobody's promise."""
    if isinstance(value, dict):
        return {name: settled(each) for name, each in value.items()}
    return sorted(value, key=str) if isinstance(value, list) else value


@pytest.mark.parametrize("file", files(), ids=lambda file: file.stem)
def test_examples_evaluate_to_the_same(nix: Nix, stand_in: Nix, file: Path) -> None:
    for attribute in VALUES:
        found, expected = (settled(each.evaluate(host(file), attribute)) for each in (stand_in, nix))
        assert found == expected, attribute
    # Built, so that store paths are the real ones.
    assert stand_in.build(host(file), "unitFiles") == nix.build(host(file), "unitFiles")


@pytest.mark.parametrize(
    "wrong",
    [
        "{ services.meet.bridge.prot = 1; }",
        "{ services.meet.bridge.enable = true; services.meet.bridge.port = 70000; }",
        '{ services.meet.enable = "yes"; }',
        '{ services.meet = { enable = true; hostName = "Meet"; }; }',
    ],
)
def test_both_refuse_what_is_wrong(nix: Nix, stand_in: Nix, wrong: str) -> None:
    for each in (nix, stand_in):
        assert "services.meet." in each.refusal(wrong, "unitFiles")


def test_the_documentation_has_the_same_options(nix: Nix, stand_in: Nix) -> None:
    def shown(each: Nix) -> dict[str, str]:
        options = each.evaluate('{ services.meet.hostName = "m"; }', "docs")
        return {option["name"]: option["description"].strip() for option in options}

    assert shown(stand_in) == shown(nix)
