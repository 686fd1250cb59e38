"""A client with SSRC rewriting: which source it sees under which SSRCs, and what it is told of that."""

from typing import Any

from pyjitsi.bridge.endpoint import Endpoint
from pyjitsi.bridge.plane.api import AudioLevel, Encoding, LayerInfo, LayersChanged
from pyjitsi.xmpp.stanzas import colibri2
from tests.unit.bridge.conftest import MEETING, ROOM, Stage, audio, new, video
from tests.unit.bridge.fakes import FakeChannel

WATCH = '{"colibriClass":"ReceiverVideoConstraints","defaultConstraints":{"maxHeight":180}%s}'
CAPABILITIES = frozenset({colibri2.SOURCE_NAMES, colibri2.SSRC_REWRITING})


def enter(stage: Stage, identity: str = "ben", *, channel: bool = True) -> tuple[Endpoint, FakeChannel]:
    """A client with SSRC rewriting that watches everybody."""
    create = MEETING not in stage.bridge.conferences
    stage.ask(new(identity, capabilities=CAPABILITIES, sources=()), create=create, name=ROOM if create else None)
    endpoint = stage.conference.endpoints[identity]
    endpoint.destination = ("198.51.100.7", 4000 + endpoint.key)
    opened = FakeChannel()
    if channel:
        open_channel(stage, endpoint, opened)
    stage.conference.message(endpoint, WATCH % "", "1.0")
    return endpoint, opened


def open_channel(stage: Stage, endpoint: Endpoint, channel: FakeChannel) -> None:
    endpoint.opened(channel)
    stage.conference.opened(endpoint, "1.0", hello=True)


def send(stage: Stage, owner: Endpoint, source: str) -> None:
    """A camera sends."""
    stage.plane.events.append(LayersChanged(owner.key, source, (LayerInfo(0, 180, 30.0, 100_000.0),)))


def speak(stage: Stage, owner: Endpoint, level: int = 30) -> None:
    stage.plane.events.append(AudioLevel(owner.key, f"{owner.id}-a0", level, stage.now))
    stage.wait(0.1)


def mapped(channel: FakeChannel, media: str) -> list[list[dict[str, Any]]]:
    """The entries of each map that was told."""
    return [each["mappedSources"] for each in channel.of(f"{media}SourcesMap")]


def test_each_camera_gets_a_slot_and_the_client_is_told_before_it_is_sent(stage: Stage) -> None:
    ana, _ = stage.enter("ana", video("ana", 11, 12, 13), audio("ana", 14))
    ben, channel = enter(stage)
    send(stage, ana, "ana-v0")
    stage.wait(0.2)
    ((entry,),) = mapped(channel, "Video")
    slot = stage.plane.slots[ben.key, "ana-v0"]
    assert entry == {
        "source": "ana-v0", "owner": "ana", "ssrc": slot.ssrc, "rtx": slot.rtx_ssrc, "videoType": "CAMERA",
    }  # fmt: skip
    assert slot.ssrc not in (11, 12, 13, 14, slot.rtx_ssrc)
    said = [each["colibriClass"] for each in channel.said]
    assert said.index("VideoSourcesMap") < said.index("ForwardedSources", said.index("VideoSourcesMap"))


def test_a_client_that_can_is_told_which_m_line_packets_name(stage: Stage) -> None:
    ana, _ = stage.enter("ana", video("ana", 11), audio("ana", 14))
    bea, _ = stage.enter("bea", video("bea", 21))
    stage.ask(new("ben", capabilities=CAPABILITIES | {colibri2.RTP_MID_DEMUX}, sources=()))
    ben, channel = stage.conference.endpoints["ben"], FakeChannel()
    open_channel(stage, ben, channel)
    stage.conference.message(ben, WATCH % "", "1.0")
    for each in (ana, bea):
        send(stage, each, f"{each.id}-v0")
    speak(stage, ana)
    told = {
        each["source"]: each["mid"] for media in ("Video", "Audio") for one in mapped(channel, media) for each in one
    }
    assert told == {"ana-v0": "v0", "bea-v0": "v1", "ana-a0": "a0"}
    assert {name: slot.mid for (_, name), slot in stage.plane.slots.items()} == told


