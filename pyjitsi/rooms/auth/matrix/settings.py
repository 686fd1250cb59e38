"""What an admin can set of entry with Matrix accounts."""

import re
from typing import Annotated, Self

from pydantic import Field, SecretStr, model_validator

from pyjitsi.settings import Section

SERVER_NAME = re.compile(r"[a-z0-9.-]{1,230}(:[0-9]{1,5})?|\[[0-9a-f:.]{2,45}\](:[0-9]{1,5})?")
Address = Annotated[str, Field(pattern=r"^https?://[^\s?#]+$")]


class MatrixSettings(Section):
    """Calls that Element starts in a Matrix room: whoever is in the room may enter, with the account's OpenID token
    (4-services.md section 7). Nothing is asked but what is declared here, whatever a token names."""

    homeservers: dict[str, Address | None] = Field(
        min_length=1,
        examples=[{"example.org": "https://matrix.example.org"}],
        description="Server names whose accounts may enter, each with the address at which its federation API (or "
        "Synapse's listener `openid`) answers; null is `https://NAME`.",
    )
    synapse_url: Address | None = Field(
        default=None,
        examples=["http://127.0.0.1:8008"],
        description="The Synapse that tells who is in a room and with which power level, by its admin API.",
    )
    synapse_token: SecretStr | None = Field(
        default=None, description="Access token of an administrator of that Synapse, as a credential only."
    )
    verification_service: Address | None = Field(
        default=None,
        examples=["http://127.0.0.1:3000"],
        description="A Matrix User Verification Service, which is asked instead.",
    )
    verification_token: SecretStr | None = Field(
        default=None, description="Its UVS_AUTH_TOKEN, as a credential only; unset: it has none."
    )
    moderator_level: int | None = Field(
        default=None,
        description="Power level that moderates; unset: what a room wants of who changes its settings (state_default, "
        "50), as Matrix's own plugin for Prosody.",
    )
    allow_guests: bool = Field(default=False, description="Let people in without a token, as ordinary participants.")

    @model_validator(mode="after")
    def _one_who_knows(self) -> Self:
        if (self.synapse_url is None) == (self.verification_service is None):
            raise ValueError(
                "matrix needs exactly one of synapse_url (with synapse_token) and verification_service, to know who is "
                "in a room"
            )
        if (self.synapse_url is None) != (self.synapse_token is None):
            raise ValueError("matrix: synapse_url and synapse_token (a credential) belong together")
        if self.verification_token is not None and self.verification_service is None:
            raise ValueError("matrix: verification_token is for a verification_service")
        for name in self.homeservers:
            if not SERVER_NAME.fullmatch(name):
                raise ValueError(f"matrix: {name!r} is no server name; it is what stands behind the colon of @ada:name")
        return self

    def address(self, name: str) -> str:
        """Where a declared server's federation API is."""
        return (self.homeservers[name] or f"https://{name}").rstrip("/")
