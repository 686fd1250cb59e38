"""COLIBRI2 at the bridge: carries out a focus's request, or refuses it with the error that the focus acts on.

Requests of one conference must come in order, one after another; ``modify`` does not wait for anything. It is not
atomic, as JVB's is not: what was done before the failing step stays.
"""

from dataclasses import replace
from urllib.parse import quote

from pyjitsi.bridge.bridge import Bridge
from pyjitsi.bridge.candidates import HostAddress, candidates
from pyjitsi.bridge.conference import Conference
from pyjitsi.bridge.endpoint import Endpoint
from pyjitsi.bridge.media import codecs_of, extensions_of
from pyjitsi.bridge.peer import Peer
from pyjitsi.bridge.relay import Relay
from pyjitsi.xmpp.stanzas import colibri2, ice_udp, ssma
from pyjitsi.xmpp.stanzas.errors import StanzaError

MAX_CONFERENCES = 5000
ESTIMATION = (
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
)
SCTP_PORT = 5000  # on both sides
MAX_ID = 256  # characters of an endpoint's id; a room's resource is the longest thing that becomes one


def modify(bridge: Bridge, request: colibri2.ConferenceModify, now: float) -> colibri2.ConferenceModified:
    """Carry out a request. Raises StanzaError (ColibriError where the focus acts on a reason)."""
    conference = _conference(bridge, request, now)
    _check_supported(request)
    lenient = not any(_changes_media(each) for each in request.endpoints)
    answers = tuple(_endpoint(bridge, conference, each, lenient, now) for each in request.endpoints)
    relays = tuple(_relay(bridge, conference, each, now) for each in request.relays)
    created = request.create or any(each.create for each in request.endpoints)
    if request.expire or (not request.create and not conference.endpoints and not len(conference.relays)):
        bridge.close(conference)
    return colibri2.ConferenceModified(answers, _feedback_sources(conference) if created else None, relays)


def _conference(bridge: Bridge, request: colibri2.ConferenceModify, now: float) -> Conference:
    conference = bridge.conferences.get(request.meeting_id)
    if not request.create:
        if conference is None:
            raise colibri2.ColibriError("item-not-found", "no such conference", "conference_not_found")
        return conference
    if conference is not None:
        raise colibri2.ColibriError("conflict", "that conference exists", "conference_already_exists")
    if bridge.graceful_shutdown:
        raise colibri2.ColibriError("service-unavailable", "this bridge is shutting down", "graceful_shutdown")
    if len(bridge.conferences) >= MAX_CONFERENCES:
        raise StanzaError("resource-constraint", f"{MAX_CONFERENCES} conferences are the most here")
    name = request.name
    if name is not None and ("@" not in name or "/" in name):
        raise StanzaError("bad-request", f"the conference name {name[:80]!r} is not a bare JID")
    return bridge.open(request.meeting_id, name or request.meeting_id, now, rtcstats=request.rtcstats)


def _changes_media(wanted: colibri2.Endpoint) -> bool:
    return bool(wanted.create or wanted.audio or wanted.video or wanted.transport) or wanted.sources is not None


def _check_supported(request: colibri2.ConferenceModify) -> None:
    # Nothing is exported here, so that an empty list, which stops all, and ends by id have nothing to do.
    if any(not each.expire for each in request.connects or ()):
        raise colibri2.ColibriError(
            "feature-not-implemented", "connects are not offered by this bridge", "feature_not_implemented"
        )
    if len(request.relays) > 1 or (request.relays and request.endpoints):
        raise colibri2.ColibriError(
            "feature-not-implemented", "one relay a request, and no endpoints beside it", "feature_not_implemented"
        )
    if len(request.endpoints) > 1 and any(_changes_media(each) for each in request.endpoints):
        raise colibri2.ColibriError(
            "feature-not-implemented", "one endpoint a request, unless they expire or mute", "feature_not_implemented"
        )


