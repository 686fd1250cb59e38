"""A real directory for all these tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from pyjitsi.rooms.auth.ldap.settings import LdapSettings
from tests.support.slapd import BIND_DN, BIND_PASSWORD, MISSING, PEOPLE, STAFF, Slapd, executable


class Settings(Protocol):
    """Settings for the running directory, with some changed."""

    def __call__(self, **changes: Any) -> LdapSettings: ...


@pytest.fixture(scope="package")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    if executable() is None:
        pytest.skip(MISSING)
    server = Slapd(tmp_path_factory.mktemp("slapd"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def settings(slapd: Slapd, tmp_path: Path) -> Settings:
    password = tmp_path / "bind-password"
    password.write_text(f"{BIND_PASSWORD}\n")

    def make(**changes: Any) -> LdapSettings:
        values: dict[str, Any] = {
            "urls": [slapd.url], "base": PEOPLE, "ca_file": slapd.certificate, "bind_dn": BIND_DN,
            "bind_password_file": password, "moderator_groups": [STAFF], "timeout_seconds": 8,
        }  # fmt: skip
        return LdapSettings.model_validate(values | changes)

    return make
