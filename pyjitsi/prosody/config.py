"""Prosody's configuration, rendered from its settings.

A pure function, so that ``pyjitsi up`` and the NixOS module render the same text. Works with Prosody 0.12 and 13. The
instance is our own: private data directory, loopback only, no server-to-server, in the foreground (``prosody -F
--config FILE``); an admin's Prosody beside it is left alone. Secrets stay in files of their own, mode 0600 or systemd
credentials, that the configuration and our modules read.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from pyjitsi.prosody.settings import IceServer, ProsodySettings, TlsFiles

PLUGINS = Path(__file__).parent
TEMPLATE = PLUGINS / "prosody.cfg.lua.in"
GUESTS = PLUGINS / "guests.cfg.lua.in"


def quoted(text: str) -> str:
    """A Lua string literal. Raises ValueError for control characters, which no value of ours needs."""
    if any(ord(character) < 32 for character in text):
        raise ValueError(f"{text!r} holds a control character, which can't be written into Prosody's configuration")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def render(settings: ProsodySettings, plugins: Path = PLUGINS) -> str:
    """The configuration file's text; ``plugins`` is the folder of our Lua modules.

    Raises ValueError with a sentence for a text that Lua couldn't hold.
    """
    domain = settings.domain
    passwords = settings.login == "password"
    values = {
        "DOMAIN": quoted(domain),
        "AUTH": quoted(f"auth.{domain}"),
        "CONFERENCE": quoted(f"conference.{domain}"),
        "INTERNAL": quoted(f"internal.auth.{domain}"),
        "BREAKOUT": quoted(f"breakout.{domain}"),
        "LOBBY": quoted(f"lobby.{domain}"),
        "ROOMS": quoted(f"rooms.{domain}"),
        "FOCUS": quoted(f"focus.{domain}"),
        "FOCUS_JID": quoted(f"focus@focus.{domain}"),
        "BREWERIES": _list(f"{brewery}@internal.auth.{domain}" for brewery in settings.breweries),
        "GUEST": quoted(f"guest.{domain}"),
        "CLIENT_AUTH": quoted("meet_passwords" if passwords else "meet_anonymous"),
        "LOGIN_MODULE": ', "meet_login"' if passwords else "",
        "LOGIN_ASKS": "true" if settings.login == "token" else "false",
        "ENTRY_ASKS": "false" if settings.login == "open" else "true",
        "DATA": quoted(str(settings.data_directory)),
        "PID_FILE": quoted(str(settings.data_directory / "prosody.pid")),
        "PLUGINS": _list(str(path) for path in (plugins, *settings.plugin_paths)),
        "INTERFACES": _list(settings.interfaces),
        "C2S_INTERFACES": _list(dict.fromkeys((*settings.interfaces, *settings.c2s_interfaces))),
        "C2S_PORT": str(settings.c2s_port),
        "HTTP_PORT": str(settings.http_port),
        "COMPONENT_PORT": str(settings.component_port),
        "RUN_AS_ROOT": "true" if settings.run_as_root else "false",
        "LOG_LEVEL": quoted(settings.log_level),
        "LOG_TARGET": quoted("console" if settings.log_file is None else "file"),
        "LOG_FILE": "" if settings.log_file is None else f", filename = {quoted(str(settings.log_file))}",
        "RATE": quoted(settings.client_rate),
        "STANZA_BYTES": str(settings.client_stanza_bytes),
        "MAX_OCCUPANTS": str(settings.max_occupants or 0),
        "MAX_DURATION": str((settings.max_duration_minutes or 0) * 60),
        "SECRET_FILE": _path(settings.component_secret_file),
        "ROOMS_SECRET_FILE": _path(settings.rooms_secret_file),
        "ROOMS_URL": quoted(f"http://127.0.0.1:{settings.rooms_http_port}"),
        "ACCOUNTS": ", ".join(f"[{quoted(name)}] = {_path(file)}" for name, file in settings.accounts.items()),
        "TLS": "" if settings.tls is None else ', "tls"',
        "SSL": _ssl(settings.tls),
        "ICE_SERVERS": ", ".join(_ice_server(each) for each in settings.ice_servers),
        "EXTRA_MODULES": "".join(f", {quoted(name)}" for name in settings.extra_modules),
        "EXTRA_CONFIG": settings.extra_config,
    }

    def filled(template: str) -> str:
        return re.sub("@([A-Z0-9_]+)@", lambda found: values[found.group(1)], template)

    values["GUEST_HOST"] = "\n" + filled(GUESTS.read_text()) if passwords else ""
    return filled(TEMPLATE.read_text())


def _list(texts: Iterable[str]) -> str:
    return ", ".join(quoted(text) for text in texts)


def _path(file: Path) -> str:
    """A Lua expression: a path as it is, or a credential in the folder that systemd names in the environment."""
    return quoted(str(file)) if file.is_absolute() else f"credential({quoted(str(file))})"


def _ssl(tls: TlsFiles | None) -> str:
    if tls is None:
        return ""
    return f"\n\tssl = {{ certificate = {_path(tls.certificate)}, key = {_path(tls.key)} }}"


def _ice_server(server: IceServer) -> str:
    fields = {
        "type": quoted(server.type),
        "host": quoted(server.host),
        "port": str(server.port),
        "transport": quoted(server.transport),
    }
    if server.secret_file is not None:
        fields |= {
            "secret": f"first_line({_path(server.secret_file)})",
            "ttl": str(server.ttl),
            "algorithm": '"turn"',
        }
    return "{ " + ", ".join(f"{name} = {value}" for name, value in fields.items()) + " }"
