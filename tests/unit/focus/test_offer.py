"""What is offered to whom, and how often a session may be restarted."""

from pyjitsi.focus import offer
from pyjitsi.focus.session import RestartLimit
from pyjitsi.xmpp.stanzas import disco


def test_codecs_are_jicofos_and_features_decide_the_rest() -> None:
    full = offer.video((disco.TCC, disco.RTX, disco.REMB))
    assert [(each.id, each.name) for each in full.payload_types] == [
        (41, "AV1"), (100, "VP8"), (107, "H264"), (101, "VP9"), (42, "rtx"), (96, "rtx"), (99, "rtx"), (97, "rtx"),
    ]  # fmt: skip
    assert ("transport-cc", "") in full.payload_types[1].feedback
    assert ("goog-remb", "") not in full.payload_types[1].feedback
    plain = offer.video((disco.REMB,))
    assert {each.name for each in plain.payload_types} == {"AV1", "VP8", "H264", "VP9"}
    assert ("goog-remb", "") in plain.payload_types[0].feedback
    assert offer.TRANSPORT_CC not in {each.uri for each in plain.extensions}
    assert next(each.name for each in offer.audio((disco.OPUS_RED,), red=True).payload_types) == "red"
    ids = [each.id for each in (*full.extensions, *offer.audio((disco.TCC,), red=False).extensions)]
    assert {1, 3, 5, 10, 11} == set(ids)


def test_restarts_are_limited_by_interval_and_by_minute() -> None:
    limit = RestartLimit(5.0, 3)
    assert [limit.allow(at) for at in (0, 4, 5, 10, 15, 61, 66)] == [True, False, True, True, False, True, True]
