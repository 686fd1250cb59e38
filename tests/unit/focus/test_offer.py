"""The offer follows the client's features, with the same numbers for everybody."""

from pyjitsi.focus import offer
from pyjitsi.xmpp.stanzas import disco
from pyjitsi.xmpp.stanzas.jingle_rtp import Description


def numbers(description: Description) -> dict[str, int]:
    return {each.name: each.id for each in description.payload_types}


def uris(description: Description) -> dict[int, str]:
    return {each.id: each.uri for each in description.extensions}


def test_a_plain_client_gets_codecs_without_extras() -> None:
    audio, video = offer.audio((), red=True), offer.video(())
    assert numbers(audio) == {"opus": 111, "telephone-event": 126}
    assert [each.name for each in video.payload_types] == ["AV1", "VP8", "H264", "VP9"]
    assert video.payload_types[0].feedback == (("ccm", "fir"), ("nack", ""), ("nack", "pli"))
    assert offer.TRANSPORT_CC not in (*uris(audio).values(), *uris(video).values())
    assert uris(video)[10] == uris(audio)[10] == offer.MID


def test_transport_cc_takes_the_place_of_remb() -> None:
    remb, both = offer.video({disco.REMB}), offer.video({disco.REMB, disco.TCC})
    assert ("goog-remb", "") in remb.payload_types[0].feedback
    assert ("goog-remb", "") not in both.payload_types[0].feedback
    assert ("transport-cc", "") in both.payload_types[0].feedback
    assert uris(both)[5] == uris(offer.audio({disco.TCC}, red=False))[5] == offer.TRANSPORT_CC


def test_retransmission_names_its_codec() -> None:
    codecs = offer.video({disco.RTX}).payload_types
    by_number = {each.id: each.name for each in codecs}
    repeated = {by_number[int(each.parameter("apt") or 0)]: each.id for each in codecs if each.name == "rtx"}
    assert repeated == {"AV1": 42, "VP8": 96, "H264": 99, "VP9": 97}


def test_redundant_audio_needs_the_setting_and_the_client() -> None:
    assert "red" not in numbers(offer.audio({disco.OPUS_RED}, red=False))
    with_red = offer.audio({disco.OPUS_RED}, red=True)
    assert with_red.payload_types[0].name == "red" and with_red.payload_types[0].parameter("") == "111/111"
    assert with_red.payload_types[1].parameter("useinbandfec") is None
