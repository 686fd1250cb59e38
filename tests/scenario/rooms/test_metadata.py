"""Room metadata, service discovery, ending a meeting: over a running Prosody."""

import asyncio
import json
from xml.etree.ElementTree import Element

from tests.scenario.prosody.people import Focus, enter, knock
from tests.scenario.rooms.conftest import NewPerson, RoomsProcess
from tests.scenario.rooms.wire import JITMEET, hears, message, moderator, payload, refused
from tests.support.xmpp_client import CLIENT, XmppClient

DISCO = "http://jabber.org/protocol/disco#info"


def set_key(focus: Focus, room: str, key: str, data: object) -> Element:
    body = json.dumps({"type": "room_metadata", "key": key, "data": data})
    return message(f"rooms.{focus.prosody.domain}", f"{{{JITMEET}}}room_metadata", {"room": room}, body)


async def metadata(focus: Focus, person: XmppClient, key: str, value: object) -> dict[str, object]:
    found = await hears(
        person, f"rooms.{focus.prosody.domain}",
        lambda told: told.get("type") == "room_metadata" and told["metadata"].get(key) == value, f"{key}={value}",
    )  # fmt: skip
    return found["metadata"]


async def test_services_are_pushed_at_log_in_and_told_when_asked(focus: Focus, person: NewPerson) -> None:
    ada = await person()
    domain = focus.prosody.domain
    pushed = await ada.expect(lambda stanza: stanza.find(f"{{{DISCO}}}query") is not None, "the services")
    answer = await ada.iq(domain, Element(f"{{{DISCO}}}query"), "get")
    for source in (pushed, answer):
        services = {each.get("type"): each.get("name") for each in source.iter(f"{{{DISCO}}}identity")}
        for name in ("av_moderation", "room_metadata", "speakerstats", "end_conference", "polls"):
            assert services[name] == f"rooms.{domain}"
        assert services["breakout_rooms"] == f"breakout.{domain}"
        assert services["lobbyrooms"] == f"lobby.{domain}"
    for host, node, feature in (
        ("breakout", "breakout_rooms", "http://jitsi.org/protocol/breakout_rooms#rename"),
        ("lobby", "lobbyrooms", "http://jitsi.org/protocol/lobbyrooms#displayname_required"),
    ):
        answer = await ada.iq(f"{host}.{domain}", Element(f"{{{DISCO}}}query", node=node), "get")
        assert feature in {each.get("var") for each in answer.iter(f"{{{DISCO}}}feature")}


async def test_a_joiner_has_the_metadata_and_turn_before_its_own_presence(focus: Focus, person: NewPerson) -> None:
    room = await focus.open_room()
    ada, bob = await person(), await person()
    await moderator(focus, ada, room, "3fa81c02")
    await ada.send(set_key(focus, room, "startMuted", {"audio": True, "video": False}))
    await metadata(focus, ada, "startMuted", {"audio": True, "video": False})
    await enter(bob, room, "b7d40e95")
    first = next(each for each in bob.seen if payload(each).get("type") == "room_metadata")
    own = next(each for each in bob.seen if each.get("from") == f"{room}/b7d40e95")
    assert bob.seen.index(first) < bob.seen.index(own)
    assert first.get("from") == f"rooms.{focus.prosody.domain}"
    told = payload(first)["metadata"]
    assert told["startMuted"] == {"audio": True, "video": False}
    turn = next(each for each in told["services"] if each["type"] == "turns")
    assert turn["host"] == "turn.example.org"
    assert turn["port"] == "5349"
    assert turn["username"].isdigit()
    assert turn["password"]


async def test_who_does_not_moderate_sets_nothing(focus: Focus, person: NewPerson) -> None:
    room = await focus.open_room()
    service = f"rooms.{focus.prosody.domain}"
    ada, bob, eve = await person(), await person(), await person()
    await moderator(focus, ada, room, "3fa81c02")
    await enter(bob, room, "b7d40e95")
    await bob.send(set_key(focus, room, "startMuted", {"audio": True}))
    assert "not-allowed" in {each.tag.rpartition("}")[2] for each in (await refused(bob, service)).iter()}
    await eve.send(set_key(focus, room, "startMuted", {"audio": True}))  # not in the room at all
    await refused(eve, service)
    await ada.send(set_key(focus, room, "services", []))  # the server's own
    await refused(ada, service)
    await ada.send(set_key(focus, room, "done", 1))
    assert "startMuted" not in await metadata(focus, ada, "done", 1)


async def test_what_is_no_proper_json_is_refused(focus: Focus, person: NewPerson) -> None:
    room = await focus.open_room()
    service = f"rooms.{focus.prosody.domain}"
    ada = await person()
    await moderator(focus, ada, room, "3fa81c02")
    for text in (
        "", "[]", "{", '{"key":"a","key":"b","data":1}', '{"key":"a","data":{"__proto__":{"x":1}}}', "[" * 100_000,
        '{"key":"a","data":NaN}', json.dumps({"key": "a", "data": "x" * 9000}), '{"key":"a","data":"\\ud800"}',
    ):  # fmt: skip
        ada.seen.clear()
        await ada.send(message(service, f"{{{JITMEET}}}room_metadata", {"room": room}, text))
        await refused(ada, service)
    await ada.send(set_key(focus, room, "still", "here & &quot;now&quot;"))
    await metadata(focus, ada, "still", "here & &quot;now&quot;")


async def test_the_service_dies_and_nothing_is_lost(focus: Focus, person: NewPerson, rooms: RoomsProcess) -> None:
    room = await focus.open_room()
    ada, bob = await person(), await person()
    await moderator(focus, ada, room, "3fa81c02")
    await ada.send(set_key(focus, room, "before", "it died"))
    await metadata(focus, ada, "before", "it died")
    rooms.kill()
    await asyncio.sleep(0.1)
    await enter(bob, room, "b7d40e95")  # while nobody is there
    assert (await metadata(focus, bob, "before", "it died"))["services"]
    rooms.start()
    await rooms.healthy()
    await ada.send(set_key(focus, room, "after", 1))
    told = await metadata(focus, bob, "after", 1)
    assert told["before"] == "it died"
    assert not ada.closed.is_set()


async def test_a_moderator_ends_the_meeting_for_all_and_others_do_not(focus: Focus, person: NewPerson) -> None:
    room = await focus.open_room()
    service = f"rooms.{focus.prosody.domain}"
    ada, bob = await person(), await person()
    await moderator(focus, ada, room, "3fa81c02")
    await enter(bob, room, "b7d40e95")
    await bob.send(message(service, "end_conference"))
    await refused(bob, service)
    await ada.send(message(service, "end_conference"))
    for one in (ada, bob):
        ended = await one.expect(lambda stanza: any(each.tag.endswith("destroy") for each in stanza.iter()), "the end")
        assert "The meeting has been terminated" in {each.text for each in ended.iter()}
    again = await knock(await person(), room, "11112222")
    assert again.tag == f"{{{CLIENT}}}presence"
    assert again.get("type") == "error"