def test_a_client_without_it_gets_none(stage: Stage) -> None:
    ana, _ = stage.enter("ana", video("ana", 11), audio("ana", 14))
    ben, channel = stage.enter("ben")
    stage.conference.message(ben, WATCH % "", "1.0")
    speak(stage, ana)
    assert (mapped(channel, "Video"), mapped(channel, "Audio"), stage.plane.slots) == ([], [], {})


def test_who_speaks_gets_a_slot_once_and_who_is_silent_none(stage: Stage) -> None:
    ana, _ = stage.enter("ana", audio("ana", 14))
    ben, channel = enter(stage)
    speak(stage, ana, 127)
    assert mapped(channel, "Audio") == []
    for _ in range(5):
        speak(stage, ana)
    slot = stage.plane.slots[ben.key, "ana-a0"]
    assert mapped(channel, "Audio") == [[{"source": "ana-a0", "owner": "ana", "ssrc": slot.ssrc}]]


def test_packets_without_a_level_are_heard_too(stage: Stage) -> None:
    ana, _ = stage.enter("ana", audio("ana", 14))
    _, channel = enter(stage)
    speak(stage, ana, -1)
    assert len(mapped(channel, "Audio")) == 1
    assert stage.conference.speech.dominant is None


def test_no_slot_is_given_before_the_client_can_be_told(stage: Stage) -> None:
    ana, _ = stage.enter("ana", video("ana", 11), audio("ana", 14))
    ben, channel = enter(stage, channel=False)
    speak(stage, ana)
    stage.wait(6.0, lambda: [ana, ben])
    assert stage.plane.slots == {}
    open_channel(stage, ben, channel)
    speak(stage, ana)
    assert len(mapped(channel, "Video")) == len(mapped(channel, "Audio")) == 1


def test_a_new_channel_is_told_of_all_slots(stage: Stage) -> None:
    ana, _ = stage.enter("ana", video("ana", 11), audio("ana", 14))
    ben, channel = enter(stage)
    speak(stage, ana)
    again = FakeChannel()
    open_channel(stage, ben, again)
    assert (mapped(again, "Video"), mapped(again, "Audio")) == (mapped(channel, "Video"), mapped(channel, "Audio"))


def test_the_slot_of_who_left_is_used_again(stage: Stage) -> None:
    stage.enter("ana", video("ana", 11))
    ben, channel = enter(stage)
    stage.wait(3.0, lambda: [ben])
    before = stage.plane.slots[ben.key, "ana-v0"]
    stage.ask(colibri2.Endpoint("ana", expire=True))
    assert stage.plane.slots == {}
    stage.enter("cat", video("cat", 21))
    stage.wait(0.2)
    assert stage.plane.slots[ben.key, "cat-v0"] == before
    assert [each["owner"] for entries in mapped(channel, "Video") for each in entries] == ["ana", "cat"]


def test_a_slot_that_was_just_told_of_is_not_changed(stage: Stage) -> None:
    stage.enter("ana", video("ana", 11))
    ben, _ = enter(stage)
    stage.wait(0.5)
    before = stage.plane.slots[ben.key, "ana-v0"]
    stage.ask(colibri2.Endpoint("ana", expire=True))
    stage.enter("cat", video("cat", 21))
    stage.wait(0.2)
    assert stage.plane.slots[ben.key, "cat-v0"].ssrc != before.ssrc, "its track may not be there yet"


