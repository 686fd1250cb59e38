"""The seam between the bridge's control and its data plane. Everything that touches a forwarded packet is behind it.

Control (ICE, DTLS, COLIBRI2, constraints) calls ``Plane``'s methods and reads its events; it never sees a forwarded
packet. The plane never sees XML, JSON or asyncio. Ids are small integers that control hands out (``EndpointId``,
``ConferenceId``); times are monotonic seconds. Today ``Plane`` is plain Python and sans-I/O: the shell feeds datagrams
to ``receive`` and sends what ``take_transmits`` returns. A compiled plane owns the socket in its own threads and keeps
every other method as it is.

Layers are numbered ``encoding << 6 | spatial << 3 | temporal``; -1 means off. Numeric order is quality order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

ConferenceId = int
EndpointId = int
Address = tuple[str, int]
Media = Literal["audio", "video"]
OFF = -1


@dataclass(frozen=True, slots=True)
class Codec:
    """A payload type of a conference. ``name`` is lower case (``vp8``, ``opus``, ``rtx``); ``apt`` is set for RTX."""

    payload_type: int
    name: str
    clock_rate: int
    media: Media
    apt: int | None = None
    feedback: frozenset[str] = frozenset()  # "nack", "nack pli", "ccm fir", "transport-cc", "goog-remb"


@dataclass(frozen=True, slots=True)
class Encoding:
    """One simulcast encoding of a source and the SSRC that repairs it. A slot may have a media identification (RFC 8843
    section 15), of 16 bytes at most, which its packets carry."""

    ssrc: int
    rtx_ssrc: int | None = None
    mid: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A named source; ``encodings`` from low to high. Receivers see the first encoding's SSRCs, or a slot's."""

    name: str
    media: Media
    encodings: tuple[Encoding, ...]


@dataclass(frozen=True, slots=True)
class SrtpKeys:
    """What DTLS exported: libsrtp's profile name and key||salt of both directions, as seen from the bridge."""

    profile: Literal["AEAD_AES_128_GCM", "AES128_CM_SHA1_80"]
    receive: bytes
    send: bytes


@dataclass(frozen=True, slots=True)
class LayerInfo:
    """What is known of one layer of a source: the smaller of width and height, frames/s, measured bits/s."""

    index: int
    height: int
    frame_rate: float
    bitrate: float


# What the plane tells control, in the order in which it happened.


@dataclass(frozen=True, slots=True)
class Datagram:
    """STUN (first byte 0-3) or DTLS (20-63) for control; RTP never comes this way."""

    data: bytes
    address: Address
    at: float


@dataclass(frozen=True, slots=True)
class AudioLevel:
    """An authenticated audio packet with an RFC 6464 level: 0 loudest to 127 silence; -1, once a second, that packets
    come without one."""

    endpoint: EndpointId
    source: str
    level: int
    at: float


@dataclass(frozen=True, slots=True)
class Probe:
    """A burst to send to one receiver over what it gets anyway, to find out what fits: ``octets``, and ``packets`` at
    least, at ``bitrate`` bit/s. ``cluster`` names it in feedback; 1 to 65535."""

    cluster: int
    bitrate: float
    packets: int
    octets: int


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What is known of a probe so far: packets and bytes of it that arrived, when the first and last of them were sent
    and arrived (each on its own clock), and the sizes of the one sent last and of the one that arrived first."""

    cluster: int
    packets: int
    octets: int
    first_sent: float
    last_sent: float
    first_arrived: float
    last_arrived: float
    first_size: int
    last_size: int


@dataclass(frozen=True, slots=True)
class Feedback:
    """A receiver's transport-wide feedback, in sums since the last one.

    ``sent`` is what was sent over the last second, ``throughput`` what gets through, and ``recent`` of a third of one,
    in bit/s; None while too little is known. ``usage`` is the queue's state now, ``overused`` whether it grew
    too fast in between, and ``recovered`` whether it is steady after it had drained. ``rtt`` is in seconds.
    """

    endpoint: EndpointId
    delivered_bytes: int
    lost_bytes: int
    sent: float
    throughput: float | None
    recent: float | None
    usage: Literal["normal", "over", "under"]
    overused: bool
    recovered: bool
    rtt: float
    probe: ProbeResult | None
    at: float


@dataclass(frozen=True, slots=True)
class LossReport:
    """A report block of a receiver that knows no transport-wide feedback: the part lost of late (0 to 1), what was sent
    over the last second in bit/s, and the round trip."""

    endpoint: EndpointId
    fraction: float
    sent: float
    rtt: float
    at: float


@dataclass(frozen=True, slots=True)
class ReceiverLimit:
    """REMB: what a receiver reckons that its downlink carries, in bit/s."""

    endpoint: EndpointId
    bitrate: float
    at: float


@dataclass(frozen=True, slots=True)
class LayersChanged:
    """A source's layers came, went, or changed height; ``layers`` is the whole new list, low to high."""

    endpoint: EndpointId
    source: str
    layers: tuple[LayerInfo, ...]


@dataclass(frozen=True, slots=True)
class FirstMedia:
    """The first authenticated RTP packet of an endpoint after its keys were set."""

    endpoint: EndpointId
    at: float


Event = Datagram | AudioLevel | Feedback | LossReport | ReceiverLimit | LayersChanged | FirstMedia


