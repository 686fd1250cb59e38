"""The bridge channel as a data channel: what lib-jitsi-meet prefers, and what Jicofo asks for by default."""

import asyncio
import random

from pyjitsi.bridge.service import BridgeService
from tests.scenario.bridge.client import Client
from tests.scenario.bridge.focus import Focus


async def test_messages_and_media_by_data_channel_and_by_web_socket(bridge: BridgeService, focus: Focus) -> None:
    ada, bo = Client(focus, "ada", data=True), Client(focus, "bo")
    try:
        await ada.join()
        await bo.join()
        for person in (ada, bo):
            await person.watch(720)
        assert ada.mine is not None
        assert bo.mine is not None
        picture = bo.mine.video
        await ada.until(lambda: ada.gets(picture, 30), "bo's picture, for which ada asked on her data channel")
        await ada.say({"colibriClass": "EndpointMessage", "to": "bo", "msgPayload": {"hand": True}})
        await bo.until(lambda: any(m.get("msgPayload") == {"hand": True} for m in bo.messages), "ada's message")
        await bo.say({"colibriClass": "EndpointMessage", "to": "ada", "msgPayload": {"wave": "ü" * 5000}})
        await ada.until(lambda: any("wave" in m.get("msgPayload", {}) for m in ada.messages), "bo's long answer")
        await ada.say({"colibriClass": "ClientHello"})
        await ada.until(lambda: bool(ada.heard("ServerHello")), "the answer to ClientHello")
    finally:
        await asyncio.gather(ada.leave(), bo.leave())


async def test_what_is_no_message_costs_nobody_the_channel(bridge: BridgeService, focus: Focus) -> None:
    ada = Client(focus, "ada", data=True)
    try:
        await ada.join()
        (conference,) = bridge.bridge.conferences.values()
        data = conference.endpoints["ada"].data
        assert data is not None
        for junk in (b"\0", bytes(12), b"\x13\x88\x13\x88" + bytes(40), random.Random(7).randbytes(1000)):
            data.receive(junk)  # as if her DTLS carried it
        for text in ("", "no JSON", "[]", '{"colibriClass":"Nonsense"}'):
            await ada.say(text)
        await ada.say({"colibriClass": "ClientHello"})
        await ada.until(lambda: bool(ada.heard("ServerHello")), "an answer")
        assert bridge.refused
    finally:
        await ada.leave()


async def test_the_channel_ends_with_its_endpoint(bridge: BridgeService, focus: Focus) -> None:
    ada = Client(focus, "ada", data=True)
    try:
        await ada.join()
        (conference,) = bridge.bridge.conferences.values()
        endpoint = conference.endpoints["ada"]
        assert endpoint.channel is not None
        bridge.bridge.expire(conference, endpoint)
        assert endpoint.channel is None
        assert endpoint.data is None
    finally:
        await ada.leave()
