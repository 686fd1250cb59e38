"""One conference on several bridges, as its bridges and clients see it."""

import asyncio
from xml.etree.ElementTree import Element

from pyjitsi.xmpp.stanzas import colibri2, disco
from tests.scenario.focus.story import BREWERY, Story, allocate, refuse


async def two_regions() -> Story:
    """Ada and Abe in Oslo, Lou in Lima; all have accepted."""
    story = Story()
    await story.bridge_appears("oslo", region="eu", relay_id="oslo-r")
    await story.bridge_appears("lima", region="sa", relay_id="lima-r")
    await story.joins("ada", "abe", region="eu")
    await story.accepts("ada", 11, 12)
    await story.accepts("abe", 21, 22)
    await story.joins("lou", region="sa")
    return story


def relays(story: Story, bridge: str) -> list[colibri2.Relay]:
    """What a bridge was asked about relays, in order."""
    return [relay for name, request in story.asked if name == bridge for relay in request.relays]


async def test_a_second_bridge_is_linked_as_jicofo_does_it() -> None:
    story = await two_regions()
    lima = [request for name, request in story.asked if name == "lima"]
    assert (lima[0].create, [each.id for each in lima[0].endpoints]) == (True, ["lou"])
    first, onward = relays(story, "oslo")
    assert (first.id, first.create, first.mesh_id) == ("lima-r", True, "0")
    assert first.transport == colibri2.Transport(use_unique_port=True, ice_controlling=True)
    assert first.audio is not None
    assert first.video is not None
    assert [each.id for each in first.endpoints] == ["lou"]
    joiner, back = relays(story, "lima")
    assert (joiner.id, joiner.create, joiner.transport) == ("oslo-r", True, colibri2.Transport())
    known = {each.id: [s.id for s in each.sources or ()] for each in joiner.endpoints}
    assert known == {"ada": ["ada-v0", "ada-a0"], "abe": ["abe-v0", "abe-a0"]}
    for told, setup in ((onward, "active"), (back, "passive")):
        assert told.transport is not None
        assert told.transport.ice is not None
        assert {each.setup for each in told.transport.ice.fingerprints} == {setup}
        assert bool(told.transport.ice.web_sockets) == (setup == "active")
    assert story.properties[-1][0]["bridge-count"] == "2"
    assert story.told("lou", "session-initiate")[0].bridge_session is not None


async def test_sources_are_told_to_the_other_bridge_and_withdrawn_with_their_owner() -> None:
    story = await two_regions()
    await story.accepts("lou", 31, 32)
    assert [[(e.id, len(e.sources or ())) for e in relay.endpoints] for relay in relays(story, "oslo")[2:]] == [
        [("lou", 2)]
    ]
    before = len(story.asked)
    await story.leaves("abe")
    after = story.asked[before:]
    assert [(name, [e.id for r in request.relays for e in r.endpoints if e.expire]) for name, request in after] == [
        ("lima", ["abe"]), ("oslo", []),
    ]  # fmt: skip
    before = len(story.asked)
    await story.leaves("lou")
    (oslo, gone), (lima, end) = story.asked[before:]
    assert (oslo, [(r.id, r.expire) for r in gone.relays]) == ("oslo", [("lima-r", True)])
    assert (lima, end.expire) == ("lima", True)


async def test_when_a_bridge_dies_only_its_own_people_move() -> None:
    story = await two_regions()
    await story.accepts("lou", 31, 32)
    await story.bridge_dies("lima")
    assert len(story.told("lou", "session-terminate")) == 1
    assert [len(story.told(nick, "session-initiate")) for nick in ("ada", "abe", "lou")] == [1, 1, 2]
    assert not story.told("ada", "session-terminate")
    last = [request for name, request in story.asked if name == "oslo" and request.endpoints][-1]
    assert [(each.id, each.create) for each in last.endpoints] == [("lou", True)]
    # The relay's entry for lou goes before lou is made there.
    order = [bool(r.relays) for name, r in story.asked if name == "oslo"]
    assert order[-2:] == [True, False]
    await story.accepts("lou", 33, 34)
    assert [each.action for nick, each in story.sent if nick == "ada"][-2:] == ["source-remove", "source-add"]


async def test_a_bridge_that_refuses_its_relay_is_left() -> None:
    story = Story()
    await story.bridge_appears("oslo", region="eu", relay_id="oslo-r")
    await story.bridge_appears("lima", region="sa", relay_id="lima-r")
    story.bridge_answer = lambda request: (
        refuse("feature-not-implemented") if any(r.id == "oslo-r" and r.create for r in request.relays)
        else allocate(request)
    )  # fmt: skip
    await story.joins("ada", "abe", region="eu")
    await story.accepts("ada", 11, 12)
    await story.joins("lou", region="sa")
    assert list(story.conference.cascade.sessions) == [f"{BREWERY}/oslo"]
    assert {e.id for n, r in story.asked if n == "oslo" for e in r.endpoints if e.create} == {"ada", "abe", "lou"}


async def test_who_is_moved_goes_where_the_choice_falls_now() -> None:
    story = await two_regions()
    await story.accepts("lou", 31, 32)
    story.bridges.bridges[f"{BREWERY}/lima"].drain = True
    (lou,) = story.conference.placing.on(f"{BREWERY}/lima")
    story.conference.move(lou)
    await story.settle()
    assert [each.endpoint for each in story.conference.placing.on(f"{BREWERY}/oslo")] == ["ada", "abe", "lou"]
    assert list(story.conference.cascade.sessions) == [f"{BREWERY}/oslo"]


async def test_who_comes_while_the_last_one_leaves_still_gets_in() -> None:
    story = Story()
    await story.bridge_appears()
    asked, answer = story.iq, asyncio.Event()

    async def slow_client(to: str, payload: Element, kind: str = "set") -> Element | None:
        if to.endswith("/late") and payload.tag == disco.QUERY:
            await answer.wait()
        return await asked(to, payload, kind)

    story.iq = slow_client  # pyright: ignore[reportAttributeAccessIssue]
    await story.joins("ada", "late")
    await story.accepts("ada", 11, 12)
    await story.leaves("ada")
    assert story.asked[-1][1].expire
    await story.joins("new")
    answer.set()
    await story.settle()
    for nick, ssrc in (("new", 21), ("late", 31)):
        await story.accepts(nick, ssrc, ssrc + 1)
    assert [each.endpoint for each in story.conference.placing.on(f"{BREWERY}/oslo")] == ["late", "new"]
    creates = [request for _, request in story.asked if request.create]
    assert len(creates) == 2
