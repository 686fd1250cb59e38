"""Two real WebRTC clients on a real bridge."""

import asyncio
import itertools
import socket

import pytest

from pyjitsi.bridge.service import BridgeService
from pyjitsi.xmpp.stanzas import colibri2, ice_udp, ssma
from tests.scenario.bridge.client import Client
from tests.scenario.bridge.conftest import Join
from tests.scenario.bridge.focus import MEETING, Focus


async def test_two_clients_hear_and_see_each_other(join: Join) -> None:
    one, two = await join("aaaa0001"), await join("bbbb0002")
    await one.watch()
    await two.watch()
    for receiver, sender in ((one, two), (two, one)):
        mine = sender.mine
        assert mine is not None
        await receiver.until(lambda r=receiver, m=mine: r.gets(m.audio, 50), f"sound of {sender.id}")
        await receiver.until(lambda r=receiver, m=mine: r.gets(m.video, 30), f"picture of {sender.id}")
        assert receiver.pc.connectionState == "connected"
        assert receiver.messages[0]["colibriClass"] == "ServerHello"
        forwarded = receiver.heard("ForwardedSources")
        assert forwarded[-1]["forwardedSources"] == [f"{sender.id}-v0"]
        numbers = sorted({packet.sequence_number for packet in receiver.received[mine.video]})
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), "the picture has a hole"


async def test_nothing_of_a_picture_is_sent_before_it_is_asked_for(join: Join) -> None:
    one, two = await join("aaaa0001"), await join("bbbb0002")
    assert one.mine is not None and two.mine is not None
    await one.until(lambda: two.mine is not None and one.gets(two.mine.audio, 60), "sound")
    assert not one.received[two.mine.video]
    sought = two.heard("SenderSourceConstraints")
    assert sought[-1] == {"colibriClass": "SenderSourceConstraints", "sourceName": "bbbb0002-v0", "maxHeight": 0}


async def test_dtls_from_an_address_that_ice_never_saw_disturbs_nobody(join: Join, bridge: BridgeService) -> None:
    one, two = await join("aaaa0001"), await join("bbbb0002")
    await one.until(lambda: two.mine is not None and one.gets(two.mine.audio, 10), "sound")
    hello = bytes.fromhex("16feff0000000000000000000a") + bytes(10)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.1", 0))
        for _ in range(20):
            stranger.sendto(hello, ("127.0.0.1", bridge.settings.udp_port))
            stranger.sendto(bytes(range(256)), ("127.0.0.1", bridge.settings.udp_port))
        stranger.settimeout(0.3)
        with pytest.raises(TimeoutError):
            await asyncio.to_thread(stranger.recv, 2048)
    assert bridge.bridge.dropped["dtls-unvalidated"] == 20
    before = len(one.received[two.mine.audio]) if two.mine else 0
    await one.until(lambda: two.mine is not None and one.gets(two.mine.audio, before + 20), "sound still")


async def test_a_wrong_fingerprint_gets_no_media_and_disturbs_nobody(join: Join, focus: Focus) -> None:
    wrong = ice_udp.Fingerprint("sha-256", ":".join(["AB"] * 32), "active")
    mallory = Client(focus, "dddd0004")
    mallory.fingerprint = wrong
    one, two = await join("aaaa0001"), await join("bbbb0002")
    try:
        await mallory.join()
        await mallory.until(lambda: mallory.pc.connectionState in ("failed", "closed"), "the end of DTLS")
        assert not mallory.received
        assert mallory.mine is not None
        before = len(one.received[two.mine.audio]) if two.mine else 0
        await one.until(lambda: two.mine is not None and one.gets(two.mine.audio, before + 20), "sound still")
        assert not one.received[mallory.mine.audio]
    finally:
        await mallory.leave()


async def test_media_on_the_ssrc_of_another_is_not_forwarded(join: Join, bridge: BridgeService) -> None:
    one, two = await join("aaaa0001"), await join("bbbb0002")
    await one.until(lambda: two.mine is not None and one.gets(two.mine.audio, 10), "sound")
    assert two.mine is not None
    three = await join("cccc0003")
    stolen = colibri2.MediaSource("audio", "cccc0003-a0", (ssma.Source(two.mine.audio),))
    await three.focus.modify(colibri2.Endpoint("cccc0003", sources=(stolen,)))
    three.pc.getSenders()[0]._ssrc = two.mine.audio  # pyright: ignore[reportAttributeAccessIssue, reportPrivateUsage]
    before = len(one.received[two.mine.audio])
    await one.until(lambda: two.mine is not None and one.gets(two.mine.audio, before + 50), "sound of the owner")
    numbers = [packet.sequence_number for packet in one.received[two.mine.audio]]
    assert all(0 < (b - a) % 65536 < 10 for a, b in itertools.pairwise(numbers)), "packets of two senders are mixed"
    endpoint = bridge.bridge.conferences[MEETING].endpoints["cccc0003"]
    drops = bridge.bridge.plane.counters(endpoint.key).dropped or {}
    assert drops.get("ssrc-of-another", 0) + drops.get("unknown-ssrc", 0) > 0, drops


async def test_who_is_muted_by_a_moderator_is_not_forwarded(join: Join, focus: Focus) -> None:
    one, two = await join("aaaa0001"), await join("bbbb0002")
    await one.until(lambda: two.mine is not None and one.gets(two.mine.audio, 10), "sound")
    await focus.modify(colibri2.Endpoint("bbbb0002", force_mute=colibri2.ForceMute(audio=True)))
    assert two.mine is not None
    await asyncio.sleep(0.2)
    before = len(one.received[two.mine.audio])
    await asyncio.sleep(0.5)
    assert len(one.received[two.mine.audio]) == before
    await focus.modify(colibri2.Endpoint("bbbb0002", force_mute=colibri2.ForceMute()))
    await one.until(lambda: two.mine is not None and one.gets(two.mine.audio, before + 20), "sound again")
