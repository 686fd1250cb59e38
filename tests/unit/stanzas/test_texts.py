"""Texts that came in JSON and would break an XML stream on the way out, and attributes with types."""

import json

import pytest

from pyjitsi.xmpp.stanzas import conference, json_sources
from pyjitsi.xmpp.stanzas.errors import StanzaError
from pyjitsi.xmpp.stanzas.xml import Element, boolean, integer, is_xml, optional_integer, required


@pytest.mark.parametrize("text", ["\0", "a\x08", "\ud800", "\ufffe", "\x1f"])
def test_what_xml_can_not_hold_is_refused_where_it_comes_in(text: str) -> None:
    assert not is_xml(text)
    for field in ("n", "m"):
        body = json.dumps({"sources": {"ada": [[], [], [{"s": 1, field: text}]]}})
        with pytest.raises(StanzaError, match="holds what XML can't"):
            json_sources.parse(body)
    with pytest.raises(StanzaError, match="is not a room's address"):
        conference.parse_json({"room": f"tea{text}@conference.meet.example"})


def test_other_scripts_are_fine() -> None:
    assert is_xml("чай ☕ 🫖\t\n")
    assert conference.parse_json({"room": "ЧАЙ🫖@conference.meet.example"}).room == "чай🫖@conference.meet.example"


@pytest.mark.parametrize("text", ["", "--5", "5-", "-", "1.0", "４", "²", "+1", " 1", "1" * 21])
def test_what_is_no_integer(text: str) -> None:
    with pytest.raises(StanzaError, match=r"<thing size='.*'> is no integer"):
        integer(Element("{a:b}thing", size=text), "size", -9, 9)


def test_integers_have_a_range_and_absence_a_sentence() -> None:
    assert integer(Element("thing", size="-9"), "size", -9, 9) == -9
    assert optional_integer(Element("thing"), "size", 0, 9) is None
    with pytest.raises(StanzaError, match="<thing size=10> is outside -9 to 9"):
        integer(Element("thing", size="10"), "size", -9, 9)
    for read in (lambda: integer(Element("thing"), "size", 0, 9), lambda: required(Element("thing", size=""), "size")):
        with pytest.raises(StanzaError, match="<thing> lacks the attribute 'size'"):
            read()


def test_only_true_is_true() -> None:
    assert [boolean(Element("thing", on=text), "on") for text in ("true", "false", "1", "TRUE", "")] == [
        True, False, False, False, False
    ]  # fmt: skip
    assert boolean(Element("thing"), "on", default=True)
