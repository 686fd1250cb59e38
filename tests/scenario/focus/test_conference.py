"""Conferences from the first request to the last farewell, with a fake clock."""

import asyncio
from dataclasses import replace

import pytest

from pyjitsi.xmpp.stanzas import disco, jingle
from pyjitsi.xmpp.stanzas.errors import StanzaError
from tests.scenario.focus.story import (
    BREWERY,
    CLIENT_TRANSPORT,
    TIMEOUT,
    Story,
    allocate,
    contents,
    owners_told,
    refuse,
)


async def meeting(*nicks: str) -> Story:
    """A conference in which these have accepted."""
    story = Story()
    await story.bridge_appears()
    await story.joins(*nicks)
    for position, nick in enumerate(nicks, 1):
        await story.accepts(nick, position * 100 + 1, position * 100 + 2)
    return story


async def test_one_alone_is_moderator_and_not_invited_two_are() -> None:
    story = Story()
    await story.bridge_appears()
    await story.joins("aaaaaaaa")
    assert (story.owners, story.sent, story.asked) == (["aaaaaaaa@talk.example"], [], [])
    await story.joins("bbbbbbbb")
    for nick in ("aaaaaaaa", "bbbbbbbb"):
        (offer,) = story.told(nick, "session-initiate")
        assert [content.name for content in offer.contents] == ["audio", "video"]
        assert offer.group == ("audio", "video")
        assert set(owners_told(offer)) == {"jvb"}
    first, second = (request for _, request in story.asked)
    assert (first.create, first.name, second.create) == (True, "atrium@conference.talk.example", False)
    assert first.endpoints[0].transport is not None
    assert first.endpoints[0].transport.ice_controlling


async def test_an_accept_reaches_the_bridge_and_the_others() -> None:
    story = await meeting("aaaaaaaa", "bbbbbbbb")
    update = next(r for _, r in story.asked if r.endpoints[0].id == "aaaaaaaa" and r.endpoints[0].sources)
    assert update.endpoints[0].transport is not None
    assert update.endpoints[0].transport.ice == CLIENT_TRANSPORT
    assert [source.id for source in update.endpoints[0].sources or ()] == ["aaaaaaaa-v0", "aaaaaaaa-a0"]
    (added,) = story.told("aaaaaaaa", "source-add")
    assert set(owners_told(added)) == {"bbbbbbbb"}


async def test_sources_are_not_told_before_the_accept_and_all_are_told_then() -> None:
    story = await meeting("aaaaaaaa", "bbbbbbbb")
    await story.joins("cccccccc")
    await story.says("aaaaaaaa", "source-remove", contents=contents("aaaaaaaa", 101, [102])[1:])
    await story.says("bbbbbbbb", "source-add", contents=contents("bbbbbbbb", 0, [299])[1:])
    assert story.told("cccccccc", "source-add") == []
    await story.accepts("cccccccc", 301, 302)
    (removed,) = story.told("cccccccc", "source-remove")
    (added,) = story.told("cccccccc", "source-add")
    assert [source.ssrc for source in owners_told(removed)["aaaaaaaa"].video] == [102]
    assert [source.ssrc for source in owners_told(added)["bbbbbbbb"].video] == [299]


async def test_receivers_are_told_the_first_layer_alone_and_the_bridge_all() -> None:
    story = Story()
    await story.bridge_appears()
    await story.joins("aaaaaaaa", "bbbbbbbb")
    await story.accepts("aaaaaaaa", 11, 21, 22, 23)
    await story.accepts("bbbbbbbb", 12, 31)
    told = owners_told(story.told("bbbbbbbb", "source-add")[0])["aaaaaaaa"]
    assert ([source.ssrc for source in told.video], told.video_groups) == ([21], ())
    update = next(r for _, r in story.asked if r.endpoints[0].id == "aaaaaaaa" and r.endpoints[0].sources)
    assert update.endpoints[0].sources is not None
    assert update.endpoints[0].sources[0].groups[0].ssrcs == (21, 22, 23)


