"""Log-in against a real OpenLDAP server: who is let in, as what, over which encryption, and what a dead server does."""

import asyncio
import socket
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from pyjitsi.rooms.auth import passwords
from pyjitsi.rooms.auth.ldap.accounts import LdapAccounts
from pyjitsi.rooms.auth.ldap.settings import LdapSettings
from pyjitsi.rooms.auth.person import Person, Unavailable
from pyjitsi.rooms.auth.settings import AccountSettings, AuthSettings
from pyjitsi.rooms.auth.verdicts import Auth
from tests.scenario.ldap.conftest import Settings
from tests.support.slapd import BASE, Slapd

ADA = Person("ada", "Ada Lovelace", "ada@example.org", moderator=True)
BOB = Person("bob", "Bob", "bob@example.org", moderator=False)


@asynccontextmanager
async def directory(settings: LdapSettings) -> AsyncGenerator[LdapAccounts]:
    accounts = LdapAccounts(settings)
    try:
        yield accounts
    finally:
        await accounts.stop()


async def outcome(settings: LdapSettings, name: str, password: str) -> Person | None:
    """One log-in. Raises Unavailable."""
    async with directory(settings) as accounts:
        return await accounts.check(name, password)


async def trouble(settings: LdapSettings, name: str = "ada", password: str = "ada pass") -> str:
    """Why one log-in could not be judged."""
    with pytest.raises(Unavailable) as caught:
        await outcome(settings, name, password)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "password", "person"),
    [
        ("ada", "ada pass", ADA),
        ("bob", "bob pass", BOB),
        ("ada", "bob pass", None),
        ("ada", "", None),
        ("eve", "ada pass", None),
        ("zoe*", "zoë pässword", Person("zoe*", "O'Brien, Zoë (sales)*", "zoe@example.org", moderator=False)),
        # Each of these would be somebody if a name could add to the filter.
        ("*", "ada pass", None),
        ("a*", "ada pass", None),
        ("ada)(objectClass=*", "ada pass", None),
        ("\\61da", "ada pass", None),
    ],
)
async def test_who_is_who(settings: Settings, name: str, password: str, person: Person | None) -> None:
    if password:
        assert await outcome(settings(), name, password) == person
    else:  # RFC 4513 section 5.1.2: the server would have let it in
        assert "empty" in await trouble(settings(), name, password)


async def test_tls_from_the_first_byte_serves_too(slapd: Slapd, settings: Settings) -> None:
    assert await outcome(settings(urls=[slapd.tls_url]), "ada", "ada pass") == ADA


@pytest.mark.parametrize("which", ["other_url", "url", "tls_url"])
async def test_a_certificate_that_proves_nothing_is_refused(slapd: Slapd, settings: Settings, which: str) -> None:
    untrusted = {} if which == "other_url" else {"ca_file": None}
    said = await trouble(settings(urls=[getattr(slapd, which)], **untrusted))
    assert "is its certificate for this name" in said


async def test_a_server_that_wants_encryption_is_not_asked_without(tmp_path: Path, settings: Settings) -> None:
    strict = Slapd(tmp_path / "strict", extra="security simple_bind=128")
    strict.start()
    try:
        changes: dict[str, Any] = {"urls": [strict.url], "ca_file": strict.certificate}
        assert await outcome(settings(**changes), "ada", "ada pass") == ADA
        assert "onfidentiality required" in await trouble(settings(**changes, start_tls=False))
    finally:
        strict.stop()


async def test_a_filter_says_who_may_log_in(settings: Settings) -> None:
    staff_only = settings(filter="(&(uid=%u)(!(employeeType=external)))")
    assert await outcome(staff_only, "ada", "ada pass") == ADA
    assert await outcome(staff_only, "bob", "bob pass") is None


async def test_one_person_is_one_whatever_name_was_typed(settings: Settings) -> None:
    either = settings(filter="(|(uid=%u)(mail=%u))", id_attribute="uid")
    assert await outcome(either, "ada@example.org", "ada pass") == ADA
    assert await outcome(either, "ada", "ada pass") == ADA


async def test_of_two_that_match_nobody_is_let_in(settings: Settings) -> None:
    assert "several entries" in await trouble(settings(), "twin", "twin pass")


