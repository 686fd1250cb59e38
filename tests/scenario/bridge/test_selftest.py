"""A bridge finds out by itself that it forwards nothing."""

import pytest

from pyjitsi.bridge import selftest
from pyjitsi.bridge.selftest import SelfTestError
from pyjitsi.bridge.service import BridgeService
from pyjitsi.xmpp.stanzas import healthcheck
from pyjitsi.xmpp.stanzas.errors import StanzaError
from tests.scenario.bridge.focus import Focus


async def test_it_passes_and_leaves_no_trace(bridge: BridgeService) -> None:
    await bridge._self_test.once()  # pyright: ignore[reportPrivateUsage]
    assert bridge.health().healthy
    figures = bridge.figures()
    assert (figures["conferences"], figures["endpoints"], figures["total_participants"]) == (0, 0, 0)
    assert not bridge.bridge.tests
    assert not bridge.bridge.gone


def send_nothing(_endpoint: int, _address: object) -> None:
    """A plane that has lost its tongue."""


async def test_a_bridge_that_forwards_nothing_says_so_to_the_focus(
    bridge: BridgeService, focus: Focus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selftest, "LIMIT", 0.5)
    monkeypatch.setattr(bridge.bridge.plane, "set_destination", send_nothing)
    test = bridge._self_test  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(SelfTestError, match="nothing is forwarded") as caught:
        await test.once()
    test.failure = str(caught.value)
    assert bridge.health().reason == "the self-test failed: nothing is forwarded within 0.5 s"
    with pytest.raises(StanzaError, match="nothing is forwarded") as answer:
        await focus.connection.ask(healthcheck.build())
    assert answer.value.condition == "internal-server-error"


async def test_a_bridge_that_nobody_can_reach_says_so(bridge: BridgeService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selftest, "LIMIT", 0.3)
    monkeypatch.setattr(bridge._port, "send", lambda _datagrams: None)  # pyright: ignore[reportPrivateUsage, reportUnknownLambdaType]
    with pytest.raises(SelfTestError, match="no client can connect"):
        await bridge._self_test.once()  # pyright: ignore[reportPrivateUsage]
