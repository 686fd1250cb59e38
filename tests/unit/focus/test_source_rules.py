"""Sources of a conference: what is refused, in Jicofo's words, and what others are told of the rest."""

import pytest

from pyjitsi.focus.bridge_session import BridgeSession
from pyjitsi.focus.session import RestartLimit, Session
from pyjitsi.focus.sources import ConferenceSources, Limits, minus, of_contents, without_simulcast
from pyjitsi.xmpp.stanzas.errors import StanzaError
from pyjitsi.xmpp.stanzas.jingle import Content
from pyjitsi.xmpp.stanzas.json_sources import EndpointSources
from pyjitsi.xmpp.stanzas.ssma import Source, SsrcGroup


def video(*ssrcs: int, msid: str | None = "v t", name: str | None = "ada-v0") -> tuple[Source, ...]:
    return tuple(Source(each, name, msid, "camera") for each in ssrcs)


def group(semantics: str, *ssrcs: int) -> SsrcGroup:
    return SsrcGroup(semantics, ssrcs)


MUTED = EndpointSources(audio=(Source(1, "ada-a0", "a t"),))
CAMERA = EndpointSources(video=video(11, 12), video_groups=(group("FID", 11, 12),))
BAD: dict[str, EndpointSources] = {
    "Invalid SSRC: 0.": EndpointSources(audio=(Source(0),)),
    f"Invalid SSRC: {2**32}.": EndpointSources(video=(Source(2**32),)),
    "SSRC is already used: 1.": EndpointSources(video=video(1)),
    "SSRC is already used: 9.": EndpointSources(video=video(9)),
    "SSRC is already used: one is there twice.": EndpointSources(video=video(5, 5)),
    "SSRC limit (6) exceeded.": EndpointSources(video=video(*range(20, 26), msid=None)),
    "ssrc-group limit (2) exceeded.": EndpointSources(
        video=video(20, 21, 22, 23), video_groups=(group("SIM", 20, 22), group("FID", 20, 21), group("FID", 22, 23))
    ),
    "Required source parameter 'msid' is not present.": EndpointSources(
        video=video(20, 21, msid=None), video_groups=(group("FID", 20, 21),)
    ),
    "SsrcGroup contains sources with different MSIDs: [20, 21].": EndpointSources(
        video=video(20) + video(21, msid="w t", name="ada-v1"), video_groups=(group("FID", 20, 21),)
    ),
    "MSID is already used: bob t.": EndpointSources(audio=(Source(20, "ada-a0", "bob t"),)),
    "MSID is already used: v t.": EndpointSources(video=video(20) + video(21, name="ada-v1")),
    "An SSRC group contains an SSRC, which hasn't been signaled as a source: [20, 99].": EndpointSources(
        video=video(20), video_groups=(group("SIM", 20, 99),)
    ),
    "Invalid FID group: [20, 21, 22].": EndpointSources(
        video=video(20, 21, 22), video_groups=(group("FID", 20, 21, 22),)
    ),
    "Source name bob-v1 does not belong to ada.": EndpointSources(video=video(20, name="bob-v1")),
}


@pytest.fixture
def sources() -> ConferenceSources:
    known = ConferenceSources(Limits(6, 2))
    known.add("ada", MUTED)
    known.add("bob", EndpointSources(audio=(Source(9, "bob-a0", "bob t"),)))
    return known


@pytest.mark.parametrize("text", BAD)
def test_what_is_refused_changes_nothing(sources: ConferenceSources, text: str) -> None:
    with pytest.raises(StanzaError) as caught:
        sources.add("ada", BAD[text])
    assert (caught.value.condition, caught.value.text) == ("bad-request", text)
    assert sources.of("ada") == MUTED
    sources.add("ada", CAMERA)  # and blocks nothing


