"""One XMPP stream that keeps itself up, for a component (XEP-0114) or an account (RFC 6120), around slixmpp.

Stanzas come and go as ElementTree elements in the namespace ``jabber:client``. Requests are matched by their payload
and answered by what a handler returns; errors are values. A lost stream fails the requests that wait for an answer and
is opened anew after 1 s, then 2, 4 and at most 5 s; whoever was in rooms enters them again in ``on_connected``.
"""

import asyncio
import itertools
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Literal, TypeVar
from xml.etree.ElementTree import Element

import structlog
from prometheus_client import Counter

from pyjitsi.xmpp.replies import NS_CLIENT, IqError, IqTimeout, build_error, parse_error
from pyjitsi.xmpp.settings import ClientSettings, ComponentSettings
from pyjitsi.xmpp.stanzas.errors import StanzaError
from pyjitsi.xmpp.streams import ClientStream, ComponentStream, Listener, StanzaTooLarge, Stream

__all__ = ["NS_CLIENT", "Connection", "Iq", "IqError", "IqTimeout", "Message", "Presence", "client", "component"]

log = structlog.get_logger("xmpp")

NS_PING = "urn:xmpp:ping"
CONFLICT_SECONDS = 60.0
FIRST_RECONNECT_SECONDS = 1.0  # a Prosody that restarts is back within one or two
LAST_RECONNECT_SECONDS = 5.0  # no meeting waits longer than that for a server that is back
PING_SECONDS = 30.0  # as Jitsi's bridges
PING_TIMEOUT_SECONDS = 10.0
REMEMBERED_REFUSALS = 1024  # enough to keep a flood out of the log, little enough to forget

REFUSED = Counter("pyjitsi_xmpp_requests_refused_total", "XMPP requests answered with an error", ["condition"])
CONNECTS = Counter("pyjitsi_xmpp_connects_total", "XMPP sessions established since the start")

