"""What ``pyjitsi up`` starts: ports, addresses and settings of each service, from the command line."""

import ipaddress
import socket
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyjitsi.rooms.auth import passwords
from pyjitsi.service import StartError
from pyjitsi.settings import MODELS
from pyjitsi.up.state import State, free_port, to_toml

FALLBACK_DOMAIN = "meet.localhost"  # XMPP's domain where people open the server by an address
ANY = ("0.0.0.0", "::")
MAX_BRIDGES = 9


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is decided before anything starts. ``settings`` by process: several bridges are numbered."""

    url: str
    local_url: str
    domain: str
    c2s_port: int
    component_port: int
    prosody_port: int
    focus_port: int
    rooms_port: int
    bridge_port: int
    settings: dict[str, dict[str, Any]]
    prosody: dict[str, Any]  # what was set of it by hand


def parse_listen(text: str) -> tuple[str, int]:
    """``HOST:PORT``. Raises StartError."""
    host, colon, port = text.rpartition(":")
    host = host.strip("[]")
    if not colon or not port.isdigit() or not 0 < int(port) < 65536:
        raise StartError(f"--listen {text}: not HOST:PORT; for all addresses write 0.0.0.0:8080")
    return host or "0.0.0.0", int(port)


def check_free(host: str, port: int, kind: socket.SocketKind, option: str) -> None:
    """Raises StartError where somebody else has the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if kind is socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            name = "TCP" if kind is socket.SOCK_STREAM else "UDP"
            raise StartError(
                f"{name} port {port} on {host} can't be used: {error.strerror}; choose another with {option}"
            ) from error


def _overrides(file: Path | None) -> dict[str, dict[str, Any]]:
    if file is None:
        return {}
    try:
        tables = tomllib.loads(file.read_text())
    except OSError as error:
        raise StartError(f"{file}: {error.strerror}; name a readable TOML file with --config") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StartError(f"{file}: not TOML: {error}") from error
    for name, table in tables.items():
        if name not in MODELS or not isinstance(table, dict):
            raise StartError(f"{file}: [{name}]: no such table; there are {', '.join(f'[{each}]' for each in MODELS)}")
    return tables


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def service_of(name: str) -> str:
    """The service that a process of a plan runs: ``bridge2`` is a bridge."""
    return name.rstrip("0123456789")


