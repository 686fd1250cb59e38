"""Who acts in these tests: a focus, a bridge's account, clients over WebSocket."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from xml.etree.ElementTree import Element, SubElement

from pyjitsi.xmpp import muc
from pyjitsi.xmpp.connection import NS_CLIENT, Connection, Presence
from tests.support.prosody import Prosody
from tests.support.xmpp_client import Refused, XmppClient

MUC_USER = "http://jabber.org/protocol/muc#user"
rooms = itertools.count(1)


@asynccontextmanager
async def connected(connection: Connection) -> AsyncGenerator[Connection, None]:
    """The connection, up until the end of the block."""
    up = asyncio.Event()

    async def note() -> None:
        up.set()

    connection.on_connected(note)
    await connection.start()
    try:
        async with asyncio.timeout(10):
            await up.wait()
        yield connection
    finally:
        await connection.stop()


class Focus:
    """A focus that only enters rooms. ``seen`` has the presences it got."""

    def __init__(self, prosody: Prosody, connection: Connection) -> None:
        self.prosody: Prosody = prosody
        self.connection: Connection = connection
        self.bare: str = f"focus@focus.{prosody.domain}"
        self.full: str = f"{self.bare}/focus"
        self.seen: list[Presence] = []
        self._arrived: asyncio.Event = asyncio.Event()
        connection.on_presence(self._note)

    def _note(self, presence: Presence) -> None:
        self.seen.append(presence)
        self._arrived.set()

    async def sees(self, address: str, kind: str = "available") -> Presence:
        """The presence of that occupant, already seen or still to come."""
        async with asyncio.timeout(10):
            while True:
                for presence in self.seen:
                    if (presence.from_, presence.kind) == (address, kind):
                        return presence
                self._arrived.clear()
                await self._arrived.wait()

    async def enter(self, room: str) -> Presence:
        """Join as nick ``focus``; the own presence."""
        self.connection.send(muc.join(room, "focus", from_=self.full))
        return await self.sees(f"{room}/focus")

    async def open_room(self) -> str:
        """A room that nobody used before, with the focus inside."""
        room = f"room{next(rooms)}@conference.{self.prosody.domain}"
        await self.enter(room)
        return room

    async def grant(self, room: str, person: XmppClient) -> None:
        """Make somebody moderator, as the focus does with the first who comes."""
        await muc.set_affiliation(self.connection, room, bare(person), "owner", from_=self.full)

    async def iq(self, to: str, payload: Element, kind: str = "set") -> Element | None:
        """A request from the focus's address in rooms."""
        return await self.connection.iq(to, payload, kind="get" if kind == "get" else "set", from_=self.full)


def status_codes(presence: Element) -> set[str]:
    """The codes of ``<x xmlns=muc#user/>``."""
    return {each.get("code", "") for each in presence.iter(f"{{{MUC_USER}}}status")}


def item(presence: Element) -> dict[str, str]:
    """The attributes of the occupant's item."""
    found = presence.find(f"{{{MUC_USER}}}x/{{{MUC_USER}}}item")
    return {} if found is None else dict(found.attrib)


def condition(stanza: Element) -> str:
    """The condition of an error stanza."""
    error = stanza.find(f"{{{NS_CLIENT}}}error")
    names = [] if error is None else [each.tag.rpartition("}")[2] for each in error]
    return next((name for name in names if name != "text"), "")


def text(stanza: Element) -> str:
    """The text of an error stanza."""
    return stanza.findtext(f"{{{NS_CLIENT}}}error/{{urn:ietf:params:xml:ns:xmpp-stanzas}}text") or ""


def bare(person: XmppClient) -> str:
    """The address under which rooms know somebody."""
    return person.jid.partition("/")[0]


def joining(room: str, nick: str, name: str = "", password: str = "") -> Element:
    """The presence that asks to come in."""
    stanza = muc.join(room, nick)
    if name:
        SubElement(stanza, "{http://jabber.org/protocol/nick}nick").text = name
    if password:
        x = stanza.find(f"{{{muc.NS}}}x")
        assert x is not None
        SubElement(x, f"{{{muc.NS}}}password").text = password
    return stanza


async def knock(person: XmppClient, room: str, nick: str, *, name: str = "", password: str = "") -> Element:
    """Send the join; the own presence or the error that answers."""
    await person.send(joining(room, nick, name, password))
    return await person.expect(
        lambda stanza: (
            stanza.get("from", "").casefold() == f"{room}/{nick}".casefold()
            or (stanza.get("type") == "error" and stanza.get("from", "").startswith(room))
        ),
        f"an answer of {room}",
    )


async def enter(person: XmppClient, room: str, nick: str, *, name: str = "", password: str = "") -> Element:
    """Join and be inside."""
    answer = await knock(person, room, nick, name=name, password=password)
    assert "110" in status_codes(answer), condition(answer)
    return answer


async def configure(person: XmppClient, room: str, **fields: str) -> None:
    """Submit some of ``muc#roomconfig_…``. Raises Refused."""
    query = Element(f"{{{muc.NS_OWNER}}}query")
    form = SubElement(query, f"{{{muc.NS_DATA}}}x", type="submit")
    values = {"FORM_TYPE": f"{muc.NS}#roomconfig", **{f"muc#roomconfig_{key}": text for key, text in fields.items()}}
    for name, value in values.items():
        field = SubElement(form, f"{{{muc.NS_DATA}}}field", var=name)
        SubElement(field, f"{{{muc.NS_DATA}}}value").text = value
    await person.iq(room, query)


async def affiliations(person: XmppClient, room: str, affiliation: str, *others: XmppClient) -> None:
    """Give the others an affiliation, in one request. Raises Refused."""
    query = Element(f"{{{muc.NS_ADMIN}}}query")
    for other in others:
        SubElement(query, f"{{{muc.NS_ADMIN}}}item", jid=bare(other), affiliation=affiliation)
    await person.iq(room, query)


async def kick(person: XmppClient, room: str, nick: str) -> None:
    """Take somebody out of the room. Raises Refused."""
    query = Element(f"{{{muc.NS_ADMIN}}}query")
    SubElement(query, f"{{{muc.NS_ADMIN}}}item", nick=nick, role="none")
    await person.iq(room, query)


async def nobody_hears(sender: XmppClient, *others: XmppClient, of: str = "") -> None:
    """What was sent before has had its effect, none of it a stanza to the others that has that text."""
    for one in (sender, *others):
        with contextlib.suppress(Refused):
            await one.iq(one.domain, Element("{urn:xmpp:ping}ping"), "get")
    if of:
        assert not [stanza for one in others for stanza in one.seen if of in "".join(stanza.itertext())]


def body(to: str, words: str, kind: str = "groupchat") -> Element:
    """A chat message."""
    stanza = Element(f"{{{NS_CLIENT}}}message", to=to, type=kind)
    SubElement(stanza, f"{{{NS_CLIENT}}}body").text = words
    return stanza


async def hears(person: XmppClient, words: str, timeout: float = 10) -> Element:
    """The message with these words."""
    return await person.expect(
        lambda stanza: stanza.findtext(f"{{{NS_CLIENT}}}body") == words, f"the message {words!r}", timeout
    )