def _endpoint(
    bridge: Bridge, conference: Conference, wanted: colibri2.Endpoint, lenient: bool, now: float
) -> colibri2.Endpoint:
    endpoint = conference.endpoints.get(wanted.id)
    if wanted.expire:
        if endpoint is not None:
            bridge.expire(conference, endpoint)
        return colibri2.Endpoint(wanted.id, expire=True)
    answer = colibri2.Endpoint(wanted.id)
    if wanted.create:
        endpoint, answer = _create(bridge, conference, wanted, endpoint, now)
    elif endpoint is None:
        if lenient:
            return answer
        raise colibri2.ColibriError("item-not-found", "no such endpoint", "unknown_endpoint", wanted.id)
    descriptions = [each for each in (wanted.audio, wanted.video) if each is not None]
    if descriptions:
        codecs = codecs_of(wanted.audio, "audio") + codecs_of(wanted.video, "video")
        bridge.plane.set_media(endpoint.key, codecs, extensions_of(descriptions))
    if wanted.initial_last_n is not None and not endpoint.wishes.asked:
        endpoint.wishes = endpoint.wishes.with_last_n(wanted.initial_last_n)
    if wanted.transport is not None and wanted.transport.ice is not None:
        endpoint.set_transport(wanted.transport.ice, now)
        endpoint.progress(now)
    if wanted.sources is not None:
        if endpoint.visitor and wanted.sources:
            raise StanzaError("bad-request", "a visitor has no sources")
        conference.set_sources(endpoint, wanted.sources)
    if wanted.force_mute is not None:
        bridge.plane.set_force_mute(endpoint.key, wanted.force_mute.audio, wanted.force_mute.video)
    if wanted.transport is not None and wanted.transport.ice_restart and not wanted.create:
        answer = replace(answer, transport=_restart_ice(bridge, conference, endpoint, now))
    bridge.collect(endpoint, now)
    return answer


def _restart_ice(bridge: Bridge, conference: Conference, endpoint: Endpoint, now: float) -> colibri2.Transport | None:
    """The transport of a new agent; that of the one in use where it is not connected yet; None where none can be had.

    Without one the focus invites the participant again; an error would be about all endpoints of the request.
    """
    restarts = endpoint.ice.restarts
    if not bridge.ice_restart or endpoint.failed is not None:
        restarts["rejected"] += 1
        return None
    transport = _transport(bridge, conference, endpoint, bridge.hosts_for(endpoint), bridge.websocket_base)
    if not endpoint.reached or transport.ice is None:
        restarts["not_established"] += 1
        return transport
    pending = endpoint.ice.restart(now)
    bridge.demux.add(endpoint)
    endpoint.log.info("ICE restarts", generation=pending.generation)
    local = pending.agent.local
    ice = replace(transport.ice, ufrag=local.ufrag, pwd=local.pwd, ice_generation=pending.generation)
    return replace(transport, ice=ice)


def _create(
    bridge: Bridge, conference: Conference, wanted: colibri2.Endpoint, existing: Endpoint | None, now: float
) -> tuple[Endpoint, colibri2.Endpoint]:
    if existing is not None:
        raise StanzaError("conflict", f"the endpoint {wanted.id[:40]!r} exists")
    if len(wanted.id) > MAX_ID:
        raise StanzaError("bad-request", f"an endpoint id of {len(wanted.id)} characters is longer than {MAX_ID}")
    if wanted.transport is None:
        raise StanzaError("bad-request", "an endpoint needs a transport when it is created")
    if colibri2.SOURCE_NAMES not in wanted.capabilities:
        raise StanzaError("bad-request", "an endpoint must have the capability source-names")
    if bridge.endpoint_count >= bridge.max_endpoints:
        raise StanzaError("resource-constraint", f"{bridge.max_endpoints} endpoints are the most here")
    sctp = wanted.transport.sctp
    if sctp is not None:
        if bridge.on_data is None or sctp.role not in (None, "server"):
            raise StanzaError("feature-not-implemented", "the client opens data channels, not the bridge")
        if sctp.port not in (None, SCTP_PORT):
            raise StanzaError("bad-request", f"SCTP's port is {SCTP_PORT}, not {sctp.port}")
    endpoint = bridge.admit(
        conference, wanted.id, wanted.transport.ice_controlling, wanted.visitor, now,
        rewriting=colibri2.SSRC_REWRITING in wanted.capabilities,
        mids=colibri2.RTP_MID_DEMUX in wanted.capabilities,
        private=colibri2.PRIVATE_ADDRESSES in wanted.capabilities,
    )  # fmt: skip
    transport = _transport(bridge, conference, endpoint, bridge.hosts_for(endpoint), bridge.websocket_base)
    if sctp is not None and bridge.on_data is not None:
        bridge.on_data(conference, endpoint)
        transport = replace(transport, sctp=colibri2.Sctp(SCTP_PORT, "server"))
    return endpoint, colibri2.Endpoint(wanted.id, transport=transport)