@pytest.mark.parametrize(
    ("groups", "ada", "bob"),
    [
        ((), True, True),
        ((f"cn=posix,ou=groups,{BASE}",), False, True),
        ((f"cn=nowhere,{BASE}", f"cn=staff,ou=groups,{BASE}"), True, False),
    ],
)
async def test_groups_say_who_moderates(settings: Settings, groups: tuple[str, ...], ada: bool, bob: bool) -> None:
    async with directory(settings(moderator_groups=groups)) as accounts:
        found = [await accounts.check(name, f"{name} pass") for name in ("ada", "bob")]
    assert [person is not None and person.moderator for person in found] == [ada, bob]


async def test_a_bind_account_that_is_refused_is_the_admins_trouble(settings: Settings, tmp_path: Path) -> None:
    assert await outcome(settings(bind_dn=None, bind_password_file=None), "ada", "ada pass") is None  # sees nobody
    wrong = tmp_path / "wrong"
    wrong.write_text("wrong\n")
    assert "refuses the bind account cn=meet" in await trouble(settings(bind_password_file=wrong))
    assert "can't be read" in await trouble(settings(bind_password_file=tmp_path / "none"))
    wrong.write_text("\n")
    assert "is empty" in await trouble(settings(bind_password_file=wrong))


@contextmanager
def silent(answers_start_tls: bool = False) -> Generator[int]:
    """A server that takes connections and then says nothing more; its port."""
    kept: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    one, _ = listening.accept()
                except OSError:
                    return
                kept.append(one)
                if answers_start_tls:
                    asked = one.recv(4096)  # an extended request, whose message id is its fifth byte
                    one.sendall(bytes([0x30, 0x0C, 2, 1, asked[4], 0x78, 7, 0x0A, 1, 0, 4, 0, 4, 0]))

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            for one in kept:
                one.close()


HANGS: dict[str, Callable[[], Any]] = {
    "before StartTLS": silent,
    "in the handshake": lambda: silent(answers_start_tls=True),
}


@pytest.mark.parametrize("where", [*HANGS, "in a handshake from the first byte", "without TLS", "stopped"])
async def test_a_server_that_hangs_is_an_error_within_seconds_and_holds_nobody_up(
    slapd: Slapd, settings: Settings, where: str, tmp_path: Path
) -> None:
    file = tmp_path / "local"
    file.write_text(str(passwords.make("local pass", ln=8)))
    scheme = "ldaps" if "first byte" in where else "ldap"
    with HANGS.get(where, silent)() as port:
        if where == "stopped":
            slapd.freeze()
        try:
            urls = [slapd.url if where == "stopped" else f"{scheme}://127.0.0.1:{port}"]
            ldap = settings(urls=urls, timeout_seconds=4, start_tls=where != "without TLS")
            local = AccountSettings(password_hash_file=file)
            auth = Auth(AuthSettings(accounts={"local": local}, ldap=ldap), "meet.example.org", "s")
            hanging = [
                asyncio.ensure_future(auth.password({"user": f"u{n}", "password": "x", "address": ""}))
                for n in range(4)
            ]
            await asyncio.sleep(0.1)
            # Somebody whom we know ourselves logs in meanwhile.
            answer = await auth.password({"user": "local", "password": "local pass", "address": ""})
            assert answer["allow"] is True
            assert not all(each.done() for each in hanging)
            for said in await asyncio.gather(*hanging):
                assert (said["condition"], said["text"]) == ("temporary-auth-failure", "Log-ins can't be judged now")
        finally:
            slapd.thaw()
        await auth.stop()


async def test_a_server_that_died_comes_back_and_another_stands_in(tmp_path: Path, settings: Settings) -> None:
    mortal = Slapd(tmp_path / "mortal")
    mortal.start()
    try:
        async with directory(settings(urls=[mortal.url], ca_file=mortal.certificate)) as accounts:
            assert await accounts.check("ada", "ada pass") == ADA
            mortal.stop()
            with pytest.raises(Unavailable, match="Can't contact"):
                await accounts.check("ada", "ada pass")
            mortal.launch()
            assert await accounts.check("ada", "ada pass") == ADA
    finally:
        mortal.stop()
    both = settings(urls=["ldap://127.0.0.1:1", settings().urls[0]])
    assert await outcome(both, "ada", "ada pass") == ADA
