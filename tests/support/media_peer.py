"""One client of the data plane, with real SRTP: sends simulcast VP8 and Opus, opens what comes."""

from pylibsrtp import Policy, Session

from pyjitsi.bridge.plane.api import Codec, Encoding, Plane, Source, SrtpKeys
from pyjitsi.bridge.plane.endpoint import AUDIO_LEVEL, TRANSPORT_CC
from pyjitsi.rtp import packet, rtcp
from pyjitsi.rtp.vp8 import Vp8Descriptor, describe

CODECS = (
    Codec(111, "opus", 48000, "audio"),
    Codec(100, "vp8", 90000, "video"),
    Codec(96, "rtx", 90000, "video", apt=100),
    Codec(107, "h264", 90000, "video"),
)
EXTENSIONS = {AUDIO_LEVEL: 1, TRANSPORT_CC: 5}
PROFILE = Policy.SRTP_PROFILE_AEAD_AES_128_GCM


class MediaPeer:
    """``id`` is its endpoint in the plane; its SSRCs are derived from it."""

    def __init__(
        self, plane: Plane, conference: int, identity: int, *, encodings: int = 3, mesh: str | None = None,
        extensions: dict[str, int] = EXTENSIONS, rewriting: bool = False,
    ) -> None:  # fmt: skip
        self.plane: Plane = plane
        self.id: int = identity
        self.name: str = f"{identity:08x}"
        self.address: tuple[str, int] = ("198.51.100.1", 10_000 + identity)
        self.ssrcs: list[int] = [identity * 100 + index for index in range(encodings)]
        self.rtx: list[int] = [identity * 100 + 10 + index for index in range(encodings)]
        self.audio_ssrc: int = identity * 100 + 50
        self.sequence: list[int] = [65_530] * encodings  # wraps at once
        self.picture: list[int] = [32_760] * encodings
        self.tl0: list[int] = [250] * encodings
        self.timestamp: int = 2**32 - 9000
        self.transport_number: int = 65_000
        self.got: list[packet.RtpPacket] = []
        self.reports: list[rtcp.Part] = []
        up, down = bytes([identity]) * 28, bytes([identity + 100]) * 28
        self._outbound: Session = Session(Policy(up, Policy.SSRC_ANY_OUTBOUND, 0, PROFILE))
        inbound = Policy(down, Policy.SSRC_ANY_INBOUND, 0, PROFILE)
        inbound.window_size = 1024  # as browsers have it
        self._inbound: Session = Session(inbound)
        plane.add_endpoint(conference, identity, mesh, rewriting=rewriting)
        plane.set_media(identity, CODECS, extensions if mesh is None else {AUDIO_LEVEL: 1})
        plane.set_keys(identity, SrtpKeys("AEAD_AES_128_GCM", up, down))
        plane.bind(self.address, identity)
        plane.set_destination(identity, self.address)
        pairs = tuple(Encoding(ssrc, rtx) for ssrc, rtx in zip(self.ssrcs, self.rtx, strict=True))
        self.video: str = f"{self.name}-v0"
        self.audio: str = f"{self.name}-a0"
        plane.set_sources(
            identity, (Source(self.video, "video", pairs), Source(self.audio, "audio", (Encoding(self.audio_ssrc),)))
        )

    def protect(self, data: bytes) -> bytes:
        """As it goes over the wire."""
        return self._outbound.protect(data)

    def send(self, data: bytes, now: float) -> bytes:
        """Send an RTP packet; returns what was on the wire."""
        wire = self.protect(data)
        self.plane.receive(wire, self.address, now)
        return wire

    def send_rtcp(self, data: bytes, now: float) -> None:
        """Send RTCP."""
        self.plane.receive(self._outbound.protect_rtcp(data), self.address, now)

    def speak(self, number: int, now: float, level: int = 20) -> None:
        """One Opus packet."""
        block = packet.build_extensions({1: bytes((level,))})
        number, stamp = number & 0xFFFF, number * 960 & 0xFFFFFFFF
        self.send(packet.build(111, False, number, stamp, self.audio_ssrc, block, b"opus"), now)

    def frame(
        self, encoding: int, now: float, *, keyframe: bool = False, temporal: int = 0, packets: int = 2,
        lose: tuple[int, ...] = (),
    ) -> list[bytes]:  # fmt: skip
        """One VP8 frame of an encoding in several packets; ``lose`` are withheld. Returns all, in the clear."""
        self.picture[encoding] = (self.picture[encoding] + 1) & 0x7FFF
        if temporal == 0:
            self.tl0[encoding] = (self.tl0[encoding] + 1) & 0xFF
        made: list[bytes] = []
        for index in range(packets):
            self.sequence[encoding] = (self.sequence[encoding] + 1) & 0xFFFF
            self.transport_number = (self.transport_number + 1) & 0xFFFF
            start = 0x10 if index == 0 else 0
            picture = self.picture[encoding]
            head = bytes((0x80 | start, 0xE0, 0x80 | picture >> 8, picture & 255, self.tl0[encoding], temporal << 6))
            height = 180 << encoding
            frame = (b"\x10\0\0\x9d\x01\x2a" + bytes((0, 5)) + height.to_bytes(2, "little")) if keyframe else b"\x01"
            body = head + (frame if index == 0 else b"more") + bytes(20)
            block = packet.build_extensions({5: self.transport_number.to_bytes(2, "big")})
            data = packet.build(100, index == packets - 1, self.sequence[encoding], self.timestamp,
                                self.ssrcs[encoding], block, body)  # fmt: skip
            made.append(data)
            if index not in lose:
                self.send(data, now)
        return made

    def picture_round(self, now: float, *, keyframe: bool = False, temporal: int = 0) -> None:
        """A frame of every encoding, with one time stamp."""
        self.timestamp = (self.timestamp + 3000) & 0xFFFFFFFF
        for encoding in range(len(self.ssrcs)):
            self.frame(encoding, now, keyframe=keyframe, temporal=temporal)

    def take(self, transmits: list[tuple[bytes, tuple[str, int]]]) -> None:
        """Open what was sent to this peer."""
        for data, address in transmits:
            if address != self.address:
                continue
            if packet.is_rtcp(data):
                self.reports += rtcp.split(self._inbound.unprotect_rtcp(data))
            else:
                self.got.append(packet.RtpPacket(self._inbound.unprotect(data)))

    def under(self, ssrc: int) -> list[packet.RtpPacket]:
        """What came under an SSRC."""
        return [each for each in self.got if each.ssrc == ssrc]

    def video_of(self, other: "MediaPeer") -> list[packet.RtpPacket]:
        """What came of the other's picture."""
        return [each for each in self.got if each.ssrc == other.ssrcs[0]]

    def plis(self) -> list[int]:
        """The SSRCs of which key frames were asked."""
        return [ssrc for part in self.reports for ssrc in rtcp.keyframe_wanted(part)]


def pictures(received: list[packet.RtpPacket]) -> list[Vp8Descriptor]:
    """The descriptors of the frames' first packets."""
    read = [describe(each.payload) for each in received]
    return [each for each in read if each.starts_frame]