Stanza = TypeVar("Stanza", "Presence", "Message")


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
    """See the module's text. Made by ``component`` or ``client``; needs a running event loop from ``start`` on."""

    def __init__(self, make: Callable[[Listener], Stream], host: str, port: int, server: str, *, ping: bool) -> None:
        self.jid: str = ""
        self.connected: bool = False
        self._make: Callable[[Listener], Stream] = make
        self._address: tuple[str, int] = (host, port)
        self._server: str = server
        self._pings: bool = ping
        self._stream: Stream | None = None
        self._ids: itertools.count[int] = itertools.count(1)
        self._prefix: str = secrets.token_hex(4)
        self._waiting: dict[str, tuple[str, asyncio.Future[Element]]] = {}
        self._iq_handlers: dict[str, IqHandler] = {}
        self._presence_handlers: list[Callable[[Presence], None]] = []
        self._message_handlers: list[Callable[[Message], None]] = []
        self._connected: list[Callable[[], Awaitable[None]]] = []
        self._disconnected: list[Callable[[], None]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: list[asyncio.Task[None]] = []
        self._again: asyncio.TimerHandle | None = None
        self._delay: float = FIRST_RECONNECT_SECONDS
        self._complaint: str = ""
        self._refused: OrderedDict[tuple[str, str, str], None] = OrderedDict()

    async def start(self) -> None:
        """Begin connecting; the stream is kept up until ``stop``."""
        if self._stream is None:
            self._stream = self._make(self)
            self._stream.open(*self._address)

    async def stop(self) -> None:
        """Close the stream; nothing reconnects. ``start`` may follow."""
        stream, self._stream = self._stream, None
        if self._again is not None:
            self._again.cancel()
        if stream is not None:
            await stream.close()
        self._lose()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def on_connected(self, handler: Callable[[], Awaitable[None]]) -> None:
        """Call when the stream is up, also after each reconnect; rooms must be entered again then."""
        self._connected.append(handler)

    def on_disconnected(self, handler: Callable[[], None]) -> None:
        """Call when an established stream was lost."""
        self._disconnected.append(handler)

    def on_iq(self, tag: str, handler: IqHandler) -> None:
        """Answer requests whose payload is ``{namespace}name``; a StanzaError becomes the error reply.

        Handlers are started in the order of arrival and run beside each other.
        """
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
        """Send a request and return the result's payload. Raises IqError or IqTimeout (``timeout`` in seconds)."""
        if not self.connected:
            raise IqTimeout(f"no XMPP stream to ask {to}")
        identity = f"{self._prefix}-{next(self._ids)}"
        stanza = Element(f"{{{NS_CLIENT}}}iq", {"type": kind, "to": to, "id": identity})
        if from_ is not None:
            stanza.set("from", from_)
        stanza.append(payload)
        answer: asyncio.Future[Element] = asyncio.get_running_loop().create_future()
        self._waiting[identity] = (to, answer)
        try:
            if not self._transmit(stanza):
                raise IqError("policy-violation", "the request is too large to send", None)
            async with asyncio.timeout(timeout):
                result = await answer
        except TimeoutError:
            raise IqTimeout(f"{to} did not answer within {timeout:g} s") from None
        finally:
            self._waiting.pop(identity, None)
        if result.get("type") == "error":
            raise parse_error(result)
        return next(iter(result), None)

    def send(self, stanza: Element) -> None:
        """Send a presence, message or IQ. The element stays the caller's.

        It is lost where there is no stream, and where it is larger than the server takes; the latter is logged.
        """
        self._transmit(stanza)

    def _transmit(self, stanza: Element) -> bool:
        if self.connected and self._stream is not None:
            try:
                self._stream.send_element(stanza)
            except StanzaTooLarge as error:
                log.error("a stanza was not sent", to=stanza.get("to"), reason=str(error))
                return False
        return True

    # The stream's events.

    def on_session(self, jid: str) -> None:
        """The stream is up."""
        if self._stream is None:
            return
        self.jid, self.connected = jid, True
        self._delay, self._complaint = FIRST_RECONNECT_SECONDS, ""
        CONNECTS.inc()
        log.info("connected", jid=jid)
        self._session = [self._spawn(self._tell_connected())]
        if self._pings:
            self._session.append(self._spawn(self._ping()))

    def on_end(self, reason: str) -> None:
        """The socket is gone."""
        was = self.connected
        self._lose()
        self._retry("disconnected" if was else "no session", reason)

    def on_failure(self, reason: str) -> None:
        """There was no socket."""
        self._retry("no connection", reason)

    def on_refusal(self, reason: str) -> None:
        """The server says why it ends the stream."""
        if reason.startswith("conflict"):
            # Somebody else logged in as us. Whoever comes back at once throws him out again, and so on for ever.
            self._delay = CONFLICT_SECONDS
            reason += "; another process runs with our address: stop one of the two"
        self._complain("the XMPP server refused us", reason)

    def _retry(self, what: str, reason: str) -> None:
        if self._stream is None:
            return
        self._complain(what, reason)
        if self._again is not None:
            self._again.cancel()
        self._again = asyncio.get_running_loop().call_later(self._delay, self._stream.open, *self._address)
        self._delay = min(self._delay * 2, LAST_RECONNECT_SECONDS)

    def _complain(self, what: str, reason: str) -> None:
        """Once until something else goes wrong, or a session stood: attempts go on every few seconds."""
        if (complaint := f"{what}: {reason}") != self._complaint:
            self._complaint = complaint
            log.warning(what, host=self._address[0], port=self._address[1], reason=reason)

    def _lose(self) -> None:
        was, self.connected = self.connected, False
        for task in self._session:
            task.cancel()
        self._session = []
        for to, answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(IqTimeout(f"the stream was lost before {to} answered"))
        self._waiting.clear()
        if was:
            for handler in self._disconnected:
                try:
                    handler()
                except Exception:
                    log.exception("a disconnection handler failed")

    async def _tell_connected(self) -> None:
        for handler in self._connected:
            try:
                await handler()
            except (IqError, IqTimeout) as error:
                log.warning("a request failed after connecting", reason=str(error))
            except Exception:
                log.exception("a connection handler failed")

    async def _ping(self) -> None:
        """XEP-0199: find a dead stream before anybody else does. An error is an answer too."""
        while True:
            await asyncio.sleep(PING_SECONDS)
            try:
                await self.iq(self._server, Element(f"{{{NS_PING}}}ping"), kind="get", timeout=PING_TIMEOUT_SECONDS)
            except IqError:
                pass
            except IqTimeout:
                if self._stream is not None:
                    self._stream.abort()
                return

    # Stanzas.

    def on_element(self, element: Element) -> None:
        """Handle a stanza of the established stream."""
        kind = element.get("type", "")
        sender, to = element.get("from", ""), element.get("to", "")
        match element.tag.rpartition("}")[2]:
            case "iq" if kind in ("result", "error"):
                self._settle(element, sender)
            case "iq":
                self._spawn(self._answer(element, sender, to))
            case "presence":
                self._tell(self._presence_handlers, Presence(sender, to, kind or "available", element))
            case "message":
                self._tell(self._message_handlers, Message(sender, to, kind or "normal", element))
            case _:
                pass  # no fourth kind of stanza exists

    def _settle(self, element: Element, sender: str) -> None:
        """Hand an answer to whoever asked. It must come from whom was asked, or anybody could guess an id."""
        to, answer = self._waiting.get(element.get("id", ""), ("", None))
        if answer is None or answer.done():
            return
        if sender.casefold() == to.casefold() or (not sender and self.jid.startswith(to)):
            answer.set_result(element)

    def _tell(self, handlers: list[Callable[[Stanza], None]], stanza: Stanza) -> None:
        for handler in handlers:
            try:
                handler(stanza)
            except Exception:
                log.exception("a stanza handler failed", sender=stanza.from_)

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _answer(self, element: Element, sender: str, to: str) -> None:
        reply = Element(f"{{{NS_CLIENT}}}iq", {"type": "result", "to": sender, "id": element.get("id", "")})
        if to:
            reply.set("from", to)
        payload = next(iter(element), None)
        name = "" if payload is None else payload.tag
        try:
            result = await self._handle(element, payload, sender, to)
            if result is not None:
                reply.append(result)
        except StanzaError as error:
            self._refuse(reply, sender, name, error)
        except Exception:
            log.exception("an IQ handler failed", sender=sender, payload=name)
            failure = StanzaError("internal-server-error", "the request failed here; see our log")
            self._refuse(reply, sender, name, failure)
        self.send(reply)

    async def _handle(self, element: Element, payload: Element | None, sender: str, to: str) -> Element | None:
        if payload is None or len(element) != 1 or (kind := element.get("type")) not in ("get", "set"):
            raise StanzaError("bad-request", "a request is of type get or set and has one payload")
        handler = self._iq_handlers.get(payload.tag)
        if handler is None:
            raise StanzaError("service-unavailable", "nothing here answers that request")
        return await handler(Iq(sender, to, "get" if kind == "get" else "set", element.get("id", ""), payload))

    def _refuse(self, reply: Element, sender: str, payload: str, error: StanzaError) -> None:
        reply.set("type", "error")
        reply.append(build_error(error))
        REFUSED.labels(error.condition).inc()
        key = (sender, payload, error.condition)
        if key not in self._refused:
            log.info("refused a request", sender=sender, payload=payload, condition=error.condition, reason=error.text)
            self._refused[key] = None
            if len(self._refused) > REMEMBERED_REFUSALS:
                self._refused.popitem(last=False)


def component(settings: ComponentSettings) -> Connection:
    """A connection as an external component."""

    def make(listener: Listener) -> Stream:
        return ComponentStream(settings, listener)

    return Connection(make, settings.host, settings.port, settings.domain, ping=False)


def client(settings: ClientSettings) -> Connection:
    """A connection as an account, with a resource of its own that stays for its life."""
    resource = secrets.token_hex(4)

    def make(listener: Listener) -> Stream:
        return ClientStream(settings, resource, listener)

    return Connection(make, settings.host, settings.port, settings.domain, ping=True)
