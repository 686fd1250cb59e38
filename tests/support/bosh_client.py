"""A small XMPP client over BOSH (XEP-0124, XEP-0206) for tests: anonymous log-in, bind, stanzas."""

import asyncio
from collections.abc import Callable
from xml.etree.ElementTree import Element, fromstring, tostring

from tests.support import http
from tests.support.xmpp_client import BIND, CLIENT, SASL, Refused

BOSH = "http://jabber.org/protocol/httpbind"
XBOSH = "urn:xmpp:xbosh"


class BoshClient:
    """One stream, polled: each call sends what it is given and returns what the server had."""

    def __init__(self, url: str, domain: str) -> None:
        self.url: str = url
        self.domain: str = domain
        self.jid: str = ""
        self._sid: str = ""
        self._rid: int = 1000

    async def _body(self, inner: str = "", **attributes: str) -> Element:
        self._rid += 1
        given = {"rid": str(self._rid), "sid": self._sid, **attributes}
        text = " ".join(f"{name}='{value}'" for name, value in given.items() if value)
        async with self._session.post(
            self.url, data=f"<body xmlns='{BOSH}' xmlns:xmpp='{XBOSH}' {text}>{inner}</body>"
        ) as response:
            answer = fromstring(await response.text())
        if answer.get("type") == "terminate":
            raise Refused(answer.get("condition", "the stream ended"), answer)
        return answer

    async def connect(self) -> None:
        """Log in anonymously. Raises Refused."""
        self._session = http.session()
        answer = await self._body(**{"to": self.domain, "wait": "5", "hold": "1", "ver": "1.6", "xmpp:version": "1.0"})
        self._sid = answer.get("sid", "")
        answer = await self._body(f"<auth xmlns='{SASL}' mechanism='ANONYMOUS'/>")
        if answer.find(f"{{{SASL}}}success") is None:
            raise Refused("no login", answer)
        await self._body(**{"xmpp:restart": "true", "to": self.domain})
        answer = await self._body(f"<iq xmlns='{CLIENT}' type='set' id='bind'><bind xmlns='{BIND}'/></iq>")
        bound = await self.expect(answer, lambda stanza: stanza.get("id") == "bind")
        self.jid = bound.findtext(f".//{{{BIND}}}jid") or ""

    async def send(self, stanza: Element) -> Element:
        """Send a stanza; what the server had is returned."""
        return await self._body(tostring(stanza, "unicode"))

    async def expect(self, first: Element, wanted: Callable[[Element], bool], timeout: float = 10) -> Element:
        """The first stanza that fits, in ``first`` or in what the server sends later."""
        answer = first
        async with asyncio.timeout(timeout):
            while True:
                for stanza in answer:
                    if wanted(stanza):
                        return stanza
                answer = await self._body()

    async def close(self) -> None:
        """End the stream."""
        try:
            await self._body(type="terminate")
        except Refused:
            pass  # its answer is of type terminate too
        await self._session.close()
