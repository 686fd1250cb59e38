"""How key servers and identity providers are asked: bounded in time and size, and never led elsewhere."""

import asyncio
from collections.abc import Mapping

import aiohttp
import structlog

from pyjitsi.rooms.auth.keys import FetchError

log = structlog.get_logger("rooms")

TRIES = 3
FETCH_SECONDS = 3.0  # each of a key's tries; all of them within what Prosody waits
SECONDS = 8.0
LARGEST = 262_144


async def request(
    method: str,
    url: str,
    headers: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
    *,
    json: object = None,
    largest: int = LARGEST,
) -> tuple[int, bytes]:
    """Status and body, whole. Each request has a connection of its own: they are rare. Raises FetchError."""
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=seconds)) as session,
            session.request(method, url, headers=headers, data=form, json=json, allow_redirects=False) as answer,
        ):
            body = bytearray()
            async for chunk in answer.content.iter_any():
                body += chunk
                if len(body) > largest:
                    raise FetchError("too large")
            return answer.status, bytes(body)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise FetchError(type(error).__name__) from None


async def fetch(url: str) -> bytes:
    """A key or a set of them; asked again where the server is at fault. Raises FetchError."""
    reason = ""
    for _ in range(TRIES):
        try:
            status, body = await request("GET", url, seconds=FETCH_SECONDS)
            if status == 200:
                return body
            reason = f"status {status}"
            if status < 500:
                break
        except FetchError as error:
            reason = str(error)
            if reason == "too large":
                break
        await asyncio.sleep(0.1)
    log.warning("no key", url=url, reason=reason)
    raise FetchError(reason)


class Asking:
    """An identity provider's documents and forms."""

    async def get(self, url: str, bearer: str | None = None) -> bytes:
        """A document. Raises FetchError."""
        headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
        status, body = await request("GET", url, headers)
        if status != 200:
            raise FetchError(f"status {status}")
        return body

    async def post(self, url: str, form: Mapping[str, str], authorization: str | None) -> tuple[int, bytes]:
        """Status and body of the answer to a form. Raises FetchError."""
        headers = {"Accept": "application/json"} | ({"Authorization": authorization} if authorization else {})
        return await request("POST", url, headers, form)
