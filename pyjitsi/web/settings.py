"""What an admin can set of the web service."""

import ipaddress
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, IPvAnyAddress

from pyjitsi.settings import Section, ServiceSettings


class TlsSettings(Section):
    """Certificate and key, where no web server in front ends TLS."""

    certificate: Path = Field(description="PEM file with the certificate and its chain.")
    key: Path = Field(description="PEM file with the private key.")


class Branding(Section):
    """What makes the pages an organisation's own."""

    app_name: str | None = Field(
        default=None, examples=["Town Hall"], description="Shown instead of the product's name."
    )
    logo: Path | None = Field(
        default=None, examples=["/etc/meet/logo.svg"], description="SVG or PNG for the front page and the page's icon."
    )
    background_color: str | None = Field(
        default=None,
        pattern=r"^[#a-zA-Z0-9(),.% ]{1,64}$",
        examples=["#102030"],
        description="Background of all pages, as a CSS colour.",
    )


class AccountsSettings(Section):
    """Log-in with an organisation's accounts; the room services do it."""

    url: str = Field(default="http://127.0.0.1:8890", description="The room services' HTTP, to which /oidc/ leads.")
    required: bool = Field(default=True, description="Whether nobody enters without; else guests do too.")


class PasswordSettings(Section):
    """People log in with name and password; Prosody, focus and room services need to know it too."""

    guests: bool = Field(default=True, description="People without an account may come into rooms that are open.")


HOST = r"^(\*\.)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:[0-9]{1,5})?$"
REGION = r"^[A-Za-z0-9_.-]{1,64}$"


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
    accounts: AccountsSettings | None = Field(
        default=None, description="Offer log-in, where the room services have `auth.oidc`. Unset: no log-in pages."
    )
    avatar_hosts: tuple[Annotated[str, Field(pattern=HOST)], ...] = Field(
        default=(),
        examples=[["id.example.org"]],
        description="Hosts whose pictures of people are shown; each of them learns who is in a meeting.",
    )
    matrix: bool = Field(
        default=False,
        description="Tell Element, at /.well-known/element/jitsi, that people enter with Matrix accounts, where the "
        "room services have `auth.matrix`.",
    )
    embedders: tuple[Annotated[str, Field(pattern=HOST)], ...] = Field(
        default=(),
        examples=[["element.example.org"]],
        description="Hosts whose pages may show a meeting in a frame. None: a page that frames ours could have people "
        "press what they don't see.",
    )
    config: dict[str, Any] = Field(
        default_factory=dict[str, Any], description="Keys of config.js that replace or join those made here."
    )
    codec_preference: tuple[Literal["AV1", "VP9", "VP8", "H264"], ...] = Field(
        default=(),
        examples=[["VP9", "VP8"]],
        description="Clients send the first of these that everybody in a meeting has (config.js's "
        "videoQuality.codecPreferenceOrder). None: lib-jitsi-meet takes AV1, VP9, VP8, H264, our client VP8.",
    )
    passwords: PasswordSettings | None = Field(
        default=None, description="Tell clients that people log in with name and password; unset: they don't."
    )
    branding: Branding = Field(default=Branding(), description="Name, logo and colour.")
    trusted_proxies: tuple[IPvAnyAddress, ...] = Field(
        default=(ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1")),
        description="Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed.",
    )
    http_host: str = Field(default="127.0.0.1", description="Health and metrics, apart from what the world sees.")
    http_port: int = Field(default=8081, ge=1, le=65535, description="Beside 8080.")
    client: Path | None = Field(default=None, description="The built client; unset is the one that came along.")
    region: str | None = Field(
        default=None,
        pattern=REGION,
        description="Where people are whose proxy sets no X-Proxy-Region; the focus chooses bridges by it.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="What is logged.")
