"""The bridge channel as a data channel: SCTP in the peer's DTLS (RFC 8831), by aiortc.

Only those pay for it who are asked for one, as Jicofo does by default: aiortc's SCTP brings PyAV along, so it is
imported with the first. Clients open the channel (2-colibri.md section 3.6.3); between bridges the focus says who does
(4.5). More than one is not taken.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from pyjitsi import clock
from pyjitsi.bridge.channel import RATE, RELAY_RATE, ChannelReader
from pyjitsi.bridge.colibri import SCTP_PORT
from pyjitsi.bridge.conference import Conference
from pyjitsi.bridge.endpoint import Endpoint
from pyjitsi.bridge.messages import MAX_BYTES
from pyjitsi.bridge.peer import Peer
from pyjitsi.bridge.relay import Relay

if TYPE_CHECKING:
    from aiortc import RTCDataChannel

PROTOCOL = "http://jitsi.org/protocols/colibri"
MAX_WAITING = 256 * 1024  # bytes to a client that does not read, before its channel is closed


class DataChannel:
    """An open data channel as ``peer.Channel``."""

    def __init__(self, channel: "RTCDataChannel") -> None:
        self._channel: RTCDataChannel = channel

    def send(self, text: str) -> None:
        """Queue a message; a client that lets too much wait is cut off."""
        if self._channel.readyState != "open":
            return
        if self._channel.bufferedAmount > MAX_WAITING:
            self._channel.close()
        else:
            self._channel.send(text)

    def close(self, code: int, reason: str) -> None:
        """End it; a data channel has no codes."""
        self._channel.close()


class DataTransport:
    """One peer's SCTP; to aiortc it looks like the DTLS transport beneath. ``opens``: the channel is ours to open."""

    state: str = "connected"

    def __init__(
        self, peer: Peer, opened: Callable[["RTCDataChannel"], None], flush: Callable[[], None], *, opens: bool
    ) -> None:
        from aiortc import RTCSctpTransport

        self._peer: Peer = peer
        self._opens: bool = opens
        self._flush: Callable[[], None] = flush
        self._opened: Callable[[RTCDataChannel], None] = opened
        self._receiver: Any = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._sctp: RTCSctpTransport = RTCSctpTransport(self, SCTP_PORT)  # pyright: ignore[reportArgumentType]
        self._sctp.on("datachannel", self._channel)

    @property
    def _role(self) -> Literal["client", "server"]:
        """The DTLS role, by which channels are numbered."""
        return self._peer.dtls_role

    def connected(self) -> None:
        """DTLS stands: the association may begin."""
        from aiortc import RTCDataChannel, RTCDataChannelParameters, RTCSctpCapabilities

        self._spawn(self._sctp.start(RTCSctpCapabilities(MAX_BYTES), SCTP_PORT))
        if self._opens:
            channel = RTCDataChannel(self._sctp, RTCDataChannelParameters(label="default", protocol=PROTOCOL))
            channel.on("open", lambda: self._opened(channel))

    def receive(self, data: bytes) -> None:
        """A record of application data."""
        if self._receiver is not None:
            self._spawn(self._receiver._handle_data(data))

    def close(self) -> None:
        """End the association."""
        self._spawn(self._sctp.stop())

    def _channel(self, channel: "RTCDataChannel") -> None:
        self._opened(channel)

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Any) -> None:
        """What a client sends may break what reads it; that costs the client its channel and nobody else anything."""
        try:
            await work
        except Exception as error:
            self._peer.dropped["sctp-malformed"] += 1
            if "sctp-malformed" not in self._peer.complained:
                self._peer.complained.add("sctp-malformed")
                self._peer.log.warning("refused", what="sctp", reason="malformed", text=repr(error)[:200])

    # What aiortc calls.

    def _register_data_receiver(self, receiver: Any) -> None:
        self._receiver = receiver

    def _unregister_data_receiver(self, receiver: Any) -> None:
        self._receiver = None

    async def _send_data(self, data: bytes) -> None:
        with contextlib.suppress(ValueError):  # longer than a record; SCTP's packets never are
            self._peer.send_data(data)
        self._flush()


class DataChannels:
    """Opens transports for endpoints and relays, and connects channels with their conference."""

    def __init__(self, version: str, refused: Counter[tuple[str, str]], flush: Callable[[Peer], None]) -> None:
        self._version: str = version
        self._refused: Counter[tuple[str, str]] = refused
        self._flush: Callable[[Peer], None] = flush

    def open(self, conference: Conference, peer: Peer, *, opens: bool = False) -> None:
        """A peer was created that is to have a data channel; ``opens``: it is ours to open."""
        version = self._version

        def handle(text: str) -> None:
            if isinstance(peer, Relay):
                conference.relay_message(peer, text, version)
            elif isinstance(peer, Endpoint):
                conference.message(peer, text, version)

        def opened(channel: "RTCDataChannel") -> None:
            if isinstance(peer.channel, DataChannel):
                channel.close()  # one is enough
                return
            held = DataChannel(channel)
            reader = ChannelReader(peer, handle, self._refused, rate=RELAY_RATE if isinstance(peer, Relay) else RATE)
            channel.on("message", partial(take, reader))
            channel.on("close", lambda: peer.closed(held))
            peer.opened(held)
            if isinstance(peer, Relay):
                conference.relay_opened(peer, version, hello=False)
            elif isinstance(peer, Endpoint):
                conference.opened(peer, version, hello=False)

        peer.data = DataTransport(peer, opened, lambda: self._flush(peer), opens=opens)


def take(reader: ChannelReader, text: str | bytes) -> None:
    """One message of a data channel."""
    if isinstance(text, bytes):
        reader.refuse("binary", "messages are text")
    elif len(text) > MAX_BYTES:
        reader.refuse("too-long", f"{len(text)} characters")
    else:
        reader.message(text, clock.monotonic())
