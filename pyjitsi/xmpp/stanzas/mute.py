"""``<mute/>``: a moderator asks the focus to mute somebody, and the focus tells the one (1-signalling.md 7.1)."""

from dataclasses import dataclass
from typing import Literal

from pyjitsi.xmpp.stanzas.errors import StanzaError
from pyjitsi.xmpp.stanzas.xml import Element, required

Medium = Literal["audio", "video", "desktop"]

TAGS: dict[str, Medium] = {
    "{http://jitsi.org/jitmeet/audio}mute": "audio",
    "{http://jitsi.org/jitmeet/video}mute": "video",
    "{http://jitsi.org/jitmeet/desktop}mute": "desktop",
}


@dataclass(frozen=True, slots=True)
class Mute:
    """A request: ``jid`` is the occupant's address."""

    medium: Medium
    jid: str
    mute: bool


def parse(element: Element) -> Mute:
    """A request. Raises StanzaError."""
    medium = TAGS.get(element.tag)
    text = (element.text or "").strip()
    if medium is None or text not in ("true", "false"):
        raise StanzaError("bad-request", "a mute request says true or false")
    return Mute(medium, required(element, "jid"), text == "true")


def build_notice(medium: Medium, actor: str | None) -> Element:
    """What the focus tells who is to mute; without ``actor`` it is the focus's own doing."""
    tag = next(tag for tag, each in TAGS.items() if each == medium)
    element = Element(tag) if actor is None else Element(tag, actor=actor)
    element.text = "true"
    return element
