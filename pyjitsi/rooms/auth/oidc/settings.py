"""What an admin can set of log-in by OpenID Connect."""

from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from pyjitsi.settings import Section

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def _secure(url: str, name: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError(f"{name} must be an address such as https://id.example.org, without query and fragment")
    host = parts.hostname
    if parts.scheme == "http" and host not in LOOPBACK and not host.endswith(".localhost"):
        raise ValueError(f"{name} must begin with https:// (http:// is for this machine alone)")
    return url


class OidcSettings(Section):
    """Accounts of an OpenID Connect provider (Keycloak, Authentik, Entra ID and others). We are registered there as a
    client of the authorization code flow, with the redirect address `<public_url>/oidc/callback`."""

    issuer: str = Field(
        examples=["https://id.example.org/realms/main"],
        description="The provider; its description is at `<issuer>/.well-known/openid-configuration`.",
    )
    client_id: str = Field(min_length=1, description="Our name there.")
    client_secret: SecretStr | None = Field(
        default=None, description="Our secret there, as a credential only. Unset: a public client, with PKCE alone."
    )
    public_url: str = Field(
        examples=["https://meet.example.org"],
        description="Where people open this server. Log-in leads back there and nowhere else.",
    )
    scopes: tuple[str, ...] = Field(
        default=("openid", "profile"),
        description="What is asked for. Many providers want `groups` too before they tell groups, and some want "
        "`offline_access` before they let an account be looked at again (refresh tokens).",
    )
    groups_claim: str = Field(
        default="groups",
        min_length=1,
        description="Where groups are in the claims; dots lead into objects, as in Keycloak's `realm_access.roles`.",
    )
    allowed_groups: tuple[str, ...] = Field(
        default=(), description="Only members of one of these enter. Empty: everybody with an account."
    )
    moderator_groups: tuple[str, ...] = Field(
        default=(),
        description="Members of one of these moderate. Empty: everybody who logs in, as in Jitsi's secure domain.",
    )
    allow_guests: bool = Field(default=False, description="Let people in who don't log in, as ordinary participants.")
    token_minutes: float = Field(
        default=10, gt=0.1, description="Life of the tokens for a room; clients renew them. Short, for they may leak."
    )
    session_hours: float = Field(default=12, gt=0, description="How long somebody stays logged in here; a working day.")

    @field_validator("issuer")
    @classmethod
    def _issuer(cls, url: str) -> str:
        return _secure(url, "issuer")

    @field_validator("public_url")
    @classmethod
    def _public_url(cls, url: str) -> str:
        if urlsplit(url).path not in ("", "/"):
            raise ValueError("public_url is a server's address without a path, such as https://meet.example.org")
        return _secure(url, "public_url").rstrip("/")

    @model_validator(mode="after")
    def _openid(self) -> Self:
        if "openid" not in self.scopes:
            raise ValueError("scopes must have openid, without which the provider tells nobody's identity")
        return self

    @property
    def secure(self) -> bool:
        """Whether browsers come by HTTPS."""
        return self.public_url.startswith("https:")
