"""One XMPP stream that keeps itself up, for a component (XEP-0114) or an account (RFC 6120), around slixmpp.

Stanzas come and go as ElementTree elements in the namespace ``jabber:client``; slixmpp does the stream, we do the rest:
IQs are matched by payload, answered by what a handler returns, and errors are values.
"""

import asyncio
import itertools
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal
from xml.etree.ElementTree import Element, SubElement

import structlog
from slixmpp import ClientXMPP, ComponentXMPP

from pyjitsi.xmpp.settings import ClientSettings, ComponentSettings
from pyjitsi.xmpp.stanzas.errors import StanzaError

log = structlog.get_logger("xmpp")

NS_CLIENT = "jabber:client"
NS_COMPONENT = "jabber:component:accept"
NS_STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"
NS_PING = "urn:xmpp:ping"
RECONNECT_SECONDS = 1.0  # a Prosody that restarts is back within one or two
PING_SECONDS = 30.0  # as Jitsi's bridges
ERROR_TYPES = {
    "bad-request": "modify",
    "forbidden": "auth",
    "not-acceptable": "modify",
    "not-authorized": "auth",
    "policy-violation": "modify",
    "resource-constraint": "wait",
    "unexpected-request": "wait",
}


class IqError(Exception):
    """The other side answered with an error; ``error`` is the ``<error/>`` element."""

    def __init__(self, condition: str, text: str, error: Element | None) -> None:
        super().__init__(f"{condition}: {text}" if text else condition)
        self.condition: str = condition
        self.text: str = text
        self.error: Element | None = error


class IqTimeout(Exception):
    """No answer within the time given, or the stream was lost meanwhile."""


@dataclass(frozen=True, slots=True)
class Iq:
    """A request: ``payload`` is its only child."""

    from_: str
    to: str
    kind: Literal["get", "set"]
    id: str
    payload: Element


@dataclass(frozen=True, slots=True)
class Presence:
    """A presence; ``kind`` is available, unavailable or error; ``element`` is the whole stanza."""

    from_: str
    to: str
    kind: str
    element: Element


@dataclass(frozen=True, slots=True)
class Message:
    """A message; ``kind`` is normal, chat, groupchat, headline or error; ``element`` is the whole stanza."""

    from_: str
    to: str
    kind: str
    element: Element


IqHandler = Callable[[Iq], Awaitable[Element | None]]


