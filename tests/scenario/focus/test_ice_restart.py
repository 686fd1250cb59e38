"""What a client can ask for when its way to the bridge fails: ICE anew in its session, or an invitation."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from pyjitsi.xmpp.stanzas import colibri2, ice_udp, jingle
from pyjitsi.xmpp.stanzas.errors import StanzaError
from tests.scenario.focus.story import BRIDGE_TRANSPORT, CLIENT_TRANSPORT, Story, allocate, refuse
from tests.scenario.focus.test_conference import meeting

Bridge = Callable[[colibri2.ConferenceModify], colibri2.ConferenceModified]
NEW = ice_udp.IceUdpTransport("newclientufrag", "client+password/of23ch")


def restarting(generation: int | None, *, transport: bool = True) -> Bridge:
    """A bridge that answers restarts so."""

    def answer(request: colibri2.ConferenceModify) -> colibri2.ConferenceModified:
        (endpoint,) = request.endpoints or (None,)
        if endpoint is None or endpoint.transport is None or not endpoint.transport.ice_restart:
            return allocate(request)
        ice = replace(BRIDGE_TRANSPORT, ufrag="fresh", ice_generation=generation)
        made = colibri2.Transport(ice) if transport else None
        return colibri2.ConferenceModified((colibri2.Endpoint(endpoint.id, transport=made),))

    return answer


async def asks(story: Story, nick: str = "aaaaaaaa", session: str | None = None) -> None:
    """A client asks for a restart in place."""
    offer = story.told(nick, "session-initiate")[-1]
    assert offer.bridge_session is not None
    wanted = jingle.BridgeSession(session or offer.bridge_session.id, ice_restart=True)
    await story.says(nick, "session-info", bridge_session=wanted)


async def refused(story: Story, **asked: str) -> str:
    """The condition with which it is refused."""
    with pytest.raises(StanzaError) as caught:
        await asks(story, **asked)
    return caught.value.condition


async def test_ice_restarts_in_the_session_that_there_is() -> None:
    story = await meeting("aaaaaaaa", "bbbbbbbb")
    story.bridge_answer = restarting(1)
    story.asked.clear()
    await asks(story)
    ((_, request),) = story.asked
    assert request == colibri2.ConferenceModify(
        request.meeting_id, endpoints=(colibri2.Endpoint("aaaaaaaa", transport=colibri2.Transport(ice_restart=True)),)
    )
    (told,) = story.told("aaaaaaaa", "transport-info")
    assert told.sid == story.sid("aaaaaaaa")
    assert [content.name for content in told.contents] == ["audio"]
    assert told.contents[0].transport == replace(BRIDGE_TRANSPORT, ufrag="fresh", ice_generation=1, web_sockets=())

    answer = replace(NEW, ice_generation=1)
    contents = tuple(jingle.Content(name, "responder", transport=answer) for name in ("audio", "video"))
    await story.says("aaaaaaaa", "transport-info", contents=contents)
    _, update = story.asked[-1]
    assert update.endpoints == (colibri2.Endpoint("aaaaaaaa", transport=colibri2.Transport(answer)),)
    assert len(story.told("aaaaaaaa", "session-initiate")) == 1
    assert story.told("aaaaaaaa", "session-terminate") == []


async def test_nothing_is_said_where_the_bridge_keeps_its_transport() -> None:
    story = await meeting("aaaaaaaa", "bbbbbbbb")
    story.bridge_answer = restarting(None)
    before = len(story.sent)
    await asks(story)
    assert len(story.sent) == before


async def test_who_restarts_on_a_bridge_that_can_not_is_invited_again() -> None:
    story = await meeting("aaaaaaaa", "bbbbbbbb")
    story.bridge_answer = restarting(None, transport=False)
    await asks(story)
    assert len(story.told("aaaaaaaa", "session-initiate")) == 2
    assert len(story.told("bbbbbbbb", "session-initiate")) == 1


async def test_a_bridge_that_does_not_know_the_endpoint_any_more_costs_an_invitation() -> None:
    story = await meeting("aaaaaaaa", "bbbbbbbb")
    story.bridge_answer = lambda request: (
        refuse("item-not-found", "unknown_endpoint")
        if request.endpoints and request.endpoints[0].transport and request.endpoints[0].transport.ice_restart
        else allocate(request)
    )
    await asks(story)
    assert len(story.told("aaaaaaaa", "session-initiate")) == 2


async def test_an_answer_that_was_overtaken_is_dropped() -> None:
    story = await meeting("aaaaaaaa", "bbbbbbbb")
    for generation, told in ((2, 1), (1, 1), (2, 1), (3, 2)):
        story.bridge_answer = restarting(generation)
        story.time += 13
        await asks(story)
        assert len(story.told("aaaaaaaa", "transport-info")) == told


async def test_restarts_are_five_seconds_apart_and_five_a_minute() -> None:
    story = await meeting("aaaaaaaa", "bbbbbbbb")
    story.bridge_answer = restarting(None)
    await asks(story)
    story.time += 4
    assert await refused(story) == "resource-constraint"
    for _ in range(4):
        story.time += 5
        await asks(story)
    story.time += 5
    assert await refused(story) == "resource-constraint"
    story.time += 60
    await asks(story)


async def test_they_do_not_use_up_the_budget_of_full_restarts() -> None:
    story = await meeting("aaaaaaaa", "bbbbbbbb")
    story.bridge_answer = restarting(1)
    await asks(story)
    offer = story.told("aaaaaaaa", "session-initiate")[-1]
    assert offer.bridge_session is not None
    session = jingle.BridgeSession(offer.bridge_session.id, restart=True)
    await story.says("aaaaaaaa", "session-terminate", bridge_session=session)
    assert len(story.told("aaaaaaaa", "session-initiate")) == 2


async def test_an_earlier_bridge_session_is_refused() -> None:
    story = await meeting("aaaaaaaa", "bbbbbbbb")
    assert await refused(story, session="earlier") == "item-not-found"


async def test_it_can_be_switched_off() -> None:
    story = Story(ice_restart=False)
    await story.bridge_appears()
    await story.joins("aaaaaaaa", "bbbbbbbb")
    assert await refused(story) == "feature-not-implemented"


async def test_a_session_info_that_says_nothing_of_it_is_acknowledged() -> None:
    story = await meeting("aaaaaaaa", "bbbbbbbb")
    before = len(story.sent), len(story.asked)
    await story.says("aaaaaaaa", "session-info")
    assert (len(story.sent), len(story.asked)) == before


async def test_credentials_that_only_the_bridge_would_refuse_do_not_get_there() -> None:
    story = await meeting("aaaaaaaa", "bbbbbbbb")
    before = len(story.asked)
    for broken in (replace(NEW, pwd="short"), replace(NEW, ufrag=None), replace(NEW, ufrag="a b c d")):
        with pytest.raises(StanzaError, match="ICE"):
            await story.says("aaaaaaaa", "transport-info", contents=(jingle.Content("audio", transport=broken),))
    assert len(story.asked) == before


async def test_credentials_before_the_accept_reach_the_bridge() -> None:
    """Jigasi sends them so."""
    story = Story()
    await story.bridge_appears()
    await story.joins("aaaaaaaa", "bbbbbbbb")
    await story.says("aaaaaaaa", "transport-info", contents=(jingle.Content("audio", transport=CLIENT_TRANSPORT),))
    _, update = story.asked[-1]
    assert update.endpoints == (colibri2.Endpoint("aaaaaaaa", transport=colibri2.Transport(CLIENT_TRANSPORT)),)


async def test_a_client_that_can_not_reach_its_bridge_is_invited_again() -> None:
    story = await meeting("aaaaaaaa", "bbbbbbbb")
    offer = story.told("aaaaaaaa", "session-initiate")[0]
    assert offer.bridge_session is not None
    current = jingle.BridgeSession(offer.bridge_session.id)
    await story.says("aaaaaaaa", "session-info", ice_failed=True, bridge_session=jingle.BridgeSession("earlier"))
    assert len(story.told("aaaaaaaa", "session-initiate")) == 1
    await story.says("aaaaaaaa", "session-info", ice_failed=True, bridge_session=current)
    assert len(story.told("aaaaaaaa", "session-initiate")) == 2
    expired = [each.id for _, request in story.asked for each in request.endpoints if each.expire]
    assert expired == ["aaaaaaaa"]  # the old allocation ends before the new one is made
    with pytest.raises(StanzaError) as limited:
        await story.says("aaaaaaaa", "session-info", ice_failed=True, bridge_session=current)
    assert limited.value.condition == "resource-constraint"
