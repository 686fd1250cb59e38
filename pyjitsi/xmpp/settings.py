"""How a service reaches its XMPP server: as an external component (the focus) or as an account (bridges)."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from pyjitsi.settings import Section

Security = Literal["required", "ifpossible", "disabled"]


class ComponentSettings(Section):
    """An external component (XEP-0114)."""

    host: str = Field(default="127.0.0.1", description="Address of Prosody; it runs beside us, on loopback.")
    port: int = Field(default=5347, ge=1, le=65535, description="Prosody's component port; 5347 is XEP-0114's custom.")
    domain: str = Field(description="The component's domain, such as focus.meet.example.org.")
    secret: SecretStr = Field(description="What Prosody has as component_secret. Never a default: made at first start.")


class ClientSettings(Section):
    """An account on the authentication domain."""

    host: str = Field(default="127.0.0.1", description="Address of the XMPP server; Prosody runs on loopback.")
    port: int = Field(default=5222, ge=1, le=65535, description="The server's client port; 5222 is XMPP's (RFC 6120).")
    domain: str = Field(description="The accounts' domain, such as auth.meet.example.org.")
    username: str = Field(default="jvb", description="The account; Jitsi's bridges share jvb, told apart by resource.")
    password: SecretStr = Field(description="The account's password. Never a default: made at first start.")
    security: Security = Field(
        default="ifpossible",
        description="STARTTLS policy. On loopback there is nobody to hide from; set required for another host.",
    )
    server_name: str | None = Field(
        default=None, description="The name in the server's certificate; unset expects the accounts' domain."
    )
    ca_file: Path | None = Field(
        default=None, description="PEM file with the authority of the server's certificate; unset trusts the system's."
    )
