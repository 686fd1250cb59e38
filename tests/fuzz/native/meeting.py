"""A meeting on the compiled plane in which one person's packets are anything at all, and authentic."""

from functools import cache

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pyjitsi.bridge.plane import compiled, keys
from pyjitsi.bridge.plane.api import Codec, Encoding, Probe, Source, SrtpKeys
from pyjitsi.bridge.plane.compiled import CompiledPlane
from pyjitsi.bridge.plane.endpoint import AUDIO_LEVEL, DEPENDENCY, TRANSPORT_CC
from tests.fuzz.native.reader import Reader

session_keys = compiled.session_keys = cache(keys.session_keys)  # half of what a meeting costs to set up
LONGEST = 1484  # what GCM's tag leaves of a datagram
CODECS = (
    Codec(111, "opus", 48000, "audio"),
    Codec(112, "red", 48000, "audio"),
    Codec(100, "vp8", 90000, "video"),
    Codec(96, "rtx", 90000, "video", apt=100),
    Codec(101, "vp9", 90000, "video"),
    Codec(97, "rtx", 90000, "video", apt=101),
    Codec(41, "av1", 90000, "video"),
    Codec(42, "rtx", 90000, "video", apt=41),
    Codec(107, "h264", 90000, "video"),
    Codec(99, "rtx", 90000, "video", apt=107),
)
EXTENSIONS = {AUDIO_LEVEL: 1, TRANSPORT_CC: 5, DEPENDENCY: 11}
CONFERENCE = 90  # out of the way of a bridge that counts its own from 1
SENDER, WATCHER, LISTENER, RELAY, SPEAKER = range(91, 96)
VIDEO = tuple(Encoding(100 + index, 110 + index) for index in range(3))
AUDIO, SPOKEN = 150, 550
SSRCS = (AUDIO, 100, 101, 102, 110, 111, 112)
KINDS = (111, 112, 100, 101, 41, 107, 96, 97, 42, 99)


class Sealer:
    """SRTP of one peer by AES-128-GCM (RFC 7714), of any length, with roll-over counter 0."""

    def __init__(self, master: bytes) -> None:
        derived = session_keys(master)
        self._rtp, self._rtp_salt = AESGCM(derived[:16]), derived[36:48]
        self._rtcp, self._rtcp_salt = AESGCM(derived[50:66]), derived[86:98]
        self._index: int = 0

    def rtp(self, packet: bytes) -> bytes:
        """A packet whose header is what it says it is; another is sealed behind its first twelve bytes."""
        head = 12 + (packet[0] & 15) * 4
        if packet[0] & 16 and len(packet) >= head + 4:
            head += 4 + int.from_bytes(packet[head + 2 : head + 4], "big") * 4
        if head > len(packet):
            head = 12
        start = bytes(2) + packet[8:12] + bytes(4) + packet[2:4]
        nonce = bytes(a ^ b for a, b in zip(start, self._rtp_salt, strict=True))
        return packet[:head] + self._rtp.encrypt(nonce, packet[head:], packet[:head])

    def rtcp(self, compound: bytes) -> bytes:
        """A compound of at least eight bytes."""
        self._index += 1
        start = bytes(2) + compound[4:8] + bytes(2) + self._index.to_bytes(4, "big")
        nonce = bytes(a ^ b for a, b in zip(start, self._rtcp_salt, strict=True))
        word = (0x80000000 | self._index).to_bytes(4, "big")
        return compound[:8] + self._rtcp.encrypt(nonce, compound[8:], compound[:8] + word) + word


