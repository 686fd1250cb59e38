"""AV moderation, polls and speaker statistics, as lib-jitsi-meet asks for them, over a running Prosody."""

import asyncio
import json
from typing import Any
from xml.etree.ElementTree import Element

from pyjitsi.xmpp import muc
from pyjitsi.xmpp.connection import Message
from tests.scenario.prosody.people import Focus, enter
from tests.scenario.rooms.conftest import NewPerson, RoomsProcess
from tests.scenario.rooms.wire import JITMEET, hears, message, moderator, payload, refused
from tests.support.xmpp_client import XmppClient


class Meeting:
    """A moderator ada and a participant bob in a room."""

    def __init__(self, focus: Focus, ada: XmppClient, bob: XmppClient, room: str) -> None:
        self.focus: Focus = focus
        self.ada: XmppClient = ada
        self.bob: XmppClient = bob
        self.room: str = room
        self.service: str = f"rooms.{focus.prosody.domain}"

    async def moderate(self, who: XmppClient, **attributes: str) -> None:
        await who.send(message(self.service, "av_moderation", attributes))

    async def told(self, who: XmppClient, **wanted: Any) -> dict[str, Any]:
        return await hears(
            who, self.service, lambda found: all(found.get(key) == value for key, value in wanted.items()), str(wanted)
        )


async def meeting(focus: Focus, person: NewPerson) -> Meeting:
    room = await focus.open_room()
    ada, bob = await person(), await person()
    await moderator(focus, ada, room, "3fa81c02")
    await enter(bob, room, "b7d40e95")
    return Meeting(focus, ada, bob, room)


async def test_moderation_is_told_to_all_and_its_list_to_moderators(focus: Focus, person: NewPerson) -> None:
    here = await meeting(focus, person)
    heard: list[dict[str, Any]] = []
    off = asyncio.Event()

    def hear(told: Message) -> None:
        heard.append(payload(told.element))
        if heard[-1].get("enabled") is False:
            off.set()

    focus.connection.on_message(hear)
    await here.moderate(here.ada, enable="true", mediaType="audio")
    ada, bob = f"{here.room}/3fa81c02", f"{here.room}/b7d40e95"
    for who in (here.ada, here.bob):
        told = await here.told(who, type="av_moderation", enabled=True)
        assert told == {
            "type": "av_moderation", "enabled": True, "room": here.room, "actor": ada, "mediaType": "audio",
        }  # fmt: skip
    await here.told(here.ada, whitelists={"audio": [ada]}, mediaType="audio")
    await here.told(here.bob, type="room_metadata", metadata={"startMuted": {"audio": True}})
    await here.moderate(here.ada, jidToWhitelist=bob, mediaType="audio")
    assert await here.told(here.bob, approved=True) == {
        "type": "av_moderation", "room": here.room, "approved": True, "mediaType": "audio",
    }  # fmt: skip
    await here.told(here.ada, whitelists={"audio": [ada, bob]})
    await here.moderate(here.ada, jidToBlacklist=bob, mediaType="audio")
    await here.told(here.bob, removed=True)
    await here.moderate(here.ada, enable="false", mediaType="audio")
    await here.told(here.bob, enabled=False)
    await here.told(here.bob, type="room_metadata", metadata={"startMuted": {"audio": False}})
    async with asyncio.timeout(5):
        await off.wait()
    assert [each["enabled"] for each in heard if "enabled" in each] == [True, False]
    assert {"audio": [ada, bob]} in [each.get("whitelists") for each in heard]
    assert not [each for each in here.bob.seen if payload(each).get("whitelists")]


async def test_who_joins_learns_it_and_who_is_promoted_may_speak(focus: Focus, person: NewPerson) -> None:
    here = await meeting(focus, person)
    await here.moderate(here.ada, enable="true", mediaType="video")
    cleo = await person()
    await enter(cleo, here.room, "c1e0c1e0")
    await here.told(cleo, enabled=True, mediaType="video")
    await muc.set_affiliation(
        focus.connection, here.room, here.bob.jid.partition("/")[0], "owner", from_=focus.full
    )  # fmt: skip
    await here.told(here.ada, whitelists={"video": [f"{here.room}/3fa81c02", f"{here.room}/b7d40e95"]})
    await muc.set_affiliation(
        focus.connection, here.room, here.bob.jid.partition("/")[0], "none", from_=focus.full
    )  # fmt: skip
    await here.told(here.bob, removed=True, mediaType="video")


