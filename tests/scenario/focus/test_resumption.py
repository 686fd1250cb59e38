"""A focus that starts anew goes on with the sessions that its earlier life began."""

from dataclasses import replace
from pathlib import Path

from pyjitsi.focus.journal import Journal
from pyjitsi.focus.record import ConferenceRecord, from_json, to_json
from tests.scenario.focus.story import BREWERY, Story, contents, owners_told, refuse
from tests.scenario.focus.test_conference import meeting

TRIO = ("aaaaaaaa", "bbbbbbbb", "cccccccc")


async def after(story: Story, *present: str, bridge: bool = True) -> Story:
    """A new focus with what the old one wrote down, in a room with these people."""
    record = from_json(to_json(story.conference.record()))
    again = Story(record)
    if bridge:
        await again.bridge_appears()
    await again.joins(*present)
    again.conference.entered()
    await again.settle()
    return again


async def test_nobody_is_invited_again_and_the_bridge_is_asked_whether_it_knows_them() -> None:
    again = await after(await meeting(*TRIO), *TRIO)
    assert again.sent == []
    assert [(request.create, request.endpoints[0].id) for _, request in again.asked] == [(False, nick) for nick in TRIO]
    assert all(request.endpoints[0].sources for _, request in again.asked)


async def test_sessions_go_on_under_their_old_ids() -> None:
    before = await meeting(*TRIO)
    again = await after(before, *TRIO)
    await again.says(
        "aaaaaaaa", "source-remove", sid=before.sid("aaaaaaaa"), contents=contents("aaaaaaaa", 101, [])[:1]
    )
    assert [removed.sid for removed in again.told("bbbbbbbb", "source-remove")] == [before.sid("bbbbbbbb")]


async def test_who_came_meanwhile_is_invited_and_told_of_all() -> None:
    again = await after(await meeting("aaaaaaaa", "bbbbbbbb"), *TRIO)
    assert [nick for nick, _ in again.sent] == ["cccccccc"]
    (offer,) = again.told("cccccccc", "session-initiate")
    assert set(owners_told(offer)) == {"jvb", "aaaaaaaa", "bbbbbbbb"}


async def test_who_left_meanwhile_is_taken_from_the_bridge() -> None:
    again = await after(await meeting(*TRIO), "aaaaaaaa", "bbbbbbbb")
    expired = [each.id for _, request in again.asked for each in request.endpoints if each.expire]
    assert expired == ["cccccccc"]


async def test_somebody_else_under_an_old_nick_gets_a_session_of_its_own() -> None:
    before = await meeting(*TRIO)
    record = before.conference.record()
    again = Story(record)
    await again.bridge_appears()
    await again.joins("aaaaaaaa", "bbbbbbbb")
    stranger = before.conference.members.get("cccccccc")
    assert stranger is not None
    again.conference.present("cccccccc", replace(stranger.occupant, jid="other@talk.example/r"))
    again.conference.entered()
    await again.settle()
    assert [nick for nick, each in again.sent if each.action == "session-initiate"] == ["cccccccc"]
    of_it = [request.endpoints[0] for _, request in again.asked if request.endpoints[0].id == "cccccccc"]
    assert [(each.expire, each.create) for each in of_it] == [(True, False), (False, True)]


async def test_an_offer_that_was_not_accepted_is_made_again() -> None:
    before = await meeting("aaaaaaaa", "bbbbbbbb")
    await before.joins("cccccccc")
    again = await after(before, *TRIO)
    assert len(again.told("cccccccc", "session-initiate")) == 1


async def test_a_bridge_that_knows_them_no_more_costs_an_invitation() -> None:
    before = await meeting(*TRIO)
    again = Story(before.conference.record())
    await again.bridge_appears()
    answers = iter([refuse("item-not-found", "conference_not_found")])
    allocate = again.bridge_answer
    again.bridge_answer = lambda request: next(answers, None) or allocate(request)
    await again.joins(*TRIO)
    again.conference.entered()
    await again.settle()
    assert all(len(again.told(nick, "session-initiate")) == 1 for nick in TRIO)


async def test_a_bridge_that_is_gone_costs_an_invitation_when_one_is_back() -> None:
    again = await after(await meeting(*TRIO), *TRIO, bridge=False)
    assert again.told("aaaaaaaa", "session-initiate") == []
    await again.bridge_appears()
    assert all(len(again.told(nick, "session-initiate")) == 1 for nick in TRIO)


async def test_changes_are_announced_for_writing() -> None:
    story = await meeting("aaaaaaaa", "bbbbbbbb")
    for act in (
        lambda: story.says("aaaaaaaa", "source-remove", contents=contents("aaaaaaaa", 101, [])[:1]),
        lambda: story.says("aaaaaaaa", "source-add", contents=contents("aaaaaaaa", 501, [])[:1]),
        lambda: story.leaves("bbbbbbbb"),
    ):
        before = story.changes
        await act()
        assert story.changes > before


async def test_a_record_survives_its_file(tmp_path: Path) -> None:
    record = (await meeting(*TRIO)).conference.record()
    assert {each.bridge for each in record.sessions} == {f"{BREWERY}/oslo"}
    journal = Journal(tmp_path / "focus")
    journal.write(record)
    assert journal.read(record.room) == record
    assert list(journal.rooms()) == [record.room]
    journal.forget(record.room)
    assert list(journal.rooms()) == []


def test_a_spoilt_page_is_thrown_away(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.write(ConferenceRecord("a@b", "m"))
    (page,) = tmp_path.glob("*.json")
    for text in (b"", b"[]", b'{"room": "a@b"}', b'{"room": "a@b", "meeting_id": "m", "version": 99}', b"\xff\x00"):
        page.write_bytes(text)
        assert journal.read("a@b") is None
        assert not page.exists()


def test_a_full_disk_costs_no_conference(tmp_path: Path) -> None:
    (tmp_path / "focus").write_text("in the way")
    Journal(tmp_path / "focus").write(ConferenceRecord("a@b", "m"))