class Meeting:
    """One who sends what the input says, two who watch, another bridge, and one who must be heard whatever happens."""

    def __init__(self) -> None:
        self.plane: CompiledPlane = CompiledPlane()
        self.plane.add_conference(CONFERENCE, 7001, 7002)
        self.sealers: dict[int, Sealer] = {}
        self.now: float = 100.0
        self.spoken: int = 0
        for identity in (SENDER, WATCHER, LISTENER, RELAY, SPEAKER):
            up, down = bytes([identity]) * 28, bytes([identity + 100]) * 28
            self.sealers[identity] = Sealer(up)
            self.plane.add_endpoint(CONFERENCE, identity, "mesh" if identity == RELAY else None)
            self.plane.set_media(identity, CODECS, EXTENSIONS)
            self.plane.set_keys(identity, SrtpKeys("AEAD_AES_128_GCM", up, down))
            self.plane.bind(("198.51.100.1", identity), identity)
            self.plane.set_destination(identity, ("198.51.100.1", identity))
        sources = (Source("v", "video", VIDEO), Source("a", "audio", (Encoding(AUDIO),)))
        self.plane.set_sources(SENDER, sources)
        self.plane.set_sources(SPEAKER, (Source("s", "audio", (Encoding(SPOKEN),)),))
        self.plane.set_target(WATCHER, "v", 2 << 6 | 2 << 3 | 2)
        self.plane.set_target(LISTENER, "v", 0)

    def say(self, identity: int, datagram: bytes) -> None:
        """Receive a datagram of somebody."""
        self.plane.receive(datagram, ("198.51.100.1", identity), self.now)

    def speak(self) -> None:
        """One who does nothing wrong says something; everybody else must hear it."""
        self.plane.take_transmits()
        self.spoken += 1
        packet = bytes((0x80, 111)) + self.spoken.to_bytes(2, "big") + bytes(4) + SPOKEN.to_bytes(4, "big") + b"opus"
        self.say(SPEAKER, self.sealers[SPEAKER].rtp(packet))
        heard = {address[1] for data, address in self.plane.take_transmits() if data[1] & 0x7F == 111}
        assert heard == {SENDER, WATCHER, LISTENER, RELAY}, heard


def rtp(data: bytes) -> None:
    """A sender's packets: any payload type, SSRC, extensions, payload, order."""
    reader, meeting = Reader(data), Meeting()
    plane = meeting.plane
    while reader.more():
        what, which = reader.byte(), reader.byte()
        meeting.now += which % 16 / 500
        match what % 8:
            case 0:
                plane.tick(meeting.now)
            case 1:
                plane.set_target(WATCHER, "v", reader.byte() * 2 - 1)
            case 2:
                plane.probe(WATCHER, Probe(which + 1, 1e6, which % 9, which * 100))
            case _:
                packet = bytearray(reader.chunk(LONGEST).ljust(12, b"\0"))
                packet[0] = packet[0] & 0x3F | 0x80
                packet[1] = packet[1] & 0x80 | KINDS[what % len(KINDS)]
                packet[8:12] = SSRCS[which % len(SSRCS)].to_bytes(4, "big")
                meeting.say(SENDER, meeting.sealers[SENDER].rtp(bytes(packet)))
    plane.tick(meeting.now + 1)
    plane.take_events()
    meeting.speak()


def rtcp(data: bytes) -> None:
    """A receiver's compounds, and a sender's, while pictures flow."""
    reader, meeting = Reader(data), Meeting()
    plane = meeting.plane
    for number in range(40):
        payload = bytes((0x90, 0xE0, 0x80, number, number, 0)) + (b"\x10\0\0\x9d\x01\x2a" if number == 0 else b"\x01")
        head = bytes((0x80, 0x80 | 100)) + number.to_bytes(2, "big") + (number * 3000).to_bytes(4, "big")
        packet = head + VIDEO[2].ssrc.to_bytes(4, "big") + payload + bytes(30)
        meeting.say(SENDER, meeting.sealers[SENDER].rtp(packet))
        meeting.now += 0.01
    while reader.more():
        step = reader.byte()
        who = (SENDER, WATCHER, LISTENER, RELAY)[step % 4]
        compound = reader.chunk(LONGEST - 4).ljust(8, b"\0")
        if not 192 <= compound[1] <= 223:
            compound = compound[:1] + bytes((200 + compound[1] % 8,)) + compound[2:]
        compound = bytes((0x80 | compound[0] & 0x3F,)) + compound[1:]
        meeting.say(who, meeting.sealers[who].rtcp(compound))
        meeting.now += step / 1000
        plane.tick(meeting.now)
    plane.take_events()
    meeting.speak()
