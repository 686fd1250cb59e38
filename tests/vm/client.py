"""A headless person for VM tests: joins as a browser does, decodes everybody else, and writes down what it saw.

``python -m tests.vm.client --url https://meet.example.org/Room --name alice --report /run/alice.json [--ca FILE]``

Like our browser client it joins anew when its XMPP stream is lost, every half second, while media goes on on the old
session until a new offer comes. The report is rewritten once a second; SIGTERM ends it.
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

RETRY = 0.5
REPORT = 1.0
PATIENCE = 5  # frames that can't be decoded before a key frame is asked for; a second's


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="A headless person in a meeting.")
    parser.add_argument("--url", required=True, help="the room's address")
    parser.add_argument("--name", required=True, help="the name that others see")
    parser.add_argument("--report", required=True, type=Path, help="where to write what was seen")
    parser.add_argument("--ca", type=Path, help="the authority that signed the server's certificate")
    parser.add_argument("--region", help="where the person says to be")
    parser.add_argument("--seconds", type=float, default=600.0, help="leave after this long")
    return parser.parse_args()


@dataclass
class Seen:
    """One kind of media of one other person; times are seconds since our start."""

    frames: int = 0
    first: float | None = None
    last: float | None = None
    gap: float = 0.0
    gap_at: float | None = None

    def note(self, now: float) -> None:
        """A frame was decoded."""
        if self.last is not None and now - self.last > self.gap:
            self.gap, self.gap_at = now - self.last, self.last
        self.first = now if self.first is None else self.first
        self.last = now
        self.frames += 1


@dataclass
class Other:
    """One other person, by name."""

    video: Seen = field(default_factory=Seen)
    audio: Seen = field(default_factory=Seen)


class Decoder:
    """RTP packets of one SSRC into frames: VP8 by its markers and timestamps, Opus packet by packet."""

    def __init__(self, kind: str) -> None:
        import av

        self.kind: str = kind
        self._codec: Any = av.CodecContext.create("vp8" if kind == "video" else "opus", "r")
        self._timestamp: int = -1
        self._frame: bytearray = bytearray()
        self._keyframe: bool = False
        self._missed: int = 0  # frames since the last that could be decoded

    def lost(self) -> bool:
        """Whether nothing can be decoded before another key frame; true again after as many frames more."""
        if self._missed < PATIENCE:
            return False
        self._missed = 0
        return True

    def frames(self, packet: Any) -> int:
        """How many frames this packet completed."""
        if self.kind == "audio":
            return self._decode(bytes(packet.payload))
        from aiortc.codecs.vpx import VpxPayloadDescriptor

        if not packet.payload:
            return 0
        _, data = VpxPayloadDescriptor.parse(packet.payload)
        if packet.timestamp != self._timestamp:
            self._timestamp, self._frame = packet.timestamp, bytearray()
        self._frame += data
        if not packet.marker:
            return 0
        whole = bytes(self._frame)
        self._frame = bytearray()
        self._keyframe = self._keyframe or not whole[0] & 1  # RFC 6386 section 9.1
        decoded = self._decode(whole) if self._keyframe else 0
        self._missed = 0 if decoded else self._missed + 1
        return decoded

    def _decode(self, data: bytes) -> int:
        import av
        from av.error import FFmpegError

        try:
            return len(self._codec.decode(av.Packet(data)))
        except FFmpegError:
            return 0


class Person:
    """See the module's text."""

    def __init__(self, options: argparse.Namespace) -> None:
        place = urlsplit(options.url)
        self.origin: str = f"{place.scheme}://{place.netloc}"
        self.room: str = place.path.strip("/").lower()
        self.options: argparse.Namespace = options
        self.began: float = time.monotonic()
        self.others: dict[str, Other] = {}
        self.names: dict[str, str] = {}
        self.reconnects: int = -1
        self._participants: list[Any] = []
        self.joined: float | None = None
        self.trouble: list[str] = []
        self._decoders: dict[int, Decoder] = {}

    def now(self) -> float:
        """Seconds since our start."""
        return time.monotonic() - self.began

    async def run(self) -> None:
        """Meet until told to stop."""
        import aiohttp

        from tests.support.participant import Participant
        from tests.support.xmpp_client import Refused

        old: Participant | None = None
        domain = await self._domain()
        while True:
            try:
                participant = await self._join(domain)
            except (OSError, aiohttp.ClientError, Refused, AssertionError) as error:
                self._note(f"{type(error).__name__}: {error}")
                await asyncio.sleep(RETRY)
                continue
            self.reconnects += 1
            self.joined = self.joined or self.now()
            watching = asyncio.create_task(self._watch(participant, old))
            try:
                await participant.client.closed.wait()
            finally:
                watching.cancel()
            self._note("the XMPP stream was lost")
            if old is not None and old.pc is not None and participant.pc is not None:
                await old.hang_up()
            old = participant if participant.pc is not None else old

    async def _domain(self) -> str:
        import aiohttp

        from tests.support.http import session

        while True:
            try:
                async with session() as http, http.get(f"{self.origin}/config.js") as answer:
                    text = await answer.text()
                    if text.startswith("var config = "):
                        config: dict[str, Any] = json.loads(text.removeprefix("var config = ").rstrip().rstrip(";"))
                        return config["hosts"]["domain"]
                    self._note(f"config.js: {answer.status} {text[:200]}")
            except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                self._note(f"config.js: {type(error).__name__}: {error}")
            await asyncio.sleep(RETRY)

    async def _join(self, domain: str) -> Any:
        from tests.support.media import RecordedTone
        from tests.support.participant import Participant
        from tests.support.xmpp_client import XmppClient

        room = f"{self.room}@conference.{domain}"
        socket = self.origin.replace("http", "ws", 1)
        client = XmppClient(f"{socket}/xmpp-websocket?room={self.room}", domain)
        try:
            async with asyncio.timeout(30):
                await client.connect()
        except BaseException:
            with contextlib.suppress(AttributeError):  # not even a socket
                await client.close()
            raise
        participant = Participant(client, room)
        self._participants.append(participant)
        participant.display_name = self.options.name
        participant.region = self.options.region
        participant.picture = (160, 96, 5)
        participant.voice = RecordedTone
        participant.on_packet = lambda packet: self._packet(participant, packet)
        client.on_stanza.append(self._presence)
        await participant.join()
        return participant

    def _presence(self, stanza: Any) -> None:
        nick = stanza.findtext("{http://jabber.org/protocol/nick}nick")
        if nick and stanza.tag.endswith("}presence"):
            self.names[stanza.get("from", "").rpartition("/")[2]] = nick

    async def _watch(self, participant: Any, old: Any) -> None:
        """Give the old media up once there is new."""
        while participant.offers == 0:  # noqa: ASYNC110 (what is awaited is not one event)
            await asyncio.sleep(0.1)
        while participant.pc is not None and participant.pc.connectionState != "connected":  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        if old is not None:
            await old.hang_up()

    def _packet(self, participant: Any, packet: Any) -> None:
        owner = next((who for who, ssrcs in _ssrcs(participant.sources_of).items() if packet.ssrc in ssrcs), None)
        if owner is None:
            return
        name = self.names.get(owner, owner)
        kind = "video" if packet.payload_type == 100 else "audio"
        decoder = self._decoders.setdefault(packet.ssrc, Decoder(kind))
        other = self.others.setdefault(name, Other())
        for _ in range(decoder.frames(packet)):
            getattr(other, decoder.kind).note(self.now())
        if decoder.lost():
            participant.ask_for_keyframe(packet.ssrc)

    def _note(self, text: str) -> None:
        self.trouble.append(f"{self.now():.1f}: {text}"[:300])
        del self.trouble[:-20]
        print(self.trouble[-1], flush=True)

    def report(self) -> dict[str, Any]:
        """What was seen so far. ``sees`` names those of whom picture and sound were decoded in the last seconds."""

        def fresh(seen: Seen) -> bool:
            return seen.last is not None and self.now() - seen.last < 4

        return {
            "name": self.options.name,
            "joined": self.joined,
            "offers": sum(each.offers for each in self._participants),
            "ice_restarts": sum(each.ice_restarts for each in self._participants),
            "reconnects": self.reconnects,
            "sees": sorted(name for name, other in self.others.items() if fresh(other.video) and fresh(other.audio)),
            "others": {
                name: {kind: vars(getattr(other, kind)) for kind in ("video", "audio")}
                for name, other in self.others.items()
            },
            "trouble": self.trouble,
        }


