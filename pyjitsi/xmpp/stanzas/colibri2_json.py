"""COLIBRI2 as JSON (2-colibri.md section 3.14): a request becomes the element that it stands for, an element JSON.

What a request may say is judged once, by the parser of the XML form. Flags must be true or false; numbers may also be
texts, since JVB's own serialiser writes some so.
"""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from pyjitsi.xmpp.stanzas import colibri2, ice_udp, jingle_rtp, ssma
from pyjitsi.xmpp.stanzas.errors import StanzaError
from pyjitsi.xmpp.stanzas.xml import Element, SubElement

NS = colibri2.NS
Json = Mapping[str, Any]


def parse_modify(body: object, meeting_id: str | None = None) -> colibri2.ConferenceModify:
    """Read a request; ``meeting_id`` where the address names it. Raises StanzaError(bad-request)."""
    top = _object(body, "the request")
    element = Element(colibri2.CONFERENCE_MODIFY)
    if meeting_id is not None:
        top = {**top, "meeting-id": meeting_id}
    _attributes(element, top, texts=("meeting-id", "name"), flags=("create", "expire", "rtcstats-enabled"))
    for each in _list(top, "endpoints"):
        _endpoint(element, each)
    if "connects" in top:
        connects = SubElement(element, f"{{{NS}}}connects")
        for each in _list(top, "connects"):
            _connect(connects, each)
    for each in _list(top, "relays"):
        _relay(element, each)
    return colibri2.parse_modify(element)


def _endpoint(parent: Element, body: object) -> None:
    entity = _object(body, "an endpoint")
    element = SubElement(parent, f"{{{NS}}}endpoint")
    _attributes(element, entity, texts=("id", "stats-id", "muc-role"), flags=("create", "expire"))
    for each in _list(entity, "capabilities"):
        SubElement(element, f"{{{NS}}}capability", name=_text(each, "a capability"))
    _entity(element, entity)
    if "force-mute" in entity:
        mute = SubElement(element, f"{{{NS}}}force-mute")
        _attributes(mute, _object(entity["force-mute"], "force-mute"), flags=("audio", "video"))
    if "initial-last-n" in entity:
        last_n = SubElement(element, f"{{{NS}}}initial-last-n")
        _attributes(last_n, _object(entity["initial-last-n"], "initial-last-n"), numbers=("value",))


def _relay(parent: Element, body: object) -> None:
    entity = _object(body, "a relay")
    element = SubElement(parent, f"{{{NS}}}relay")
    _attributes(element, entity, texts=("id", "mesh-id"), flags=("create", "expire"))
    _entity(element, entity)
    if "endpoints" in entity:
        listed = SubElement(element, f"{{{NS}}}endpoints")
        for each in _list(entity, "endpoints"):
            _endpoint(listed, each)


def _entity(element: Element, entity: Json) -> None:
    """What endpoints and relays have in common."""
    for each in _list(entity, "medias"):
        _media(element, _object(each, "a media"))
    if "transport" in entity:
        _transport(element, _object(entity["transport"], "a transport"))
    if "sources" in entity:
        outer = SubElement(element, f"{{{NS}}}sources")
        for each in _list(entity, "sources"):
            _media_source(outer, _object(each, "a media-source"))


def _media(parent: Element, body: Json) -> None:
    element = SubElement(parent, f"{{{NS}}}media")
    _attributes(element, body, texts=("type",))
    for each in _list(body, "payload-types"):
        payload = _object(each, "a payload-type")
        node = SubElement(element, f"{{{jingle_rtp.NS}}}payload-type")
        _attributes(node, payload, texts=("name",), numbers=("id", "clockrate", "channels"))
        for name, value in _object(payload.get("parameters", {}), "parameters").items():
            parameter = SubElement(node, f"{{{jingle_rtp.NS}}}parameter", value=_scalar(value, "a parameter"))
            if name != "null":
                parameter.set("name", name)
        for feedback in _list(payload, "rtcp-fbs"):
            fb = SubElement(node, f"{{{jingle_rtp.NS_FEEDBACK}}}rtcp-fb")
            _attributes(fb, _object(feedback, "an rtcp-fb"), texts=("type", "subtype"))
    for each in _list(body, "rtp-hdrexts"):
        node = SubElement(element, f"{{{jingle_rtp.NS_EXTENSION}}}rtp-hdrext")
        _attributes(node, _object(each, "an rtp-hdrext"), texts=("uri",), numbers=("id",))
    if body.get("extmap-allow-mixed") is True:
        SubElement(element, f"{{{jingle_rtp.NS_EXTENSION}}}extmap-allow-mixed")


def _transport(parent: Element, body: Json) -> None:
    element = SubElement(parent, f"{{{NS}}}transport")
    _attributes(element, body, flags=("ice-controlling", "use-unique-port", "ice-restart"))
    if "transport" in body:
        inner = _object(body["transport"], "the inner transport")
        node = SubElement(element, f"{{{ice_udp.NS}}}transport")
        _attributes(node, inner, texts=("ufrag", "pwd"), numbers=("ice-generation",))
        if inner.get("rtcp-mux") is True:
            SubElement(node, f"{{{ice_udp.NS}}}rtcp-mux")
        for each in _list(inner, "fingerprints"):
            print_ = _object(each, "a fingerprint")
            fingerprint = SubElement(node, f"{{{ice_udp.NS_DTLS}}}fingerprint")
            fingerprint.text = _text(print_.get("fingerprint"), "fingerprint")
            _attributes(fingerprint, print_, texts=("hash", "setup"))
        for each in _list(inner, "candidates"):
            candidate = SubElement(node, f"{{{ice_udp.NS}}}candidate")
            for name, value in _object(each, "a candidate").items():
                candidate.set(name, _scalar(value, "a candidate's attribute"))
        for each in _list(inner, "web-sockets"):
            SubElement(node, f"{{{ice_udp.NS_COLIBRI}}}web-socket", url=_text(each, "a web-socket"))
    if "sctp" in body:
        sctp = SubElement(element, f"{{{NS}}}sctp")
        _attributes(sctp, _object(body["sctp"], "sctp"), texts=("role",), numbers=("port",))


