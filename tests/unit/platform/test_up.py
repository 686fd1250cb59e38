"""What ``pyjitsi up`` decides before it starts anything."""

import socket
import stat
import tomllib
from pathlib import Path

import pytest

from pyjitsi.service import StartError
from pyjitsi.up import plan
from pyjitsi.up.state import State, free_port, to_toml


@pytest.fixture
def state(tmp_path: Path) -> State:
    made = State(tmp_path / "state")
    made.open()
    return made


def make(state: State, listen: str = "127.0.0.1:18080", host: str | None = None, tls: str | None = None) -> plan.Plan:
    return plan.make(state, listen, host, tls, 18081, None)


def test_secrets_are_made_once_and_are_for_the_owner_only(state: State) -> None:
    first = state.secret("focus")
    assert len(first) >= 32
    assert state.secret("focus") == first != state.secret("jvb")
    for file in state.folder.glob("*.secret"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_settings_files_hold_secrets_and_are_for_the_owner_only(state: State) -> None:
    for file in plan.write_settings(state, make(state)).values():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        tomllib.loads(file.read_text())


def test_toml_reads_back_as_it_was() -> None:
    values = {"a": 1, "b": True, "c": 'x"\\\n', "d": ["p", "q"], "e": {"f g": 1.5, "h": {"i": "j"}}}
    assert tomllib.loads(to_toml(values)) == values


@pytest.mark.parametrize(
    ("listen", "host", "tls", "url", "domain"),
    [
        ("127.0.0.1:18080", None, None, "http://localhost:18080/", "localhost"),
        ("0.0.0.0:18443", "192.0.2.7", "self-signed", "https://192.0.2.7:18443/", "meet.localhost"),
        ("0.0.0.0:18443", "Meet.Example.org", None, "http://Meet.Example.org:18443/", "meet.example.org"),
    ],
)
def test_the_address_that_is_printed_and_xmpps_domain(
    state: State, listen: str, host: str | None, tls: str | None, url: str, domain: str
) -> None:
    made = make(state, listen, host, tls)
    assert (made.url, made.domain) == (url, domain)


def test_a_self_signed_certificate_is_kept_until_the_name_changes(state: State) -> None:
    certificate, key = state.certificate("192.0.2.7")
    first = certificate.read_bytes()
    assert state.certificate("192.0.2.7")[0].read_bytes() == first
    assert state.certificate("meet.example.org")[0].read_bytes() != first
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("listen", "tls", "reason"),
    [
        ("localhost", None, "not HOST:PORT"),
        ("127.0.0.1:99999", None, "not HOST:PORT"),
        ("127.0.0.1:18080", "nonsense", "neither self-signed nor CERTIFICATE:KEY"),
        ("127.0.0.1:18080", "/absent.pem:/absent.key", "/absent.pem is not there"),
    ],
)
def test_wrong_options_say_what_is_wrong(state: State, listen: str, tls: str | None, reason: str) -> None:
    with pytest.raises(StartError, match=reason):
        make(state, listen, None, tls)


def test_a_port_in_use_is_said_with_what_to_do(state: State) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StartError, match=f"TCP port {port} on 127.0.0.1 can't be used: .*--listen"):
            make(state, f"127.0.0.1:{port}")


def test_one_folder_serves_one_server(state: State) -> None:
    with pytest.raises(StartError, match="another pyjitsi runs on"):
        State(state.folder).open()


def test_tables_that_do_not_exist_are_refused(state: State, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("[brigde]\nudp_port = 1\n")
    with pytest.raises(StartError, match=r"\[brigde\]: no such table"):
        plan.make(state, "127.0.0.1:18080", None, None, 18081, tmp_path / "c.toml")


def test_ports_for_services_are_none_that_an_outgoing_connection_may_take_first() -> None:
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        assert all(free_port(kind) < lowest for _ in range(20))


def test_with_tokens_the_room_services_get_a_secret_and_the_focus_makes_nobody_moderator(state: State) -> None:
    made = plan.make(state, "127.0.0.1:18080", None, None, 18081, None, auth="jwt")
    assert made.settings["rooms"]["auth"]["jwt"]["secret"] == state.secret("jwt")
    assert made.settings["focus"]["auto_owner"] is False
    assert "auth" not in make(state).settings["rooms"]
