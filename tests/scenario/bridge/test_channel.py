"""The bridge channel over a real web-socket: who may open it, what ends it, what is refused on it."""

import aiohttp

from pyjitsi.bridge.service import BridgeService
from pyjitsi.xmpp.stanzas import colibri2
from tests.scenario.bridge.conftest import Join


async def status(url: str) -> tuple[int, str]:
    """With what the bridge refuses an upgrade."""
    headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}  # fmt: skip
    async with aiohttp.ClientSession() as http, http.get(url.replace("ws", "http", 1), headers=headers) as answer:
        return answer.status, await answer.text()


async def metrics(bridge: BridgeService) -> dict[str, float]:
    """The bridge's metrics as a scraper sees them."""
    url = f"http://127.0.0.1:{bridge.settings.http_port}/metrics"
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        lines = (await answer.text()).splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if line.startswith("pyjitsi_")}


async def test_only_the_right_address_opens_it(join: Join, bridge: BridgeService) -> None:
    one = await join("aaaa0001")
    base, _, query = one.url.partition("?")
    server, conference, endpoint = base.rsplit("/", 3)[1:]
    root = base.rsplit("/", 3)[0]
    assert (await status(f"{root}/elsewhere/{conference}/{endpoint}?{query}"))[0] == 404
    assert (await status(f"{root}/{server}/{conference}?{query}"))[0] == 404
    refused = [
        f"{root}/{server}/0123456789abcdef/{endpoint}?{query}",
        f"{root}/{server}/{conference}/bbbb0002?{query}",
        f"{base}?pwd=wrong",
        f"{base}?x=1&{query}",
        f"{base}?pwd=%FF%FE",
        base,
    ]
    answers = [await status(url) for url in refused]
    assert answers == [(403, "no such conference, endpoint or password")] * len(refused)
    assert (await metrics(bridge))['pyjitsi_bridge_refused_total{reason="forbidden",what="channel"}'] == len(refused)


async def test_a_second_socket_takes_the_place_of_the_first(join: Join) -> None:
    one = await join("aaaa0001")
    await one.until(lambda: bool(one.heard("ServerHello")), "a first hello")
    await one.open_channel()
    await one.until(lambda: one.closed_with == 1000, "the end of the first socket")
    await one.until(lambda: len(one.heard("ServerHello")) == 2, "a second hello")
    await one.say({"colibriClass": "ClientHello"})
    await one.until(lambda: len(one.heard("ServerHello")) == 3, "an answer on the second")


async def test_an_endpoint_that_ends_closes_its_channel(join: Join) -> None:
    one, two = await join("aaaa0001"), await join("bbbb0002")
    await one.focus.modify(colibri2.Endpoint("aaaa0001", expire=True))
    await one.until(lambda: one.closed_with == 1001, "the end of the channel")
    assert (await status(one.url))[0] == 403
    await two.say({"colibriClass": "ClientHello"})
    await two.until(lambda: len(two.heard("ServerHello")) == 2, "an answer to who is left")


async def test_messages_pass_between_clients(join: Join) -> None:
    one, two = await join("aaaa0001"), await join("bbbb0002")
    await one.say({"colibriClass": "EndpointMessage", "to": "bbbb0002", "msgPayload": {"type": "wave"}})
    await two.until(lambda: bool(two.heard("EndpointMessage")), "the message")
    assert two.heard("EndpointMessage")[0]["from"] == "aaaa0001"
    assert two.heard("EndpointMessage")[0]["msgPayload"] == {"type": "wave"}


async def test_duplicate_keys_are_refused_and_the_channel_stays(join: Join, bridge: BridgeService) -> None:
    one = await join("aaaa0001")
    await one.say('{"colibriClass":"ClientHello","colibriClass":"ClientHello"}')
    await one.say({"colibriClass": "ClientHello"})
    await one.until(lambda: len(one.heard("ServerHello")) == 2, "an answer to the second message alone")
    assert (await metrics(bridge))['pyjitsi_bridge_refused_total{reason="duplicate-key",what="channel"}'] == 1


async def test_a_megabyte_ends_the_channel_and_no_other(join: Join, bridge: BridgeService) -> None:
    one, two = await join("aaaa0001"), await join("bbbb0002")
    await one.say('{"colibriClass":"EndpointMessage","to":"","msgPayload":{"x":"' + "y" * 1_000_000 + '"}}')
    await one.until(lambda: one.closed_with == 1009, "the end of the channel, message too big")
    await one.open_channel()
    await one.until(lambda: len(one.heard("ServerHello")) == 2, "a channel again")
    await two.say({"colibriClass": "ClientHello"})
    await two.until(lambda: len(two.heard("ServerHello")) == 2, "an answer to the other")
    assert not two.heard("EndpointMessage")
    assert (await metrics(bridge))['pyjitsi_bridge_refused_total{reason="too-long",what="channel"}'] == 1
