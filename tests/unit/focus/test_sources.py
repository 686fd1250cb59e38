"""What a client may signal, and the words in which the focus refuses the rest (clients know Jicofo's)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyjitsi.focus.sources import ConferenceSources, Limits, minus, of_contents, without_simulcast
from pyjitsi.xmpp.stanzas.errors import StanzaError
from pyjitsi.xmpp.stanzas.json_sources import EndpointSources
from pyjitsi.xmpp.stanzas.ssma import Source, SsrcGroup

A, B = "aaaaaaaa", "bbbbbbbb"


def video(*ssrcs: int, msid: str | None = "s t", name: str | None = f"{A}-v0") -> tuple[Source, ...]:
    return tuple(Source(ssrc, name, msid, "camera") for ssrc in ssrcs)


def group(semantics: str, *ssrcs: int) -> SsrcGroup:
    return SsrcGroup(semantics, ssrcs)


@pytest.fixture
def sources() -> ConferenceSources:
    made = ConferenceSources(Limits())
    made.add(B, EndpointSources(audio=(Source(900, f"{B}-a0", "bs ba"),)))
    return made


@pytest.mark.parametrize(
    ("added", "text"),
    [
        (EndpointSources(video=video(0)), "Invalid SSRC: 0."),
        (EndpointSources(video=video(900)), "SSRC is already used: 900."),
        (EndpointSources(video=video(5, 5)), "SSRC is already used"),
        (EndpointSources(video=video(*range(1, 22))), "SSRC limit (20) exceeded."),
        (EndpointSources(video=video(1), video_groups=tuple(group("X", 1, n) for n in range(21))), "ssrc-group limit"),
        (
            EndpointSources(video=video(1, 2, msid=None), video_groups=(group("FID", 1, 2),)),
            "Required source parameter 'msid' is not present.",
        ),
        (
            EndpointSources(video=video(1) + video(2, msid="x y"), video_groups=(group("FID", 1, 2),)),
            "SsrcGroup contains sources with different MSIDs: [1, 2].",
        ),
        (EndpointSources(audio=(Source(7, f"{A}-a0", "bs ba"),)), "MSID is already used: bs ba."),
        (EndpointSources(video=video(1) + video(2, name=f"{A}-v1")), "MSID is already used: s t."),
        (
            EndpointSources(video=video(1), video_groups=(group("FID", 1, 8),)),
            "An SSRC group contains an SSRC, which hasn't been signaled as a source: [1, 8].",
        ),
        (EndpointSources(video=video(1, 2, 3), video_groups=(group("FID", 1, 2, 3),)), "Invalid FID group: [1, 2, 3]."),
        (EndpointSources(video=video(1, name=f"{B}-v0")), "does not belong to"),
        (EndpointSources(video=video(1, name=f"{A}-v0\na=candidate:EVIL")), "A source name is letters"),
        (EndpointSources(video=video(1, msid="s t\r\na=candidate:EVIL")), "An msid is one or two words"),
    ],
)
def test_what_is_refused_changes_nothing(sources: ConferenceSources, added: EndpointSources, text: str) -> None:
    with pytest.raises(StanzaError) as refused:
        sources.add(A, added)
    assert (refused.value.condition, text in refused.value.text) == ("bad-request", True)
    assert not sources.of(A)
    assert set(sources.others(A)) == {B}


def test_removing_what_is_not_ones_own_is_refused(sources: ConferenceSources) -> None:
    with pytest.raises(StanzaError, match=r"not owned by endpoint \(ssrc=900\)"):
        sources.remove(A, EndpointSources(audio=(Source(900),)))
    assert sources.of(B)


def test_a_removal_goes_by_ssrc_and_takes_its_groups(sources: ConferenceSources) -> None:
    sources.add(A, EndpointSources(video=video(1, 2, 3), video_groups=(group("FID", 1, 2),)))
    gone = sources.remove(A, EndpointSources(video=(Source(2),)))
    assert ([each.ssrc for each in gone.video], gone.video_groups) == ([2], (group("FID", 1, 2),))
    assert ([each.ssrc for each in sources.of(A).video], sources.of(A).video_groups) == ([1, 3], ())
    sources.add(A, EndpointSources(video=video(2)))


def test_names_and_tolerated_oddities(sources: ConferenceSources) -> None:
    groups = (group("FID", 1, 2), group("FID", 1, 2), group("SIM"))
    odd = EndpointSources(audio=(Source(11, None, "s t"),), video=video(1, 2), video_groups=groups)
    added = sources.add(A, odd)
    assert added.audio[0].name == f"{A}-a0"
    assert added.video_groups == (group("FID", 1, 2),)
    assert sources.add(A, EndpointSources(audio=(Source(12, f"{A}-a0"),)))


def test_a_departure_frees_the_ssrcs(sources: ConferenceSources) -> None:
    sources.forget(B)
    sources.add(A, EndpointSources(audio=(Source(900, f"{A}-a0", "bs ba"),)))


def test_compact_sources_of_somebody_else_are_refused() -> None:
    with pytest.raises(StanzaError, match="its own sources only"):
        of_contents((), '{"sources":{"bbbbbbbb":[[],[],[{"s":1}]]}}', A)
    assert of_contents((), '{"sources":{"aaaaaaaa":[[],[],[{"s":1}]]}}', A).audio[0].ssrc == 1


@given(st.lists(st.integers(1, 50), unique=True, min_size=1), st.lists(st.integers(1, 50), unique=True))
def test_what_is_taken_away_is_gone_and_the_rest_stays(whole: list[int], part: list[int]) -> None:
    left = minus(EndpointSources(video=video(*whole)), EndpointSources(video=video(*part)))
    assert {each.ssrc for each in left.video} == set(whole) - set(part)


def test_simulcast_is_told_as_its_first_layer_with_its_repair() -> None:
    groups = (group("SIM", 1, 2, 3), group("FID", 1, 11), group("FID", 2, 12), group("FID", 3, 13))
    shown = without_simulcast(EndpointSources(video=video(1, 2, 3, 11, 12, 13), video_groups=groups))
    assert ([each.ssrc for each in shown.video], shown.video_groups) == ([1, 11], (group("FID", 1, 11),))
