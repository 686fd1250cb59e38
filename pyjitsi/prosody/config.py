"""Prosody's configuration, rendered from a few values.

A pure function, so that ``pyjitsi up`` and the NixOS module render the same text. Works with Prosody 0.12 and 13. The
instance is our own: private data directory, loopback only, no server-to-server, no daemon; an admin's Prosody beside it
is left alone. Secrets are read from files by the configuration itself (it is Lua), so that they stand in no other file.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

PLUGINS = Path(__file__).parent
TEMPLATE = PLUGINS / "prosody.cfg.lua.in"


@dataclass(frozen=True, slots=True)
class IceServer:
    """A STUN or TURN server announced by XEP-0215; ``secret_file`` makes short-lived TURN credentials."""

    type: str
    host: str
    port: int
    transport: str = "udp"
    secret_file: Path | None = None


@dataclass(frozen=True, slots=True)
class ProsodyConfig:
    """What differs between installations. Ports are TCP on ``interfaces``."""

    domain: str
    data_directory: Path
    component_secret_file: Path
    accounts_file: Path
    interfaces: Sequence[str] = ("127.0.0.1",)
    c2s_port: int = 5222
    http_port: int = 5280
    component_port: int = 5347
    plugins: Path = PLUGINS
    log_level: str = "info"
    brewery: str = "jvbbrewery"
    client_rate: str = "512kb/s"
    client_burst_seconds: int = 4
    client_stanza_bytes: int = 262_144
    run_as_root: bool = False
    ice_servers: Sequence[IceServer] = field(default_factory=tuple)


def quoted(text: str) -> str:
    """A Lua string literal. Raises ValueError for control characters, which no value of ours needs."""
    if any(ord(character) < 32 for character in text):
        raise ValueError(f"{text!r} holds a control character, which can't be written into Prosody's configuration")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def render(config: ProsodyConfig) -> str:
    """The configuration file's text."""
    values = {
        "DOMAIN": quoted(config.domain),
        "AUTH": quoted(f"auth.{config.domain}"),
        "CONFERENCE": quoted(f"conference.{config.domain}"),
        "INTERNAL": quoted(f"internal.auth.{config.domain}"),
        "FOCUS": quoted(f"focus.{config.domain}"),
        "FOCUS_JID": quoted(f"focus@focus.{config.domain}"),
        "BREWERY": quoted(f"{config.brewery}@internal.auth.{config.domain}"),
        "DATA": quoted(str(config.data_directory)),
        "PID_FILE": quoted(str(config.data_directory / "prosody.pid")),
        "PLUGINS": quoted(str(config.plugins)),
        "INTERFACES": ", ".join(quoted(each) for each in config.interfaces),
        "C2S_PORT": str(config.c2s_port),
        "HTTP_PORT": str(config.http_port),
        "COMPONENT_PORT": str(config.component_port),
        "RUN_AS_ROOT": "true" if config.run_as_root else "false",
        "LOG_LEVEL": quoted(config.log_level),
        "RATE": quoted(config.client_rate),
        "BURST": quoted(f"{config.client_burst_seconds}s"),
        "STANZA_BYTES": str(config.client_stanza_bytes),
        "SECRET_FILE": quoted(str(config.component_secret_file)),
        "ACCOUNTS_FILE": quoted(str(config.accounts_file)),
        "ICE_SERVERS": ", ".join(_ice_server(each) for each in config.ice_servers),
    }
    text = TEMPLATE.read_text()
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text


def _ice_server(server: IceServer) -> str:
    fields = [f"type = {quoted(server.type)}", f"host = {quoted(server.host)}", f"port = {server.port}"]
    fields.append(f"transport = {quoted(server.transport)}")
    if server.secret_file is not None:
        fields += [f"secret = read_secret({quoted(str(server.secret_file))})", "ttl = 86400", 'algorithm = "turn"']
    return "{ " + ", ".join(fields) + " }"
