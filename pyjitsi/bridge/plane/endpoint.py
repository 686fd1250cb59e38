"""What the plane keeps of one endpoint: its keys, codecs, streams in, routes out, and counters."""

from collections import deque
from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pyjitsi.bridge.plane.api import OFF, Address, Codec, ConferenceId, Counters, Encoding, EndpointId, Source
from pyjitsi.bridge.plane.arrivals import ArrivalLog
from pyjitsi.bridge.plane.cache import PacketCache
from pyjitsi.bridge.plane.delivery import Delivery
from pyjitsi.bridge.plane.layers import SourceMeter
from pyjitsi.bridge.plane.loudest import Loudest, Loudness
from pyjitsi.bridge.plane.pacer import Pacer
from pyjitsi.bridge.plane.projection import Projection
from pyjitsi.bridge.plane.voice import Gaps, Voice
from pyjitsi.rtp.dependency import Structure
from pyjitsi.rtp.nack import NackTracker
from pyjitsi.rtp.reception import Reception
from pyjitsi.rtp.rtcp import ReportBlock

if TYPE_CHECKING:
    from pyjitsi.bridge.plane.lines import Line
    from pyjitsi.bridge.plane.srtp import Srtp

TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
ORIENTATION = "urn:3gpp:video-orientation"
DEPENDENCY = "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
KEPT_EXTENSIONS = (AUDIO_LEVEL, ORIENTATION, DEPENDENCY)
BEFORE_KEYS = 64  # packets kept until DTLS is done
# Numbers that a receiver may ask for in a second: a third of a second of twenty pictures, which 500 would cut short.
# JVB has no such limit.
NACKED = 1000
SENDER_REPORTS = 200  # that were sent to an endpoint and may still be answered
MAX_STREAMS = 1024  # SSRCs of one endpoint that are tracked
MAX_ENCODINGS = 8  # of one source; the compiled plane has room for no more, and browsers send three
MAX_RELAYED_STREAMS = 16_384  # SSRCs behind one relay: everybody on that bridge


@dataclass(frozen=True, slots=True)
class Limits:
    """What is taken of one endpoint in a second; beyond it packets are dropped before they are opened.

    JVB has no such limits. These are twice what a camera in three sizes and a screen bring at their liveliest.
    """

    packets: int = 4000
    octets: int = 2_500_000


class Second:
    """What came in the current one."""

    __slots__ = ("began", "nacked", "octets", "packets")

    def __init__(self) -> None:
        self.began: float = 0.0
        self.packets: int = 0
        self.octets: int = 0
        self.nacked: int = 0

    def received(self, size: int, at: float) -> None:
        """A datagram came."""
        if at - self.began >= 1:
            self.began = at
            self.packets = self.octets = self.nacked = 0
        self.packets += 1
        self.octets += size


class StreamReports(Protocol):
    """What receiver reports are made of (``rtp.reception``)."""

    clock_rate: int
    reported_at: int

    @property
    def received(self) -> int:
        """Packets."""
        ...

    def report(self, now: float) -> ReportBlock:
        """A block on what came since the last one."""
        ...

    def sender_info(self) -> tuple[int, int, float] | None:
        """(NTP time, RTP time, arrival) of the last SR, or None."""
        ...


class Nacks(Protocol):
    """What NACKs are made of (``rtp.nack``)."""

    @property
    def missing(self) -> Sized | int:
        """True while something is."""
        ...

    def due(self, now: float) -> list[int]:
        """Numbers to ask for now."""
        ...


class Sealer(Protocol):
    """What RTCP of the bridge's own is sealed by."""

    def protect_rtcp(self, data: bytes, /) -> bytes | None:
        """The SRTCP packet, or None for one that is too long."""
        ...


class Sent:
    """Totals of one route."""

    __slots__ = ("octets", "packets")

    def __init__(self, packets: int = 0, octets: int = 0) -> None:
        self.packets: int = packets
        self.octets: int = octets


