"""Fuzz: whatever XML and JSON peers send, a stanza parser gives a value or a StanzaError."""

import json
from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyjitsi.xmpp.stanzas import (
    colibri,
    colibri2,
    conference,
    connects,
    disco,
    ice_udp,
    jingle,
    jingle_rtp,
    json_sources,
    presence,
    ssma,
)
from pyjitsi.xmpp.stanzas.errors import StanzaError
from tests.unit.stanzas import golden

PARSERS: dict[str, tuple[str, Callable[[Element], object]]] = {
    "colibri": (golden.STATS, colibri.parse_stats),
    "colibri2 request": (golden.MODIFY, colibri2.parse_modify),
    "colibri2 answer": (golden.MODIFY, colibri2.parse_modified),
    "colibri2 error": (golden.MODIFY, colibri2.parse_error),
    "connects": (golden.CONNECTS, connects.parse),
    "conference": (golden.CONFERENCE, conference.parse),
    "disco": (golden.DISCO, disco.parse_features),
    "ice-udp": (golden.TRANSPORT, ice_udp.parse),
    "jingle offer": (golden.INITIATE, jingle.parse),
    "jingle end": (golden.TERMINATE, jingle.parse),
    "rtp": (golden.DESCRIPTION, jingle_rtp.parse),
    "presence": (golden.PRESENCE, presence.parse),
    "ssma": (golden.SOURCES, ssma.parse),
}
texts = st.text(max_size=12) | st.sampled_from(
    ["", "0", "--5", "-1", "-", "1e9", "４", "²", "1" * 5000, "true", "desktop", "{}", "[]", "a:b", "a@b", "[" * 3000]
)


def mutate(element: Element, data: st.DataObject) -> None:
    """One small damage somewhere in the tree."""
    nodes = list(element.iter())
    node = data.draw(st.sampled_from(nodes))
    match data.draw(st.sampled_from(["set", "drop", "text", "remove", "repeat", "rename"])):
        case "set" if node.keys():
            node.set(data.draw(st.sampled_from(sorted(node.keys()))), data.draw(texts))
        case "drop" if node.keys():
            del node.attrib[data.draw(st.sampled_from(sorted(node.keys())))]
        case "remove" if len(node):
            node.remove(data.draw(st.sampled_from(list(node))))
        case "repeat" if len(node):
            inner = data.draw(st.sampled_from(list(node)))
            if len(nodes) < 2000:
                node.extend([inner] * data.draw(st.sampled_from([1, 300])))
        case "rename":
            node.tag = data.draw(st.sampled_from([each.tag for each in nodes]) | texts)
        case _:
            node.text = data.draw(texts)


@pytest.mark.parametrize("name", PARSERS)
@given(data=st.data())
@settings(max_examples=300, derandomize=True, deadline=None)
def test_damaged_stanzas_are_read_or_refused(name: str, data: st.DataObject) -> None:
    text, parse = PARSERS[name]
    element = fromstring(text)
    for _ in range(data.draw(st.integers(1, 4))):
        mutate(element, data)
    try:
        parse(element)
    except StanzaError as error:
        assert error.text


KEYS = ("sources", "ada", "s", "n", "m", "v", "room", "properties", "machineUid", "muted", "videoType")
values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["f"]),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=20,
)
owners = st.fixed_dictionaries(
    {"sources": st.fixed_dictionaries({"ada": st.lists(st.lists(values, max_size=4), max_size=5)})}
)
junk = st.text(alphabet='{}[]":,0123456789eE+-. truefalsnul\\\ud800', max_size=60)
bodies = (
    st.builds(json.dumps, values | owners) | junk | st.sampled_from(["1" * 5000, "[" * 100_000, golden.JSON_SOURCES])
)


@pytest.mark.parametrize("parse", [json_sources.parse, presence.parse_source_info])
@given(text=bodies)
@settings(max_examples=400, derandomize=True, deadline=None)
def test_any_json_is_read_or_refused(parse: Callable[[str], object], text: str) -> None:
    try:
        parse(text)
    except StanzaError as error:
        assert error.condition == "bad-request"


@given(
    values | st.fixed_dictionaries({"room": st.text(max_size=20) | st.just("tea@x")}, optional={"properties": values})
)
@settings(max_examples=400, derandomize=True, deadline=None)
def test_any_http_request_is_read_or_refused(body: Any) -> None:
    try:
        conference.parse_json(body)
    except StanzaError as error:
        assert error.condition == "bad-request"
