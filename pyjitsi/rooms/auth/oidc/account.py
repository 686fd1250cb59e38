"""Who logged in, as the provider's claims tell (OpenID Connect Core 1.0 section 5.1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from pyjitsi.rooms.auth.oidc.settings import OidcSettings

LONGEST_NAME = 80
LONGEST = 2048


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody, with what the groups allow."""

    id: str
    name: str
    avatar: str | None
    moderator: bool
    allowed: bool
    email: str = ""  # one that the provider says was proved; for declared rooms, whose owners it may name

    def user(self) -> dict[str, str]:
        """For ``context.user`` of a token; others in the room see it. The e-mail address is nobody's business."""
        found = {"id": self.id, "name": self.name}
        if self.avatar is not None:
            found["avatar"] = self.avatar
        if self.moderator:
            found["moderator"] = "true"
        return found


def read(claims: Mapping[str, Any], settings: OidcSettings) -> Account:
    """The account of verified claims."""
    groups = groups_of(claims, settings.groups_claim)
    picture = claims.get("picture")
    return Account(
        id=str(claims["sub"]),
        name=_name(claims),
        avatar=picture if isinstance(picture, str) and _is_picture(picture) else None,
        moderator=not settings.moderator_groups or not groups.isdisjoint(_plain(settings.moderator_groups)),
        email=_email(claims),
        allowed=not settings.allowed_groups or not groups.isdisjoint(_plain(settings.allowed_groups)),
    )


def groups_of(claims: Mapping[str, Any], path: str) -> frozenset[str]:
    """The groups at a path; none where nothing readable is there."""
    place = at(claims, path)
    if isinstance(place, str):
        place = [place]
    if not isinstance(place, list):
        return frozenset()
    return _plain(tuple(each for each in cast(list[Any], place) if isinstance(each, str)))


def at(claims: Mapping[str, Any], path: str) -> Any:
    """What is at a path; a claim whose own name has dots (as URLs have) comes first."""
    if path in claims:
        return claims[path]
    place: Any = claims
    for part in path.split("."):
        place = cast(Mapping[str, Any], place).get(part) if isinstance(place, Mapping) else None
    return place


def _plain(groups: tuple[str, ...]) -> frozenset[str]:
    """Keycloak writes a group as a path, ``/staff``."""
    return frozenset(each.removeprefix("/") for each in groups)


def _name(claims: Mapping[str, Any]) -> str:
    for key in ("name", "preferred_username", "nickname", "given_name"):
        value = claims.get(key)
        if isinstance(value, str):
            text = "".join(each for each in value if each.isprintable()).strip()
            if text:
                return text[:LONGEST_NAME]
    return ""


def _email(claims: Mapping[str, Any]) -> str:
    """An address that anybody may type into a profile is nobody's."""
    email = claims.get("email")
    return email if isinstance(email, str) and claims.get("email_verified") is True and len(email) <= 254 else ""


def _is_picture(url: str) -> bool:
    return url.startswith("https://") and len(url) <= LONGEST and url.isprintable() and " " not in url
