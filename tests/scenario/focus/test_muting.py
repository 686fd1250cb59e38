"""Mute requests and AV moderation, with a fake clock and a played bridge."""

from dataclasses import replace
from typing import Any

import pytest

from pyjitsi.xmpp.stanzas import jingle, json_sources, ssma
from pyjitsi.xmpp.stanzas.colibri2 import ForceMute
from pyjitsi.xmpp.stanzas.errors import StanzaError
from pyjitsi.xmpp.stanzas.mute import Medium, Mute
from tests.scenario.focus.story import ROOM, Story
from tests.scenario.focus.test_conference import meeting

HOST, GUEST = "aaaaaaaa", "bbbbbbbb"


@pytest.fixture
async def story() -> Story:
    """A host who is owner, and a guest."""
    story = await meeting(HOST, GUEST)
    host = story.conference.members.get(HOST)
    assert host is not None
    story.conference.present(HOST, replace(host.occupant, affiliation="owner"))
    return story


async def said(story: Story, **message: Any) -> None:
    story.conference.moderation({"type": "av_moderation", "room": ROOM, **message})
    await story.settle()


def forced(story: Story, nick: str) -> list[ForceMute]:
    """What bridges were told of somebody, in order."""
    return [
        each.force_mute
        for _, request in story.asked
        for each in request.endpoints
        if each.id == nick and each.force_mute is not None
    ]


def request(story: Story, sender: str, target: str, *, mute: bool = True, medium: Medium = "audio") -> None:
    story.conference.muting.request(sender, Mute(medium, f"{ROOM}/{target}", mute))


async def test_a_moderator_mutes_and_is_named(story: Story) -> None:
    request(story, HOST, GUEST)
    await story.settle()
    assert story.muted == [(GUEST, "audio", f"{ROOM}/{HOST}")]
    assert forced(story, GUEST) == []  # a request only: moderation is off


@pytest.mark.parametrize(
    ("sender", "target", "mute"), [(GUEST, HOST, True), (GUEST, HOST, False), (HOST, GUEST, False)]
)
async def test_others_mute_nobody_and_nobody_unmutes_another(
    story: Story, sender: str, target: str, mute: bool
) -> None:
    with pytest.raises(StanzaError) as refused:
        request(story, sender, target, mute=mute)
    await story.settle()
    assert (refused.value.condition, story.muted) == ("not-allowed", [])


async def test_moderation_mutes_all_but_its_actor_and_the_bridge_drops_what_comes(story: Story) -> None:
    await said(story, enabled=True, mediaType="audio", actor=f"{ROOM}/{HOST}")
    assert story.muted == [(GUEST, "audio", None)]
    assert forced(story, GUEST) == [ForceMute(True, False)]
    assert forced(story, HOST) == []
    with pytest.raises(StanzaError) as refused:
        request(story, GUEST, GUEST, mute=False)
    assert refused.value.condition == "not-allowed"
    await said(story, whitelists={"audio": [f"{ROOM}/{HOST}", f"{ROOM}/{GUEST}"]}, mediaType="audio")
    assert forced(story, GUEST)[-1] == ForceMute(False, False)
    request(story, GUEST, GUEST, mute=False)
    await said(story, whitelists={"audio": [f"{ROOM}/{HOST}"]}, mediaType="audio", removed=True)
    assert forced(story, GUEST)[-1] == ForceMute(True, False)
    await said(story, enabled=False, mediaType="audio", actor=f"{ROOM}/{HOST}")
    assert forced(story, GUEST)[-1] == ForceMute(False, False)


async def test_who_may_speak_no_longer_is_told_so_and_nobody_else(story: Story) -> None:
    await said(story, enabled=True, mediaType="audio", actor=f"{ROOM}/{HOST}")
    await said(story, whitelists={"audio": [f"{ROOM}/{GUEST}"]}, mediaType="audio")
    story.muted.clear()
    await said(story, whitelists={"audio": [f"{ROOM}/{GUEST}"], "video": []}, mediaType="video")
    assert story.muted == []
    await said(story, whitelists={}, mediaType="audio", removed=True)
    assert story.muted == [(GUEST, "audio", None)]


async def test_who_joins_later_is_dropped_from_the_first_packet(story: Story) -> None:
    await said(story, enabled=True, mediaType="audio", actor=f"{ROOM}/{HOST}")
    await said(story, enabled=True, mediaType="video", actor=f"{ROOM}/{HOST}")
    await said(story, enabled=True, mediaType="desktop", actor=f"{ROOM}/{HOST}")
    await story.joins("cccccccc")
    assert forced(story, "cccccccc") == [ForceMute(True, True)]
    (create,) = (r.endpoints[0] for _, r in story.asked if r.endpoints[0].id == "cccccccc" and r.endpoints[0].create)
    assert create.force_mute == ForceMute(True, True)


async def test_who_is_made_moderator_may_speak(story: Story) -> None:
    await said(story, enabled=True, mediaType="audio", actor=f"{ROOM}/{HOST}")
    guest = story.conference.members.get(GUEST)
    assert guest is not None
    story.conference.present(GUEST, replace(guest.occupant, affiliation="owner"))
    await story.settle()
    assert forced(story, GUEST)[-1] == ForceMute(False, False)


async def test_a_screen_waits_for_leave_while_the_camera_goes_on(story: Story) -> None:
    await said(story, enabled=True, mediaType="desktop", actor=f"{ROOM}/{HOST}")
    screen = json_sources.EndpointSources(
        video=(ssma.Source(999, f"{GUEST}-v1", f"{GUEST}-v1 s", "desktop"),)
    )  # fmt: skip
    with pytest.raises(StanzaError) as refused:
        await story.says(GUEST, "source-add", json=json_sources.build({GUEST: screen}))
    assert refused.value.condition == "not-allowed"
    assert forced(story, GUEST) == []
    await said(story, whitelists={"desktop": [f"{ROOM}/{GUEST}"]}, mediaType="desktop")
    await story.says(GUEST, "source-add", json=json_sources.build({GUEST: screen}))
    assert isinstance(story.told(HOST, "source-add")[-1], jingle.Jingle)


@pytest.mark.parametrize(
    "message",
    [{}, {"mediaType": []}, {"mediaType": "smell", "enabled": True}, {"mediaType": "audio", "whitelists": ["x"]},
     {"mediaType": "audio", "whitelists": {"audio": {"x": 1}}}],
)  # fmt: skip
async def test_what_can_not_be_understood_changes_nothing(story: Story, message: dict[str, Any]) -> None:
    await said(story, **message)
    assert (story.muted, forced(story, GUEST)) == ([], [])


async def test_a_moderator_who_goes_to_a_breakout_room_leaves_no_vacancy(story: Story) -> None:
    story.owners.clear()
    story.conference.gone(HOST, switching=True)
    await story.settle()
    assert story.owners == []
