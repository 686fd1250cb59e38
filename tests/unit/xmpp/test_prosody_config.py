"""The configuration as text, and what is refused before Prosody would stumble over it."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyjitsi.prosody.config import PLUGINS, quoted, render
from pyjitsi.prosody.settings import ProsodySettings, TlsFiles

VALUES: dict[str, Any] = {
    "domain": "meet.example.org",
    "data_directory": Path("/var/lib/meet"),
    "component_secret_file": Path("/run/secrets/focus"),
    "rooms_secret_file": Path("/run/secrets/rooms"),
    "accounts": {"jvb": Path("/run/secrets/jvb")},
}


def changed(**values: Any) -> ProsodySettings:
    return ProsodySettings.model_validate(VALUES | values)


CONFIG = changed()


def ice(kind: str, host: str, port: int, transport: str = "udp", secret: str | None = None) -> dict[str, Any]:
    return {"type": kind, "host": host, "port": port, "transport": transport, "secret_file": secret}


def block(text: str, start: str) -> str:
    """The lines of one host."""
    return text.split(start, 1)[1].split("\n\n", 1)[0]


def test_every_host_is_there() -> None:
    text = render(CONFIG)
    for line in (
        'VirtualHost ("meet.example.org")',
        'VirtualHost ("auth.meet.example.org")',
        'Component ("conference.meet.example.org") "muc"',
        'Component ("internal.auth.meet.example.org") "muc"',
        'Component ("breakout.meet.example.org") "muc"',
        'Component ("lobby.meet.example.org") "muc"',
        'Component ("focus.meet.example.org")',
        'Component ("rooms.meet.example.org")',
    ):
        assert line in text


def test_nothing_is_left_to_fill_in() -> None:
    assert "@" not in render(CONFIG).replace("@focus.", "").replace("jvbbrewery@", "")


def test_rooms_are_as_clients_need_them() -> None:
    rooms = block(render(CONFIG), 'Component ("conference.meet.example.org") "muc"')
    for setting in (
        'admins = { "focus@focus.meet.example.org" }',
        "component_admins_as_room_owners = true",
        "restrict_room_creation = true",
        "muc_room_locking = false",
        "muc_tombstones = false",
        "muc_room_default_public = false",
        "muc_room_default_public_jids = true",
    ):
        assert setting in rooms


def test_secrets_are_named_not_held() -> None:
    text = render(changed(ice_servers=(ice("turns", "ice.example", 5349, "tcp", "/run/secrets/turn"),)))
    assert 'component_secret = first_line("/run/secrets/focus")' in text
    assert (
        'external_services = { { type = "turns", host = "ice.example", port = 5349, transport = "tcp", '
        'secret = first_line("/run/secrets/turn"), ttl = 86400, algorithm = "turn" } }'
    ) in text


def test_no_ice_servers_by_default() -> None:
    assert "external_services = {  }" in render(CONFIG)


def test_every_port_is_on_the_named_interfaces() -> None:
    text = render(changed(interfaces=("127.0.0.1", "::1"), c2s_port=1, http_port=2, component_port=3))
    assert text.count('interfaces = { "127.0.0.1", "::1" }') == 4
    for line in ("c2s_ports = { 1 }", "http_ports = { 2 }", "component_ports = { 3 }", "s2s_ports = { }"):
        assert line in text


def test_log_goes_to_standard_output_or_a_file() -> None:
    assert 'to = "console" } }' in render(CONFIG)
    assert 'to = "file", filename = "/var/log/meet.log" } }' in render(changed(log_file=Path("/var/log/meet.log")))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"domain": "Meet.example"}, "is no domain"),
        ({"domain": ""}, "is no domain"),
        ({"domain": "-a.example"}, "is no domain"),
        ({"domain": 'a"); os.exit() --'}, "is no domain"),
        ({"domain": "a..b"}, "is no domain"),
        ({"interfaces": ()}, "at least 1 item"),
        ({"interfaces": ("localhost",)}, "is no IP address"),
        ({"interfaces": ("*",)}, "is no IP address"),
        ({"c2s_port": 0}, "greater than or equal to 1"),
        ({"http_port": 65_536}, "less than or equal to 65535"),
        ({"http_port": 5222}, "must differ"),
        ({"log_level": "loud"}, "'debug', 'info', 'warn' or 'error'"),
        ({"client_rate": "fast"}, "isn't a number with b/s, kb/s or mb/s"),
        ({"client_stanza_bytes": 9_999}, "greater than or equal to 10000"),
        ({"data_directory": Path("data")}, "must be an absolute path"),
        ({"component_secret_file": Path("a/b")}, "or the name of a systemd credential"),
        ({"accounts": {"a:b": Path("/x")}}, "can't be an account's name"),
        ({"accounts": {"": Path("/x")}}, "can't be an account's name"),
        ({"c2s_interfaces": ("10.0.0.1",)}, "passwords would cross the network in the clear"),
        ({"ice_servers": (ice("http", "a", 1),)}, "'stun', 'turn' or 'turns'"),
        ({"ice_servers": (ice("stun", "a", 0),)}, "greater than or equal to 1"),
        ({"ice_servers": (ice("stun", "a\nb", 1),)}, "should match pattern"),
    ],
)
def test_a_wrong_value_is_refused_with_the_reason(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        render(changed(**values))


@given(st.text(st.characters(min_codepoint=32, exclude_categories=("Cs",))))
def test_a_quoted_text_ends_where_it_ends(text: str) -> None:
    inner = quoted(text)[1:-1]
    assert inner.replace("\\\\", "").replace('\\"', "").count('"') == 0
    assert inner.replace("\\\\", "\0").replace('\\"', '"').replace("\0", "\\") == text


def test_a_file_without_a_slash_is_a_credential() -> None:
    text = render(changed(component_secret_file=Path("focus-secret"), accounts={"jvb": Path("account-jvb")}))
    assert 'component_secret = first_line(credential("focus-secret"))' in text
    assert 'meet_accounts = { ["jvb"] = credential("account-jvb") }' in text


def test_other_machines_log_in_on_their_own_addresses_with_tls_alone() -> None:
    files = TlsFiles(certificate=Path("tls-certificate"), key=Path("tls-key"))
    text = render(changed(c2s_interfaces=("10.0.0.1",), tls=files))
    assert 'c2s_interfaces = { "127.0.0.1", "10.0.0.1" }' in text
    assert text.count("10.0.0.1") == 1
    assert 'ssl = { certificate = credential("tls-certificate"), key = credential("tls-key") }' in text
    assert '"meet_notify", "tls"' in text
    assert "c2s_require_encryption = true" in text


def test_lua_is_clean() -> None:
    luacheck = shutil.which("luacheck")
    if luacheck is None:
        pytest.skip("no luacheck on this machine; install the package lua-check")
    root = PLUGINS.parent.parent
    files = sorted(str(path) for path in PLUGINS.glob("*.lua"))
    assert files
    done = subprocess.run(
        [luacheck, "--config", str(root / ".luacheckrc"), "--no-color", *files],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_configuration_is_lua(tmp_path: Path) -> None:
    luac = next(filter(None, map(shutil.which, ("luac", "luac5.4", "luac54"))), None)
    if luac is None:
        pytest.skip("no luac on this machine; install the package lua5.4")
    file = tmp_path / "prosody.cfg.lua"
    server = ice("turns", 'odd"name\\', 5349, "tcp", "/run/secrets/turn")
    file.write_text(render(changed(ice_servers=(server,), data_directory=Path('/odd "folder"\\'))))
    done = subprocess.run([luac, "-p", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
