"""Which addresses a bridge offers to its clients (RFC 8445 section 5.1)."""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import ifaddr

from pyjitsi.bridge.plane.api import Address
from pyjitsi.bridge.settings import BridgeSettings
from pyjitsi.xmpp.stanzas.ice_udp import Candidate

HOST_PREFERENCE, REFLEXIVE_PREFERENCE = 126, 100
PRIVATE = tuple(ipaddress.ip_network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))


@dataclass(frozen=True, slots=True)
class HostAddress:
    """An address of ours with its port, and the public ones that NAT puts in front of it.

    ``private`` ones are offered to whoever is known to share our network, also where they are not ``advertised``.
    """

    ip: str
    port: int
    public: tuple[Address, ...] = ()
    advertised: bool = True
    private: bool = False

    @property
    def loopback(self) -> bool:
        """Whether it is this machine's alone."""
        return ipaddress.ip_address(self.ip).is_loopback


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
        # Where our own address is kept back it is not told as a related one either (RFC 8839 section 5.1).
        related = (host.ip, host.port) if host.advertised else ("::" if ":" in host.ip else "0.0.0.0", 9)
        for number, (ip, port) in enumerate(host.public):
            name = f"srflx-{position}" if number == 0 else f"srflx-{position}-{number}"
            found.append(
                Candidate(f"s{position}", 1, "udp", _priority(REFLEXIVE_PREFERENCE, position), ip, port, "srflx",
                          id=name, rel_addr=related[0], rel_port=related[1])
            )  # fmt: skip
    return tuple(found)


def with_mappings(hosts: Iterable[HostAddress], found: Mapping[str, tuple[Address, ...]]) -> tuple[HostAddress, ...]:
    """The addresses with what STUN servers said of them, by address."""
    return tuple(replace(host, public=found.get(host.ip, ()) or host.public) for host in hosts)


def with_private(hosts: Iterable[HostAddress]) -> tuple[HostAddress, ...]:
    """The addresses as somebody on our own network is offered them."""
    return tuple(replace(host, advertised=host.advertised or host.private) for host in hosts)


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
    """What to bind, and what of it to offer, by the settings' rules, of the machine's ``available`` addresses."""
    available = list(available)
    bound: dict[str, None] = {}
    for address in settings.bind_addresses:
        same = [text for text in available if (":" in text) == (address.version == 6)]
        bound.update(dict.fromkeys(same if address.is_unspecified else [str(address)]))
    parsed = [ipaddress.ip_address(text) for text in bound or available]
    offer_loopback = settings.advertise_loopback
    if offer_loopback is None:
        offer_loopback = all(address.is_loopback for address in parsed)
    mappings = {str(mapping.local_address): mapping for mapping in settings.static_mappings}
    hosts: list[HostAddress] = []
    for address in sorted(parsed, key=lambda each: each.is_loopback):  # loopback has the least priority
        mapping = mappings.get(str(address))
        private = any(address in network for network in PRIVATE if network.version == address.version)
        hosts.append(
            HostAddress(
                str(address),
                settings.udp_port,
                () if mapping is None else ((str(mapping.public_address), mapping.public_port or settings.udp_port),),
                offer_loopback if address.is_loopback else settings.advertise_private or not private,
                private,
            )
        )
    return tuple(hosts)
