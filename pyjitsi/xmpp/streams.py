"""slixmpp's streams, with everything of slixmpp above the stream out of the way.

slixmpp opens the socket, authenticates and parses. From the moment the session stands, stanzas pass it by as plain
elements in ``jabber:client``: no roster, no subscription handling, no answers of its own, no stanza objects.

XEP-0198 is left out on purpose: slixmpp's plugin counts its own stanza objects, which ours never become, and after a
reconnect entering the rooms again costs one round trip.
"""

import asyncio
import re
from typing import Protocol
from xml.etree.ElementTree import Element

from slixmpp import JID, ClientXMPP, ComponentXMPP
from slixmpp.xmlstream import XMLStream
from slixmpp.xmlstream.tostring import tostring

from pyjitsi.xmpp.replies import NS_CLIENT
from pyjitsi.xmpp.settings import ClientSettings, ComponentSettings

NS_COMPONENT = "jabber:component:accept"
# Prosody ends a stream that exceeds its limit, so what exceeds it is never sent.
COMPONENT_STANZA_BYTES = 512 * 1024
CLIENT_STANZA_BYTES = 256 * 1024
# What XML 1.0 can't hold (section 2.2). One such character, relayed from somebody's JSON, would end the stream.
ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class StanzaTooLarge(ValueError):
    """The server would end the stream over this stanza."""


class Listener(Protocol):
    """Who is told what happens on a stream."""

    def on_session(self, jid: str) -> None:
        """The session stands; stanzas flow."""

    def on_element(self, element: Element) -> None:
        """A stanza came."""

    def on_end(self, reason: str) -> None:
        """A socket was lost or closed, whether or not a session stood on it."""

    def on_failure(self, reason: str) -> None:
        """No socket could be had."""

    def on_refusal(self, reason: str) -> None:
        """The server refused the log-in or ended the stream with an error; ``on_end`` follows."""


class Stream(Protocol):
    """What a connection needs of either kind of stream."""

    def open(self, host: str, port: int) -> None:
        """Try once to connect."""

    def send_element(self, stanza: Element) -> None:
        """Send a stanza; the element is only read. Raises StanzaTooLarge."""

    async def close(self) -> None:
        """End the stream in good order, and all that runs for it."""

    def abort(self) -> None:
        """Drop the socket."""


def _text(reason: object) -> str:
    return str(reason) if reason else "the stream ended"


def _condition(stanza: object) -> str:
    """What a ``<failure/>`` or ``<stream:error/>`` names."""
    xml = getattr(stanza, "xml", None)
    if not isinstance(xml, Element):
        return "no reason given"
    words = [each.text if each.tag.endswith("}text") else each.tag.rpartition("}")[2] for each in xml]
    return ": ".join(word for word in words if word)


def serialise(stanza: Element) -> str:
    """The stanza as text that inherits the stream's namespace, so that it fits a client's and a component's stream.

    Characters that XML can't hold become U+FFFD.
    """
    return ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", tostring(stanza, xmlns=NS_CLIENT))


def rename(element: Element, old: str, new: str) -> None:
    """Move the elements of one namespace to another, in place."""
    for each in element.iter():
        if each.tag.startswith(old):
            each.tag = new + each.tag[len(old) :]


class _Bare(XMLStream):
    """What both kinds of stream share."""

    boundjid: JID
    sessionstarted: bool
    listener: Listener
    stanza_bytes: int

    def listen(self, listener: Listener) -> None:
        """Tell ``listener`` what happens."""
        self.listener = listener
        self.add_event_handler("session_start", self._tell_session)
        self.add_event_handler("disconnected", self._tell_end)
        self.add_event_handler("connection_failed", self._tell_failure)
        self.add_event_handler("stream_error", self._tell_refusal)
        self.add_event_handler("failed_auth", self._tell_refusal)
        self.add_event_handler("ssl_invalid_chain", self._tell_distrust)

    def _tell_session(self, _: object) -> None:
        self.listener.on_session(str(self.boundjid.full))

    def _tell_end(self, reason: object) -> None:
        self.listener.on_end(_text(reason))

    def _tell_failure(self, reason: object) -> None:
        self.listener.on_failure(_text(reason))

    def _tell_refusal(self, stanza: object) -> None:
        self.listener.on_refusal(_condition(stanza))

    def _tell_distrust(self, error: object) -> None:
        self.listener.on_refusal(f"its certificate is not to be trusted: {error}")
        self.abort()

    def open(self, host: str, port: int) -> None:
        """Try once to connect."""
        self.sessionstarted = False
        self.connect(host, port)

    def reschedule_connection_attempt(self) -> None:
        """Leave the pace of attempts to the connection."""
        self._current_connection_attempt = None

    def send_element(self, stanza: Element) -> None:
        """Send a stanza; the element is only read. Raises StanzaTooLarge."""
        text = serialise(stanza)
        if len(text) > self.stanza_bytes // 4 and (size := len(text.encode())) > self.stanza_bytes:
            raise StanzaTooLarge(f"a stanza of {size} bytes exceeds the server's limit of {self.stanza_bytes}")
        self.send(text)

    async def close(self) -> None:
        """End the stream in good order, and all that runs for it."""
        self.cancel_connection_attempt()
        if self.is_connected():
            await asyncio.wait({self.disconnect(wait=0.5)}, timeout=2.0)
        if self._run_out_filters is not None:
            self._run_out_filters.cancel()


class ComponentStream(ComponentXMPP, _Bare):
    """An external component's stream (XEP-0114)."""

    stanza_bytes = COMPONENT_STANZA_BYTES

    def __init__(self, settings: ComponentSettings, listener: Listener) -> None:
        super().__init__(settings.domain, settings.secret.get_secret_value(), settings.host, settings.port)
        self.listen(listener)

    def _spawn_event(self, xml: Element) -> None:
        if self.sessionstarted and xml.tag.startswith(f"{{{NS_COMPONENT}}}"):
            rename(xml, f"{{{NS_COMPONENT}}}", f"{{{NS_CLIENT}}}")
            self.listener.on_element(xml)
        else:
            super()._spawn_event(xml)


class ClientStream(ClientXMPP, _Bare):
    """An account's stream (RFC 6120). ``resource`` stays the same over reconnects, so that the server replaces a
    session that it has not yet found dead; otherwise that one would keep getting the rooms' requests."""

    stanza_bytes = CLIENT_STANZA_BYTES

    def __init__(self, settings: ClientSettings, resource: str, listener: Listener) -> None:
        plaintext = settings.security != "required"
        super().__init__(
            f"{settings.username}@{settings.domain}/{resource}",
            settings.password.get_secret_value(),
            plugin_config={"feature_mechanisms": dict.fromkeys(("unencrypted_plain", "unencrypted_scram"), plaintext)},
        )
        if settings.server_name is not None:
            self.default_domain = settings.server_name  # slixmpp verifies the certificate against it
        if settings.ca_file is not None:
            self.ca_certs = settings.ca_file
        self.enable_direct_tls = False
        self.enable_starttls = settings.security != "disabled"
        # One attempt a time: where STARTTLS is merely possible, the server's features decide, on the same socket.
        self.enable_plaintext = not self.enable_starttls
        self.listen(listener)

    def _spawn_event(self, xml: Element) -> None:
        if self.sessionstarted and xml.tag.startswith(f"{{{NS_CLIENT}}}"):
            self.listener.on_element(xml)
        else:
            super()._spawn_event(xml)
