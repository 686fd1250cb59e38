"""A small XMPP client for tests: RFC 7395 over aiohttp, SASL ANONYMOUS or PLAIN, bind, optional stream management."""

import asyncio
import base64
import contextlib
import itertools
from collections.abc import Awaitable, Callable, Mapping
from xml.etree.ElementTree import Element, fromstring, tostring

import aiohttp

from tests.support import http

CLIENT = "jabber:client"
FRAMING = "urn:ietf:params:xml:ns:xmpp-framing"
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
BIND = "urn:ietf:params:xml:ns:xmpp-bind"
SM = "urn:xmpp:sm:3"

Handler = Callable[[Element], Awaitable[None] | None]


class Refused(Exception):
    """An IQ error, or a stream that the server did not grant; ``element`` is what came."""

    def __init__(self, what: str, element: Element | None = None) -> None:
        super().__init__(what)
        self.element: Element | None = element

    @property
    def condition(self) -> str:
        """The XMPP error condition of an IQ error."""
        error = None if self.element is None else self.element.find(f"{{{CLIENT}}}error")
        found = (
            [] if error is None else [c.tag for c in error if "xmpp-stanzas" in c.tag and not c.tag.endswith("text")]
        )
        return found[0].rpartition("}")[2] if found else ""


class XmppClient:
    """One client stream. Stanzas that nobody awaits go to the handlers in ``on_stanza`` and are kept in ``seen``."""

    def __init__(
        self, url: str, domain: str, headers: Mapping[str, str] | None = None, account: tuple[str, str] | None = None
    ) -> None:
        self.url: str = url
        self.account: tuple[str, str] | None = account  # name and password; else anonymously
        self.headers: Mapping[str, str] = headers or {}
        self.domain: str = domain
        self.jid: str = ""
        self.resume_id: str = ""
        self.handled: int = 0
        self.seen: list[Element] = []
        self.on_stanza: list[Handler] = []
        self.closed: asyncio.Event = asyncio.Event()
        self._ids: itertools.count[int] = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[Element]] = {}
        self._arrived: asyncio.Condition = asyncio.Condition()
        self._reader: asyncio.Task[None] | None = None

    async def connect(self, *, resume: "XmppClient | None" = None, manage: bool = False) -> None:
        """Log in, or resume the other client's stream. Raises Refused."""
        self._session = http.session()
        query = "" if resume is None else f"{'&' if '?' in self.url else '?'}previd={resume.resume_id}"
        self._socket = await self._session.ws_connect(
            self.url + query, protocols=("xmpp",), max_msg_size=4 << 20, headers=self.headers
        )
        await self._open()
        answer = await self._log_in()
        if answer.tag != f"{{{SASL}}}success":
            raise Refused("no login", answer)
        await self._open()
        if resume is not None:
            await self._send_text(f"<resume xmlns='{SM}' previd='{resume.resume_id}' h='{resume.handled}'/>")
            answer = await self._receive()
            if answer.tag != f"{{{SM}}}resumed":
                raise Refused("no resumption", answer)
            self.jid, self.resume_id, self.handled = resume.jid, resume.resume_id, resume.handled
        else:
            await self._send_text(f"<iq xmlns='{CLIENT}' type='set' id='bind'><bind xmlns='{BIND}'/></iq>")
            # Prosody names its services before it answers.
            while (answer := await self._receive()).tag != f"{{{CLIENT}}}iq":
                self.seen.append(answer)
            self.jid = answer.findtext(f".//{{{BIND}}}jid") or ""
            if manage:
                await self._send_text(f"<enable xmlns='{SM}' resume='true'/>")
                self.resume_id = (await self._receive()).get("id", "")
        self._reader = asyncio.create_task(self._read())

    async def _log_in(self) -> Element:
        if self.account is None:
            await self._send_text(f"<auth xmlns='{SASL}' mechanism='ANONYMOUS'/>")
        else:
            name, password = self.account
            plain = base64.b64encode(f"{name}@{self.domain}\0{name}\0{password}".encode()).decode()
            await self._send_text(f"<auth xmlns='{SASL}' mechanism='PLAIN'>{plain}</auth>")
        return await self._receive()

    async def _open(self) -> None:
        await self._send_text(f"<open xmlns='{FRAMING}' to='{self.domain}' version='1.0'/>")
        await self._receive()  # open
        await self._receive()  # features

    async def _send_text(self, text: str) -> None:
        await self._socket.send_str(text)

    async def _receive(self) -> Element:
        message = await self._socket.receive(timeout=10)
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise Refused(f"the stream ended: {message}")
        return fromstring(message.data)

    async def _read(self) -> None:
        try:
            async for message in self._socket:
                if message.type is not aiohttp.WSMsgType.TEXT:
                    break
                element = fromstring(message.data)
                if element.tag == f"{{{SM}}}r":
                    await self._send_text(f"<a xmlns='{SM}' h='{self.handled}'/>")
                elif element.tag.startswith(f"{{{CLIENT}}}"):
                    self.handled += 1
                    await self._stanza(element)
        finally:
            self.closed.set()
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(Refused("the stream ended"))

    async def _stanza(self, element: Element) -> None:
        if element.tag == f"{{{CLIENT}}}iq" and element.get("type") in ("result", "error"):
            future = self._waiting.pop(element.get("id", ""), None)
            if future is not None and not future.done():
                future.set_result(element)
                return
        self.seen.append(element)
        for handler in self.on_stanza:
            result = handler(element)
            if result is not None:
                await result
        async with self._arrived:
            self._arrived.notify_all()

    async def send(self, stanza: Element | str) -> None:
        """Send a stanza; text must declare its namespaces."""
        await self._send_text(stanza if isinstance(stanza, str) else tostring(stanza, "unicode"))

    async def iq(self, to: str, payload: Element, kind: str = "set", timeout: float = 15) -> Element:
        """Send an IQ and await its result. Raises Refused with the error stanza, or TimeoutError."""
        iq = Element(f"{{{CLIENT}}}iq", {"type": kind, "to": to, "id": f"t{next(self._ids)}"})
        iq.append(payload)
        future = self._waiting[iq.get("id", "")] = asyncio.get_running_loop().create_future()
        await self.send(iq)
        async with asyncio.timeout(timeout):
            answer = await future
        if answer.get("type") == "error":
            raise Refused(tostring(answer, "unicode"), answer)
        return answer

    async def reply(self, iq: Element, payload: Element | None = None) -> None:
        """Answer an IQ with a result."""
        result = Element(f"{{{CLIENT}}}iq", {"type": "result", "to": iq.get("from", ""), "id": iq.get("id", "")})
        if payload is not None:
            result.append(payload)
        await self.send(result)

    async def expect(self, wanted: Callable[[Element], bool], what: str, timeout: float = 10) -> Element:
        """The first stanza, already seen or still to come, that fits. Raises AssertionError naming what was awaited."""
        position = 0
        try:
            async with asyncio.timeout(timeout), self._arrived:
                while True:
                    while position < len(self.seen):
                        position += 1
                        if wanted(self.seen[position - 1]):
                            return self.seen[position - 1]
                    await self._arrived.wait()
        except TimeoutError:
            heard = "\n".join(tostring(each, "unicode")[:300] for each in self.seen[-6:])
            raise AssertionError(f"{what} did not come within {timeout} s; last seen:\n{heard}") from None

    async def break_socket(self) -> None:
        """Lose the connection without closing the stream."""
        response = self._socket._response  # pyright: ignore[reportPrivateUsage]
        assert response.connection is not None
        assert response.connection.transport is not None
        response.connection.transport.abort()
        await self.close()

    async def close(self) -> None:
        """End the stream in good order, if it still stands. May be called again, or after a refused log-in."""
        if not self._socket.closed and not self.closed.is_set():
            with contextlib.suppress(ConnectionError):
                await self._send_text(f"<close xmlns='{FRAMING}'/>")
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        await self._socket.close()
        await self._session.close()
