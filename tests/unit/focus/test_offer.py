"""What is offered to whom, and how often a session may be restarted."""

from typing import Any

import pytest

from pyjitsi.focus import offer
from pyjitsi.focus.codecs import Codecs, Opus, Red
from pyjitsi.focus.session import RestartLimit
from pyjitsi.xmpp.stanzas import disco


def test_codecs_are_jicofos_and_features_decide_the_rest() -> None:
    codecs = Codecs()
    full = offer.video((disco.TCC, disco.RTX, disco.REMB), codecs)
    assert [(each.id, each.name) for each in full.payload_types] == [
        (41, "AV1"), (100, "VP8"), (107, "H264"), (101, "VP9"), (42, "rtx"), (96, "rtx"), (99, "rtx"), (97, "rtx"),
    ]  # fmt: skip
    assert ("transport-cc", "") in full.payload_types[1].feedback
    assert ("goog-remb", "") not in full.payload_types[1].feedback
    plain = offer.video((disco.REMB,), codecs)
    assert {each.name for each in plain.payload_types} == {"AV1", "VP8", "H264", "VP9"}
    assert ("goog-remb", "") in plain.payload_types[0].feedback
    assert offer.TRANSPORT_CC not in {each.uri for each in plain.extensions}
    assert (
        next(
            each.name for each in offer.audio((disco.OPUS_RED,), Codecs(opus=Opus(red=Red(enabled=True)))).payload_types
        )
        == "red"
    )
    ids = [each.id for each in (*full.extensions, *offer.audio((disco.TCC,), codecs).extensions)]
    assert {1, 3, 5, 10, 11} == set(ids)


def test_an_admin_chooses_codecs_and_numbers() -> None:
    chosen: dict[str, Any] = {
        "av1": {"enabled": False},
        "h264": {"enabled": False},
        "vp9": {"pt": 98, "rtx_pt": 99, "enable_remb": False},
        "opus": {"pt": 96, "red": {"enabled": True, "pt": 63}},
        "vp8": {"pt": 35, "rtx_pt": 36},
    }
    codecs = Codecs.model_validate(chosen)
    video = offer.video((disco.RTX, disco.REMB), codecs)
    assert [(each.id, each.name, dict(each.parameters).get("apt")) for each in video.payload_types] == [
        (35, "VP8", None), (98, "VP9", None), (36, "rtx", "35"), (99, "rtx", "98"),
    ]  # fmt: skip
    assert [("goog-remb", "") in each.feedback for each in video.payload_types[:2]] == [True, False]
    audio = offer.audio((disco.OPUS_RED,), codecs)
    assert [(each.id, each.name) for each in audio.payload_types] == [
        (63, "red"), (96, "opus"), (126, "telephone-event"),
    ]  # fmt: skip
    assert audio.payload_types[0].parameters == (("", "96/96"),)
    assert [each.name for each in offer.audio((), codecs).payload_types] == ["opus", "telephone-event"]


OFF = {"enabled": False}


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"vp8": {"pt": 111}}, "payload type 111 is used twice"),
        ({"vp8": {"pt": 72}}, "payload type 72 can't be told from RTCP"),
        ({"opus": {"red": {"enabled": True, "pt": 126}}}, "payload type 126 is used twice"),
        ({"av1": OFF, "vp8": OFF, "h264": OFF, "vp9": OFF}, "no video codec is enabled"),
        ({"vp8": {"pt": 128}}, "less than or equal to 127"),
        ({"vp10": OFF}, "vp10"),
    ],
)
def test_numbers_that_can_not_be_are_refused(chosen: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Codecs.model_validate(chosen)


def test_restarts_are_limited_by_interval_and_by_minute() -> None:
    limit = RestartLimit(5.0, 3)
    assert [limit.allow(at) for at in (0, 4, 5, 10, 15, 61, 66)] == [True, False, True, True, False, True, True]