def make(
    state: State, listen: str, host_name: str | None, tls: str | None, udp_port: int, config: Path | None,
    *, bridges: int = 1, auth: str = "open", oidc: tuple[str | None, str] = (None, "meet"),
) -> Plan:  # fmt: skip
    """Decide. Raises StartError."""
    if not 1 <= bridges <= MAX_BRIDGES:
        raise StartError(f"--bridges {bridges}: from 1 to {MAX_BRIDGES}")
    host, port = parse_listen(listen)
    overrides = _overrides(config)
    if not 0 < udp_port < 65536:
        raise StartError(f"--udp-port {udp_port}: not a port")
    check_free(host, port, socket.SOCK_STREAM, "--listen")
    for number in range(bridges):
        check_free("0.0.0.0", udp_port + number, socket.SOCK_DGRAM, "--udp-port")
    local = host in ANY or host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)
    name = host_name or ("localhost" if local else host)
    domain = FALLBACK_DOMAIN if _is_address(name) else name.lower()
    files = _tls(state, tls, name)
    scheme = "https" if files else "http"
    shown = f"[{name}]" if ":" in name else name
    default_port = 443 if files else 80
    url = f"{scheme}://{shown}/" if port == default_port else f"{scheme}://{shown}:{port}/"
    reach = "127.0.0.1" if host in ("0.0.0.0", "localhost") else "[::1]" if host == "::" else host
    ports = [free_port() for _ in range(7)]
    c2s, component, prosody, focus, bridge, web, rooms = ports
    socket_url = "ws" + url.removeprefix("http")
    others = {f"bridge{number}": free_port() for number in range(2, bridges + 1)}
    settings: dict[str, dict[str, Any]] = {
        "web": {
            "domain": domain,
            "listen_host": host,
            "listen_port": port,
            "http_port": web,
            "prosody_url": f"http://127.0.0.1:{prosody}",
            "focus_url": f"http://127.0.0.1:{focus}",
            "bridges": {
                "jvb": f"http://127.0.0.1:{bridge}",
                **{name.replace("bridge", "jvb"): f"http://127.0.0.1:{at}" for name, at in others.items()},
            },
            **({"tls": {"certificate": str(files[0]), "key": str(files[1])}} if files else {}),
        },
        "focus": {
            "xmpp": {"port": component, "domain": f"focus.{domain}", "secret": state.secret("focus")},
            "rooms_domain": f"conference.{domain}",
            "clients_domain": domain,
            "brewery": f"jvbbrewery@internal.auth.{domain}",
            "http_port": focus,
            "state_directory": str(state.folder / "focus"),
        },
        "rooms": {
            "xmpp": {"port": component, "domain": f"rooms.{domain}", "secret": state.secret("rooms")},
            "clients_domain": domain,
            "rooms_domain": f"conference.{domain}",
            "breakout_domain": f"breakout.{domain}",
            "lobby_domain": f"lobby.{domain}",
            "http_port": rooms,
        },
        "bridge": {
            "xmpp": {"port": c2s, "domain": f"auth.{domain}", "password": state.secret("jvb"), "security": "disabled"},
            "brewery": f"jvbbrewery@internal.auth.{domain}",
            "udp_port": udp_port,
            "http_port": bridge,
            "websocket_base": f"{socket_url}colibri-ws",
            "relay_id": "jvb",
            "relay_websocket_base": f"ws://127.0.0.1:{bridge}/colibri-relay-ws",
            "drain_seconds": 0,  # Ctrl-C means it
        },
    }
    for number, (name, at) in enumerate(others.items(), start=1):
        own = name.replace("bridge", "jvb")
        settings[name] = {
            **settings["bridge"], "nickname": own, "server_id": own, "relay_id": own, "http_port": at,
            "udp_port": udp_port + number, "relay_websocket_base": f"ws://127.0.0.1:{at}/colibri-relay-ws",
        }  # fmt: skip
    if auth == "jwt":
        settings["rooms"]["auth"] = {"jwt": {"app_id": "meet", "secret": state.secret("jwt")}}
        settings["focus"]["auto_owner"] = False  # the token says who moderates
    elif auth == "oidc":
        _oidc(state, settings, url, *oidc)
    elif auth == "accounts":
        settings["rooms"]["auth"] = {"accounts": {"host": {"password_hash_file": str(_hash(state, "host"))}}}
        settings["focus"]["authentication"] = {"login_domain": domain}
        settings["web"]["passwords"] = {}
    for name, table in settings.items():
        given = overrides.get(service_of(name), {})
        if "auth" in given and "auth" in table:
            given = given | {"auth": _joined(table["auth"], given["auth"])}
        table.update(given)
    return Plan(
        url=url,
        local_url=f"{scheme}://{reach}:{port}/",
        domain=domain,
        c2s_port=c2s,
        component_port=component,
        prosody_port=prosody,
        focus_port=focus,
        rooms_port=rooms,
        bridge_port=bridge,
        settings=settings,
        prosody=overrides.get("prosody", {}),
    )


def _oidc(state: State, settings: dict[str, dict[str, Any]], url: str, issuer: str | None, client: str) -> None:
    """Log-in at a provider. Raises StartError."""
    if issuer is None:
        raise StartError(
            "--auth oidc: name the provider with --oidc-issuer, such as https://id.example.org/realms/main"
        )
    secret = state.folder / "oidc.secret"
    settings["rooms"]["auth"] = {
        "oidc": {
            "issuer": issuer,
            "client_id": client,
            "public_url": url.rstrip("/"),
            **({"client_secret": secret.read_text().strip()} if secret.is_file() else {}),
        }
    }
    settings["rooms"]["state_directory"] = str(state.folder / "rooms")
    settings["web"]["accounts"] = {"url": f"http://127.0.0.1:{settings['rooms']['http_port']}"}
    settings["focus"]["auto_owner"] = False  # the log-in says who moderates


def _joined(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Both, the second where they differ."""
    both = base | over
    for name, value in base.items():
        if isinstance(value, dict) and isinstance(over.get(name), dict):
            both[name] = value | over[name]
    return both


def _hash(state: State, name: str) -> Path:
    """The hash of an account's password, which is a secret of the state's; made anew when that is another."""
    path, password = state.folder / f"{name}.hash", state.secret(name)
    try:
        if passwords.read(path.read_text()).fits(password):
            return path
    except (OSError, ValueError):
        pass
    return state.write(path.name, f"{passwords.make(password)}\n")


def _tls(state: State, tls: str | None, name: str) -> tuple[Path, Path] | None:
    if tls is None:
        return None
    if tls == "self-signed":
        return state.certificate(name)
    certificate, colon, key = tls.partition(":")
    if not colon:
        raise StartError(f"--tls {tls}: neither self-signed nor CERTIFICATE:KEY")
    for path in (certificate, key):
        if not Path(path).is_file():
            raise StartError(f"--tls: {path} is not there")
    return Path(certificate).absolute(), Path(key).absolute()


def write_settings(state: State, plan: Plan) -> dict[str, Path]:
    """Each service's settings file."""
    return {service: state.write(f"{service}.toml", to_toml(values)) for service, values in plan.settings.items()}