def _ssrcs(sources: dict[str, Any]) -> dict[str, set[int]]:
    """The SSRCs of each owner, from the focus's compact source lists."""

    def walk(value: Any) -> set[int]:
        if isinstance(value, dict):
            return {int(value["s"])} if "s" in value and not isinstance(value["s"], list | str) else set()
        return set[int]().union(*map(walk, value)) if isinstance(value, list) else set()

    return {owner: walk(lists) for owner, lists in sources.items()}


async def main(options: argparse.Namespace) -> int:
    """Meet until the time is over or SIGTERM comes."""
    person = Person(options)
    meeting = asyncio.create_task(person.run())
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

    def write() -> None:
        new = options.report.with_suffix(".new")
        new.write_text(json.dumps(person.report()))
        new.replace(options.report)

    while not stop.is_set() and person.now() < options.seconds and not meeting.done():
        write()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), REPORT)
    meeting.cancel()
    (ended,) = await asyncio.gather(meeting, return_exceptions=True)
    if isinstance(ended, Exception):
        raise ended
    write()
    print(json.dumps(person.report()), flush=True)
    return 0 if person.others else 1


if __name__ == "__main__":
    chosen = arguments()
    if chosen.ca is not None:
        os.environ["SSL_CERT_FILE"] = str(chosen.ca)  # before anything makes its TLS context

    sys.exit(asyncio.run(main(chosen)))