def test_with_more_cameras_than_slots_those_that_are_wanted_take_turns(stage: Stage) -> None:
    stage.bridge.max_ssrcs = (2, 2)
    for index, name in enumerate(("ana", "cat", "dan", "eva")):
        stage.enter(name, video(name, 10 + index))
    ben, channel = enter(stage)
    stage.wait(3.0, lambda: [ben])
    assert len(stage.plane.slots) == 2
    first = {slot.ssrc for slot in stage.plane.slots.values()}
    stage.conference.message(ben, WATCH % ',"selectedSources":["dan-v0","eva-v0"],"lastN":2', "1.0")
    stage.wait(0.2)
    assert {name for _, name in stage.plane.slots} == {"dan-v0", "eva-v0"}
    assert {slot.ssrc for slot in stage.plane.slots.values()} == first
    stage.wait(3.0, lambda: [ben])
    stage.conference.message(ben, WATCH % ',"selectedSources":["dan-v0","ana-v0"],"lastN":2', "1.0")
    stage.wait(0.2)
    assert {name for _, name in stage.plane.slots} == {"dan-v0", "ana-v0"}, "who stays keeps its slot"
    assert [each["source"] for each in mapped(channel, "Video")[-1]] == ["ana-v0"]


def test_no_more_cameras_are_forwarded_than_there_are_slots(stage: Stage) -> None:
    stage.bridge.max_ssrcs = (2, 2)
    cameras = [stage.enter(name, video(name, 10 + index))[0] for index, name in enumerate(("ana", "cat", "dan"))]
    _, channel = enter(stage)
    for camera in cameras:
        send(stage, camera, f"{camera.id}-v0")
    stage.wait(0.2)
    assert len(channel.of("ForwardedSources")[-1]["forwardedSources"]) == 2


def test_cameras_that_are_not_wanted_yet_have_a_slot_where_one_is_spare(stage: Stage) -> None:
    stage.enter("ana", video("ana", 11))
    stage.enter("cat", video("cat", 21, kind="none"))
    ben, _ = enter(stage)
    stage.conference.message(ben, WATCH % ',"lastN":0', "1.0")
    stage.wait(0.2)
    assert {name for _, name in stage.plane.slots} == {"ana-v0"}


def test_with_more_voices_than_slots_who_was_silent_longest_gives_way(stage: Stage) -> None:
    stage.bridge.max_ssrcs = (2, 2)
    ana, cat, dan = (stage.enter(name, audio(name, 10 + n))[0] for n, name in enumerate(("ana", "cat", "dan")))
    ben, channel = enter(stage)
    speak(stage, ana)
    speak(stage, cat)
    stage.wait(3.0, lambda: [ben, ana, cat, dan])
    speak(stage, ana)
    speak(stage, dan)
    assert {name for _, name in stage.plane.slots} == {"ana-a0", "dan-a0"}
    stage.wait(3.0, lambda: [ben, ana, cat, dan])
    speak(stage, cat)
    assert {name for _, name in stage.plane.slots} == {"cat-a0", "dan-a0"}
    assert [each["owner"] for entries in mapped(channel, "Audio") for each in entries] == ["ana", "cat", "dan", "cat"]


def test_who_a_client_does_not_want_to_hear_gets_no_slot(stage: Stage) -> None:
    ana, _ = stage.enter("ana", audio("ana", 14))
    ben, channel = enter(stage)
    hear = '{"colibriClass":"ReceiverAudioSubscription","all":%s,"include":[],"exclude":[]}'
    stage.conference.message(ben, hear % "false", "1.0")
    speak(stage, ana)
    assert mapped(channel, "Audio") == []
    stage.conference.message(ben, hear % "true", "1.0")
    speak(stage, ana)
    assert len(mapped(channel, "Audio")) == 1


def test_a_shared_screen_is_named_so(stage: Stage) -> None:
    stage.enter("ana", video("ana", 11, index=1, kind="desktop"))
    ben, channel = enter(stage)
    stage.wait(0.2)
    assert mapped(channel, "Video")[0][0]["videoType"] == "DESKTOP"
    assert isinstance(stage.plane.slots[ben.key, "ana-v1"], Encoding)
