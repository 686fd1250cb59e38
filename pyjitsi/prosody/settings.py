"""What an admin can set of the Prosody instance of our own."""

import ipaddress
import re
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from pyjitsi.settings import Section, ServiceSettings

DOMAIN = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")
RATE = re.compile(r"[0-9]+(b|kb|mb)/s")


def _domain(text: str) -> str:
    if not DOMAIN.fullmatch(text) or len(text) > 200:
        raise ValueError(f"{text!r} is no domain; use a DNS name in lower case, such as meet.example.org")
    return text


def _address(text: str) -> str:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        raise ValueError(f"interface {text!r} is no IP address") from None
    return text


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError(f"{path} must be an absolute path")
    return path


def _file(path: Path) -> Path:
    """An absolute path, or the name of a credential."""
    if not path.is_absolute() and (len(path.parts) != 1 or path.parts[0] == ".."):
        raise ValueError(f"{path} must be an absolute path, or the name of a systemd credential")
    return path


Address = Annotated[str, AfterValidator(_address)]
AbsolutePath = Annotated[Path, AfterValidator(_absolute)]
SecretFile = Annotated[Path, AfterValidator(_file)]


class TlsFiles(Section):
    """A certificate for services that come from other machines."""

    certificate: SecretFile = Field(description="PEM file with the certificate and its chain.")
    key: SecretFile = Field(description="PEM file with the private key.")


class IceServer(Section):
    """A STUN or TURN server announced by XEP-0215."""

    type: Literal["stun", "turn", "turns"] = Field(description="What it is.")
    host: str = Field(pattern=r"^[^\x00-\x20\x7f]+$", description="Its name or address.")
    port: int = Field(ge=1, le=65535, description="Its port.")
    transport: Literal["udp", "tcp"] = Field(default="udp", description="How it is reached.")
    secret_file: SecretFile | None = Field(
        default=None, description="The TURN server's static secret; unset announces the server as open to all."
    )
    ttl: int = Field(default=86_400, ge=60, description="Seconds for which credentials made of the secret live.")


class ProsodySettings(ServiceSettings):
    """The Prosody instance. A file named without a slash is a systemd credential (``$CREDENTIALS_DIRECTORY``)."""

    service: ClassVar[str] = "prosody"

    domain: Annotated[str, AfterValidator(_domain)] = Field(
        description="The clients' domain D; the services' follow from it, as conference.D, auth.D and rooms.D."
    )
    data_directory: AbsolutePath = Field(
        default=Path("/var/lib/meet-prosody"), description="Prosody's own; nothing of worth is in it."
    )
    component_secret_file: SecretFile = Field(
        default=Path("focus-secret"), description="Its first line is the focus's secret."
    )
    rooms_secret_file: SecretFile = Field(
        default=Path("rooms-secret"), description="Its first line is the secret of the room services, both ways."
    )
    rooms_http_port: int = Field(
        default=8890, ge=1, le=65535, description="Where the room services answer Prosody's questions, on loopback."
    )
    accounts: dict[str, SecretFile] = Field(
        default={}, description="Accounts of services on auth.D, each with the file whose first line is its password."
    )
    login: Literal["open", "token", "password"] = Field(
        default="open",
        description="Whether anybody enters, or the room services judge every entry, and every log-in with a token, or "
        "with name and password; with the latter everybody comes in through guest.D.",
    )
    interfaces: tuple[Address, ...] = Field(
        default=("127.0.0.1",),
        min_length=1,
        description="Addresses of all ports; loopback, for nobody else needs them.",
    )
    c2s_interfaces: tuple[Address, ...] = Field(
        default=(), description="Further addresses on which services of other machines log in, with TLS only."
    )
    tls: TlsFiles | None = Field(default=None, description="Needed as soon as c2s_interfaces has an address.")
    c2s_port: int = Field(default=5222, ge=1, le=65535, description="Where services log in; 5222 is XMPP's (RFC 6120).")
    http_port: int = Field(default=5280, ge=1, le=65535, description="Web-sockets and BOSH; 5280 is Prosody's.")
    component_port: int = Field(
        default=5347, ge=1, le=65535, description="Focus and room services; 5347 is XEP-0114's custom."
    )
    log_level: Literal["debug", "info", "warn", "error"] = Field(default="info", description="What is logged.")
    log_file: AbsolutePath | None = Field(default=None, description="Unset logs to standard output.")
    breweries: tuple[str, ...] = Field(
        default=("jvbbrewery",), description="Rooms on internal.auth.D in which services announce themselves."
    )
    client_rate: str = Field(default="64kb/s", description="What one browser may send, in Prosody's notation.")
    client_stanza_bytes: int = Field(
        default=262_144, ge=10_000, description="The longest stanza of a client; the longest honest one is 30 kB."
    )
    max_occupants: int | None = Field(
        default=None, ge=1, description="People in one room; services aren't counted. Unset: any number."
    )
    max_duration_minutes: int | None = Field(
        default=None, ge=1, description="A room ends after this, with a warning five minutes before. Unset: never."
    )
    run_as_root: bool = Field(default=False, description="Only where everything is root, as in a container.")
    ice_servers: tuple[IceServer, ...] = Field(default=(), description="STUN and TURN servers for the clients.")
    plugin_paths: tuple[AbsolutePath, ...] = Field(default=(), description="Further folders of Prosody modules.")
    extra_modules: tuple[str, ...] = Field(default=(), description="Further modules for every host.")
    extra_config: str = Field(default="", description="Lua for the global section, taken as it is.")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        ports = (self.c2s_port, self.http_port, self.component_port)
        if len(set(ports)) != len(ports):
            raise ValueError(f"the ports {ports} of Prosody must differ")
        if not RATE.fullmatch(self.client_rate):
            raise ValueError(f"client rate {self.client_rate!r} isn't a number with b/s, kb/s or mb/s, such as 64kb/s")
        for name in self.accounts:
            if not re.fullmatch(r"[a-z0-9._-]+", name):
                raise ValueError(f"{name!r} can't be an account's name; use a-z, 0-9, '.', '_' and '-'")
        if self.c2s_interfaces and self.tls is None:
            raise ValueError("c2s_interfaces is set without tls; passwords would cross the network in the clear")
        return self
