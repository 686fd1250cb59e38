"""Who may open a room, by which id a log-in is known on another connection, and who is made moderator for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyjitsi.focus.authentication import Authentication
from pyjitsi.focus.settings import AuthenticationSettings
from pyjitsi.xmpp.stanzas.conference import ConferenceRequest, Login
from pyjitsi.xmpp.stanzas.errors import StanzaError

ROOM = "standup@conference.meet.example"
HOST, GUEST = "ada@meet.example/r1", "f00d@guest.meet.example/r2"
DAY = 86_400
PROOF = '{"scope":"…"}'


def made(secret: str = "s3cret") -> Authentication:
    return Authentication(AuthenticationSettings(login_domain="meet.example"), secret)


def asks(session_id: str | None = None, machine: str | None = "m1", login: Login | None = None) -> ConferenceRequest:
    return ConferenceRequest(ROOM, machine, session_id, login=login)


def refused(focus: Authentication, request: ConferenceRequest, requester: str, now: float = 0) -> StanzaError:
    with pytest.raises(StanzaError) as caught:
        focus.admit(request, requester, now)
    return caught.value


def test_a_guest_is_nobody() -> None:
    found = made().admit(asks(), GUEST, 0)
    assert (found.identity, found.session_id, found.moderator) == (None, None, False)


def test_a_log_in_is_known_by_its_id_on_the_guests_connection() -> None:
    focus = made()
    logged_in = focus.admit(asks(login=Login(PROOF, moderator=True)), HOST, 0)
    assert (logged_in.identity, logged_in.moderator, logged_in.login) == ("ada@meet.example", True, None)
    assert focus.is_host(HOST)
    assert not focus.is_host(GUEST)
    known = focus.admit(asks(logged_in.session_id), GUEST, 60)
    assert (known.identity, known.moderator) == ("ada@meet.example", True)
    assert known.session_id == logged_in.session_id
    assert known.login == Login(PROOF, moderator=True)
    assert focus.is_host(GUEST)


def test_a_focus_that_comes_back_knows_its_ids_and_no_others() -> None:
    given_before = made().admit(asks(), HOST, 0).session_id
    assert made().admit(asks(given_before), GUEST, 1).identity == "ada@meet.example"
    assert refused(made("other"), asks(given_before), GUEST).condition == "not-acceptable"


def test_an_account_that_does_not_moderate() -> None:
    focus = made()
    found = focus.admit(asks(login=Login(PROOF, moderator=False)), HOST, 0)
    assert (found.identity, found.moderator) == ("ada@meet.example", False)
    assert not focus.is_host(HOST)
    assert focus.admit(asks(found.session_id), GUEST, 0).moderator is False
    assert not focus.is_host(GUEST)


def test_a_guest_can_not_prove_anything_by_saying_so() -> None:
    found = made().admit(asks(login=Login(PROOF, moderator=True)), GUEST, 0)
    assert found.identity is None


@pytest.mark.parametrize(
    "requester",
    ["x@evil.example/r", "ada@meet.example.evil/r", "ada@x.meet.example/r", "meet.example", "", "@meet.example.evil"],
)
def test_other_domains_are_not_ours(requester: str) -> None:
    assert made().admit(asks(), requester, 0).identity is None


def test_an_id_ends_after_a_day() -> None:
    focus = made()
    session_id = focus.admit(asks(), HOST, 0).session_id
    assert focus.admit(asks(session_id), GUEST, DAY - 1).session_id == session_id
    error = refused(focus, asks(session_id), GUEST, DAY)
    assert error.extensions[0].tag == "{http://jitsi.org/protocol/focus}session-invalid"
    assert error.text.index("400 invalid-session") > 0  # what clients look for over HTTP


def test_an_id_is_good_on_its_machine_alone() -> None:
    focus = made()
    session_id = focus.admit(asks(), HOST, 0).session_id
    for machine in ("m2", None, ""):
        error = refused(focus, asks(session_id, machine), GUEST)
        assert (error.condition, error.extensions) == ("not-acceptable", ())


def test_a_log_in_without_a_machine_gets_none() -> None:
    assert refused(made(), asks(machine=None), HOST).condition == "not-acceptable"


def test_logged_out_is_out() -> None:
    focus = made()
    session_id = focus.admit(asks(), HOST, 0).session_id
    assert session_id is not None
    focus.admit(asks(session_id), GUEST, 1)
    assert focus.log_out(session_id, GUEST, 2)
    assert not focus.is_host(GUEST)
    assert refused(focus, asks(session_id), GUEST, 3).condition == "not-acceptable"
    assert not focus.log_out(session_id, GUEST, 4)
    # It is forgotten when it would have ended.
    other = focus.admit(asks(), HOST, DAY + 10).session_id
    assert other is not None
    assert focus.log_out(other, GUEST, DAY + 11)


def test_a_new_log_in_counts_more_than_an_old_id() -> None:
    focus = made()
    old = focus.admit(asks(), HOST, 0).session_id
    found = focus.admit(asks(old), "bob@meet.example/r3", 1)
    assert found.identity == "bob@meet.example"
    assert found.session_id != old


@given(st.text(max_size=200))
def test_made_up_ids_are_refused(text: str) -> None:
    focus = made()
    if text:
        assert refused(focus, asks(text), GUEST).condition == "not-acceptable"
    real = focus.admit(asks(), HOST, 0).session_id or ""
    if text not in ("", real[: len(text)]):
        refused(focus, asks(text + real[len(text) :]), GUEST)
    assert not focus.log_out(text, GUEST, 0)
