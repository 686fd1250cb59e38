"""What follows from who speaks: key frames for the stage, who is named when a speaker leaves, whom figures concern."""

import json

from pyjitsi.bridge.endpoint import Endpoint
from pyjitsi.bridge.plane.api import AudioLevel
from pyjitsi.bridge.stage import MARGIN
from pyjitsi.xmpp.stanzas import colibri2
from tests.unit.bridge.conftest import Stage, audio, video
from tests.unit.bridge.fakes import FakeChannel

NAMES = ("ann", "bob", "cat")


def trio(stage: Stage, *, screens: bool = False) -> dict[str, tuple[Endpoint, FakeChannel]]:
    """Three with cameras, or screens."""
    kind = "desktop" if screens else None
    return {
        name: stage.enter(name, audio(name, 20 + index), video(name, 10 + index, kind=kind))
        for index, name in enumerate(NAMES)
    }


def talk(stage: Stage, loud: Endpoint, everybody: dict[str, tuple[Endpoint, FakeChannel]], seconds: float = 4) -> None:
    """One speaks, the others do not."""
    for frame in range(round(seconds / 0.02)):
        stage.now += 0.02
        for each, _ in everybody.values():
            heard = 20 + frame % 7 if each is loud else 120
            stage.plane.events.append(AudioLevel(each.key, f"{each.id}-a0", heard, stage.now))
        stage.bridge.tick(stage.now)


def show(stage: Stage, endpoint: Endpoint, source: str) -> None:
    """Somebody puts a source on stage."""
    text = {"colibriClass": "ReceiverVideoConstraints", "onStageSources": [source]}
    stage.conference.message(endpoint, json.dumps(text), "1")


def test_who_begins_to_speak_is_asked_for_a_key_frame_where_somebody_will_show_it(stage: Stage) -> None:
    people = trio(stage)
    talk(stage, people["ann"][0], people)
    assert stage.plane.keyframes == [], "nobody shows anybody on stage"
    show(stage, people["cat"][0], "ann-v0")
    people["cat"][0].rtt = 0.4
    talk(stage, people["bob"][0], people)
    assert stage.plane.keyframes == [(people["bob"][0].key, "bob-v0")]


def test_it_is_asked_so_that_it_comes_with_the_wishes_of_who_is_farthest(stage: Stage) -> None:
    people = trio(stage)
    ann, bob, cat = (people[name][0] for name in NAMES)
    show(stage, cat, "ann-v0")
    cat.rtt, bob.rtt = 0.5, 0.1
    kinds = {f"{name}-v0": "camera" for name in NAMES}
    stage.conference.stage.prepare(bob, [ann, cat], kinds, stage.now)
    stage.conference.stage.tick([ann, bob, cat], stage.now + 0.4)
    assert stage.plane.keyframes == []
    stage.conference.stage.tick([ann, bob, cat], stage.now + 0.4 + MARGIN)
    assert len(stage.plane.keyframes) == 1


def test_screens_are_left_alone_and_so_is_a_meeting_of_two(stage: Stage) -> None:
    people = trio(stage, screens=True)
    show(stage, people["cat"][0], "ann-v0")
    talk(stage, people["bob"][0], people)
    assert stage.plane.keyframes == []
    stage.conference.stage.prepare(people["ann"][0], [people["bob"][0]], {"ann-v0": "camera"}, stage.now)
    stage.conference.stage.tick([people["ann"][0]], stage.now + 1)
    assert stage.plane.keyframes == []


def test_when_the_speaker_leaves_all_are_told_who_spoke_before(stage: Stage) -> None:
    people = trio(stage)
    for name in ("ann", "bob"):
        talk(stage, people[name][0], people)
    stage.ask(colibri2.Endpoint("bob", expire=True))
    told = people["cat"][1].of("DominantSpeakerEndpointChangeEvent")
    assert told[-1] == {"dominantSpeakerEndpoint": "ann", "previousSpeakers": [], "silence": False}


def test_with_the_loudest_alone_the_dominant_speaker_is_heard_always_and_who_is_wanted_by_name(stage: Stage) -> None:
    stage.bridge.loudest = 3
    people = trio(stage)
    assert stage.plane.loudest == {stage.conference.key: (3, ())}
    talk(stage, people["ann"][0], people)
    assert stage.plane.loudest[stage.conference.key] == (3, ("ann-a0",))
    hear = {"colibriClass": "ReceiverAudioSubscription", "all": True, "include": ["cat-a0"], "exclude": []}
    stage.conference.message(people["bob"][0], json.dumps(hear), "1")
    assert stage.plane.loudest[stage.conference.key] == (3, ("ann-a0", "cat-a0"))


def test_in_a_large_meeting_figures_go_to_those_whom_they_concern(stage: Stage) -> None:
    people = {f"p{n}": stage.enter(f"p{n}", video(f"p{n}", 100 + n)) for n in range(21)}
    (sender, _), (watcher, first), (_, second) = people["p0"], people["p1"], people["p2"]
    show(stage, watcher, "p0-v0")
    figures = json.dumps({"colibriClass": "EndpointStats", "jvbRTT": 23})
    stage.conference.message(sender, figures, "1")
    assert [len(each.of("EndpointStats")) for each in (first, second)] == [1, 0]
    stage.conference.speech.recent = ["p0"]
    stage.conference.message(sender, figures, "1")
    assert [len(each.of("EndpointStats")) for each in (first, second)] == [2, 1]
    stage.conference.speech.recent = []
    stage.ask(colibri2.Endpoint("p20", expire=True))
    stage.conference.message(sender, figures, "1")
    assert [len(each.of("EndpointStats")) for each in (first, second)] == [3, 2]