@dataclass(slots=True)
class Counters:
    """Monotonic totals of one endpoint. ``dropped`` is by reason: ``auth``, ``replay``, ``short``, ``unknown-ssrc``,
    ``unknown-pt``, ``muted``, ``ssrc-limit``, …; a reason is a metric label."""

    packets_received: int = 0
    bytes_received: int = 0
    packets_sent: int = 0
    bytes_sent: int = 0
    nacks_received: int = 0
    nacks_sent: int = 0
    rtx_sent: int = 0
    plis_received: int = 0
    plis_sent: int = 0
    last_media: float = 0.0  # when authenticated RTP last arrived; 0 before the first
    dropped: dict[str, int] | None = None


class Plane(Protocol):
    """See the module's text. Unknown ids are KeyError: they are control's bugs, not a peer's."""

    def add_conference(self, conference: ConferenceId, video_ssrc: int, audio_ssrc: int) -> None:
        """Open a conference; the SSRCs are the bridge's own, used as sender of the RTCP that it originates."""
        ...

    def remove_conference(self, conference: ConferenceId) -> None:
        """Close a conference and all its endpoints."""
        ...

    def add_endpoint(
        self, conference: ConferenceId, endpoint: EndpointId, mesh: str | None = None, *, rewriting: bool = False
    ) -> None:
        """Open an endpoint; nothing is accepted from it until ``set_keys`` and ``bind``.

        With ``rewriting`` it is sent a source only while that has a slot, under the slot's SSRCs.

        With a ``mesh`` it is a relay to another bridge: it is sent every encoding of every source as it came (SSRC,
        numbers and time stamps of the sender's), but for sources that came over the same mesh.
        """
        ...

    def remove_endpoint(self, endpoint: EndpointId) -> None:
        """Close an endpoint: its addresses, keys, sources and routes go."""
        ...

    def set_media(self, endpoint: EndpointId, codecs: Sequence[Codec], extensions: Mapping[str, int]) -> None:
        """Codecs and header extensions (URI to id). They only accumulate."""
        ...

    def set_sources(self, endpoint: EndpointId, sources: Sequence[Source]) -> None:
        """The endpoint's whole new list of sources; routes of those that went end."""
        ...

    def set_keys(self, endpoint: EndpointId, keys: SrtpKeys) -> None:
        """Start SRTP. Packets that came before (at most 64 an endpoint) are handled now."""
        ...

    def bind(self, address: Address, endpoint: EndpointId) -> None:
        """Accept media from this ICE-validated address; rebinding moves it."""
        ...

    def unbind(self, address: Address) -> None:
        """Stop accepting media from an address."""
        ...

    def set_destination(self, endpoint: EndpointId, address: Address | None) -> None:
        """Send to this address (the selected pair's); None: send nothing (RFC 7675 section 5.1)."""
        ...

    def answer_checks(
        self, endpoint: EndpointId, address: Address | None, user: str, password: str, *, controlling: bool
    ) -> None:  # fmt: skip
        """Connectivity checks that a connected endpoint sends from this address need not go to control where they say
        nothing new: they are of ``user`` (ours:theirs), prove the password, and fit our role. None: control sees all.

        A plane may do so or not; where it answers, ``last_check`` tells.
        """
        ...

    def last_check(self, endpoint: EndpointId) -> float:
        """When a check was last answered without control; 0 before the first."""
        ...

    def set_force_mute(self, endpoint: EndpointId, audio: bool, video: bool) -> None:
        """Drop what a moderator muted; the complete state."""
        ...

    def set_audio(self, receiver: EndpointId, everything: bool, include: Sequence[str], exclude: Sequence[str]) -> None:
        """Which audio sources of others to forward: excluded no, included yes, else ``everything``. Default: all."""
        ...

    def set_loudest(self, conference: ConferenceId, count: int, always: Sequence[str]) -> None:
        """Forward of audio only the ``count`` loudest streams (16 at most), and those sources that are named. 0: all,
        which is the default."""
        ...

    def set_target(self, receiver: EndpointId, source: str, layer: int) -> None:
        """The highest layer of a video source to forward to this receiver, OFF for none. Default: OFF.

        For a relay its encoding is what counts: that one and those below are forwarded. Default: all of them.
        """
        ...

    def set_slot(self, receiver: EndpointId, source: str, slot: Encoding | None) -> None:
        """The SSRCs under which a receiver with ``rewriting`` sees a source; None: it is not sent any more.

        What is sent under a slot's SSRCs goes on where the source before stopped: sequence numbers, time stamps,
        picture numbers. Take a slot from one source before it goes to another.
        """
        ...

    def current_layer(self, receiver: EndpointId, source: str) -> int:
        """The layer being forwarded now, OFF while none."""
        ...

    def probe(self, receiver: EndpointId, probe: Probe) -> None:
        """Send a probe, after those that were asked for before: by RTX of what was sent of late, if anything was."""
        ...

    def request_keyframe(self, source: str, endpoint: EndpointId) -> None:
        """Ask ``endpoint`` for a key frame of its source, within the limits of 3-media.md 2.8."""
        ...

    def receive(self, data: bytes, address: Address, at: float) -> None:
        """One datagram from the socket, with its arrival time."""
        ...

    def tick(self, now: float) -> None:
        """Timers: RR, NACK, transport-cc feedback, layer bitrates, cache ageing. Call every 10 to 20 ms."""
        ...

    def take_transmits(self) -> list[tuple[bytes, Address]]:
        """Datagrams to send, in order; the list is handed over."""
        ...

    def take_events(self) -> list[Event]:
        """Events since the last call, in order; the list is handed over."""
        ...

    def last_media(self, endpoint: EndpointId) -> float:
        """When authenticated RTP last arrived of an endpoint; 0 before the first."""
        ...

    def counters(self, endpoint: EndpointId) -> Counters:
        """The endpoint's totals."""
        ...
