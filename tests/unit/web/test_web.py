"""The web service in front of fakes: pages, ``config.js``, and the proxy both ways."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer, unused_port
from pydantic import ValidationError

from pyjitsi.web import config_js
from pyjitsi.web.service import WebService
from pyjitsi.web.settings import AccountsSettings, Branding, WebSettings


async def echo_socket(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(protocols=("xmpp",))
    await socket.prepare(request)
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await socket.send_str(f"{request.host}:{request.query_string}:{message.data}")
    return socket


async def describe(request: web.Request) -> web.Response:
    seen = {name: request.headers.get(name) for name in ("X-Forwarded-For", "X-Forwarded-Proto")}
    seen["cookie"] = request.headers.get("Cookie")
    return web.json_response(seen | {"host": request.host, "query": request.query_string, "body": await request.text()})


async def lead_on(request: web.Request) -> web.Response:
    answer = web.Response(status=303, headers={"Location": f"https://id.example.org/{request.query_string}"})
    answer.set_cookie("one", "1")
    answer.set_cookie("two", "2")
    return answer


async def test_element_learns_that_people_enter_with_matrix_accounts() -> None:
    for matrix, status, body in ((True, 200, {"auth": "openidtoken-jwt"}), (False, 404, None)):
        port = unused_port()
        one = WebService(WebSettings(domain="m", listen_port=port, http_port=unused_port(), matrix=matrix))
        await one.start()
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"http://127.0.0.1:{port}/.well-known/element/jitsi") as answer,
            ):
                assert answer.status == status
                if body is not None:
                    assert await answer.json() == body
                    assert answer.headers["Access-Control-Allow-Origin"] == "*"  # Element's pages are elsewhere
        finally:
            await one.stop()


async def test_a_meeting_is_framed_by_those_who_are_named_and_nobody_else() -> None:
    for embedders, expected in (((), "frame-ancestors 'self'"), (("e.org", "x.e.org:8443"),
                                "frame-ancestors 'self' https://e.org https://x.e.org:8443")):  # fmt: skip
        port = unused_port()
        one = WebService(WebSettings(domain="m", listen_port=port, http_port=unused_port(), embedders=embedders))
        await one.start()
        try:
            async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/config.js") as answer:
                assert answer.headers["Content-Security-Policy"].endswith(f"; {expected}")
        finally:
            await one.stop()
    with pytest.raises(ValidationError):
        WebSettings(domain="m", embedders=("e.org; script-src *",))


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[WebService]:
    """A web service whose upstreams echo; ``absent`` is a bridge that does not answer."""
    app = web.Application()
    app.router.add_get("/xmpp-websocket", echo_socket)
    app.router.add_get("/colibri-ws/jvb/{rest:.+}", echo_socket)
    app.router.add_post("/http-bind", describe)
    app.router.add_post("/conference-request/v1", describe)
    app.router.add_get("/oidc/login", lead_on)
    app.router.add_get("/oidc/token", describe)
    upstream = TestServer(app)
    await upstream.start_server()
    client = tmp_path / "client"
    (client / "assets").mkdir(parents=True)
    (client / "index.html").write_text('<!doctype html><title>page</title><script src="/config.js"></script>')
    (client / "assets" / "x.js").write_text("1")
    (tmp_path / "secret.txt").write_text("not yours")
    base = str(upstream.make_url("/")).rstrip("/")
    port = unused_port()
    settings = WebSettings(
        domain="talk.example", listen_port=port, prosody_url=base, focus_url=base, client=client,
        bridges={"jvb": base, "absent": f"http://127.0.0.1:{unused_port()}"}, config={"p2p": {"enabled": True}},
        accounts=AccountsSettings(url=base, required=False), avatar_hosts=("id.example.org",),
        http_port=unused_port(), branding=Branding(app_name="Town Hall", logo=tmp_path / "logo.svg"),
    )  # fmt: skip
    (tmp_path / "logo.svg").write_text("<svg/>")
    service = WebService(settings)
    await service.start()
    yield service
    await service.stop()
    await upstream.close()


@pytest.fixture
async def address(service: WebService) -> str:
    return f"http://127.0.0.1:{service.settings.listen_port}"


async def get(url: str) -> tuple[int, str, dict[str, str]]:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.text(), dict(answer.headers)


@pytest.mark.parametrize("path", ["/", "/AnyRoom", "/raumfür-alle"])
async def test_every_room_is_the_page(address: str, path: str) -> None:
    status, text, headers = await get(address + path)
    assert (status, "<title>page</title>" in text) == (200, True)
    assert "frame-ancestors 'self'" in headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/a/b/c", "/assets/b", "/oidc/x", "/a b/c", "/a%20b", "/..%2fsecret.txt", "/a'b"])
async def test_what_is_no_room_and_no_file_is_not_found(address: str, path: str) -> None:
    status, text, _ = await get(address + path)
    assert status == 404
    assert "not yours" not in text


async def test_assets_are_kept_and_the_page_is_not(address: str) -> None:
    assert "immutable" in (await get(address + "/assets/x.js"))[2]["Cache-Control"]
    assert (await get(address + "/"))[2]["Cache-Control"] == "no-cache"


async def test_config_js_names_this_server_as_the_browser_reached_it(address: str) -> None:
    _, text, _ = await get(address + "/config.js")
    config = json.loads(text.removeprefix("var config = ").rstrip(";\n"))
    assert config["hosts"] == {
        "domain": "talk.example", "muc": "conference.talk.example", "focus": "focus.talk.example",
    }  # fmt: skip
    assert config["websocket"] == address.replace("http", "ws") + "/xmpp-websocket"
    assert config["p2p"] == {"enabled": True}


async def test_a_tenants_page_has_a_configuration_of_its_own(address: str) -> None:
    status, page, _ = await get(f"{address}/Acme.Co/Room")
    assert status == 200
    assert 'src="/Acme.Co/config.js"' in page
    _, text, _ = await get(f"{address}/Acme.Co/config.js")
    config = json.loads(text.removeprefix("var config = ").rstrip(";\n"))
    assert config["hosts"]["muc"] == "conference.acme_co.talk.example"
    assert config["websocket"] == address.replace("http", "ws") + "/Acme.Co/xmpp-websocket"
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{address}/Acme.Co/xmpp-websocket?room=a") as socket,
    ):
        await socket.send_str("hello")
        assert await socket.receive_str() == "talk.example:room=a:hello"
    async with aiohttp.ClientSession() as session:
        for path in ("http-bind", "conference-request/v1"):
            async with session.post(f"{address}/Acme.Co/{path}?room=a", data="body") as answer:
                assert (await answer.json())["body"] == "body"


def test_config_js_can_not_be_left_by_a_value() -> None:
    assert "</script" not in config_js.build("d", "https://d", {"x": "</script><script>"})


def test_config_js_says_which_codecs_are_preferred() -> None:
    text = config_js.build("d", "https://d", {}, codec_preference=("VP9", "VP8"))
    quality = json.loads(text.removeprefix("var config = ").rstrip(";\n"))["videoQuality"]
    assert quality == {"codecPreferenceOrder": ["VP9", "VP8"], "mobileCodecPreferenceOrder": ["VP9", "VP8"]}
    overridden = config_js.build(
        "d", "https://d", {"videoQuality": {"mobileCodecPreferenceOrder": ["H264"]}}, codec_preference=("VP9",)
    )
    assert '"mobileCodecPreferenceOrder": [\n      "H264"' in overridden
    assert "videoQuality" not in config_js.build("d", "https://d", {})


async def test_a_web_socket_is_passed_on_with_its_query_and_the_xmpp_domain(address: str) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{address}/xmpp-websocket?room=a", protocols=("xmpp",)) as socket,
    ):
        assert socket.protocol == "xmpp"
        await socket.send_str("hello")
        assert await socket.receive_str() == "talk.example:room=a:hello"


async def test_as_many_web_sockets_are_passed_on_as_there_are_people(address: str) -> None:
    # aiohttp's client has a limit of 100 connections, behind which the 101st person waited for ever.
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.timeout(20):
        sockets = [await session.ws_connect(f"{address}/xmpp-websocket?room={number}") for number in range(130)]
        await sockets[-1].send_str("hello")
        assert await sockets[-1].receive_str() == "talk.example:room=129:hello"
        await asyncio.gather(*(each.close() for each in sockets))


async def test_a_bridge_channel_goes_to_its_bridge(address: str) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{address}/colibri-ws/jvb/c/e?pwd=x") as socket,
    ):
        await socket.send_str("hi")
        assert (await socket.receive_str()).endswith(":pwd=x:hi")


@pytest.mark.parametrize(("server", "status"), [("absent", 502), ("unknown", 404)])
async def test_a_bridge_that_is_not_there_is_said_in_words(address: str, server: str, status: int) -> None:
    found, text, _ = await get(f"{address}/colibri-ws/{server}/c/e?pwd=x")
    assert found == status
    assert "bridge" in text or "does not answer" in text


@pytest.mark.parametrize("path", ["/http-bind", "/conference-request/v1"])
async def test_requests_are_passed_on_whole(address: str, path: str) -> None:
    async with aiohttp.ClientSession() as session, session.post(f"{address}{path}?room=a", data="body") as answer:
        passed = await answer.json()
    assert (passed["query"], passed["body"]) == ("room=a", "body")


async def test_log_in_leads_the_browser_away_and_its_cookies_stay_its_own(address: str) -> None:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        async with session.get(f"{address}/oidc/login?room=a", allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "https://id.example.org/room=a")
            assert {each.key: each.value for each in answer.cookies.values()} == {"one": "1", "two": "2"}
        # Somebody else's request, after the proxy has seen those cookies.
        async with session.get(f"{address}/oidc/token") as answer:
            assert (await answer.json())["cookie"] is None
        async with session.get(f"{address}/oidc/token", headers={"Cookie": "mine=3"}) as answer:
            assert (await answer.json())["cookie"] == "mine=3"


async def test_config_js_tells_clients_where_to_log_in(address: str) -> None:
    _, text, headers = await get(address + "/config.js")
    config = json.loads(text.removeprefix("var config = ").rstrip(";\n"))
    assert config["tokenAuthUrl"] == f"{address}/oidc/login?room={{room}}&state={{state}}"
    assert config["tokenLogoutUrl"] == f"{address}/oidc/logout"
    assert config["accounts"] == {"path": "/oidc", "required": False}
    assert "img-src 'self' data: blob: https://id.example.org;" in headers["Content-Security-Policy"]


@pytest.mark.parametrize("host", ["a b", "a;script-src *", "*", "https://a", "a/b"])
def test_a_host_of_pictures_is_a_host(host: str) -> None:
    with pytest.raises(ValidationError):
        WebSettings(domain="d", avatar_hosts=(host,))


async def test_without_accounts_there_are_no_log_in_pages(tmp_path: Path) -> None:
    service = WebService(WebSettings(domain="d", listen_port=unused_port(), http_port=unused_port(), client=tmp_path))
    await service.start()
    try:
        base = f"http://127.0.0.1:{service.settings.listen_port}"
        assert (await get(f"{base}/oidc/login"))[0] == 404
        assert "tokenAuthUrl" not in (await get(f"{base}/config.js"))[1]
    finally:
        await service.stop()


async def test_a_keep_alive_of_the_xmpp_address_is_answered(address: str) -> None:
    assert (await get(address + "/xmpp-websocket"))[0] == 200


async def test_health_is_for_all_and_metrics_only_inside(service: WebService, address: str) -> None:
    inside = f"http://127.0.0.1:{service.settings.http_port}"
    assert json.loads((await get(address + "/about/health"))[1]) == {"healthy": True}
    assert json.loads((await get(inside + "/about/health"))[1]) == {"healthy": True}
    assert "# HELP" in (await get(inside + "/metrics"))[1]
    assert "# HELP" not in (await get(address + "/metrics"))[1]


async def test_the_browsers_address_is_what_a_trusted_proxy_says_last(address: str) -> None:
    headers = {"X-Forwarded-For": "10.9.9.9, 203.0.113.7, 127.0.0.1", "X-Forwarded-Proto": "https"}
    async with aiohttp.ClientSession() as session, session.post(f"{address}/http-bind", headers=headers) as answer:
        passed = await answer.json()
    assert (passed["X-Forwarded-For"], passed["X-Forwarded-Proto"]) == ("203.0.113.7", "https")


async def test_whoever_is_no_proxy_is_not_believed(service: WebService, address: str) -> None:
    service.proxy.trusted = frozenset()
    headers = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}
    async with aiohttp.ClientSession() as session, session.post(f"{address}/http-bind", headers=headers) as answer:
        passed = await answer.json()
    assert (passed["X-Forwarded-For"], passed["X-Forwarded-Proto"]) == ("127.0.0.1", "http")


async def test_branding_reaches_the_page(address: str) -> None:
    text = (await get(address + "/config.js"))[1]
    assert '"appName": "Town Hall"' in text
    assert '"defaultLogoUrl": "/branding/logo"' in text
    status, logo, headers = await get(address + "/branding/logo")
    assert (status, logo, headers["Content-Type"]) == (200, "<svg/>", "image/svg+xml")
