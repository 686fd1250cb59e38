"""What an admin can set of who may enter."""

import re
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from pyjitsi.rooms.auth.ldap.settings import LdapSettings
from pyjitsi.rooms.auth.matrix.settings import MatrixSettings
from pyjitsi.rooms.auth.oidc.settings import OidcSettings
from pyjitsi.settings import Section

Algorithm = Literal["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256"]


class JwtSettings(Section):
    """Tokens that somebody else makes; names and rules are those of Jitsi's token authentication."""

    app_id: str = Field(min_length=1, description="Issuer of the tokens (claim `iss`), where no issuers are listed.")
    secret: SecretStr | None = Field(default=None, description="Shared secret of HS tokens; as a credential only.")
    key_server: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s?#]+$",
        examples=["https://keys.example.org/meet"],
        description="Where public keys are, as `<sha256 of kid>.pem` (Jitsi's asap_key_server).",
    )
    jwks_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s#]+$",
        examples=["https://idp.example.org/jwks.json"],
        description="A JSON Web Key Set (RFC 7517), or Firebase's object of certificates (Jitsi's cache_keys_url).",
    )
    algorithm: Algorithm | None = Field(
        default=None, description="The only one accepted; unset: RS256 with public keys, else HS256."
    )
    issuers: tuple[str, ...] = Field(default=(), description="Accepted `iss`, `*` for any; empty: the app_id.")
    audiences: tuple[str, ...] = Field(default=("*",), description="Accepted `aud`, `*` for any.")
    require_room_claim: bool = Field(default=True, description="Refuse tokens without `room`.")
    verify_domain: bool = Field(
        default=True, description="Hold `sub` against the domain or tenant; needed for `room` patterns too."
    )
    leeway_seconds: int = Field(
        default=0,
        ge=0,
        le=300,
        description="Seconds by which the clock of whoever makes the tokens may differ from ours, for `exp` and `nbf`; "
        "none, as in Jitsi. Rocket.Chat's tokens begin at the very second in which they are made.",
    )
    allow_empty: bool = Field(default=False, description="Let people in without a token, as ordinary participants.")

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        if (self.secret is not None) + (self.key_server is not None) + (self.jwks_url is not None) != 1:
            raise ValueError("jwt needs exactly one of secret (a credential), key_server and jwks_url")
        if self.secret is not None and not self.secret.get_secret_value():
            raise ValueError("the secret of jwt is empty, so that anybody could make tokens; `openssl rand -hex 32`")
        if self.algorithm is not None and self.algorithm.startswith("HS") != (self.secret is not None):
            raise ValueError(f"algorithm {self.algorithm} doesn't fit: HS is for a secret, RS and ES for public keys")
        return self

    @property
    def expected_algorithm(self) -> str:
        """The algorithm that tokens must name."""
        return self.algorithm or ("HS256" if self.secret is not None else "RS256")


class AccountSettings(Section):
    """Somebody who logs in with a password."""

    password_hash_file: Path = Field(
        examples=["account-ada", "/run/secrets/ada"],
        description="A file, or systemd credential, whose first line is made by `pyjitsi hash-password`.",
    )
    name: str = Field(default="", max_length=80, description="Shown to others where people may not choose.")
    email: str = Field(default="", max_length=254, description="Of the person; declared rooms may name owners by it.")
    moderator: bool = Field(default=True, description="Whether it moderates every room; as in Jitsi, all do.")


# Letters that every keyboard, URL and file system can write; people log in with them in any case.
ACCOUNT_NAME = re.compile(r"[a-z0-9][a-z0-9._+@-]{0,63}")


class AuthSettings(Section):
    """Who may enter. Without a section everybody does, as in Jitsi's default."""

    jwt: JwtSettings | None = Field(default=None, description="Enter with tokens (JWT).")
    oidc: OidcSettings | None = Field(default=None, description="Enter with the accounts of an organisation.")
    matrix: MatrixSettings | None = Field(
        default=None, description="Enter with Matrix accounts, from the calls of Element's rooms."
    )
    accounts: dict[str, AccountSettings] = Field(
        default={}, description="Accounts with passwords, by log-in name in lower case."
    )
    ldap: LdapSettings | None = Field(
        default=None, description="Accounts with passwords that a directory knows; asked after those above."
    )
    guests: bool = Field(
        default=True, description="With passwords: let people without an account into rooms that somebody opened."
    )

    @property
    def passwords(self) -> bool:
        """Whether people log in with name and password."""
        return bool(self.accounts) or self.ldap is not None

    @property
    def allows_guests(self) -> bool:
        """Whether people without a log-in are let in too."""
        if self.passwords:
            return self.guests
        return (
            (self.jwt is not None and self.jwt.allow_empty)
            or (self.oidc is not None and self.oidc.allow_guests)
            or (self.matrix is not None and self.matrix.allow_guests)
        )

    @property
    def tokens(self) -> bool:
        """Whether people enter with tokens, whoever makes them."""
        return self.jwt is not None or self.oidc is not None or self.matrix is not None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.passwords and self.tokens:
            raise ValueError("auth has accounts or ldap beside jwt, oidc or matrix; choose one way")
        for name in self.accounts:
            if not ACCOUNT_NAME.fullmatch(name):
                raise ValueError(f"{name!r} can't be an account's name; use a-z, 0-9 and ._+@-, at most 64 of them")
        return self