async def test_others_moderate_nothing(focus: Focus, person: NewPerson) -> None:
    here = await meeting(focus, person)
    for attributes in (
        {"enable": "true", "mediaType": "audio"},
        {"jidToWhitelist": f"{here.room}/b7d40e95", "mediaType": "audio"},
    ):
        here.bob.seen.clear()
        await here.moderate(here.bob, **attributes)
        await refused(here.bob, here.service)
    await here.moderate(here.ada, enable="true", mediaType="smell")
    await refused(here.ada, here.service)
    await here.moderate(here.ada, jidToWhitelist=f"{here.room}/b7d40e95", mediaType="audio")
    told = await here.told(here.bob, approved=True)  # moderation is off: a pure request to unmute
    assert told["from"] == f"{here.room}/3fa81c02"


async def test_moderation_outlives_the_service(focus: Focus, person: NewPerson, rooms: RoomsProcess) -> None:
    here = await meeting(focus, person)
    await here.moderate(here.ada, enable="true", mediaType="audio")
    await here.told(here.ada, enabled=True)
    rooms.kill()
    cleo = await person()
    await enter(cleo, here.room, "c1e0c1e0")
    rooms.start()
    await rooms.healthy()
    await here.told(cleo, enabled=True, mediaType="audio")
    await here.moderate(here.ada, jidToWhitelist=f"{here.room}/c1e0c1e0", mediaType="audio")
    await here.told(cleo, approved=True)


def poll(here: Meeting, **body: object) -> Element:
    return message(here.service, f"{{{JITMEET}}}json-message", None, json.dumps({"type": "polls", **body}))


async def test_polls_are_of_who_sent_them(focus: Focus, person: NewPerson) -> None:
    here = await meeting(focus, person)
    lunch = {"command": "new-poll", "pollId": "p1", "question": "Lunch?", "answers": [{"name": "Yes"}, {"name": "No"}]}
    await here.bob.send(poll(here, **lunch, senderId="3fa81c02", senderName="Ada"))
    for who in (here.ada, here.bob):
        assert (await here.told(who, command="new-poll"))["senderId"] == "b7d40e95"
    await here.ada.send(poll(here, command="answer-poll", pollId="p1", answers=[True, False], senderId="b7d40e95"))
    told = await here.told(here.bob, command="answer-poll")
    assert (told["senderId"], told["answers"]) == ("3fa81c02", [True, False])
    cleo = await person()
    await enter(cleo, here.room, "c1e0c1e0")
    (old,) = (await here.told(cleo, command="old-polls"))["polls"]
    assert [[voter["id"] for voter in answer["voters"]] for answer in old["answers"]] == [["3fa81c02"], []]
    for bad in (lunch, {**lunch, "pollId": "p2", "question": "x" * 1100}, {"command": "answer-poll", "pollId": "p9"}):
        here.bob.seen.clear()
        await here.bob.send(poll(here, **bad))
        await refused(here.bob, here.service)


async def test_poll_making_can_be_the_moderators(focus: Focus, person: NewPerson) -> None:
    here = await meeting(focus, person)
    body = json.dumps({"type": "room_metadata", "key": "permissions", "data": {"pollCreationRestricted": True}})
    await here.ada.send(message(here.service, f"{{{JITMEET}}}room_metadata", {"room": here.room}, body))
    await here.told(here.bob, metadata={"permissions": {"pollCreationRestricted": True}})
    lunch = {"command": "new-poll", "pollId": "p1", "question": "Lunch?", "answers": [{"name": "Yes"}, {"name": "No"}]}
    await here.bob.send(poll(here, **lunch))
    await refused(here.bob, here.service)
    await here.ada.send(poll(here, **lunch))
    await here.told(here.bob, command="new-poll")


async def test_speaking_time_is_kept_for_who_joins(focus: Focus, person: NewPerson) -> None:
    here = await meeting(focus, person)
    await here.bob.send(message(here.service, f"{{{JITMEET}}}speakerstats", {"room": here.room, "silence": "false"}))
    await asyncio.sleep(0.5)
    await here.ada.send(message(here.service, f"{{{JITMEET}}}speakerstats", {"room": here.room, "silence": "false"}))
    cleo = await person()
    await enter(cleo, here.room, "c1e0c1e0")
    users = (await here.told(cleo, type="speakerstats"))["users"]
    assert 100 < users["b7d40e95"]["totalDominantSpeakerTime"] < 5000
    assert set(users) == {"b7d40e95", "3fa81c02"}
