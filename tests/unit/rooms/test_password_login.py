"""Log-in with name and password: who is let in, what is said to whom is not, and who waits for whom."""

import asyncio
from pathlib import Path

import pytest

from pyjitsi.rooms.auth import passwords
from pyjitsi.rooms.auth.accounts import DeclaredAccounts
from pyjitsi.rooms.auth.grant import Refused
from pyjitsi.rooms.auth.password_login import MOST_WAITING, PasswordLogin
from pyjitsi.rooms.auth.person import Person, Unavailable, unescaped
from pyjitsi.rooms.auth.settings import AccountSettings, AuthSettings
from pyjitsi.rooms.auth.storm import FREE
from pyjitsi.rooms.auth.verdicts import Auth

HOME, CAFE = "198.51.100.7", "203.0.113.9"


class Book:
    """Knows some passwords; ``gate`` closed holds every answer up."""

    def __init__(self, **known: str) -> None:
        self.known: dict[str, str] = known
        self.asked: list[str] = []
        self.away: bool = False
        self.gate: asyncio.Event = asyncio.Event()
        self.gate.set()

    async def check(self, name: str, password: str) -> Person | None:
        self.asked.append(name)
        await self.gate.wait()
        if self.away:
            raise Unavailable("the directory is away")
        return Person(name) if self.known.get(name) == password else None

    async def stop(self) -> None:
        pass


class World:
    def __init__(self, *books: Book) -> None:
        self.now: float = 1000.0
        self.login: PasswordLogin = PasswordLogin(books, lambda: self.now)

    async def refusal(self, name: str, password: str, address: str = CAFE) -> tuple[str, str]:
        with pytest.raises(Refused) as caught:
            await self.login.check(name, password, address)
        return caught.value.condition, caught.value.text


async def test_the_right_password_opens_every_room() -> None:
    world = World(Book(ada="right"))
    grant = await world.login.check("Ada", "right", CAFE)
    assert (grant.user["id"], grant.scope.room, grant.scope.sub) == ("ada", None, "*")


@pytest.mark.parametrize(
    ("name", "password"), [("ada", "wrong"), ("eve", "right"), ("", "right"), ("ada", ""), ("ada\0", "right")]
)
async def test_nobody_learns_which_of_the_two_was_wrong(name: str, password: str) -> None:
    assert await World(Book(ada="right")).refusal(name, password) == ("not-authorized", "Wrong name or password")


async def test_a_second_book_is_asked_where_the_first_does_not_know() -> None:
    first, second = Book(ada="right"), Book(bob="right")
    world = World(first, second)
    assert (await world.login.check("bob", "right", CAFE)).user["id"] == "bob"
    second.away = True
    assert (await world.login.check("ada", "right", CAFE)).user["id"] == "ada"
    assert (await world.refusal("bob", "right"))[0] == "temporary-auth-failure"


async def test_a_directory_that_is_away_is_no_wrong_password() -> None:
    book = Book(ada="right")
    world = World(book)
    book.away = True
    for _ in range(FREE * 3):
        assert await world.refusal("ada", "right") == ("temporary-auth-failure", "Log-ins can't be judged now")
    book.away = False
    await world.login.check("ada", "right", CAFE)


async def test_a_guesser_is_told_how_long_to_wait_and_nobody_is_asked() -> None:
    book = Book(ada="right")
    world = World(book)
    for _ in range(FREE):
        await world.refusal("ada", "wrong")
    asked = len(book.asked)
    assert await world.refusal("ada", "right") == ("temporary-auth-failure", "Too many tries; wait 2 s")
    assert len(book.asked) == asked
    world.now += 2
    await world.login.check("ada", "right", CAFE)


async def test_many_tries_at_once_get_no_more_than_one_after_the_other() -> None:
    book = Book(ada="right")
    world = World(book)
    tries = [asyncio.ensure_future(world.refusal("ada", f"guess {number}")) for number in range(40)]
    await asyncio.gather(*tries)
    assert len(book.asked) == FREE


