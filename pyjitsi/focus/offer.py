"""What the focus offers to a client: codecs and header extensions by the client's features, with Jicofo's numbers.

Payload types and extension ids are the same for everybody, since bridges never rewrite them.
"""

from collections.abc import Iterable

from pyjitsi.xmpp.stanzas import disco
from pyjitsi.xmpp.stanzas.jingle_rtp import Description, HeaderExtension, PayloadType

H264_PROFILE = (("profile-level-id", "42e01f;level-asymmetry-allowed=1;packetization-mode=1;"),)
VIDEO_CODECS = (
    (41, 42, "AV1", ()),
    (100, 96, "VP8", ()),
    (107, 99, "H264", H264_PROFILE),
    (101, 97, "VP9", ()),
)
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
DEPENDENCY_DESCRIPTOR = "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"


def start_muted(limits: tuple[int | None, int | None], order: int) -> tuple[bool, bool] | None:
    """Whether the participant of this order starts with audio and with video muted; None where neither."""
    audio, video = (limit is not None and order > limit for limit in limits)
    return (audio, video) if audio or video else None


def audio(features: Iterable[str], *, red: bool) -> Description:
    """The audio description."""
    features = set(features)
    tcc = disco.TCC in features
    with_red = red and disco.OPUS_RED in features
    parameters = (("minptime", "10"),) if red else (("minptime", "10"), ("useinbandfec", "1"))
    feedback = (("transport-cc", ""),) if tcc else ()
    codecs = [
        PayloadType(111, "opus", 48000, 2, parameters, feedback),
        PayloadType(126, "telephone-event", 8000),
    ]
    if with_red:
        codecs.insert(0, PayloadType(112, "red", 48000, 2, (("", "111/111"),)))
    extensions = [HeaderExtension(1, AUDIO_LEVEL), HeaderExtension(10, MID)]
    if tcc:
        extensions.append(HeaderExtension(5, TRANSPORT_CC))
    return Description(tuple(codecs), tuple(extensions), True)


def video(features: Iterable[str]) -> Description:
    """The video description."""
    features = set(features)
    tcc, remb, rtx = disco.TCC in features, disco.REMB in features, disco.RTX in features
    feedback = [("ccm", "fir"), ("nack", ""), ("nack", "pli")]
    if remb and not tcc:
        feedback.append(("goog-remb", ""))
    if tcc:
        feedback.append(("transport-cc", ""))
    codecs = [PayloadType(number, name, 90000, 1, fmtp, tuple(feedback)) for number, _, name, fmtp in VIDEO_CODECS]
    if rtx:
        codecs += [
            PayloadType(number, "rtx", 90000, 1, (("apt", str(apt)),), () if name == "H264" else tuple(feedback[:3]))
            for apt, number, name, _ in VIDEO_CODECS
        ]
    extensions = [
        HeaderExtension(3, ABS_SEND_TIME),
        HeaderExtension(10, MID),
        HeaderExtension(11, DEPENDENCY_DESCRIPTOR),
    ]
    if tcc:
        extensions.append(HeaderExtension(5, TRANSPORT_CC))
    return Description(tuple(codecs), tuple(extensions), True)