class SentTotals(Protocol):
    """As ``Sent``, wherever it is counted."""

    @property
    def packets(self) -> int:
        """Sent."""
        ...

    @property
    def octets(self) -> int:
        """Of payload, sent."""
        ...


class Incoming:
    """One SSRC that an endpoint sends: which source and encoding it is, and what came of it."""

    __slots__ = ("encoding", "gaps", "loudness", "nacks", "reception", "rtx", "seen", "source", "ssrc", "structure")

    def __init__(self, ssrc: int, source: "IncomingSource", encoding: int, rtx: bool, clock_rate: int) -> None:
        self.ssrc: int = ssrc
        self.source: IncomingSource = source
        self.encoding: int = encoding
        self.rtx: bool = rtx
        self.reception: StreamReports = Reception(ssrc, clock_rate)
        self.nacks: Nacks = NackTracker()
        self.structure: Structure = Structure()  # of its dependency descriptors
        self.gaps: Gaps = Gaps()  # of audio
        self.loudness: Loudness = Loudness()
        self.seen: dict[int, None] = {}  # extended numbers of late, against duplicates by RTX


class IncomingSource:
    """One source of an endpoint, and the receivers that its packets go to. ``mesh`` is the one that it came over."""

    __slots__ = ("always", "mesh", "meter", "relayed", "routes", "spec", "streams")

    def __init__(self, spec: Source, mesh: str | None = None) -> None:
        self.spec: Source = spec
        self.mesh: str | None = mesh
        self.relayed: dict[EndpointId, tuple[Route, ...]] = {}  # to each relay, by encoding
        self.streams: list[Incoming] = []
        self.always: bool = False  # audio that is forwarded whatever its level
        self.routes: dict[EndpointId, Route] = {}
        self.meter: SourceMeter = SourceMeter(len(spec.encodings) if spec.media == "video" else 0)


class Route:
    """A source on its way to one receiver; to a relay, one of its encodings.

    ``encoding`` is the one that a relay gets, ``open`` whether it wants it; the SSRCs are those that the receiver sees.
    """

    __slots__ = (
        "again", "cache", "encoding", "mid", "open", "projection", "receiver", "rtx_sequence", "rtx_ssrc", "sent",
        "sent_sr_at", "source", "ssrc", "voice",
    )  # fmt: skip

    def __init__(self, source: IncomingSource, receiver: "Endpoint", seen_as: Encoding, encoding: int = 0) -> None:
        self.source: IncomingSource = source
        self.ssrc: int = seen_as.ssrc
        self.rtx_ssrc: int | None = seen_as.rtx_ssrc
        self.mid: bytes = seen_as.mid.encode()
        self.receiver: Endpoint = receiver
        self.encoding: int = encoding
        self.open: bool = True
        self.projection: Projection | None = None  # of video to people; a relay gets what came
        self.voice: Voice | None = None  # of audio
        self.cache: PacketCache | None = None
        self.sent: SentTotals = Sent()
        self.rtx_sequence: int = 0
        self.again: int = 0  # the number that a probe repeated last
        self.sent_sr_at: float = 0.0


