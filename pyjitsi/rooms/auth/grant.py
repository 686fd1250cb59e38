"""What a log-in gives: who somebody is, and which rooms the log-in is for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

Json = dict[str, Any]
OWNERS = ("owner", "moderator", "teacher")  # mod_token_affiliation's


class Refused(Exception):
    """No log-in: a SASL condition (RFC 6120 section 6.5), and the reason as Jitsi's clients show it."""

    def __init__(self, text: str, condition: str = "not-allowed") -> None:
        super().__init__(text)
        self.text: str = text
        self.condition: str = condition


@dataclass(frozen=True, slots=True)
class Scope:
    """Rooms: ``room`` is a name, ``*`` or (with ``regex``) a Lua pattern; ``sub`` a domain, tenant or ``*``."""

    room: str | None
    sub: str
    regex: bool = False
    tenant: str | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """A successful log-in."""

    scope: Scope
    user: Mapping[str, str] = field(default_factory=dict[str, str])
    group: str | None = None
    features: Mapping[str, bool] | None = None
    moderator: bool = False
    names: tuple[str, ...] = ()  # beside id and e-mail address, and nobody else's business

    def identity(self) -> Json:
        """The session's identity as Prosody keeps it (pyjitsi/rooms/room.py)."""
        found: Json = {"user": dict(self.user)}
        if self.group is not None:
            found["group"] = self.group
        if self.features is not None:
            found["features"] = dict(self.features)
        return found


def from_claims(claims: Mapping[str, Any]) -> Grant:
    """The grant of verified claims (4-services.md section 1.3). Raises Refused for claims of a wrong shape."""
    sub, room = claims.get("sub"), claims.get("room")
    if not isinstance(sub, str) or not sub:
        raise Refused("'sub' claim is missing", "not-authorized")
    if room is not None and (not isinstance(room, str) or not room):
        raise Refused("'room' claim must be a text", "not-authorized")
    context = _object(claims, "context")
    user = _texts(_object(context, "user"))
    if not context and isinstance(claims.get("user_id"), str):
        user = {"id": claims["user_id"]}
    features = context.get("features")
    group, tenant = context.get("group"), context.get("tenant")
    names = claims.get("owner_names")
    return Grant(
        names=tuple(each for each in cast(list[Any], names) if isinstance(each, str) and each)
        if isinstance(names, list)
        else (),
        scope=Scope(
            room=room.lower() if room is not None else None,
            sub=sub.lower(),
            regex=_true(_object(context, "room").get("regex")),
            tenant=tenant.lower() if isinstance(tenant, str) and tenant else None,
        ),
        user=user,
        group=group if isinstance(group, str) and group else None,
        features={name: _true(value) for name, value in cast(Json, features).items()}
        if isinstance(features, dict)
        else None,
        moderator=user.get("affiliation") in OWNERS or _true(user.get("moderator")) or _true(claims.get("moderator")),
    )


def _object(holder: Mapping[str, Any], name: str) -> Json:
    found = holder.get(name)
    return cast(Json, found) if isinstance(found, dict) else {}


def _true(value: Any) -> bool:
    return value is True or value == "true"


def _texts(fields: Json) -> dict[str, str]:
    """Plain values as texts: presence holds nothing else. An empty one is none (Moodle's ``id`` is ""): people whose
    ids are equally empty are not one person."""
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in fields.items()
        if isinstance(value, str | int)
        and 0 < len(str(value)) <= 2048
        and name.replace("-", "").replace("_", "").isalnum()
    }
