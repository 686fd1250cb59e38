"""Which layers a receiver gets of whom, and what senders are told."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyjitsi.bridge.allocation import Available, Wishes, allocate, effective_heights, prioritise
from pyjitsi.bridge.plane.api import OFF, Feedback, LayerInfo, LayersChanged
from tests.unit.bridge.conftest import Stage, video

# Three encodings of three temporal layers, cumulative, as a 720p camera sends them.
CAMERA = tuple(
    LayerInfo(encoding << 6 | temporal, height, rate, bitrate)
    for encoding, height, rates in ((0, 180, (80e3, 120e3, 200e3)), (1, 360, (200e3, 300e3, 500e3)),
                                    (2, 720, (1e6, 1.5e6, 2.5e6)))
    for temporal, (rate, bitrate) in enumerate(zip((7.5, 15.0, 30.0), rates, strict=True))
)  # fmt: skip
SCREEN = (LayerInfo(0, 720, 5.0, 300e3), LayerInfo(64, 1080, 5.0, 900e3), LayerInfo(65, 1080, 30.0, 2e6))
T180_7, T180_15, T180_30, T360_30, T720_30 = 0, 1, 2, 66, 130


def camera(name: str, *, enabled: bool = True) -> Available:
    return Available(name, desktop=False, enabled=enabled, layers=CAMERA, encodings=3)


def screen(name: str) -> Available:
    return Available(name, desktop=True, enabled=True, layers=SCREEN, encodings=2)


def share(wishes: Wishes, bitrate: float, *sources: Available) -> dict[str, int]:
    ordered = prioritise(wishes, sources)
    return allocate(wishes, ordered, effective_heights(wishes, ordered), bitrate).targets


def test_nothing_is_sent_before_the_receiver_asked() -> None:
    assert share(Wishes(), 1e9, camera("a-v0")) == {"a-v0": OFF}


@pytest.mark.parametrize(
    ("bitrate", "layer"),
    [(50e3, OFF), (90e3, T180_7), (150e3, T180_15), (400e3, T180_30), (600e3, T360_30), (2.4e6, T360_30),
     (2.6e6, T720_30)],
)  # fmt: skip
def test_one_camera_gets_what_the_downlink_carries(bitrate: float, layer: int) -> None:
    assert share(Wishes(default_height=-1), bitrate, camera("a-v0")) == {"a-v0": layer}


@pytest.mark.parametrize(("height", "layer"), [(0, OFF), (90, T180_30), (180, T180_30), (360, T360_30), (500, T360_30)])
def test_no_layer_is_taller_than_asked_except_the_lowest(height: int, layer: int) -> None:
    assert share(Wishes(default_height=height), 1e9, camera("a-v0")) == {"a-v0": layer}


def test_tiles_grow_evenly() -> None:
    shared = share(Wishes(default_height=720), 450e3, camera("a-v0"), camera("b-v0"))
    assert shared == {"a-v0": T180_30, "b-v0": T180_30}


def test_the_stage_gets_360p_before_any_thumbnail_gets_anything() -> None:
    wishes = Wishes(default_height=180, on_stage=("b-v0",), heights={"b-v0": 720})
    cameras = (camera("a-v0"), camera("b-v0"), camera("c-v0"))
    assert share(wishes, 450e3, *cameras) == {"b-v0": T180_30, "a-v0": OFF, "c-v0": OFF}
    assert share(wishes, 700e3, *cameras) == {"b-v0": T360_30, "a-v0": T180_7, "c-v0": T180_7}
    assert share(wishes, 3e6, *cameras) == {"b-v0": T720_30, "a-v0": T180_30, "c-v0": T180_30}


def test_selected_come_before_the_rest() -> None:
    wishes = Wishes(default_height=180, selected=("c-v0",))
    assert share(wishes, 90e3, camera("a-v0"), camera("c-v0")) == {"c-v0": T180_7, "a-v0": OFF}


def test_last_n_counts_what_is_wanted_and_enabled() -> None:
    wishes = Wishes(default_height=180, last_n=1, heights={"a-v0": 0})
    shared = share(wishes, 1e9, camera("a-v0"), camera("b-v0", enabled=False), camera("c-v0"), camera("d-v0"))
    assert shared == {"a-v0": OFF, "b-v0": OFF, "c-v0": T180_30, "d-v0": OFF}
    assert share(Wishes(default_height=180, last_n=0), 1e9, camera("a-v0")) == {"a-v0": OFF}


def test_a_screen_on_stage_may_take_somewhat_too_much() -> None:
    stage = Wishes(default_height=-1, on_stage=("a-v1",))
    assert share(stage, 500e3, screen("a-v1")) == {"a-v1": 64}, "900 kbit/s where 500 fit"
    assert share(stage, 300e3, screen("a-v1")) == {"a-v1": 0}
    assert share(Wishes(default_height=-1), 500e3, screen("a-v1")) == {"a-v1": 0}


def test_a_screen_that_is_taller_than_asked_comes_in_its_lowest_form() -> None:
    assert share(Wishes(default_height=180), 1e9, screen("a-v1")) == {"a-v1": 0}


def test_a_source_of_which_nothing_is_known_starts() -> None:
    fresh = Available("a-v0", desktop=False, enabled=True, layers=(), encodings=3)
    assert share(Wishes(default_height=720), 100e3, fresh)["a-v0"] >> 6 == 2
    assert share(Wishes(default_height=180), 100e3, fresh)["a-v0"] >> 6 == 0


def test_a_layer_that_costs_no_more_is_taken_at_once() -> None:
    layers = (LayerInfo(0, 180, 30.0, 100e3), LayerInfo(64, 180, 30.0, 100e3))
    source = Available("a-v0", desktop=False, enabled=True, layers=layers)
    assert share(Wishes(default_height=180), 150e3, source) == {"a-v0": 64}


layer_lists = st.lists(
    st.builds(
        LayerInfo,
        st.integers(0, 255),
        st.sampled_from([90, 180, 360, 720, 1080, 2160]),
        st.floats(0, 60),
        st.floats(0, 5e6),
    ),
    max_size=9,
).map(lambda found: tuple(sorted(found, key=lambda layer: layer.index)))


@given(
    st.lists(st.tuples(st.booleans(), st.booleans(), layer_lists), max_size=6),
    st.integers(-1, 5),
    st.integers(-1, 1200),
    st.floats(30e3, 20e6),
    st.lists(st.integers(0, 7), max_size=3),
)
def test_whatever_flows_the_sum_fits(
    given: list[tuple[bool, bool, tuple[LayerInfo, ...]]], last_n: int, height: int, bitrate: float, stage: list[int]
) -> None:
    sources = [Available(f"s{at}", *each) for at, each in enumerate(given)]
    wishes = Wishes(last_n=last_n, default_height=height, on_stage=tuple(f"s{at}" for at in stage))
    shared = share(wishes, bitrate, *sources)
    assert set(shared) == {each.name for each in sources}
    costs = [
        min((layer.bitrate for layer in source.layers if layer.index == shared[source.name]), default=0.0)
        for source in sources
        if shared[source.name] != OFF
    ]
    assert sum(costs) <= bitrate + 500e3
    if last_n >= 0:
        assert len(costs) <= last_n


def constrain(stage: Stage, identity: str, **fields: Any) -> None:
    text = json.dumps({"colibriClass": "ReceiverVideoConstraints", **fields})
    stage.conference.message(stage.conference.endpoints[identity], text, "1")
    stage.bridge.tick(stage.now)


def test_constraints_become_targets_and_both_sides_are_told(stage: Stage) -> None:
    (one, first), (two, second) = stage.enter("one", video("one", 1, 2, 3)), stage.enter("two", video("two", 4, 5, 6))
    stage.plane.events.append(LayersChanged(two.key, "two-v0", CAMERA))
    stage.bridge.tick(stage.now)
    assert second.of("SenderSourceConstraints")[-1] == {"sourceName": "two-v0", "maxHeight": 0}
    constrain(stage, "one", defaultConstraints={"maxHeight": 360})
    assert stage.plane.targets[one.key, "two-v0"] == T360_30
    assert first.of("ForwardedSources")[-1] == {"forwardedSources": ["two-v0"]}
    assert second.of("SenderSourceConstraints")[-1] == {"sourceName": "two-v0", "maxHeight": 360}
    constrain(stage, "one", constraints={"two-v0": {"maxHeight": 0}})
    assert stage.plane.targets[one.key, "two-v0"] == OFF
    assert first.of("ForwardedSources")[-1] == {"forwardedSources": []}


def test_a_sender_is_told_the_tallest_that_anybody_wants(stage: Stage) -> None:
    _, channel = stage.enter("one", video("one", 1))
    for name, height in (("two", 180), ("three", 720), ("four", -1)):
        stage.enter(name)
        constrain(stage, name, defaultConstraints={"maxHeight": height})
    told = [each["maxHeight"] for each in channel.of("SenderSourceConstraints")]
    assert told == [180, 720, -1]


def test_a_first_message_without_a_default_means_180(stage: Stage) -> None:
    _, channel = stage.enter("one", video("one", 1))
    stage.enter("two")
    constrain(stage, "two", lastN=4)
    assert channel.of("SenderSourceConstraints")[-1]["maxHeight"] == 180


def test_absent_fields_stay_and_constraints_replace_the_whole_map(stage: Stage) -> None:
    one, _ = stage.enter("one")
    constrain(stage, "one", lastN=3, onStageSources=["b-v0"], constraints={"b-v0": {"maxHeight": 720}})
    constrain(stage, "one", constraints={"c-v0": {"maxHeight": 90}})
    assert (one.wishes.last_n, one.wishes.on_stage, dict(one.wishes.heights)) == (3, ("b-v0",), {"c-v0": 90})


def test_a_muted_camera_is_no_longer_forwarded(stage: Stage) -> None:
    (one, first), (two, _) = stage.enter("one"), stage.enter("two", video("two", 4))
    constrain(stage, "one", defaultConstraints={"maxHeight": 180})
    assert stage.plane.targets[one.key, "two-v0"] != OFF
    muted = '{"colibriClass":"SourceVideoTypeMessage","sourceName":"two-v0","videoType":"none"}'
    stage.conference.message(two, muted, "1")
    stage.bridge.tick(stage.now)
    assert stage.plane.targets[one.key, "two-v0"] == OFF
    assert first.of("ForwardedSources")[-1] == {"forwardedSources": []}


def test_a_type_that_comes_before_its_source_is_kept(stage: Stage) -> None:
    one, _ = stage.enter("one")
    stage.enter("two")
    early = '{"colibriClass":"SourceVideoTypeMessage","sourceName":"one-v1","videoType":"desktop"}'
    stage.conference.message(one, early, "1")
    stage.conference.set_sources(one, (video("one", 7, index=1, kind="camera"),))
    assert one.video_types["one-v1"] == "desktop"


def test_less_downlink_means_a_lower_layer(stage: Stage) -> None:
    (one, _), (two, _) = stage.enter("one"), stage.enter("two", video("two", 4, 5, 6))
    stage.plane.events.append(LayersChanged(two.key, "two-v0", CAMERA))
    constrain(stage, "one", onStageSources=["two-v0"], defaultConstraints={"maxHeight": 720})
    assert stage.plane.targets[one.key, "two-v0"] == T360_30, "2.5 Mbit/s do not carry 720p"
    for _ in range(30):
        stage.now += 0.1
        stage.plane.events.append(
            Feedback(one.key, 12_000, 8_000, 15e4, 15e4, None, "over", True, False, 0.05, None, stage.now)
        )
        stage.bridge.tick(stage.now)
    assert stage.plane.targets[one.key, "two-v0"] in (OFF, T180_7, T180_15)


def test_a_layer_that_begins_is_taken_as_soon_as_it_runs(stage: Stage) -> None:
    """In the second in which a layer begins only part of its frames are seen."""
    (one, _), (two, _) = stage.enter("one"), stage.enter("two", video("two", 4, 5, 6))
    constrain(stage, "one", defaultConstraints={"maxHeight": 360})

    def tell(*layers: LayerInfo) -> None:
        stage.plane.events.append(LayersChanged(two.key, "two-v0", layers))
        stage.now += 0.1
        stage.bridge.tick(stage.now)

    low, begun = CAMERA[:3], LayerInfo(T360_30, 360, 9.0, 150e3)
    tell(*low)
    assert stage.plane.targets[one.key, "two-v0"] == T180_30
    tell(*low, begun)
    assert stage.plane.targets[one.key, "two-v0"] == T180_30, "it stutters"
    tell(*low, CAMERA[5])
    assert stage.plane.targets[one.key, "two-v0"] == T360_30


def test_who_has_no_channel_is_told_nothing_and_everything_once_it_opens(stage: Stage) -> None:
    endpoint, first = stage.enter("one", video("one", 1))
    stage.enter("two", video("two", 2))
    constrain(stage, "two", defaultConstraints={"maxHeight": 180})
    endpoint.closed(first)
    constrain(stage, "two", defaultConstraints={"maxHeight": 720})
    _, again = stage.enter("three")
    endpoint.opened(again)
    stage.conference.opened(endpoint, "1", hello=True)
    stage.bridge.tick(stage.now)
    assert {"sourceName": "one-v0", "maxHeight": 720} in again.of("SenderSourceConstraints")
