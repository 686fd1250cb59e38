"""The doctor's probes: names, sockets, HTTP and systemd, each bounded in time."""

import asyncio
import datetime
import email.utils
import json
import shutil
import socket
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from pyjitsi.doctor import findings
from pyjitsi.doctor.findings import Finding

LIMIT = 5.0
OPEN = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='{}' version='1.0'/>"


class Doctor:
    """Looks at one server; ``host`` is what its NixOS module wrote down, or empty."""

    def __init__(self, host: dict[str, Any], url: str | None, ca: Path | None) -> None:
        self.host: dict[str, Any] = host
        self.url: str | None = (url or host.get("url") or "").rstrip("/") or None
        self._tls: ssl.SSLContext = ssl.create_default_context(cafile=str(ca) if ca else None)
        self.addresses: list[str] = []

    async def examine(self) -> list[Finding]:
        """Everything, side by side."""
        # By the system's resolver, as browsers do: c-ares leaves out IPv6 of /etc/hosts on a host without IPv4.
        connector = aiohttp.TCPConnector(resolver=aiohttp.ThreadedResolver())
        async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=LIMIT)) as self._http:
            found: list[Finding] = []
            if self.url is not None:
                found.append(await self._name(self.url))
            probes: list[Awaitable[list[Finding]]] = []
            if self.url is not None and self.addresses:
                probes += [self._certificate(self.url), self._page(self.url), self._xmpp(self.url)]
                for places in self.host.get("bridges", {}).values():
                    probes.append(self._either([self._channel(self.url, place) for place in places]))
            for name, base in self.host.get("services", {}).items():
                probes.append(self._health(name, base))
            if focus := self.host.get("services", {}).get("focus"):
                probes.append(self._bridges(focus))
            if places := self.host.get("bridge_places", ()):
                probes.append(self._either([self._health("bridge", base) for base in places]))
                probes.append(self._either([self._candidates(base) for base in places]))
            probes += [self._unit(name) for name in self.host.get("units", ())]
            for each in await asyncio.gather(*(self._bounded(probe) for probe in probes)):
                found += each
        return found

    async def _either(self, probes: list[Awaitable[list[Finding]]]) -> list[Finding]:
        """Of a bridge's two places one at least is in use: what is well there, or what is wrong with the first."""
        found = await asyncio.gather(*probes)
        return next((each for each in found if all(one.verdict == "ok" for one in each)), found[0])

    async def _bounded(self, probe: Awaitable[list[Finding]]) -> list[Finding]:
        try:
            async with asyncio.timeout(LIMIT * 2):
                return await probe
        except TimeoutError:
            return [Finding("problem", "time", "a probe took too long", "see whether the host is overloaded")]

    async def _name(self, url: str) -> Finding:
        name = urlsplit(url).hostname or ""
        try:
            infos = await asyncio.get_running_loop().getaddrinfo(name, None, type=socket.SOCK_STREAM)
        except OSError:
            infos = []
        self.addresses = list(dict.fromkeys(str(info[4][0]) for info in infos))
        return findings.resolved(name, self.addresses)

    async def _certificate(self, url: str) -> list[Finding]:
        place = urlsplit(url)
        if place.scheme != "https":
            return [
                Finding("warning", "certificate", "plain HTTP", "browsers give no camera to it from other machines")
            ]
        name, port = place.hostname or "", place.port or 443
        try:
            async with asyncio.timeout(LIMIT):
                _, writer = await asyncio.open_connection(name, port, ssl=self._tls)
        except ssl.SSLCertVerificationError as error:
            advice = "a self-signed one works after a warning; for others see tls.acme, tls.certFile"
            return [Finding("problem", "certificate", error.verify_message, advice)]
        except (OSError, TimeoutError) as error:
            return [
                _silent(f"{name}:{port}", error, "open TCP 443 in every firewall between, and see journalctl -u nginx")
            ]
        shown = writer.get_extra_info("peercert")
        writer.close()
        ends = datetime.datetime.fromtimestamp(ssl.cert_time_to_seconds(shown["notAfter"]), datetime.UTC)
        return [findings.certificate(name, ends, datetime.datetime.now(datetime.UTC))]

    async def _page(self, url: str) -> list[Finding]:
        try:
            async with self._http.get(f"{url}/config.js", ssl=self._tls) as answer:
                text, date = await answer.text(), answer.headers.get("Date")
        except (aiohttp.ClientError, TimeoutError) as error:
            return [_silent(f"{url}/config.js", error, "see journalctl -u meet-web")]
        found: list[Finding] = []
        if answer.status != 200 or "var config" not in text:
            found.append(
                Finding("problem", "page", f"/config.js answered {answer.status}", "see journalctl -u meet-web")
            )
        else:
            found.append(Finding("ok", "page", "the client and its config.js are served"))
        if date is not None:
            theirs = email.utils.parsedate_to_datetime(date)
            found.append(findings.clock((datetime.datetime.now(datetime.UTC) - theirs).total_seconds()))
        return found

    async def _xmpp(self, url: str) -> list[Finding]:
        try:
            async with self._http.ws_connect(
                "ws" + url.removeprefix("http") + "/xmpp-websocket", protocols=("xmpp",), ssl=self._tls
            ) as channel:
                await channel.send_str(OPEN.format(urlsplit(url).hostname))
                await channel.receive(timeout=LIMIT)
                features = await channel.receive(timeout=LIMIT)
        except (aiohttp.ClientError, TimeoutError, TypeError) as error:
            return [
                _silent(
                    "/xmpp-websocket", error, "see journalctl -u meet-prosody, and whether the proxy passes web-sockets"
                )
            ]
        offered = features.data if features.type is aiohttp.WSMsgType.TEXT else ""
        if ">ANONYMOUS<" in offered or ">PLAIN<" in offered:
            return [Finding("ok", "XMPP", "Prosody answers through the web-socket and lets people in")]
        return [Finding("problem", "XMPP", "Prosody offers no way to log in", "see journalctl -u meet-prosody")]

    async def _channel(self, url: str, server: str) -> list[Finding]:
        try:
            async with self._http.get(
                f"{url}/colibri-ws/{server}/nowhere/nobody?pwd=wrong",
                ssl=self._tls,
                headers={"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
                         "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="},
            ) as answer:  # fmt: skip
                return [findings.bridge_channel(server, answer.status)]
        except (aiohttp.ClientError, TimeoutError) as error:
            return [_silent(f"/colibri-ws/{server}/", error, "see journalctl -u meet-bridge")]

    async def _health(self, name: str, base: str) -> list[Finding]:
        async def read(answer: aiohttp.ClientResponse) -> list[Finding]:
            return [findings.health(name, answer.status, await answer.json())]

        return await self._inside(name, f"{base}/about/health", read)

    async def _bridges(self, base: str) -> list[Finding]:
        async def read(answer: aiohttp.ClientResponse) -> list[Finding]:
            for family in text_string_to_metric_families(await answer.text()):
                if family.name == "pyjitsi_focus_bridges":
                    return [findings.bridges_joined(sum(sample.value for sample in family.samples))]
            return [Finding("skipped", "bridges", "the focus has no such figure")]

        return await self._inside("focus", f"{base}/metrics", read)

    async def _candidates(self, base: str) -> list[Finding]:
        async def read(answer: aiohttp.ClientResponse) -> list[Finding]:
            return [findings.candidates((await answer.json())["candidates"], self.addresses)]

        return await self._inside("bridge", f"{base}/about/candidates", read)

    async def _inside(
        self, name: str, url: str, read: Callable[[aiohttp.ClientResponse], Awaitable[list[Finding]]]
    ) -> list[Finding]:
        try:
            async with self._http.get(url) as answer:
                return await read(answer)
        except (aiohttp.ClientError, TimeoutError, json.JSONDecodeError) as error:
            return [_silent(f"{name} at {url}", error, f"see journalctl -u meet-{name}")]

    async def _unit(self, name: str) -> list[Finding]:
        if shutil.which("systemctl") is None:
            return [Finding("skipped", "unit", f"{name}: no systemd here")]
        state = await _output("systemctl", "is-active", name)
        last = (
            "" if state == "active" else await _output("journalctl", "-u", name, "-n", "1", "-o", "cat", "--no-pager")
        )
        return [findings.unit(name, state or "unknown", last)]


def _silent(what: str, error: BaseException, advice: str) -> Finding:
    return Finding("problem", "reach", f"{what} does not answer ({error or type(error).__name__})", advice)


async def _output(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    out, _ = await process.communicate()
    return out.decode(errors="replace").strip()
