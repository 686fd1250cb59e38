"""Dominant speaker identification on made-up levels."""

from pyjitsi.bridge.endpoint import Endpoint
from pyjitsi.bridge.plane.api import AudioLevel
from pyjitsi.bridge.speech import SpeakerDetector
from tests.unit.bridge.conftest import Stage

SILENCE, SPEECH, NOISE = "silence", "speech", "noise"


def level(kind: str, frame: int) -> int:
    """An RFC 6464 level of a 20 ms frame, 0 loudest: syllables of 200 ms with 60 ms between them, or steady noise."""
    loud = frame % 13 < 10
    match kind:
        case "speech":
            return 22 + frame * 7 % 9 if loud else 80
        case "noise":
            return 30 + frame * 5 % 3
        case _:
            return 127


class Room:
    """People whose levels come every 20 ms."""

    def __init__(self) -> None:
        self.detector = SpeakerDetector()
        self.now = 50.0
        self.frame = 0
        self.changes: list[tuple[float, str | None]] = []

    def talk(self, seconds: float, **kinds: str) -> None:
        """Let everybody be heard; who is not named sends nothing."""
        for _ in range(round(seconds / 0.02)):
            self.now += 0.02
            self.frame += 1
            for name, kind in kinds.items():
                self.detector.level(name, level(kind, self.frame), self.now)
            if self.detector.decide(self.now):
                self.changes.append((self.now, self.detector.dominant))


def test_nobody_speaks_in_an_empty_room() -> None:
    room = Room()
    room.talk(2)
    assert room.changes == []


def test_who_is_alone_is_dominant() -> None:
    room = Room()
    room.talk(1, ann=SILENCE)
    assert room.detector.dominant == "ann"


def test_who_talks_takes_over_from_who_is_silent_within_two_seconds() -> None:
    room = Room()
    room.talk(3, ann=SPEECH, bob=SILENCE)
    assert room.detector.dominant == "ann"
    began = room.now
    room.talk(4, ann=SILENCE, bob=SPEECH)
    at, who = room.changes[-1]
    assert who == "bob"
    assert 0.3 < at - began < 2.0
    assert room.detector.recent == ["bob", "ann"]


def test_a_cough_does_not_take_over() -> None:
    room = Room()
    room.talk(4, ann=SPEECH, bob=SILENCE)
    room.talk(0.08, ann=SPEECH, bob=SPEECH)
    room.talk(2, ann=SPEECH, bob=SILENCE)
    assert {who for _, who in room.changes} == {"ann"}


def test_steady_noise_is_no_speech() -> None:
    room = Room()
    room.talk(2, ann=SILENCE)
    room.talk(10, ann=SILENCE, fan=NOISE)
    assert room.detector.dominant == "ann"
    room.talk(3, ann=SPEECH, fan=NOISE)
    assert room.detector.dominant == "ann"


def test_two_who_talk_at_once_do_not_flicker() -> None:
    room = Room()
    room.talk(3, ann=SPEECH, bob=SILENCE)
    room.talk(10, ann=SPEECH, bob=SPEECH)
    assert [who for _, who in room.changes] == ["ann"]


def test_who_stops_sending_counts_as_silent() -> None:
    room = Room()
    room.talk(3, ann=SPEECH, bob=SILENCE)
    room.talk(4, bob=SPEECH)
    assert room.detector.dominant == "bob"


def test_when_the_dominant_speaker_leaves_the_one_before_is_that_again() -> None:
    room = Room()
    everybody = {"ann": SILENCE, "bob": SILENCE, "cat": SILENCE}
    for name in ("cat", "bob", "ann"):
        room.talk(3, **{**everybody, name: SPEECH})
    assert room.detector.forget("ann")
    assert room.detector.dominant == "bob"
    assert not room.detector.forget("cat")
    assert not room.detector.forget("bob"), "nobody is left to be named"
    assert room.detector.dominant is None


def test_who_leaves_is_dominant_no_more() -> None:
    room = Room()
    room.talk(3, ann=SPEECH, bob=SILENCE)
    room.detector.forget("ann")
    room.talk(1, bob=SILENCE)
    assert room.detector.dominant == "bob"
    assert room.detector.recent == ["bob"]


def test_at_most_ten_others_are_recent() -> None:
    room = Room()
    names = [f"n{index}" for index in range(15)]
    for name in names:
        room.talk(3, **{each: SPEECH if each == name else SILENCE for each in names})
    assert room.detector.recent == list(reversed(names))[:11]


def test_everybody_is_told_and_a_newcomer_too(stage: Stage) -> None:
    (ann, first), (bob, second) = stage.enter("ann"), stage.enter("bob")

    def talk(loud: Endpoint, seconds: float) -> None:
        for frame in range(round(seconds / 0.02)):
            stage.now += 0.02
            for each in (ann, bob):
                heard = level(SPEECH if each is loud else SILENCE, frame)
                stage.plane.events.append(AudioLevel(each.key, f"{each.id}-a0", heard, stage.now))
            stage.bridge.tick(stage.now)

    talk(ann, 3)
    talk(bob, 4)
    told = first.of("DominantSpeakerEndpointChangeEvent")
    assert told[-1] == {"dominantSpeakerEndpoint": "bob", "previousSpeakers": ["ann"], "silence": False}
    assert second.of("DominantSpeakerEndpointChangeEvent") == told
    _, third = stage.enter("cat")
    assert third.of("DominantSpeakerEndpointChangeEvent") == told[-1:]