def _transport(
    bridge: Bridge, conference: Conference, peer: Peer, hosts: tuple[HostAddress, ...], base: str | None
) -> colibri2.Transport:
    """Our half of a peer's transport."""
    name, value = bridge.certificate.fingerprint
    path = f"{conference.public_id}/{quote(peer.id, safe='')}?pwd={peer.password}"
    return colibri2.Transport(
        ice=ice_udp.IceUdpTransport(
            ufrag=peer.credentials.ufrag,
            pwd=peer.credentials.pwd,
            candidates=candidates(hosts),
            fingerprints=(ice_udp.Fingerprint(name, value, "actpass"),),
            web_sockets=() if base is None else (ice_udp.WebSocket(f"{base}/{path}"),),
            rtcp_mux=True,
        )
    )


# Relays (2-colibri.md section 4.2).


def _relay(bridge: Bridge, conference: Conference, wanted: colibri2.Relay, now: float) -> colibri2.Relay:
    relay = conference.relays.by_id.get(wanted.id)
    if wanted.expire:
        if relay is not None:
            bridge.unlink(conference, relay)
        return colibri2.Relay(wanted.id, expire=True)
    answer = colibri2.Relay(wanted.id)
    if wanted.create:
        relay, answer = _create_relay(bridge, conference, wanted, relay, now)
    elif relay is None:
        raise StanzaError("bad-request", f"there is no relay {wanted.id[:40]!r} here")
    if wanted.audio is not None or wanted.video is not None:
        codecs = codecs_of(wanted.audio, "audio") + codecs_of(wanted.video, "video")
        known = extensions_of([each for each in (wanted.audio, wanted.video) if each is not None])
        # Nothing is estimated between bridges.
        bridge.plane.set_media(relay.key, codecs, {uri: each for uri, each in known.items() if uri not in ESTIMATION})
    if wanted.transport is not None and wanted.transport.ice is not None:
        relay.set_transport(wanted.transport.ice, now)
        relay.progress(now)
        if relay.dial is not None and relay.data is None and bridge.on_dial is not None:
            bridge.on_dial(conference, relay)
    conference.set_relayed(relay, wanted.endpoints)
    bridge.collect(relay, now)
    return answer


def _create_relay(
    bridge: Bridge, conference: Conference, wanted: colibri2.Relay, existing: Relay | None, now: float
) -> tuple[Relay, colibri2.Relay]:
    if existing is not None:
        raise StanzaError("conflict", f"the relay {wanted.id[:40]!r} exists")
    if bridge.relay_id is None:
        raise StanzaError("feature-not-implemented", "this bridge has no relay_id: it has no relays")
    if len(wanted.id) > MAX_ID:
        raise StanzaError("bad-request", f"a relay id of {len(wanted.id)} characters is longer than {MAX_ID}")
    transport = wanted.transport
    if transport is None:
        raise StanzaError("bad-request", "a relay needs a transport when it is created")
    sctp = transport.sctp
    if sctp is not None and (bridge.on_data is None or sctp.role not in ("client", "server")):
        raise StanzaError("feature-not-implemented", f"no data channel in the role {sctp.role!r}")
    try:
        relay, hosts = bridge.link(
            conference, wanted.id, transport.ice_controlling, wanted.mesh_id or "", now,
            unique_port=transport.use_unique_port,
        )  # fmt: skip
    except OSError as error:
        raise StanzaError("internal-server-error", f"no UDP port for a relay: {error.strerror}") from error
    ours = _transport(bridge, conference, relay, hosts, bridge.relay_websocket_base)
    if sctp is not None and bridge.on_data is not None:
        bridge.on_data(conference, relay, opens=sctp.role == "client")
        ours = replace(ours, sctp=colibri2.Sctp(SCTP_PORT, "server" if sctp.role == "client" else "client"))
    return relay, colibri2.Relay(wanted.id, transport=ours)


def _feedback_sources(conference: Conference) -> tuple[colibri2.MediaSource, ...]:
    return (
        colibri2.MediaSource("audio", "jvb-a0", (ssma.Source(conference.audio_ssrc, "jvb-a0"),)),
        colibri2.MediaSource("video", "jvb-v0", (ssma.Source(conference.video_ssrc, "jvb-v0"),)),
    )
