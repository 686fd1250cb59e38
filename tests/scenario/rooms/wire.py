"""Clients' messages to the room services and back, as lib-jitsi-meet has them."""

import json
from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from pyjitsi.xmpp import muc
from tests.scenario.prosody.people import Focus, enter
from tests.support.xmpp_client import CLIENT, XmppClient

JITMEET = "http://jitsi.org/jitmeet"


def message(to: str, name: str, attributes: dict[str, str] | None = None, text: str | None = None) -> Element:
    """A message whose one child has no namespace of its own."""
    stanza = Element(f"{{{CLIENT}}}message", to=to, id="m1")
    SubElement(stanza, name if name.startswith("{") else f"{{{CLIENT}}}{name}", attributes or {}).text = text
    return stanza


def payload(stanza: Element) -> dict[str, Any]:
    """The JSON of a service's message; empty where there is none."""
    text = stanza.findtext(f"{{{JITMEET}}}json-message")
    return json.loads(text) if text else {}


async def hears(
    person: XmppClient, service: str, wanted: Callable[[dict[str, Any]], bool], what: str, timeout: float = 10
) -> dict[str, Any]:
    """The JSON message of a service that fits, already here or still to come."""
    stanza = await person.expect(
        lambda stanza: (
            stanza.tag == f"{{{CLIENT}}}message" and stanza.get("from") == service and wanted(payload(stanza))
        ),
        what,
        timeout,
    )
    return payload(stanza)


async def refused(person: XmppClient, service: str) -> Element:
    """The error with which a service answered."""
    return await person.expect(
        lambda stanza: stanza.tag == f"{{{CLIENT}}}message" and stanza.get("type") == "error"
        and stanza.get("from") == service, f"a refusal of {service}",
    )  # fmt: skip


async def moderator(focus: Focus, person: XmppClient, room: str, nick: str) -> None:
    """Enter a room and be made its moderator, as the focus does it."""
    await enter(person, room, nick)
    await muc.set_affiliation(focus.connection, room, person.jid.partition("/")[0], "owner", from_=focus.full)
    await person.expect(
        lambda stanza: stanza.get("from") == f"{room}/{nick}" and "moderator" in {i.get("role") for i in stanza.iter()},
        "the moderator's role",
    )
