"""What an admin can set of the web service."""

from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from pyjitsi.settings import Section, ServiceSettings


class TlsSettings(Section):
    """Certificate and key, where no web server in front ends TLS."""

    certificate: Path = Field(description="PEM file with the certificate and its chain.")
    key: Path = Field(description="PEM file with the private key.")


class WebSettings(ServiceSettings):
    """The web service: client, config.js, and the proxy for whatever nginx does not do."""

    service: ClassVar[str] = "web"

    domain: str = Field(description="The XMPP domain D; focus.D, conference.D and the others follow from it.")
    listen_host: str = Field(default="127.0.0.1", description="Plain HTTP is for this machine; a proxy stands before.")
    listen_port: int = Field(default=8080, ge=1, le=65535, description="Where people open the address.")
    tls: TlsSettings | None = Field(default=None, description="Serve HTTPS itself; browsers want it except locally.")
    prosody_url: str = Field(default="http://127.0.0.1:5280", description="Prosody's HTTP: web-socket and BOSH.")
    focus_url: str = Field(default="http://127.0.0.1:8888", description="The focus's HTTP: conference requests.")
    bridges: dict[str, str] = Field(
        default={"jvb": "http://127.0.0.1:9090"},
        description="Each bridge's HTTP by its server id, for bridge channels.",
    )
    config: dict[str, Any] = Field(
        default_factory=dict[str, Any], description="Keys of config.js that replace or join those made here."
    )
    client: Path | None = Field(default=None, description="The built client; unset is the one that came along.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="What is logged.")
