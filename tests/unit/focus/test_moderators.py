"""Who is a meeting's moderator while everybody moves between its rooms."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from pyjitsi.focus.moderators import WAY_SECONDS, Moderators

MAIN, GROUP = "all@conference.example", "group@breakout.example"


@dataclass
class Place:
    main: str | None = None
    moderated: bool = False
    elections: int = 0

    def has_moderator(self) -> bool:
        return self.moderated

    def elect(self) -> None:
        self.elections += 1


class Meeting:
    """A main room and a breakout room, and the timers that run."""

    def __init__(self) -> None:
        self.main: Place = Place()
        self.group: Place = Place(MAIN)
        self.timers: list[tuple[float, Callable[[], None]]] = []
        self.rooms: dict[str, Place] = {MAIN: self.main, GROUP: self.group}
        self.moderators: Moderators = Moderators(
            self.rooms, lambda seconds, action: self.timers.append((seconds, action))
        )


@pytest.fixture
def meeting() -> Meeting:
    return Meeting()


def test_a_moderator_in_a_breakout_room_is_one_of_the_meeting_and_of_no_other(meeting: Meeting) -> None:
    assert not meeting.moderators.are_elsewhere(MAIN, 0.0)
    meeting.group.moderated = True
    assert meeting.moderators.are_elsewhere(MAIN, 0.0)
    assert not meeting.moderators.are_elsewhere("other@conference.example", 0.0)


def test_on_the_way_nobody_takes_the_place_even_where_the_rooms_conference_ended(meeting: Meeting) -> None:
    meeting.moderators.left(MAIN, 100.0, switching=True)
    del meeting.rooms[MAIN], meeting.rooms[GROUP]
    assert meeting.moderators.are_elsewhere(MAIN, 100.0 + WAY_SECONDS - 1)
    assert not meeting.moderators.are_elsewhere(MAIN, 100.0 + WAY_SECONDS)
    assert meeting.main.elections == 0


def test_who_never_arrives_is_replaced(meeting: Meeting) -> None:
    meeting.moderators.left(MAIN, 100.0, switching=True)
    meeting.moderators.left(MAIN, 101.0, switching=True)  # another
    (first, first_action), (_, second_action) = meeting.timers
    assert first == WAY_SECONDS
    first_action()
    assert meeting.main.elections == 0
    second_action()
    assert meeting.main.elections == 1
    assert not meeting.moderators.are_elsewhere(MAIN, 101.0)


def test_who_leaves_the_meeting_from_a_breakout_room_is_replaced_in_the_main_room(meeting: Meeting) -> None:
    meeting.moderators.left(MAIN, 100.0, switching=False)
    assert (meeting.main.elections, meeting.timers) == (1, [])
    del meeting.rooms[MAIN]
    meeting.moderators.left(MAIN, 100.0, switching=False)  # nobody is there to be made one