def _media_source(parent: Element, body: Json) -> None:
    element = SubElement(parent, f"{{{NS}}}media-source")
    _attributes(element, body, texts=("type", "id"), flags=("synthetic",))
    for each in _list(body, "sources"):
        source = each if isinstance(each, dict) else {"ssrc": each}
        node = SubElement(element, f"{{{ssma.NS}}}source")
        _attributes(node, _object(cast(object, source), "a source"), texts=("name", "videoType"), numbers=("ssrc",))
    for each in _list(body, "ssrc-groups"):
        group = _object(each, "an ssrc-group")
        node = SubElement(element, f"{{{ssma.NS}}}ssrc-group")
        _attributes(node, group, texts=("semantics",))
        for ssrc in _list(group, "sources"):
            SubElement(node, f"{{{ssma.NS}}}source", ssrc=_scalar(ssrc, "an SSRC"))


def _connect(parent: Element, body: object) -> None:
    connect = _object(body, "a connect")
    element = SubElement(parent, f"{{{NS}}}connect")
    _attributes(element, connect, texts=("id", "url", "protocol", "type"), flags=("create", "expire", "audio", "video"))
    for name, value in _object(connect.get("headers", {}), "headers").items():
        SubElement(element, f"{{{NS}}}http-header", name=name, value=_text(value, "a header"))
    if "ping" in connect:
        ping = SubElement(element, f"{{{NS}}}ping")
        _attributes(ping, _object(connect["ping"], "ping"), numbers=("interval", "timeout"))
    for outer, inner in (("exports", "export"), ("requests", "request")):
        if outer in connect:
            listed = SubElement(element, f"{{{NS}}}{outer}")
            for each in _list(connect, outer):
                SubElement(listed, f"{{{NS}}}{inner}", name=_text(each, f"one of {outer}"))


# What is read.


def _attributes(
    element: Element, body: Json, *, texts: Iterable[str] = (), flags: Iterable[str] = (), numbers: Iterable[str] = ()
) -> None:
    for name in texts:
        if body.get(name) is not None:
            element.set(name, _text(body[name], name))
    for name in flags:
        value = body.get(name, False)
        if not isinstance(value, bool):
            raise StanzaError("bad-request", f"{name} must be true or false")
        if value:
            element.set(name, "true")
    for name in numbers:
        if body.get(name) is not None:
            element.set(name, _scalar(body[name], name))


def _object(value: object, what: str) -> Json:
    if not isinstance(value, dict):
        raise StanzaError("bad-request", f"{what} must be an object")
    return cast(Json, value)


def _list(body: Json, name: str) -> list[object]:
    value = body.get(name, [])
    if not isinstance(value, list):
        raise StanzaError("bad-request", f"{name} must be a list")
    return cast(list[object], value)


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise StanzaError("bad-request", f"{what} must be a text")
    return value


def _scalar(value: object, what: str) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise StanzaError("bad-request", f"{what} must be a number or a text")
    return str(value)


# What is answered.


def build_modified(answer: colibri2.ConferenceModified) -> dict[str, Any]:
    """An answer; names that would be empty are left out."""
    built: dict[str, Any] = {}
    if answer.endpoints:
        built["endpoints"] = [_answered(each) for each in answer.endpoints]
    if answer.relays:
        built["relays"] = [_answered(each) for each in answer.relays]
    if answer.sources is not None:
        built["sources"] = [
            {
                "type": each.type,
                "id": each.id,
                "sources": [
                    {"ssrc": source.ssrc, **({} if source.name is None else {"name": source.name})}
                    for source in each.sources
                ],
            }
            for each in answer.sources
        ]
    return built


def _answered(entity: colibri2.Endpoint | colibri2.Relay) -> dict[str, Any]:
    built: dict[str, Any] = {"id": entity.id}
    if entity.expire:
        built["expire"] = True
    if entity.transport is not None:
        outer: dict[str, Any] = {}
        if entity.transport.ice is not None:
            outer["transport"] = _answered_ice(entity.transport.ice)
        sctp = entity.transport.sctp
        if sctp is not None:
            outer["sctp"] = {"port": sctp.port, "role": sctp.role}
        built["transport"] = outer
    return built


def _answered_ice(ice: ice_udp.IceUdpTransport) -> dict[str, Any]:
    built: dict[str, Any] = {"xmlns": ice_udp.NS, "ufrag": ice.ufrag, "pwd": ice.pwd}
    if ice.ice_generation is not None:
        built["ice-generation"] = ice.ice_generation
    if ice.rtcp_mux:
        built["rtcp-mux"] = True
    built["fingerprints"] = [
        {"fingerprint": each.value, "hash": each.hash, "setup": each.setup} for each in ice.fingerprints
    ]
    built["candidates"] = [dict(each.attrib) for each in ice_udp.build(ice) if each.tag == f"{{{ice_udp.NS}}}candidate"]
    if ice.web_sockets:
        built["web-sockets"] = [each.url for each in ice.web_sockets]
    return built
