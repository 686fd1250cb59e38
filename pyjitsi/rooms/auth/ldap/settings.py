"""What an admin can set of a directory."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from pyjitsi.settings import Section

Url = Annotated[str, StringConstraints(pattern=r"^ldap(s|i)?://[^\s/?#]+/?$")]


class LdapSettings(Section):
    """People who log in as the directory knows them. In filters ``%u`` is the name that was typed, ``%d`` the DN."""

    urls: tuple[Url, ...] = Field(
        min_length=1,
        examples=[["ldap://ldap.example.org", "ldap://ldap2.example.org"]],
        description="Servers, asked in this order; each next one where the one before doesn't answer.",
    )
    start_tls: bool = Field(
        default=True, description="Encrypt ldap:// with StartTLS; without it passwords cross the network in the clear."
    )
    ca_file: Path | None = Field(
        default=None,
        description="Who signed the servers' certificates, as a PEM file; unset: the system's authorities.",
    )
    base: str = Field(min_length=1, examples=["ou=people,dc=example,dc=org"], description="Where people are, below it.")
    filter: str = Field(
        default="(uid=%u)",
        examples=["(&(objectClass=user)(sAMAccountName=%u))"],
        description="Who may log in; of several that match nobody does.",
    )
    bind_dn: str | None = Field(
        default=None,
        examples=["cn=meet,ou=services,dc=example,dc=org"],
        description="As whom to look people up; unset: anonymously.",
    )
    bind_password_file: Path | None = Field(
        default=None, description="File, or systemd credential, whose first line is that one's password."
    )
    moderator_groups: tuple[str, ...] = Field(
        default=(),
        examples=[["cn=staff,ou=groups,dc=example,dc=org"]],
        description="DNs of groups whose members moderate; empty: everybody who logs in does, as in Jitsi.",
    )
    group_filter: str = Field(
        default="(|(member=%d)(uniqueMember=%d)(memberUid=%u))",
        examples=["(member:1.2.840.113556.1.4.1941:=%d)"],
        description="What a group must match to have somebody as member; the example finds nested ones in AD.",
    )
    id_attribute: str | None = Field(
        default=None,
        examples=["uid"],
        description="By which attribute people are known, where they may type one of several; unset: what they typed.",
    )
    name_attribute: str = Field(default="cn", examples=["displayName"], description="People's names.")
    email_attribute: str = Field(default="mail", examples=["userPrincipalName"], description="People's addresses.")
    timeout_seconds: float = Field(
        default=3.0, gt=0, le=8, description="For each server; Prosody waits ten seconds for all."
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.bind_dn is None) != (self.bind_password_file is None):
            raise ValueError("ldap has one of bind_dn and bind_password_file; it takes both, or neither")
        if "%u" not in self.filter:
            raise ValueError(f"the filter {self.filter!r} has no %u; everybody would be the same person")
        for text in (self.filter, self.group_filter):
            if not text.startswith("(") or text.count("(") != text.count(")"):
                raise ValueError(f"{text!r} is no filter: its parentheses don't match (RFC 4515)")
        return self
