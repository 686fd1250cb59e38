"""The directory's settings and filters, and what becomes of a process that hangs, dies or talks nonsense."""

import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pyjitsi.rooms.auth.ldap.accounts import PAUSE, LdapAccounts
from pyjitsi.rooms.auth.ldap.settings import LdapSettings
from pyjitsi.rooms.auth.ldap.worker import filled
from pyjitsi.rooms.auth.person import Person, Unavailable

FIRST, SECOND = "ldap://one.example", "ldap://two.example"
# A process in the worker's place: what it says depends on the password, and on the server.
SCRIPT = """
import json, sys, time
for line in sys.stdin:
    asked = json.loads(line)
    if asked["password"] == "hang" and asked["url"] != "ldap://two.example":
        time.sleep(600)
    if asked["password"] == "die":
        sys.exit(1)
    if asked["password"] == "error":
        print(json.dumps({"error": "no way"}), flush=True)
    elif asked["password"] in ("right", "hang"):
        print(json.dumps({"person": {"id": asked["name"], "name": asked["url"]}}), flush=True)
    else:
        print(json.dumps({"person": None}), flush=True)
"""


def settings(**values: Any) -> LdapSettings:
    return LdapSettings.model_validate({"urls": [FIRST], "base": "dc=example", "timeout_seconds": 0.2, **values})


class World:
    def __init__(self, *urls: str) -> None:
        self.now: float = 0.0
        command = (sys.executable, "-c", SCRIPT)
        self.accounts: LdapAccounts = LdapAccounts(settings(urls=urls or (FIRST,)), command, lambda: self.now)

    async def refusal(self, password: str) -> str:
        with pytest.raises(Unavailable) as caught:
            await self.accounts.check("ada", password)
        return str(caught.value)


async def test_one_process_answers_one_after_the_other() -> None:
    world = World()
    assert await world.accounts.check("ada", "right") == Person("ada", FIRST)
    assert await world.accounts.check("ada", "wrong") is None
    assert await world.refusal("error") == "no way"
    assert await world.accounts.check("ada", "right") == Person("ada", FIRST)
    await world.accounts.stop()


async def test_a_process_that_dies_is_replaced() -> None:
    world = World()
    assert "died" in await world.refusal("die")
    assert await world.accounts.check("ada", "right") is not None
    await world.accounts.stop()


async def test_a_server_that_hangs_is_left_alone_for_a_moment() -> None:
    world = World()
    await world.accounts.check("ada", "right")
    assert "hangs: no answer within 0.2 s" in await world.refusal("hang")
    assert "did not answer a moment ago" in await world.refusal("right")
    world.now += PAUSE
    assert await world.accounts.check("ada", "right") is not None
    await world.accounts.stop()


async def test_the_next_server_is_asked_where_one_hangs() -> None:
    world = World(FIRST, SECOND)
    await world.accounts.check("ada", "right")
    assert await world.accounts.check("ada", "hang") == Person("ada", SECOND)
    await world.accounts.stop()


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"urls": []}, "at least 1 item"),
        ({"urls": ["http://ldap.example.org"]}, "should match pattern"),
        ({"urls": ["ldap://ldap.example.org/dc=x?uid"]}, "should match pattern"),
        ({"bind_dn": "cn=meet"}, "it takes both, or neither"),
        ({"bind_password_file": "ldap-password"}, "it takes both, or neither"),
        ({"filter": "(uid=ada)"}, "everybody would be the same person"),
        ({"filter": "(&(uid=%u)"}, "parentheses don't match"),
        ({"group_filter": "member=%d"}, "parentheses don't match"),
        ({"timeout_seconds": 60}, "less than or equal to 8"),
        ({"uri": "ldap://x"}, "Extra inputs"),
    ],
)
def test_what_can_not_work_is_refused_with_a_word(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        settings(**values)


def test_a_filter_holds_names_and_never_more() -> None:
    assert filled("(&(uid=%u)(x=%%)(d=%d))", "a*)(uid=*", "cn=x,(y)") == (
        "(&(uid=a\\2A\\29\\28uid=\\2A)(x=%%)(d=cn=x,\\28y\\29))"
    )
    assert filled("(uid=%u)", "%d", "secret") == "(uid=%d)"


@given(st.text(max_size=60))
def test_no_name_adds_to_a_filter(name: str) -> None:
    made = filled("(uid=%u)", name).removeprefix("(uid=").removesuffix(")")
    assert not set(made) & set("()*\x00")