async def test_a_client_without_compact_sources_gets_the_long_form() -> None:
    story = Story()
    story.features["bbbbbbbb"] = (disco.AUDIO, disco.VIDEO)
    await story.bridge_appears()
    await story.joins("aaaaaaaa", "bbbbbbbb")
    (offer,) = story.told("bbbbbbbb", "session-initiate")
    assert offer.json is None
    assert [(s.owner, s.ssrc) for content in offer.contents for s in content.sources] == [("jvb", 71), ("jvb", 72)]
    await story.accepts("bbbbbbbb", 12, 31)
    await story.accepts("aaaaaaaa", 11, 21)
    (added,) = story.told("bbbbbbbb", "source-add")
    assert [(c.name, c.sources[0].owner, c.sources[0].ssrc) for c in added.contents] == [
        ("audio", "aaaaaaaa", 11), ("video", "aaaaaaaa", 21),
    ]  # fmt: skip


async def test_who_vanishes_is_expired_and_nobody_is_told_what_they_see_themselves() -> None:
    story = await meeting("aaaaaaaa", "bbbbbbbb", "cccccccc")
    before = len(story.sent)
    await story.leaves("bbbbbbbb")
    assert story.asked[-1][1].endpoints[0].expire
    assert story.asked[-1][1].endpoints[0].id == "bbbbbbbb"
    assert len(story.sent) == before
    await story.joins("dddddddd")
    assert set(owners_told(story.told("dddddddd", "session-initiate")[0])) == {"jvb", "aaaaaaaa", "cccccccc"}


async def test_who_never_accepts_stops_nobody() -> None:
    story = Story()
    story.client_error = TIMEOUT
    await story.bridge_appears()
    await story.joins("aaaaaaaa", "bbbbbbbb", "cccccccc")
    story.client_error = None
    await story.accepts("aaaaaaaa", 11, 21)
    await story.accepts("bbbbbbbb", 12, 22)
    await story.pass_time(3600)
    assert set(owners_told(story.told("aaaaaaaa", "source-add")[0])) == {"bbbbbbbb"}


async def test_a_dead_bridges_people_are_invited_on_another_with_a_new_sid() -> None:
    story = await meeting("aaaaaaaa", "bbbbbbbb")
    await story.bridge_appears("bergen", stress="0.7")
    old = story.sid("aaaaaaaa")
    await story.bridge_dies()
    for nick in ("aaaaaaaa", "bbbbbbbb"):
        (ended,) = story.told(nick, "session-terminate")
        assert (ended.sid != story.sid(nick), ended.reason) == (True, "success")
        assert story.told(nick, "source-remove") == []
    assert story.sid("aaaaaaaa") != old
    assert {name for name, r in story.asked if any(e.create for e in r.endpoints)} == {"oslo", "bergen"}
    await story.accepts("aaaaaaaa", 101, 102)


async def test_without_a_bridge_people_wait_and_are_told_so() -> None:
    story = await meeting("aaaaaaaa", "bbbbbbbb")
    await story.bridge_dies()
    assert story.properties[-1][1] is False
    invited = len(story.told("aaaaaaaa", "session-initiate"))
    await story.bridge_appears()
    assert story.properties[-1][1] is True
    assert len(story.told("aaaaaaaa", "session-initiate")) == invited + 1


async def test_an_endpoint_that_the_bridge_forgot_is_invited_alone() -> None:
    story = await meeting("aaaaaaaa", "bbbbbbbb")
    story.bridge_answer = lambda request: (
        refuse("item-not-found", "unknown_endpoint") if not request.endpoints[0].create else allocate(request)
    )
    await story.says("aaaaaaaa", "source-add", contents=contents("aaaaaaaa", 0, [199])[1:2])
    assert len(story.told("aaaaaaaa", "session-initiate")) == 2
    assert len(story.told("bbbbbbbb", "session-initiate")) == 1


async def test_a_bridge_that_lost_the_conference_gets_everybody_anew() -> None:
    story = await meeting("aaaaaaaa", "bbbbbbbb")
    story.bridge_answer = lambda request: (
        allocate(request) if request.create or (request.endpoints and request.endpoints[0].create)
        else refuse("item-not-found", "conference_not_found")
    )  # fmt: skip
    await story.says("aaaaaaaa", "source-add", contents=contents("aaaaaaaa", 0, [199])[1:2])
    assert [len(story.told(nick, "session-initiate")) for nick in ("aaaaaaaa", "bbbbbbbb")] == [2, 2]
    assert story.asked[-1][1].create or any(r.create for _, r in story.asked[-4:])


