"""A Jingle offer as the SDP that aiortc takes, and aiortc's answer as a Jingle session-accept.

Only what a scripted participant needs: one audio and one video m-line, BUNDLE, VP8 and Opus.
"""

import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement

from pyjitsi.xmpp.stanzas import ice_udp, jingle_rtp, ssma

JINGLE = "urn:xmpp:jingle:1"
GROUPING = "urn:xmpp:jingle:apps:grouping:0"


@dataclass(frozen=True)
class Offer:
    """What a session-initiate says."""

    sid: str
    bridge_session: str | None
    transport: ice_udp.IceUdpTransport
    descriptions: dict[str, jingle_rtp.Description]


def read_offer(jingle: Element) -> Offer:
    """Parse a session-initiate (XEP-0166)."""
    transport = jingle.find(f".//{{{ice_udp.NS}}}transport")
    assert transport is not None, "the offer has no transport"
    bridge_session = jingle.find("{http://jitsi.org/protocol/focus}bridge-session")
    descriptions = {
        content.get("name", ""): jingle_rtp.parse(description)
        for content in jingle.findall(f"{{{JINGLE}}}content")
        if (description := content.find(f"{{{jingle_rtp.NS}}}description")) is not None
    }
    return Offer(
        sid=jingle.get("sid", ""),
        bridge_session=None if bridge_session is None else bridge_session.get("id"),
        transport=ice_udp.parse(transport),
        descriptions=descriptions,
    )


def to_sdp(offer: Offer, *, data: bool = False) -> str:
    """The offer as SDP (RFC 8866) with the contents audio and video, and ``data`` where that is asked."""
    group = "a=group:BUNDLE audio video data" if data else "a=group:BUNDLE audio video"
    lines = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", group]
    for media in ("audio", "video"):
        description = offer.descriptions[media]
        numbers = " ".join(str(each.id) for each in description.payload_types)
        lines += [f"m={media} 9 UDP/TLS/RTP/SAVPF {numbers}", "c=IN IP4 0.0.0.0", f"a=mid:{media}", "a=sendrecv"]
        lines += ["a=rtcp-mux", *_transport_lines(offer)]
        for payload in description.payload_types:
            channels = f"/{payload.channels}" if payload.channels > 1 else ""
            lines.append(f"a=rtpmap:{payload.id} {payload.name}/{payload.clockrate}{channels}")
            if payload.parameters:
                fmtp = ";".join(f"{name}={value}" if name else value for name, value in payload.parameters)
                lines.append(f"a=fmtp:{payload.id} {fmtp}")
            lines += [f"a=rtcp-fb:{payload.id} {kind} {sub}".rstrip() for kind, sub in payload.feedback]
        lines += [f"a=extmap:{extension.id} {extension.uri}" for extension in description.extensions]
    if data:
        lines += ["m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "c=IN IP4 0.0.0.0", "a=mid:data"]
        lines += ["a=sctp-port:5000", "a=max-message-size:262144", *_transport_lines(offer)]
    return "\r\n".join(lines) + "\r\n"


def _transport_lines(offer: Offer) -> list[str]:
    fingerprint = offer.transport.fingerprints[0]
    lines = [f"a=ice-ufrag:{offer.transport.ufrag}", f"a=ice-pwd:{offer.transport.pwd}"]
    lines += [f"a=fingerprint:{fingerprint.hash} {fingerprint.value}", "a=setup:actpass"]
    return lines + [
        f"a=candidate:{c.foundation} {c.component} {c.protocol} {c.priority} {c.ip} {c.port} typ {c.type}"
        + (f" raddr {c.rel_addr} rport {c.rel_port}" if c.rel_addr else "")
        for c in offer.transport.candidates
    ]


@dataclass(frozen=True)
class LocalSources:
    """The SSRCs that aiortc chose."""

    audio: int
    video: int
    video_rtx: int | None


def read_answer(sdp: str) -> tuple[ice_udp.IceUdpTransport, LocalSources]:
    """Credentials, fingerprint and SSRCs from aiortc's answer."""
    sections = {match.group(1): match.group(0) for match in re.finditer(r"m=(audio|video).*?(?=\r\nm=|\Z)", sdp, re.S)}

    def value(pattern: str, text: str) -> str:
        match = re.search(pattern, text)
        assert match is not None, f"{pattern} is not in the answer"
        return match.group(1)

    video = sections["video"]
    pair = re.search(r"a=ssrc-group:FID (\d+) (\d+)", video)
    sources = LocalSources(
        audio=int(value(r"a=ssrc:(\d+)", sections["audio"])),
        video=int(pair.group(1) if pair else value(r"a=ssrc:(\d+)", video)),
        video_rtx=int(pair.group(2)) if pair else None,
    )
    fingerprint = value(r"a=fingerprint:sha-256 (\S+)", sdp)
    transport = ice_udp.IceUdpTransport(
        ufrag=value(r"a=ice-ufrag:(\S+)", sdp),
        pwd=value(r"a=ice-pwd:(\S+)", sdp),
        fingerprints=(ice_udp.Fingerprint("sha-256", fingerprint, "active"),),
    )
    return transport, sources


def accept(
    offer: Offer,
    nick: str,
    initiator: str,
    responder: str,
    transport: ice_udp.IceUdpTransport,
    sources: LocalSources,
) -> Element:
    """A session-accept as lib-jitsi-meet sends it (long form sources, no owner)."""
    jingle = Element(
        f"{{{JINGLE}}}jingle", action="session-accept", sid=offer.sid, initiator=initiator, responder=responder
    )
    group = SubElement(jingle, f"{{{GROUPING}}}group", semantics="BUNDLE")
    for name in ("audio", "video", "data"):
        SubElement(group, f"{{{GROUPING}}}content", name=name)
    video_group = () if sources.video_rtx is None else (ssma.SsrcGroup("FID", (sources.video, sources.video_rtx)),)
    video_ssrcs = (sources.video,) if sources.video_rtx is None else (sources.video, sources.video_rtx)
    for media, name, ssrcs, groups in (
        ("audio", f"{nick}-a0", (sources.audio,), ()),
        ("video", f"{nick}-v0", video_ssrcs, video_group),
    ):
        content = SubElement(jingle, f"{{{JINGLE}}}content", creator="responder", name=media, senders="both")
        description = SubElement(content, f"{{{jingle_rtp.NS}}}description", media=media)
        jingle_rtp.build_into(description, offer.descriptions[media])
        msid = f"{nick}-{media} {nick}-{media}-track"
        kind = "camera" if media == "video" else None
        signalled = tuple(ssma.Source(ssrc, name, msid, kind) for ssrc in ssrcs)
        ssma.build_into(description, signalled, groups)
        SubElement(description, f"{{{jingle_rtp.NS}}}rtcp-mux")
        content.append(ice_udp.build(transport))
    return jingle
