"""Clients that learn of others' sources from the bridge alone (SSRC rewriting)."""

from pyjitsi.focus.record import from_json, to_json
from pyjitsi.xmpp.stanzas import colibri2, disco
from tests.scenario.focus.story import FEATURES, Story, contents, owners_told

ABLE = (*FEATURES, disco.SSRC_REWRITING)


async def trio(*, ssrc_rewriting: bool = True) -> Story:
    """Two of three can it."""
    story = Story(ssrc_rewriting=ssrc_rewriting)
    story.features = {"aaaaaaaa": ABLE, "bbbbbbbb": ABLE}
    await story.bridge_appears()
    await story.joins("aaaaaaaa", "bbbbbbbb", "cccccccc")
    for position, nick in enumerate(("aaaaaaaa", "bbbbbbbb", "cccccccc"), 1):
        await story.accepts(nick, position * 100 + 1, position * 100 + 2)
    return story


async def test_the_bridge_is_told_who_can_it() -> None:
    story = await trio()
    able = {
        each.id: colibri2.SSRC_REWRITING in each.capabilities
        for _, request in story.asked for each in request.endpoints if each.create
    }  # fmt: skip
    assert able == {"aaaaaaaa": True, "bbbbbbbb": True, "cccccccc": False}


async def test_the_bridge_is_told_who_takes_m_lines_from_packets() -> None:
    for wanted in (True, False):
        story = Story(rtp_mid_demux=wanted)
        story.features = {"aaaaaaaa": (*ABLE, disco.RTP_MID_DEMUX), "bbbbbbbb": (*FEATURES, disco.RTP_MID_DEMUX)}
        await story.bridge_appears()
        await story.joins("aaaaaaaa", "bbbbbbbb", "cccccccc")
        able = {
            each.id for _, request in story.asked for each in request.endpoints
            if each.create and colibri2.RTP_MID_DEMUX in each.capabilities
        }  # fmt: skip
        assert able == ({"aaaaaaaa"} if wanted else set()), "it takes SSRC rewriting too"


async def test_who_can_it_is_told_of_no_sources_but_the_bridges_and_the_other_of_all() -> None:
    story = await trio()
    await story.says("bbbbbbbb", "source-add", contents=contents("bbbbbbbb", 0, [299])[1:])
    await story.joins("dddddddd")
    story.features["eeeeeeee"] = ABLE
    await story.joins("eeeeeeee")
    (offer,) = story.told("eeeeeeee", "session-initiate")
    assert set(owners_told(offer)) == {"jvb"}
    assert story.told("aaaaaaaa", "source-add") == []
    (offer,) = story.told("dddddddd", "session-initiate")
    assert set(owners_told(offer)) == {"jvb", "aaaaaaaa", "bbbbbbbb", "cccccccc"}
    assert {owner for each in story.told("cccccccc", "source-add") for owner in owners_told(each)} == {
        "aaaaaaaa", "bbbbbbbb",
    }  # fmt: skip


async def test_the_bridge_is_told_of_every_source_all_the_same() -> None:
    story = await trio()
    told = {each.id for _, request in story.asked for each in request.endpoints if each.sources}
    assert told == {"aaaaaaaa", "bbbbbbbb", "cccccccc"}


async def test_it_can_be_switched_off() -> None:
    story = await trio(ssrc_rewriting=False)
    assert not any(
        colibri2.SSRC_REWRITING in each.capabilities for _, request in story.asked for each in request.endpoints
    )
    assert story.told("aaaaaaaa", "source-add")


async def test_after_a_restart_of_the_focus_it_is_as_before() -> None:
    before = await trio()
    again = Story(from_json(to_json(before.conference.record())))
    again.features = before.features
    await again.bridge_appears()
    await again.joins("aaaaaaaa", "bbbbbbbb", "cccccccc")
    again.conference.entered()
    await again.settle()
    assert again.sent == []
    await again.says("bbbbbbbb", "source-add", sid=before.sid("bbbbbbbb"), contents=contents("bbbbbbbb", 0, [299])[1:])
    assert [nick for nick, _ in again.sent] == ["cccccccc"]