class Connection:
    """See the module's text. Made by ``component`` or ``client``."""

    def __init__(self, stream: "ComponentStream | ClientStream", host: str, port: int) -> None:
        self.jid: str = ""
        self.connected: bool = False
        self._stream: ComponentStream | ClientStream = stream
        self._address: tuple[str, int] = (host, port)
        self._ids: itertools.count[int] = itertools.count(1)
        self._prefix: str = secrets.token_hex(4)
        self._waiting: dict[str, tuple[str, asyncio.Future[Element]]] = {}
        self._iq_handlers: dict[str, IqHandler] = {}
        self._presence_handlers: list[Callable[[Presence], None]] = []
        self._message_handlers: list[Callable[[Message], None]] = []
        self._connected: list[Callable[[], Awaitable[None]]] = []
        self._disconnected: list[Callable[[], None]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping: bool = False
        self._pinging: asyncio.Task[None] | None = None
        self._complained: bool = False
        stream.on_element = self._on_element
        stream.add_event_handler("session_start", self._on_session_start)
        stream.add_event_handler("disconnected", self._on_disconnect)
        stream.add_event_handler("connection_failed", self._on_failure)
        stream.add_event_handler("failed_auth", self._on_refused)

    async def start(self) -> None:
        """Begin connecting; the stream is kept up until ``stop``."""
        self._connect()

    async def stop(self) -> None:
        """Close the stream; nothing reconnects."""
        self._stopping = True
        if self._pinging is not None:
            self._pinging.cancel()
        self._stream.cancel_connection_attempt()
        if self._stream.is_connected():
            closing = self._stream.disconnect(wait=0.5)
            await asyncio.wait({closing}, timeout=2.0)
        self._lose()
        for task in list(self._tasks):
            task.cancel()

    def on_connected(self, handler: Callable[[], Awaitable[None]]) -> None:
        """Call when the stream is up, also after each reconnect; rooms must be entered again then."""
        self._connected.append(handler)

    def on_disconnected(self, handler: Callable[[], None]) -> None:
        """Call when an established stream was lost."""
        self._disconnected.append(handler)

    def on_iq(self, tag: str, handler: IqHandler) -> None:
        """Answer requests whose payload is ``{namespace}name``; a StanzaError becomes the error reply."""
        self._iq_handlers[tag] = handler

    def on_presence(self, handler: Callable[[Presence], None]) -> None:
        """See every presence."""
        self._presence_handlers.append(handler)

    def on_message(self, handler: Callable[[Message], None]) -> None:
        """See every message."""
        self._message_handlers.append(handler)

    async def iq(
        self,
        to: str,
        payload: Element,
        *,
        kind: Literal["get", "set"] = "set",
        from_: str | None = None,
        timeout: float = 15.0,
    ) -> Element | None:
        """Send a request and return the result's payload. Raises IqError or IqTimeout."""
        if not self.connected:
            raise IqTimeout(f"no XMPP stream to ask {to}")
        stanza = Element(f"{{{NS_CLIENT}}}iq", {"type": kind, "to": to, "id": f"{self._prefix}-{next(self._ids)}"})
        if from_ is not None:
            stanza.set("from", from_)
        stanza.append(payload)
        identity = stanza.get("id", "")
        answer: asyncio.Future[Element] = asyncio.get_running_loop().create_future()
        self._waiting[identity] = (to, answer)
        try:
            self.send(stanza)
            async with asyncio.timeout(timeout):
                result = await answer
        except TimeoutError:
            raise IqTimeout(f"{to} did not answer within {timeout:g} s") from None
        finally:
            self._waiting.pop(identity, None)
        if result.get("type") == "error":
            raise _iq_error(result)
        return next(iter(result), None)

    def send(self, stanza: Element) -> None:
        """Send a presence, message or IQ; it is lost where there is no stream."""
        if self.connected:
            self._stream.send_element(stanza)

    # The stream's events.

    def _connect(self) -> None:
        host, port = self._address
        self._stream.connect(host, port)

    async def _on_session_start(self, _event: object) -> None:
        self.connected = True
        self._complained = False
        self.jid = str(self._stream.boundjid.full)
        log.info("connected", jid=self.jid)
        if isinstance(self._stream, ClientStream):
            self._pinging = asyncio.create_task(self._ping())
        for handler in self._connected:
            try:
                await handler()
            except Exception:
                log.exception("a connection handler failed")

    def _on_disconnect(self, reason: object) -> None:
        self._lose()
        if not self._stopping:
            log.warning("disconnected", reason=str(reason or "the stream ended"), again_in=RECONNECT_SECONDS)
            asyncio.get_running_loop().call_later(RECONNECT_SECONDS, self._again)

    def _again(self) -> None:
        if not self._stopping and not self._stream.is_connected() and not self._stream.is_connecting():
            self._connect()

    def _on_failure(self, reason: object) -> None:
        if not self._complained:
            self._complained = True
            log.warning("no connection", host=self._address[0], port=self._address[1], reason=str(reason))

    def _on_refused(self, _event: object) -> None:
        log.error("the XMPP server refused our name or password", jid=str(self._stream.boundjid.bare))

    def _lose(self) -> None:
        was, self.connected = self.connected, False
        if self._pinging is not None:
            self._pinging.cancel()
            self._pinging = None
        for to, answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(IqTimeout(f"the stream was lost before {to} answered"))
        self._waiting.clear()
        if was:
            for handler in self._disconnected:
                handler()

    async def _ping(self) -> None:
        """XEP-0199: find a dead stream before anybody else does."""
        while True:
            await asyncio.sleep(PING_SECONDS)
            try:
                await self.iq(self._stream.boundjid.host, Element(f"{{{NS_PING}}}ping"), kind="get", timeout=10.0)
            except IqError:
                pass
            except IqTimeout:
                log.warning("no answer to a ping; starting the stream anew")
                self._stream.abort()
                return

    # Stanzas.

    def _on_element(self, element: Element) -> bool:
        """Handle a stanza of the established stream; False leaves it to slixmpp."""
        kind = element.get("type", "")
        sender, to = element.get("from", ""), element.get("to", "")
        match element.tag.rpartition("}")[2]:
            case "iq" if kind in ("result", "error"):
                _, answer = self._waiting.get(element.get("id", ""), ("", None))
                if answer is None:
                    return not self.connected
                if not answer.done():
                    answer.set_result(element)
                return True
            case "iq":
                self._spawn(self._answer(element, sender, to))
            case "presence":
                presence = Presence(sender, to, kind or "available", element)
                for handler in self._presence_handlers:
                    self._guard(handler, presence)
            case "message":
                message = Message(sender, to, kind or "normal", element)
                for handler in self._message_handlers:
                    self._guard(handler, message)
            case _:
                return False
        return True

    def _guard(self, handler: Callable[[Any], None], stanza: Any) -> None:
        try:
            handler(stanza)
        except Exception:
            log.exception("a stanza handler failed", sender=stanza.from_)

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, element: Element, sender: str, to: str) -> None:
        kind = "get" if element.get("type") == "get" else "set"
        reply = Element(f"{{{NS_CLIENT}}}iq", {"type": "result", "to": sender, "id": element.get("id", "")})
        if to:
            reply.set("from", to)
        payload = next(iter(element), None)
        try:
            handler = None if payload is None else self._iq_handlers.get(payload.tag)
            if payload is None or handler is None:
                raise StanzaError("service-unavailable", "nothing here answers that request")
            result = await handler(Iq(sender, to, kind, element.get("id", ""), payload))
            if result is not None:
                reply.append(result)
        except StanzaError as error:
            reply.set("type", "error")
            reply.append(build_error(error))
        except Exception:
            log.exception("an IQ handler failed", sender=sender, payload=None if payload is None else payload.tag)
            reply.set("type", "error")
            reply.append(build_error(StanzaError("internal-server-error", "the request failed here; see our log")))
        self.send(reply)


