"""Rooms (XEP-0045) from the side of a service: presence, affiliations, and the owner's form, over a Connection."""

from collections.abc import Iterable
from typing import Literal
from xml.etree.ElementTree import Element, SubElement

from pyjitsi.xmpp.connection import NS_CLIENT, Connection
from pyjitsi.xmpp.stanzas import disco

NS = "http://jabber.org/protocol/muc"
NS_ADMIN = f"{NS}#admin"
NS_OWNER = f"{NS}#owner"
NS_DATA = "jabber:x:data"
SHOWS_ADDRESSES = "muc_nonanonymous"  # a feature of a room in which everybody sees real addresses

Affiliation = Literal["owner", "admin", "member", "none", "outcast"]


def presence(
    to: str, children: Iterable[Element] = (), *, from_: str | None = None, kind: str | None = None
) -> Element:
    """A presence to a room; updates repeat all children, since presence is replaced and never merged."""
    stanza = Element(f"{{{NS_CLIENT}}}presence", to=to)
    if from_ is not None:
        stanza.set("from", from_)
    if kind is not None:
        stanza.set("type", kind)
    stanza.extend(children)
    return stanza


def join(room: str, nick: str, children: Iterable[Element] = (), *, from_: str | None = None) -> Element:
    """The presence that enters a room; history is not asked for."""
    stanza = presence(f"{room}/{nick}", children, from_=from_)
    SubElement(SubElement(stanza, f"{{{NS}}}x"), f"{{{NS}}}history", maxstanzas="0")
    return stanza


def leave(room: str, nick: str, *, from_: str | None = None) -> Element:
    """The presence that leaves a room."""
    return presence(f"{room}/{nick}", from_=from_, kind="unavailable")


async def set_affiliation(
    connection: Connection, room: str, jid: str, affiliation: Affiliation, *, from_: str | None = None
) -> None:
    """Set the affiliation of a bare JID. Raises IqError or IqTimeout."""
    query = Element(f"{{{NS_ADMIN}}}query")
    SubElement(query, f"{{{NS_ADMIN}}}item", jid=jid, affiliation=affiliation)
    await connection.iq(room, query, from_=from_)


async def owner_form(connection: Connection, room: str, *, from_: str | None = None) -> dict[str, str]:
    """The room's configuration as the owner sees it: field name to value. Raises IqError or IqTimeout."""
    answer = await connection.iq(room, Element(f"{{{NS_OWNER}}}query"), kind="get", from_=from_)
    return _fields(answer)


def _fields(answer: Element | None) -> dict[str, str]:
    fields = () if answer is None else answer.iter(f"{{{NS_DATA}}}field")
    return {name: each.findtext(f"{{{NS_DATA}}}value") or "" for each in fields if (name := each.get("var"))}


async def information(
    connection: Connection, room: str, *, from_: str | None = None
) -> tuple[frozenset[str], dict[str, str]]:
    """The room's features and the fields of its information (XEP-0045 section 6.4). Raises IqError or IqTimeout."""
    answer = await connection.iq(room, disco.build_query(None), kind="get", from_=from_)
    return disco.parse_features(answer), _fields(answer)


async def configure(connection: Connection, room: str, values: dict[str, str], *, from_: str | None = None) -> None:
    """Submit fields of the room's configuration. Raises IqError or IqTimeout."""
    query = Element(f"{{{NS_OWNER}}}query")
    form = SubElement(query, f"{{{NS_DATA}}}x", type="submit")
    for name, value in {"FORM_TYPE": f"{NS}#roomconfig", **values}.items():
        field = SubElement(form, f"{{{NS_DATA}}}field", var=name)
        SubElement(field, f"{{{NS_DATA}}}value").text = value
    await connection.iq(room, query, from_=from_)
