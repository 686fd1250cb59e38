"""Tenants: clients name rooms by ``room@conference.tenant.D``, the server by ``[tenant]room@conference.D``."""

from xml.etree.ElementTree import Element, SubElement, tostring

from pyjitsi.xmpp.connection import Iq
from tests.scenario.prosody.conftest import NewPerson
from tests.scenario.prosody.people import Focus, body, enter, hears, item, kick, knock, status_codes
from tests.support.xmpp_client import CLIENT

FOCUS = "http://jitsi.org/protocol/focus"


def names(focus: Focus, room: str, tenant: str = "acme") -> tuple[str, str]:
    """A room outside and inside."""
    domain = focus.prosody.domain
    return f"{room}@conference.{tenant}.{domain}", f"[{tenant}]{room}@conference.{domain}"


async def test_people_of_a_tenant_meet_in_its_room(focus: Focus, person: NewPerson) -> None:
    outside, inside = names(focus, "standup")
    await focus.enter(inside)
    await focus.enter(f"standup@conference.{focus.prosody.domain}")  # another room of the same name
    ada, ben, eve = await person(), await person(), await person()
    first = await enter(ada, outside, "a0000001")
    assert first.get("from") == f"{outside}/a0000001"
    await focus.sees(f"{inside}/a0000001")
    await enter(ben, outside, "b0000001")
    await enter(eve, f"standup@conference.{focus.prosody.domain}", "e0000001")
    await ada.send(body(outside, "hello"))
    heard = await hears(ben, "hello")
    assert heard.get("from") == f"{outside}/a0000001"
    assert all("hello" not in (each.findtext(f"{{{CLIENT}}}body") or "") for each in eve.seen)
    # Nothing that Ben saw names the room as the server does.
    assert [tostring(each, "unicode") for each in ben.seen if "[acme]" in tostring(each, "unicode")] == []


async def test_the_focus_is_asked_for_the_room_that_is_meant(focus: Focus, person: NewPerson) -> None:
    outside, inside = names(focus, "board")
    asked: list[str] = []

    async def conference(iq: Iq) -> Element:
        asked.append(iq.payload.get("room", ""))
        return Element(f"{{{FOCUS}}}conference", room=iq.payload.get("room", ""), ready="true")

    focus.connection.on_iq(f"{{{FOCUS}}}conference", conference)
    ada = await person()
    answer = await ada.iq(f"focus.{focus.prosody.domain}", Element(f"{{{FOCUS}}}conference", room=outside))
    assert asked == [inside]
    (said,) = answer
    assert said.get("room") == outside


async def test_a_moderators_word_and_errors_are_of_the_room_that_clients_know(focus: Focus, person: NewPerson) -> None:
    outside, inside = names(focus, "lively", "a_b-c")
    await focus.enter(inside)
    ada, ben = await person(), await person()
    await enter(ada, outside, "a0000001")
    await focus.grant(inside, ada)
    await enter(ben, outside, "b0000001")
    eve = await person()
    taken = await knock(eve, outside, "b0000001")
    assert taken.get("type") == "error"
    assert taken.get("from", "").startswith(outside)
    await kick(ada, outside, "b0000001")
    gone = await ben.expect(lambda stanza: stanza.get("type") == "unavailable", "the kick")
    assert gone.get("from") == f"{outside}/b0000001"
    assert "307" in status_codes(gone)


async def test_case_makes_no_other_tenant_and_a_longer_domain_is_none(focus: Focus, person: NewPerson) -> None:
    outside, inside = names(focus, "mixed")
    await focus.enter(inside)
    ada, ben = await person(), await person()
    await enter(ada, outside, "a0000001")
    answer = await knock(ben, f"mixed@conference.ACME.{focus.prosody.domain}", "b0000001")
    assert item(answer)["role"]
    eve = await person()
    await eve.send(_join(f"mixed@conference.acme.evil.{focus.prosody.domain}/e0000001"))
    refused = await eve.expect(lambda stanza: stanza.get("type") == "error", "a refusal")
    assert refused.get("from", "").startswith("mixed@conference.acme.evil.")


def _join(to: str) -> Element:
    presence = Element(f"{{{CLIENT}}}presence", to=to)
    SubElement(presence, "{http://jabber.org/protocol/muc}x")
    return presence
