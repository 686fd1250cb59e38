"""The web-sockets to other bridges that are ours to open (2-colibri.md section 4.6)."""

import asyncio
import ssl
from functools import cached_property

import aiohttp
from aiohttp import WSCloseCode

from pyjitsi.bridge.conference import Conference
from pyjitsi.bridge.http import HEARTBEAT, ChannelServer, carry
from pyjitsi.bridge.messages import MAX_BYTES
from pyjitsi.bridge.relay import Relay

FIRST_RETRY, LONGEST_RETRY = 0.2, 5.0


class Dialer:
    """Keeps a channel open for each relay until the relay ends."""

    def __init__(self, server: ChannelServer, version: str, ca_file: str | None) -> None:
        self._server: ChannelServer = server
        self._version: str = version
        self._ca_file: str | None = ca_file
        self._tasks: dict[Relay, asyncio.Task[None]] = {}

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._ca_file)

    def dial(self, conference: Conference, relay: Relay) -> None:
        """A relay came to know its address."""
        if relay not in self._tasks:
            task = self._tasks[relay] = asyncio.create_task(self._run(conference, relay))
            task.add_done_callback(lambda _: self._tasks.pop(relay, None))

    async def close(self) -> None:
        """Give all up."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, conference: Conference, relay: Relay) -> None:
        retry, complained = FIRST_RETRY, False
        # As browsers do it: c-ares leaves IPv6 addresses of /etc/hosts out on a host without IPv4.
        connector = aiohttp.TCPConnector(resolver=aiohttp.ThreadedResolver())
        async with aiohttp.ClientSession(connector=connector) as session:
            while conference.relays.by_id.get(relay.id) is relay and relay.dial is not None:
                try:
                    socket = await session.ws_connect(
                        relay.dial, ssl=self._tls, heartbeat=HEARTBEAT, max_msg_size=MAX_BYTES
                    )
                except (aiohttp.ClientError, OSError, TimeoutError) as error:
                    if not complained:
                        relay.log.warning("the other bridge's channel can't be opened", reason=str(error))
                    complained = True
                else:
                    retry, complained = FIRST_RETRY, False
                    relay.log.info("channel opened")
                    reader = self._server.relay_reader(conference, relay)
                    await carry(socket, relay, reader,
                                lambda: conference.relay_opened(relay, self._version, hello=False))  # fmt: skip
                    if socket.close_code == WSCloseCode.GOING_AWAY:
                        return  # the other bridge has ended the relay; if only its process went, the focus sees to it
                await asyncio.sleep(retry)
                retry = min(2 * retry, LONGEST_RETRY)
