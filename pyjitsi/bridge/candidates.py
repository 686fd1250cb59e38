"""Which addresses a bridge offers to its clients (RFC 8445 section 5.1)."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

import ifaddr

from pyjitsi.bridge.settings import BridgeSettings
from pyjitsi.xmpp.stanzas.ice_udp import Candidate

HOST_PREFERENCE, REFLEXIVE_PREFERENCE = 126, 100


@dataclass(frozen=True, slots=True)
class HostAddress:
    """An address of ours with its port, and the public one that NAT puts in front of it."""

    ip: str
    port: int
    public_ip: str | None = None
    public_port: int | None = None
    advertised: bool = True


def _priority(preference: int, position: int) -> int:
    """RFC 8445 section 5.1.2.1, component 1."""
    return preference << 24 | (65535 - position) << 8 | 255


def candidates(hosts: Iterable[HostAddress]) -> tuple[Candidate, ...]:
    """Host candidates, and a server-reflexive one for each NAT mapping."""
    found: list[Candidate] = []
    for position, host in enumerate(hosts):
        if host.advertised:
            found.append(
                Candidate(f"h{position}", 1, "udp", _priority(HOST_PREFERENCE, position), host.ip, host.port, "host",
                          id=f"host-{position}")
            )  # fmt: skip
        if host.public_ip is not None:
            related = (host.ip, host.port) if host.advertised else ("0.0.0.0", 9)
            found.append(
                Candidate(f"s{position}", 1, "udp", _priority(REFLEXIVE_PREFERENCE, position), host.public_ip,
                          host.public_port or host.port, "srflx", id=f"srflx-{position}", rel_addr=related[0],
                          rel_port=related[1])
            )  # fmt: skip
    return tuple(found)


def machine_addresses() -> list[str]:
    """All addresses of this machine's interfaces, without link-local ones, which need a zone."""
    found: list[str] = []
    for adapter in ifaddr.get_adapters():
        for entry in adapter.ips:
            text = entry.ip if isinstance(entry.ip, str) else entry.ip[0]
            if not ipaddress.ip_address(text).is_link_local and text not in found:
                found.append(text)
    return found


def host_addresses(settings: BridgeSettings, available: Iterable[str]) -> tuple[HostAddress, ...]:
    """What to offer, by the settings' rules, of the machine's ``available`` addresses."""
    bound = [str(address) for address in settings.bind_addresses] or list(available)
    loopback = [text for text in bound if ipaddress.ip_address(text).is_loopback]
    others = [text for text in bound if text not in loopback]
    offer_loopback = settings.advertise_loopback if settings.advertise_loopback is not None else not others
    mappings = {str(mapping.local_address): mapping for mapping in settings.static_mappings}
    hosts: list[HostAddress] = []
    for text in others + (loopback if offer_loopback else []):
        mapping = mappings.get(text)
        private = ipaddress.ip_address(text).is_private and not ipaddress.ip_address(text).is_loopback
        hosts.append(
            HostAddress(
                text,
                settings.udp_port,
                None if mapping is None else str(mapping.public_address),
                None if mapping is None else mapping.public_port,
                settings.advertise_private or not private,
            )
        )
    return tuple(hosts)