async def test_a_storm_does_not_lock_the_owner_out() -> None:
    book = Book(ada="right")
    world = World(book)
    await world.login.check("ada", "right", HOME)
    book.gate.clear()
    crowd = [asyncio.ensure_future(world.refusal(f"name{number}", "x", CAFE)) for number in range(MOST_WAITING)]
    guesses = [asyncio.ensure_future(world.refusal("ada", "x", f"192.0.2.{number}")) for number in range(9)]
    await asyncio.sleep(0)
    owner = asyncio.ensure_future(world.login.check("ada", "right", HOME))
    await asyncio.sleep(0)
    assert await world.refusal("bob", "x") == ("temporary-auth-failure", "Log-ins can't be judged now")
    book.gate.set()
    assert (await owner).user["id"] == "ada"
    await asyncio.gather(*crowd, *guesses)


async def test_declared_accounts_read_their_files_anew(tmp_path: Path) -> None:
    file = tmp_path / "ada"
    file.write_text(f"{passwords.make('old')}\n")
    account = AccountSettings(password_hash_file=file, name="Ada L.", email="ada@example.org", moderator=False)
    auth = Auth(AuthSettings(accounts={"ada": account}), "meet.example.org", "s")
    ask = {"user": "ada", "password": "old", "address": CAFE}
    answer = await auth.password(ask)
    assert answer["allow"] is True
    assert answer["identity"] == {"user": {"id": "ada", "name": "Ada L.", "email": "ada@example.org"}}
    assert answer["moderator"] is False
    assert await auth.enter({"node": "standup", "scope": answer["scope"]}) == {"allow": True, "owner": False}
    file.write_text(f"{passwords.make('new')}\n")
    assert (await auth.password(ask))["condition"] == "not-authorized"
    assert (await auth.password(ask | {"password": "new"}))["allow"] is True
    file.unlink()
    assert (await auth.password(ask | {"password": "new"}))["condition"] == "not-authorized"


async def test_names_that_do_not_exist_hold_nobody_up(tmp_path: Path) -> None:
    file = tmp_path / "ada"
    file.write_text(f"{passwords.make('right', ln=8)}\n")
    accounts = DeclaredAccounts({"ada": AccountSettings(password_hash_file=file)})
    crowd = [asyncio.ensure_future(accounts.check(f"name{number}", "x")) for number in range(20)]
    await asyncio.sleep(0)
    assert await accounts.check("ada", "right") is not None
    assert sum(each.done() for each in crowd) < len(crowd)
    for each in crowd:
        each.cancel()
    await asyncio.gather(*crowd, return_exceptions=True)


async def test_guests_enter_unless_they_may_not() -> None:
    account = AccountSettings(password_hash_file=Path("account-ada"))
    with_guests = Auth(AuthSettings(accounts={"ada": account}), "d", "s")
    assert await with_guests.enter({"node": "standup"}) == {"allow": True, "owner": False}
    without = Auth(AuthSettings(accounts={"ada": account}, guests=False), "d", "s")
    assert (await without.enter({"node": "standup"}))["tag"] == "authentication-required"


@pytest.mark.parametrize("question", [{}, {"user": "ada"}, {"user": 1, "password": "x"}, {"user": "a", "password": []}])
async def test_a_question_that_lacks_something_lets_nobody_in(question: dict[str, object]) -> None:
    assert (await Auth(AuthSettings(), "d", "s").password(question))["allow"] is False


@pytest.mark.parametrize(
    ("node", "name"),
    [
        ("ada", "ada"),
        ("ada\\40example.org", "ada@example.org"),
        ("corp\\5cada", "corp\\ada"),
        ("a\\", "a\\"),
        ("a\\zz", "a\\zz"),
        ("d\\27artagnan", "d'artagnan"),
    ],
)
def test_names_as_nodes_write_them(node: str, name: str) -> None:
    assert unescaped(node) == name
