"""Tenants' rooms, as clients and as the server name them."""

import pytest

from pyjitsi.xmpp.tenants import rooms_domain, within

ROOMS = "conference.meet.example.org"


@pytest.mark.parametrize(
    ("room", "inside"),
    [
        ("standup@conference.acme.meet.example.org", "[acme]standup@conference.meet.example.org"),
        ("standup@conference.meet.example.org", "standup@conference.meet.example.org"),
        ("standup@conference.a.b.meet.example.org", "standup@conference.a.b.meet.example.org"),
        ("standup@conference.acmeXmeet.example.org", "standup@conference.acmeXmeet.example.org"),
        ("standup@breakout.acme.meet.example.org", "standup@breakout.acme.meet.example.org"),
        ("conference.acme.meet.example.org", "conference.acme.meet.example.org"),
        ("", ""),
    ],
)
def test_a_room_of_a_tenant_has_its_name_in_brackets(room: str, inside: str) -> None:
    assert within(room, ROOMS) == inside


def test_a_tenant_is_one_label_of_the_domain() -> None:
    assert rooms_domain("meet.example.org", "Acme.Co") == "conference.acme_co.meet.example.org"
    assert rooms_domain("meet.example.org", None) == ROOMS