def build_error(error: StanzaError) -> Element:
    """The ``<error/>`` of a reply (RFC 6120 section 8.3)."""
    element = Element(f"{{{NS_CLIENT}}}error", type=ERROR_TYPES.get(error.condition, "cancel"))
    SubElement(element, f"{{{NS_STANZAS}}}{error.condition}")
    if error.text:
        SubElement(element, f"{{{NS_STANZAS}}}text").text = error.text
    element.extend(error.extensions)
    return element


def _iq_error(stanza: Element) -> IqError:
    error = stanza.find(f"{{{NS_CLIENT}}}error")
    condition, text = "undefined-condition", ""
    for each in error if error is not None else ():
        if each.tag == f"{{{NS_STANZAS}}}text":
            text = each.text or ""
        elif each.tag.startswith(f"{{{NS_STANZAS}}}"):
            condition = each.tag.rpartition("}")[2]
    return IqError(condition, text, error)


def _rename(element: Element, old: str, new: str) -> None:
    """Move the stanza's own elements from one default namespace to the other."""
    for each in element.iter():
        if isinstance(each.tag, str) and each.tag.startswith(old):
            each.tag = new + each.tag[len(old) :]


class ComponentStream(ComponentXMPP):
    """slixmpp's component, with its stanza objects out of the way."""

    on_element: Callable[[Element], bool]

    def incoming_filter(self, xml: Element) -> Element:
        return xml

    def send_element(self, stanza: Element) -> None:
        _rename(stanza, f"{{{NS_CLIENT}}}", f"{{{NS_COMPONENT}}}")
        self.send_xml(stanza)

    def _spawn_event(self, xml: Element) -> None:
        if self.sessionstarted and xml.tag.startswith(f"{{{NS_COMPONENT}}}"):
            _rename(xml, f"{{{NS_COMPONENT}}}", f"{{{NS_CLIENT}}}")
            self.on_element(xml)
        else:
            super()._spawn_event(xml)


class ClientStream(ClientXMPP):
    """slixmpp's client; its stanza objects serve the log-in only."""

    on_element: Callable[[Element], bool]

    def send_element(self, stanza: Element) -> None:
        self.send_xml(stanza)

    def _spawn_event(self, xml: Element) -> None:
        if not (self.sessionstarted and xml.tag.startswith(f"{{{NS_CLIENT}}}") and self.on_element(xml)):
            super()._spawn_event(xml)


def component(settings: ComponentSettings) -> Connection:
    """A connection as an external component."""
    stream = ComponentStream(settings.domain, settings.secret.get_secret_value(), settings.host, settings.port)
    return Connection(stream, settings.host, settings.port)


def client(settings: ClientSettings) -> Connection:
    """A connection as an account; the server chooses the resource."""
    stream = ClientStream(
        f"{settings.username}@{settings.domain}",
        settings.password.get_secret_value(),
        plugin_config={
            "feature_mechanisms": dict.fromkeys(
                ("unencrypted_plain", "unencrypted_scram"), settings.security != "required"
            )
        },
    )
    if settings.security == "disabled":
        stream.enable_starttls = False
        stream.enable_plaintext = True
    else:
        stream.enable_starttls = True
        stream.enable_plaintext = settings.security == "ifpossible"
    stream.enable_direct_tls = False
    return Connection(stream, settings.host, settings.port)