async def test_a_bridge_that_does_not_answer_an_allocation_is_left_alone_for_a_minute() -> None:
    story = Story()
    story.bridge_answer = lambda _request: TIMEOUT
    await story.bridge_appears()
    await story.joins("aaaaaaaa", "bbbbbbbb")
    assert story.choice.select(story.time) is None
    assert story.properties[-1][1] is False
    story.time += 61
    story.bridge_answer = allocate
    assert story.bridges.healthy(f"{BREWERY}/oslo", story.time) is not None
    story.conference.bridge_found()
    await story.settle()
    assert story.told("aaaaaaaa", "session-initiate")


async def test_a_restart_brings_a_new_session_within_limits() -> None:
    story = await meeting("aaaaaaaa", "bbbbbbbb")
    offer = story.told("aaaaaaaa", "session-initiate")[0]
    assert offer.bridge_session is not None
    wish = jingle.BridgeSession(offer.bridge_session.id, restart=True)
    with pytest.raises(StanzaError) as wrong:
        await story.says("aaaaaaaa", "session-terminate", bridge_session=jingle.BridgeSession("other", restart=True))
    assert wrong.value.condition == "item-not-found"
    await story.says("aaaaaaaa", "session-terminate", bridge_session=wish, reason="connectivity-error")
    await asyncio.sleep(0)
    await story.settle()
    assert len(story.told("aaaaaaaa", "session-initiate")) == 2
    assert set(owners_told(story.told("bbbbbbbb", "source-remove")[0])) == {"aaaaaaaa"}
    with pytest.raises(StanzaError) as limited:
        await story.says("aaaaaaaa", "session-terminate", bridge_session=wish)
    assert limited.value.condition == "resource-constraint"
    assert len(story.told("bbbbbbbb", "session-initiate")) == 1


async def test_who_ends_the_session_stays_uninvited() -> None:
    story = await meeting("aaaaaaaa", "bbbbbbbb")
    await story.says("aaaaaaaa", "session-terminate", reason="success")
    await story.pass_time(60)
    assert len(story.told("aaaaaaaa", "session-initiate")) == 1


async def test_one_who_is_left_alone_loses_the_session_after_twenty_seconds() -> None:
    story = await meeting("aaaaaaaa", "bbbbbbbb")
    await story.leaves("bbbbbbbb")
    await story.pass_time(19)
    assert story.told("aaaaaaaa", "session-terminate") == []
    await story.pass_time(2)
    assert story.told("aaaaaaaa", "session-terminate")[0].reason == "expired"
    assert story.asked[-1][1].expire
    await story.joins("cccccccc")
    assert len(story.told("aaaaaaaa", "session-initiate")) == 2
    assert story.asked[-1][1].meeting_id == story.asked[0][1].meeting_id


async def test_a_room_that_nobody_enters_or_all_have_left_is_given_up() -> None:
    empty = Story()
    await empty.pass_time(16)
    assert empty.is_over
    story = await meeting("aaaaaaaa", "bbbbbbbb")
    await story.leaves("aaaaaaaa")
    await story.leaves("bbbbbbbb")
    assert story.is_over
    assert [request.expire for _, request in story.asked].count(True) == 1


async def test_who_stepped_down_is_moderator_again_only_where_nobody_else_is() -> None:
    story = Story()
    await story.joins("aaaaaaaa", "bbbbbbbb")
    await story.joins("aaaaaaaa", affiliation="owner")
    await story.joins("aaaaaaaa", affiliation="member")
    assert story.owners[-1] == "bbbbbbbb@talk.example"
    await story.leaves("bbbbbbbb")
    assert story.owners[-1] == "aaaaaaaa@talk.example"


async def test_many_who_come_at_once_are_one_election() -> None:
    story = Story()
    await story.joins("aaaaaaaa", "bbbbbbbb", "cccccccc")
    assert story.owners == ["aaaaaaaa@talk.example"]


async def test_who_leaves_while_being_made_owner_is_followed_by_the_next() -> None:
    story = Story()
    joining = asyncio.create_task(story.joins("aaaaaaaa", "bbbbbbbb"))
    await asyncio.sleep(0)
    story.conference.gone("aaaaaaaa")
    await joining
    assert story.owners == ["aaaaaaaa@talk.example", "bbbbbbbb@talk.example"]


