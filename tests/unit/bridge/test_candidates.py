"""Which addresses a bridge binds and offers."""

from typing import Any

import pytest

from pyjitsi.bridge.candidates import candidates, host_addresses, with_mappings, with_private
from pyjitsi.bridge.settings import BridgeSettings
from pyjitsi.settings import SettingsError
from pyjitsi.xmpp.stanzas.ice_udp import Candidate

MACHINE = ("127.0.0.1", "::1", "203.0.113.5", "192.168.4.7", "2001:db8::5")


def settings(**values: Any) -> BridgeSettings:
    return BridgeSettings.model_validate(
        {"xmpp": {"domain": "auth.d", "password": "p"}, "brewery": "jvbbrewery@internal.auth.d", **values}
    )


def offered(available: tuple[str, ...] = MACHINE, **values: Any) -> list[str]:
    return [each.ip for each in candidates(host_addresses(settings(**values), available))]


def bound(available: tuple[str, ...] = MACHINE, **values: Any) -> list[str]:
    return [each.ip for each in host_addresses(settings(**values), available)]


def test_all_addresses_but_loopback() -> None:
    assert offered() == ["203.0.113.5", "192.168.4.7", "2001:db8::5"]


def test_loopback_where_there_is_nothing_else_or_where_asked_for() -> None:
    assert offered(("127.0.0.1", "::1")) == ["127.0.0.1", "::1"]
    assert offered(bind_addresses=["127.0.0.1"]) == ["127.0.0.1"]
    assert offered(advertise_loopback=True)[-2:] == ["127.0.0.1", "::1"], "last, so of least priority"
    assert offered(("127.0.0.1",), advertise_loopback=False) == []


def test_bound_addresses_alone() -> None:
    assert offered(bind_addresses=["192.168.4.7"]) == ["192.168.4.7"]
    assert bound(bind_addresses=["127.0.0.1", "192.168.4.7"]) == ["192.168.4.7", "127.0.0.1"]
    assert offered(bind_addresses=["127.0.0.1", "192.168.4.7"]) == ["192.168.4.7"]


def test_the_unspecified_address_means_all_of_its_family() -> None:
    assert offered(bind_addresses=["0.0.0.0"]) == ["203.0.113.5", "192.168.4.7"]
    assert offered(bind_addresses=["::"]) == ["2001:db8::5"]


def test_private_addresses_can_be_kept_back() -> None:
    assert offered(advertise_private=False) == ["203.0.113.5", "2001:db8::5"]
    assert "192.168.4.7" in bound(advertise_private=False)


def test_a_mapping_is_a_reflexive_candidate() -> None:
    mapping = {"local_address": "192.168.4.7", "public_address": "198.51.100.9", "public_port": 20000}
    found = candidates(host_addresses(settings(static_mappings=[mapping], udp_port=10001), ("192.168.4.7",)))
    assert found == (
        Candidate("h0", 1, "udp", 2130706431, "192.168.4.7", 10001, "host", id="host-0"),
        Candidate("s0", 1, "udp", 1694498815, "198.51.100.9", 20000, "srflx", id="srflx-0", rel_addr="192.168.4.7",
                  rel_port=10001),
    )  # fmt: skip
    hidden = settings(static_mappings=[mapping], advertise_private=False)
    (only,) = candidates(host_addresses(hidden, ("192.168.4.7",)))
    assert (only.type, only.rel_addr, only.rel_port) == ("srflx", "0.0.0.0", 9)


def test_who_shares_our_network_is_offered_its_addresses_in_any_case() -> None:
    mapping = {"local_address": "192.168.4.7", "public_address": "198.51.100.9"}
    hosts = host_addresses(settings(advertise_private=False, static_mappings=[mapping]), MACHINE)
    assert [each.ip for each in candidates(hosts)] == ["203.0.113.5", "198.51.100.9", "2001:db8::5"]
    found = candidates(with_private(hosts))
    assert [each.ip for each in found] == ["203.0.113.5", "192.168.4.7", "198.51.100.9", "2001:db8::5"]
    assert found[2].rel_addr == "192.168.4.7"


def test_what_a_stun_server_said_is_offered_beside() -> None:
    hosts = host_addresses(settings(), ("192.168.4.7", "2001:db8::5"))
    said = (("198.51.100.9", 31000), ("198.51.100.9", 10000))
    mapped = with_mappings(hosts, {"192.168.4.7": said, "2001:db8::5": ()})
    found = [(each.type, each.ip, each.port) for each in candidates(mapped)]
    assert found == [
        ("host", "192.168.4.7", 10000),
        ("srflx", "198.51.100.9", 31000),
        ("srflx", "198.51.100.9", 10000),
        ("host", "2001:db8::5", 10000),
    ]
    ids = [each.id for each in candidates(mapped)]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("stun_servers", ["stun.example:70000"]),
        ("stun_servers", [":3478"]),
        ("udp_port", 0),
        ("brewery", "no-room"),
        ("websocket_base", "http://meet.example"),
        ("server_id", "a/b"),
        ("bind_addresses", ["meet.example"]),
        ("nickname", ""),
        ("nonsense", 1),
    ],
)
def test_wrong_settings_are_refused(name: str, value: object) -> None:
    with pytest.raises((ValueError, SettingsError), match=name):
        settings(**{name: value})
