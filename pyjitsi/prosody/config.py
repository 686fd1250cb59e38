"""Prosody's configuration, rendered from a few values.

A pure function, so that ``pyjitsi up`` and the NixOS module render the same text. Works with Prosody 0.12 and 13. The
instance is our own: private data directory, loopback only, no server-to-server, in the foreground (``prosody -F
--config FILE``); an admin's Prosody beside it is left alone. The component's secret and the accounts stay in files of
their own, mode 0600, that the configuration and our modules read.
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PLUGINS = Path(__file__).parent
TEMPLATE = PLUGINS / "prosody.cfg.lua.in"

DOMAIN = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")
RATE = re.compile(r"[0-9]+(b|kb|mb)/s")
LOG_LEVELS = ("debug", "info", "warn", "error")
ICE_TYPES = ("stun", "turn", "turns")
ICE_TRANSPORTS = ("udp", "tcp")


@dataclass(frozen=True, slots=True)
class IceServer:
    """A STUN or TURN server announced by XEP-0215.

    ``secret_file`` holds what the TURN server calls its static secret; Prosody makes credentials of it that live
    ``ttl`` seconds. Without it the server is announced as open to all.
    """

    type: str
    host: str
    port: int
    transport: str = "udp"
    secret_file: Path | None = None
    ttl: int = 86_400


@dataclass(frozen=True, slots=True)
class ProsodyConfig:
    """What differs between installations. Ports are TCP on each of ``interfaces``, which are IP addresses.

    ``accounts_file`` has a line ``user:password`` for each service's account on ``auth.<domain>``;
    ``component_secret_file`` has the focus's secret as its first line. Without ``log_file`` Prosody logs to its
    standard output. ``client_rate`` is Prosody's notation, such as 64kb/s, and binds browsers only.
    """

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
    log_file: Path | None = None
    breweries: Sequence[str] = ("jvbbrewery",)
    client_rate: str = "64kb/s"
    client_stanza_bytes: int = 262_144
    run_as_root: bool = False
    ice_servers: Sequence[IceServer] = ()


def quoted(text: str) -> str:
    """A Lua string literal. Raises ValueError for control characters, which no value of ours needs."""
    if any(ord(character) < 32 for character in text):
        raise ValueError(f"{text!r} holds a control character, which can't be written into Prosody's configuration")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def render(config: ProsodyConfig) -> str:
    """The configuration file's text. Raises ValueError with a sentence for a value that Prosody couldn't use."""
    check(config)
    domain = config.domain
    values = {
        "DOMAIN": quoted(domain),
        "AUTH": quoted(f"auth.{domain}"),
        "CONFERENCE": quoted(f"conference.{domain}"),
        "INTERNAL": quoted(f"internal.auth.{domain}"),
        "FOCUS": quoted(f"focus.{domain}"),
        "FOCUS_JID": quoted(f"focus@focus.{domain}"),
        "BREWERIES": _list(f"{brewery}@internal.auth.{domain}" for brewery in config.breweries),
        "DATA": quoted(str(config.data_directory)),
        "PID_FILE": quoted(str(config.data_directory / "prosody.pid")),
        "PLUGINS": quoted(str(config.plugins)),
        "INTERFACES": _list(config.interfaces),
        "C2S_PORT": str(config.c2s_port),
        "HTTP_PORT": str(config.http_port),
        "COMPONENT_PORT": str(config.component_port),
        "RUN_AS_ROOT": "true" if config.run_as_root else "false",
        "LOG_LEVEL": quoted(config.log_level),
        "LOG_TARGET": quoted("console" if config.log_file is None else "file"),
        "LOG_FILE": "" if config.log_file is None else f", filename = {quoted(str(config.log_file))}",
        "RATE": quoted(config.client_rate),
        "STANZA_BYTES": str(config.client_stanza_bytes),
        "SECRET_FILE": quoted(str(config.component_secret_file)),
        "ACCOUNTS_FILE": quoted(str(config.accounts_file)),
        "ICE_SERVERS": ", ".join(_ice_server(each) for each in config.ice_servers),
    }
    return re.sub("@([A-Z0-9_]+)@", lambda found: values[found.group(1)], TEMPLATE.read_text())


def render_accounts(accounts: Mapping[str, str]) -> str:
    """The text of the accounts' file. Raises ValueError for a name or password that a line can't hold."""
    for name, password in accounts.items():
        if not re.fullmatch(r"[a-z0-9._-]+", name):
            raise ValueError(f"{name!r} can't be an account's name; use lower-case letters, digits, '.', '_' and '-'")
        if not password or any(ord(character) < 32 for character in password):
            raise ValueError(f"the password of {name!r} is empty or holds a control character")
    return "".join(f"{name}:{password}\n" for name, password in accounts.items())


def check(config: ProsodyConfig) -> None:
    """Refuse what Prosody would fail on, or silently replace. Raises ValueError."""
    if not DOMAIN.fullmatch(config.domain) or len(config.domain) > 200:
        raise ValueError(f"{config.domain!r} is no domain; use a DNS name in lower case, such as meet.example.org")
    if not config.interfaces:
        raise ValueError("no interface is named; Prosody would listen on all of them")
    for interface in config.interfaces:
        try:
            ipaddress.ip_address(interface)
        except ValueError:
            raise ValueError(f"interface {interface!r} is no IP address") from None
    ports = (config.c2s_port, config.http_port, config.component_port)
    for port in ports + tuple(server.port for server in config.ice_servers):
        if not 1 <= port <= 65_535:
            raise ValueError(f"port {port} is outside 1 to 65535")
    if len(set(ports)) != len(ports):
        raise ValueError(f"the ports {ports} of Prosody must differ")
    if config.log_level not in LOG_LEVELS:
        raise ValueError(f"log level {config.log_level!r} is none of {', '.join(LOG_LEVELS)}")
    if not RATE.fullmatch(config.client_rate):
        raise ValueError(f"client rate {config.client_rate!r} isn't a number with b/s, kb/s or mb/s, such as 64kb/s")
    if config.client_stanza_bytes < 10_000:
        raise ValueError(f"a stanza limit of {config.client_stanza_bytes} bytes is below Prosody's least, 10000")
    for path in (config.data_directory, config.component_secret_file, config.accounts_file, config.plugins):
        if not path.is_absolute():
            raise ValueError(f"{path} must be an absolute path")
    for server in config.ice_servers:
        if server.type not in ICE_TYPES or server.transport not in ICE_TRANSPORTS:
            raise ValueError(f"ICE server {server.type}:{server.host} over {server.transport} is neither STUN nor TURN")


def _list(texts: Iterable[str]) -> str:
    return ", ".join(quoted(text) for text in texts)


def _ice_server(server: IceServer) -> str:
    fields = {
        "type": quoted(server.type),
        "host": quoted(server.host),
        "port": str(server.port),
        "transport": quoted(server.transport),
    }
    if server.secret_file is not None:
        fields |= {
            "secret": f"first_line({quoted(str(server.secret_file))})",
            "ttl": str(server.ttl),
            "algorithm": '"turn"',
        }
    return "{ " + ", ".join(f"{name} = {value}" for name, value in fields.items()) + " }"