async def test_ownership_passes_on_when_the_owner_leaves() -> None:
    story = Story()
    await story.joins("aaaaaaaa")
    await story.joins("aaaaaaaa", affiliation="owner")
    await story.joins("bbbbbbbb")
    assert story.owners == ["aaaaaaaa@talk.example"]
    await story.leaves("aaaaaaaa")
    assert story.owners[-1] == "bbbbbbbb@talk.example"


async def test_those_beyond_the_limit_start_muted() -> None:
    story = Story()
    story.conference.start_muted = (1, None)
    await story.bridge_appears()
    await story.joins("aaaaaaaa", "bbbbbbbb")
    assert story.told("aaaaaaaa", "session-initiate")[0].start_muted is None
    assert story.told("bbbbbbbb", "session-initiate")[0].start_muted == (True, False)


@pytest.mark.parametrize(
    ("action", "parts", "condition"),
    [
        ("source-add", {"sid": "nobody's"}, "bad-request"),
        ("session-accept", {"contents": contents("aaaaaaaa", 7, [8])}, "bad-request"),
        ("source-add", {"contents": contents("aaaaaaaa", 7, [8])}, "unexpected-request"),
        ("transport-info", {}, "bad-request"),
        ("description-info", {}, "feature-not-implemented"),
    ],
)
async def test_what_can_not_be_is_refused(action: str, parts: dict[str, object], condition: str) -> None:
    story = Story()
    await story.bridge_appears()
    await story.joins("aaaaaaaa", "bbbbbbbb")
    with pytest.raises(StanzaError) as refused:
        await story.says("aaaaaaaa", action, **parts)
    assert refused.value.condition == condition


async def test_somebody_who_is_not_in_the_room_has_no_session() -> None:
    story = await meeting("aaaaaaaa", "bbbbbbbb")
    with pytest.raises(StanzaError, match="no session"):
        await story.says("stranger", "session-terminate", sid=story.sid("aaaaaaaa"))


async def test_a_client_that_refuses_the_offer_is_left_and_its_endpoint_freed() -> None:
    story = Story()
    story.client_error = refuse("service-unavailable")
    await story.bridge_appears()
    await story.joins("aaaaaaaa", "bbbbbbbb")
    assert {nick for nick, each in story.sent if each.action == "session-terminate"} == {"aaaaaaaa", "bbbbbbbb"}
    assert story.asked[-1][1].expire


async def test_an_answer_that_a_bridge_would_refuse_costs_only_its_sender() -> None:
    story = Story()
    await story.bridge_appears()
    await story.joins("aaaaaaaa", "bbbbbbbb", "cccccccc")
    await story.accepts("aaaaaaaa", 11, 12)
    await story.accepts("bbbbbbbb", 21, 22)
    for ufrag, pwd, text in (("abc", "x" * 22, "ufrag has 3"), ("abcd", "not-legal" * 3, "pwd has a character")):
        bad = replace(CLIENT_TRANSPORT, ufrag=ufrag, pwd=pwd)
        with pytest.raises(StanzaError, match=text):
            await story.accepts("cccccccc", 31, 32, transport=bad)
    # And where a bridge finds fault with what the focus let through.
    story.bridge_answer = lambda _request: refuse("bad-request")
    await story.accepts("cccccccc", 31, 32)
    assert [len(story.told(nick, "session-initiate")) for nick in ("aaaaaaaa", "bbbbbbbb", "cccccccc")] == [1, 1, 1]
    assert not story.told("aaaaaaaa", "session-terminate")
    third = story.conference.members.get("cccccccc")
    assert third is not None
    assert third.session is not None
    assert third.session.state == "ended"


async def test_in_a_large_room_sources_are_told_together() -> None:
    story = Story()
    await story.bridge_appears()
    people = [f"p{number:07}" for number in range(60)]
    await story.joins(*people)
    for number, nick in enumerate(people):
        await story.accepts(nick, 10 * number + 1, 10 * number + 2)
    await story.pass_time(1.0)
    first = story.told(people[0], "source-add")
    assert len(first) < 5
    assert {owner for each in first for owner in owners_told(each)} == set(people[1:])
    # Nobody is told twice, and who leaves within the delay is told of as gone.
    assert sum(len(owners_told(each)) for each in first) == 59
    await story.says(people[1], "source-remove", contents=contents(people[1], 0, [12])[1:2])
    assert not story.told(people[0], "source-remove")
    await story.pass_time(1.0)
    assert len(story.told(people[0], "source-remove")) == 1
