"""Stanzas as text, and namespaces of the two kinds of stream."""

from xml.etree.ElementTree import Element, SubElement, fromstring

from hypothesis import given
from hypothesis import strategies as st

from pyjitsi.xmpp.replies import NS_CLIENT
from pyjitsi.xmpp.streams import NS_COMPONENT, rename, serialise

WORD = st.text(st.characters(min_codepoint=32, exclude_categories=("Cs", "Co", "Cn"), exclude_characters="\x7f"))
NAMESPACE = st.sampled_from([NS_CLIENT, "urn:example:1", "http://jitsi.org/jitmeet"])
NAME = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True)


@st.composite
def elements(draw: st.DrawFn, depth: int = 3) -> Element:
    element = Element(f"{{{draw(NAMESPACE)}}}{draw(NAME)}", draw(st.dictionaries(NAME, WORD, max_size=3)))
    element.text = draw(WORD)
    if depth:
        element.extend(draw(st.lists(elements(depth=depth - 1), max_size=3)))
    return element


def same(one: Element, other: Element) -> bool:
    return (one.tag, one.attrib, one.text or "", len(one)) == (
        other.tag,
        other.attrib,
        other.text or "",
        len(other),
    ) and all(same(left, right) for left, right in zip(one, other, strict=True))


@given(st.text())
def test_any_text_makes_a_stanza_that_parses(text: str) -> None:
    stanza = Element(f"{{{NS_CLIENT}}}presence", {"to": text})
    stanza.text = text
    fromstring(f"<stream xmlns='{NS_CLIENT}'>{serialise(stanza)}</stream>".encode())


def test_what_xml_cannot_hold_is_replaced() -> None:
    stanza = Element(f"{{{NS_CLIENT}}}presence")
    stanza.text = "a\x00b\ud800c\uffff"
    assert serialise(stanza) == "<presence>a\ufffdb\ufffdc\ufffd</presence>"


@given(elements(), st.sampled_from([NS_CLIENT, NS_COMPONENT]))
def test_stanza_survives_the_stream(payload: Element, stream: str) -> None:
    stanza = Element(f"{{{NS_CLIENT}}}iq", to="a@b/c")
    stanza.append(payload)
    received = fromstring(f"<stream xmlns='{stream}'>{serialise(stanza)}</stream>")[0]
    rename(received, f"{{{stream}}}", f"{{{NS_CLIENT}}}")
    assert same(received, stanza)


def test_stanza_inherits_the_namespace_of_the_stream() -> None:
    stanza = Element(f"{{{NS_CLIENT}}}presence", to="room/nick")
    SubElement(stanza, f"{{{NS_CLIENT}}}SourceInfo").text = '{"a":1}'
    SubElement(stanza, "{urn:example}x")
    assert serialise(stanza) == (
        '<presence to="room/nick"><SourceInfo>{&quot;a&quot;:1}</SourceInfo><x xmlns="urn:example" /></presence>'
    )


def test_sending_leaves_the_element_as_it_was() -> None:
    stanza = Element(f"{{{NS_CLIENT}}}presence")
    child = SubElement(stanza, f"{{{NS_CLIENT}}}SourceInfo")
    serialise(stanza)
    assert (stanza.tag, child.tag) == (f"{{{NS_CLIENT}}}presence", f"{{{NS_CLIENT}}}SourceInfo")
