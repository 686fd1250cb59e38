"""People who logged in: declared owners go past lobby and password, and a ban is of the person.

The log-in itself is a stand-in, a module that believes a header; what counts here is ``session.meet_identity``.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from pyjitsi.focus.declared import DeclaredRoom
from tests.scenario.prosody.people import affiliations, condition, enter, item, knock
from tests.scenario.prosody.test_bookings import asks, running
from tests.support.prosody import MISSING, Prosody, executable
from tests.support.xmpp_client import XmppClient

ADA, BOB, EVE = "3fa81c02", "b7d40e95", "c0ffee00"
BELIEVES = """
module:hook_global("websocket-session", function(event)
	local id = event.request.headers.x_test_identity;
	event.session.meet_identity = id and { user = { id = id } } or nil;
end);
"""
LogIn = Callable[..., Awaitable[XmppClient]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prosody]:
    if executable() is None:
        pytest.skip(MISSING)
    plugins = tmp_path_factory.mktemp("plugins")
    (plugins / "mod_test_identity.lua").write_text(BELIEVES)
    running_one = Prosody(tmp_path_factory.mktemp("prosody"))
    running_one.plugins = plugins
    running_one.start()
    yield running_one
    running_one.stop()


@pytest.fixture
async def log_in(server: Prosody) -> AsyncIterator[LogIn]:
    made: list[XmppClient] = []

    async def one(identity: str = "", address: str = "203.0.113.7", browser: str = "Firefox/140") -> XmppClient:
        headers = {"X-Forwarded-For": address, "User-Agent": browser}
        client = XmppClient(
            server.websocket, server.domain, headers | ({"X-Test-Identity": identity} if identity else {})
        )
        await client.connect()
        made.append(client)
        return client

    yield one
    for client in made:
        await client.close()


async def test_a_declared_owner_is_moderator_past_lobby_and_password(server: Prosody, log_in: LogIn) -> None:
    board = DeclaredRoom(lobby=True, owners=("ada@example.org",))
    async with running(server, rooms={"board": board}, auto_owner=False):
        bob = await log_in("bob@example.org")
        room = await asks(bob, server, "board")
        assert condition(await knock(bob, room, BOB, name="Bob")) == "registration-required"
        liar = await log_in("Ada@example.org")
        assert condition(await knock(liar, room, EVE, name="Ada")) == "registration-required"
        own = await enter(await log_in("ada@example.org"), room, ADA)
        assert (item(own)["affiliation"], item(own)["role"]) == ("owner", "moderator")


async def test_a_ban_is_of_the_person_not_of_the_office(server: Prosody, log_in: LogIn) -> None:
    async with running(server, rooms={"office": DeclaredRoom(owners=("ada",))}, auto_owner=False):
        ada, bob = await log_in("ada"), await log_in("bob")
        room = await asks(ada, server, "office")
        await enter(ada, room, ADA)
        await enter(bob, room, BOB)
        await affiliations(ada, room, "outcast", bob)
        elsewhere = await log_in("bob", address="198.51.100.9", browser="Chrome/140")
        assert condition(await knock(elsewhere, room, BOB)) == "forbidden"
        assert condition(await knock(await log_in(), room, BOB)) == "forbidden"  # the same browser, not logged in
        await enter(await log_in("eve"), room, EVE)
