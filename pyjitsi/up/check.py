"""Whether a meeting would really work: asked the way a browser would, through the web service."""

import asyncio
import json
import ssl

import aiohttp

from pyjitsi import clock
from pyjitsi.up.plan import Plan

INTERVAL = 0.1


async def until_it_works(plan: Plan, timeout: float) -> str | None:
    """None once it works; else, after ``timeout`` seconds, what is missing."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # our own certificate, on our own machine
    ends = clock.monotonic() + timeout
    missing = "nothing was asked"
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=context), timeout=aiohttp.ClientTimeout(total=5)
    ) as session:
        while clock.monotonic() < ends:
            try:
                problem = await _attempt(session, plan)
            except (aiohttp.ClientError, TimeoutError, OSError, json.JSONDecodeError) as error:
                problem = str(error) or type(error).__name__
            if problem is None:
                return None
            missing = problem
            await asyncio.sleep(INTERVAL)
    return missing


async def _attempt(session: aiohttp.ClientSession, plan: Plan) -> str | None:
    base = plan.local_url
    async with session.get(base) as page:
        if page.status != 200:
            return (await page.text()).strip()
    async with session.get(f"http://127.0.0.1:{plan.focus_port}/about/health") as health:
        focus = await health.json()
        if not focus.get("healthy"):
            return f"focus: {focus.get('reason')}"
        if not focus.get("bridges"):
            return "focus: no bridge in the brewery yet"
    async with session.get(f"http://127.0.0.1:{plan.rooms_port}/about/health") as health:
        rooms = await health.json()
        if not rooms.get("healthy"):
            return f"rooms: {rooms.get('reason')}"
    async with session.get(f"http://127.0.0.1:{plan.bridge_port}/about/health") as health:
        bridge = await health.json()
        if not bridge.get("healthy"):
            return f"bridge: {bridge.get('reason')}"
    socket_url = "ws" + base.removeprefix("http")
    async with session.ws_connect(f"{socket_url}xmpp-websocket", protocols=("xmpp",)) as stream:
        await stream.send_str(f"<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='{plan.domain}' version='1.0'/>")
        opened = await stream.receive_str()
        if "<open" not in opened:
            return f"Prosody answered {opened[:80]}"
    return None