class Endpoint:
    """State only; ingress and egress work on it."""

    def __init__(
        self, identity: EndpointId, conference: ConferenceId, mesh: str | None = None, *, rewriting: bool = False
    ) -> None:
        self.id: EndpointId = identity
        self.rewriting: bool = rewriting
        self.slots: dict[str, Encoding] = {}  # by source name, where it is rewriting
        self.lines: dict[int, Line] = {}  # by SSRC, of routes that ended
        self.conference: ConferenceId = conference
        self.mesh: str | None = mesh
        self.max_streams: int = MAX_STREAMS if mesh is None else MAX_RELAYED_STREAMS
        self.srtp: Srtp | None = None  # of the interpreted plane alone
        self.sealer: Sealer | None = None  # None before there are keys
        self.destination: Address | None = None
        self.addresses: set[Address] = set()
        self.codecs: dict[int, Codec] = {}
        self.extension_ids: dict[str, int] = {}
        self.keep: bytearray = bytearray(256)  # 1 at the ids of extensions that are passed on
        self.transport_cc: int = 0
        self.audio_level: int = 0
        self.red: int = 0  # RED's payload type
        self.loudest: Loudest = Loudest()  # its conference's
        self.dependency: int = 0
        self.mid: int = 0
        self.rtx_of: dict[int, int] = {}  # media payload type to RTX payload type
        self.sources: dict[str, IncomingSource] = {}
        self.streams: dict[int, Incoming] = {}
        self.routes: dict[str, Route] = {}  # by source name
        self.relayed: dict[str, tuple[Route, ...]] = {}  # of a relay, by source name and encoding
        self.route_by_ssrc: dict[int, Route] = {}
        self.targets: dict[str, int] = {}
        self.audio_everything: bool = True
        self.audio_include: frozenset[str] = frozenset()
        self.audio_exclude: frozenset[str] = frozenset()
        self.mute_audio: bool = False
        self.mute_video: bool = False
        self.arrivals: ArrivalLog = ArrivalLog()
        self.delivery: Delivery = Delivery()
        self.pacer: Pacer = Pacer()
        self.blank_sequence: int = 0  # of packets of nothing but padding
        self.blank_timestamp: int = 0
        self.before_keys: deque[tuple[bytes, float]] = deque(maxlen=BEFORE_KEYS)
        self.counters: Counters = Counters(dropped={})
        self.limits: Limits | None = None  # of a relay, which brings everybody on another bridge
        self.second: Second = Second()
        self.media_seen: bool = False
        self.reported_at: float = 0.0
        self.rtt: float = 0.0  # seconds; 0 while it is not known
        self.sender_reports: dict[int, float] = {}  # middle of the NTP time to when it was sent

    def drop(self, reason: str) -> None:
        """Count a packet that is not forwarded."""
        dropped = self.counters.dropped
        assert dropped is not None
        dropped[reason] = dropped.get(reason, 0) + 1

    def set_media(self, codecs: Sequence[Codec], extensions: Mapping[str, int]) -> None:
        """Add codecs and header extensions."""
        for codec in codecs:
            self.codecs[codec.payload_type] = codec
            if codec.name == "red" and codec.media == "audio":
                self.red = codec.payload_type
            if codec.name == "rtx" and codec.apt is not None:
                self.rtx_of[codec.apt] = codec.payload_type
        self.extension_ids.update(extensions)
        self.transport_cc = self.extension_ids.get(TRANSPORT_CC, 0)
        self.audio_level = self.extension_ids.get(AUDIO_LEVEL, 0)
        self.dependency = self.extension_ids.get(DEPENDENCY, 0)
        self.mid = self.extension_ids.get(MID, 0)
        for uri in KEPT_EXTENSIONS:
            if uri in self.extension_ids:
                self.keep[self.extension_ids[uri] & 0xFF] = 1

    def note_sender_report(self, ntp: int, now: float) -> None:
        """Remember when an SR was sent, for the round trip that its report block tells."""
        self.sender_reports[ntp >> 16 & 0xFFFFFFFF] = now
        if len(self.sender_reports) > SENDER_REPORTS:
            del self.sender_reports[next(iter(self.sender_reports))]

    def hears(self, source: str) -> bool:
        """Whether this receiver wants that audio source."""
        if source in self.audio_exclude:
            return False
        return self.audio_everything or source in self.audio_include

    def sees_as(self, source: Source) -> Encoding | None:
        """The SSRCs under which this receiver is sent a source, if it is."""
        return self.slots.get(source.name) if self.rewriting else source.encodings[0]

    def has(self, media: str) -> bool:
        """Whether codecs of this media were negotiated."""
        return any(codec.media == media for codec in self.codecs.values())

    def target(self, source: str) -> int:
        """The layer that control set for a source."""
        return self.targets.get(source, OFF)
