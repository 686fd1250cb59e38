"""What the focus offers to a client: codecs and header extensions by the client's features, as Jicofo does.

Payload types and extension ids are the same for everybody, since bridges never rewrite them.
"""

from collections.abc import Iterable

from pyjitsi.focus.codecs import Codecs
from pyjitsi.xmpp.stanzas import disco
from pyjitsi.xmpp.stanzas.jingle_rtp import Description, HeaderExtension, PayloadType

H264_PROFILE = (("profile-level-id", "42e01f;level-asymmetry-allowed=1;packetization-mode=1;"),)
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
DEPENDENCY_DESCRIPTOR = "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"


def start_muted(limits: tuple[int | None, int | None], order: int) -> tuple[bool, bool] | None:
    """Whether the participant of this order starts with audio and with video muted; None where neither."""
    audio, video = (limit is not None and order > limit for limit in limits)
    return (audio, video) if audio or video else None


def audio(features: Iterable[str], codecs: Codecs) -> Description:
    """The audio description."""
    features, opus = set(features), codecs.opus
    tcc = disco.TCC in features
    with_red = opus.red.enabled and disco.OPUS_RED in features
    parameters = (("minptime", "10"),) if opus.red.enabled else (("minptime", "10"), ("useinbandfec", "1"))
    feedback = (("transport-cc", ""),) if tcc else ()
    offered = [
        PayloadType(opus.pt, "opus", 48000, 2, parameters, feedback),
        PayloadType(codecs.telephone_event_pt, "telephone-event", 8000),
    ]
    if with_red:
        offered.insert(0, PayloadType(opus.red.pt, "red", 48000, 2, (("", f"{opus.pt}/{opus.pt}"),)))
    extensions = [HeaderExtension(1, AUDIO_LEVEL), HeaderExtension(10, MID)]
    if tcc:
        extensions.append(HeaderExtension(5, TRANSPORT_CC))
    return Description(tuple(offered), tuple(extensions), True)


def video(features: Iterable[str], codecs: Codecs) -> Description:
    """The video description."""
    features = set(features)
    tcc, remb, rtx = disco.TCC in features, disco.REMB in features, disco.RTX in features
    requests = (("ccm", "fir"), ("nack", ""), ("nack", "pli"))
    offered: list[PayloadType] = []
    for name, codec in codecs.video:
        estimation = (("transport-cc", ""),) if tcc else (("goog-remb", ""),) if remb and codec.enable_remb else ()
        fmtp = H264_PROFILE if name == "H264" else ()
        offered.append(PayloadType(codec.pt, name, 90000, 1, fmtp, requests + estimation))
    if rtx:
        offered += [
            PayloadType(codec.rtx_pt, "rtx", 90000, 1, (("apt", str(codec.pt)),), () if name == "H264" else requests)
            for name, codec in codecs.video
        ]
    extensions = [
        HeaderExtension(3, ABS_SEND_TIME),
        HeaderExtension(10, MID),
        HeaderExtension(11, DEPENDENCY_DESCRIPTOR),
    ]
    if tcc:
        extensions.append(HeaderExtension(5, TRANSPORT_CC))
    return Description(tuple(offered), tuple(extensions), True)
