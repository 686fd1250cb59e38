"""One store for all these tests."""

import pytest

from tests.nix.nix import Nix, library, missing


@pytest.fixture(scope="session")
def nix(tmp_path_factory: pytest.TempPathFactory) -> Nix:
    """Nix with nixpkgs' lib, or the stand-in's."""
    if reason := missing():
        pytest.skip(reason)
    return Nix(tmp_path_factory.mktemp("nix"), library())
