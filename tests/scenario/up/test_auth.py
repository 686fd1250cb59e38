"""``pyjitsi up --auth jwt``: nobody enters without a token of the server's own secret."""

import time
from pathlib import Path

import pytest

from tests.support.participant import Participant
from tests.support.server import MeetingServer
from tests.support.tokens import claims, signed
from tests.support.xmpp_client import Refused, XmppClient


async def test_only_tokens_open_the_door(tmp_path: Path) -> None:
    server = MeetingServer(tmp_path / "state", options=("--auth", "jwt"))
    server.start()
    try:
        secret = (tmp_path / "state" / "jwt.secret").read_text().strip()
        domain = server.settings("web")["domain"]
        socket = "ws" + server.url.removeprefix("http") + "xmpp-websocket"
        stranger = XmppClient(socket, domain)
        with pytest.raises(Refused):
            await stranger.connect()
        await stranger.close()
        body = claims(iss="meet", sub=domain, exp=int(time.time()) + 600, moderator=True)
        host = XmppClient(f"{socket}?token={signed(body, secret=secret)}", domain)
        await host.connect()
        ada = Participant(host, f"standup@conference.{domain}")
        await ada.join()
        await ada.leave()
    finally:
        server.stop()