@pytest.mark.parametrize("ssrc", [9, 77])
def test_only_own_sources_can_be_removed(sources: ConferenceSources, ssrc: int) -> None:
    with pytest.raises(StanzaError) as caught:
        sources.remove("ada", EndpointSources(audio=(Source(ssrc),)))
    assert caught.value.text == f"Source does not exist or is not owned by endpoint (ssrc={ssrc})."
    assert sources.of("bob").audio[0].ssrc == 9


def test_what_is_tolerated(sources: ConferenceSources) -> None:
    sources.add("ada", EndpointSources())
    twice = (group("FID", 11, 12), group("FID", 11, 12), group("SIM"))
    sources.add("ada", EndpointSources(video=video(11, 12, msid="a t"), video_groups=twice))  # the audio's msid
    assert sources.of("ada").video_groups == (group("FID", 11, 12),)
    sources.add("ada", EndpointSources(video=video(30, msid=None, name=None)))
    assert sources.of("ada").video[-1].name == "ada-v0"


def test_what_is_removed_takes_its_groups_along_and_frees_its_ssrc(sources: ConferenceSources) -> None:
    sources.add("ada", CAMERA)
    gone = sources.remove("ada", EndpointSources(video=video(12)))
    assert gone == EndpointSources(video=video(12), video_groups=CAMERA.video_groups)
    assert sources.of("ada") == EndpointSources(audio=MUTED.audio, video=video(11))
    sources.add("bob", EndpointSources(video=(Source(12, "bob-v0", "bobs t"),)))
    sources.forget("bob")
    assert list(sources.others("eve")) == ["ada"]
    sources.add("ada", EndpointSources(video=video(12)))


def test_own_sources_alone_may_be_signalled() -> None:
    with pytest.raises(StanzaError, match="a client may signal its own sources only"):
        of_contents((), '{"sources":{"bob":[[],[],[]]}}', "ada")
    assert of_contents((), '{"sources":{}}', "ada") == EndpointSources()


def test_the_long_form_goes_by_media_or_else_by_name() -> None:
    contents = (Content("0", media="audio", sources=MUTED.audio), Content("video", sources=CAMERA.video,
                groups=CAMERA.video_groups), Content("data", sources=(Source(99),)))  # fmt: skip
    assert of_contents(contents, None, "ada") == EndpointSources(
        MUTED.audio, CAMERA.video, video_groups=CAMERA.video_groups
    )


def test_of_simulcast_the_first_layer_with_its_rtx_is_left() -> None:
    groups = (group("SIM", 1, 3, 5), group("FID", 1, 2), group("FID", 3, 4), group("FID", 5, 6))
    seen = without_simulcast(EndpointSources(video=video(1, 2, 3, 4, 5, 6), video_groups=groups))
    assert seen == EndpointSources(video=video(1, 2), video_groups=(group("FID", 1, 2),))
    assert without_simulcast(CAMERA) == CAMERA
    assert minus(CAMERA, MUTED) == CAMERA and not minus(CAMERA, CAMERA)


def test_a_session_tells_each_difference_once_and_only_when_it_is_active() -> None:
    session = Session(BridgeSession("bridge", "meeting", "room"))
    session.told = {"ada": MUTED}
    assert session.difference({"ada": CAMERA}) == ({}, {})
    session.state = "active"
    assert session.difference({"ada": CAMERA}) == ({"ada": MUTED}, {"ada": CAMERA})
    assert session.difference({"ada": CAMERA}) == ({}, {})
    assert session.difference({}) == ({"ada": CAMERA}, {})
    session.difference({"ada": CAMERA})
    session.forget("ada")
    assert session.difference({}) == ({}, {})


def test_restarts_have_a_distance_and_a_number_a_minute() -> None:
    limit = RestartLimit(5.0, 3)
    assert [limit.allow(now) for now in (0.0, 4.9, 5.0, 10.0, 20.0, 59.9, 60.0)] == [
        True, False, True, True, False, False, True
    ]  # fmt: skip
