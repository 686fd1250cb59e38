"""What a virtual machine gets: data only, the back end's counterpart of one evaluated NixOS host."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class File:
    """A file's content; ``owner`` is ``user`` or ``user:group``, of the node or of this machine."""

    content: str
    mode: int = 0o644
    owner: str = "root"


@dataclass(frozen=True)
class Group:
    """A group to create; ``members`` are users who have it as a supplementary group."""

    name: str
    gid: int
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class User:
    """A system user to create; ``group`` is its primary group's name. The home is only named, not made."""

    name: str
    uid: int
    group: str
    home: str = "/var/empty"


@dataclass(frozen=True)
class Firewall:
    """Input is dropped except what is named here, replies, loopback and ICMP.

    ``sources`` opens TCP ports to one network each: ``(CIDR, ports)``.
    """

    tcp: tuple[int, ...] = ()
    udp: tuple[int, ...] = ()
    sources: tuple[tuple[str, tuple[int, ...]], ...] = ()


@dataclass(frozen=True)
class Node:
    """One machine of a test. Everything beside it is this machine's own root, read-only, under a layer in memory."""

    name: str
    files: dict[str, File] = field(default_factory=dict[str, File])
    """By absolute path."""
    units: dict[str, str] = field(default_factory=dict[str, str])
    """Into /etc/systemd/system, by file name; ``x.service.d/y.conf`` is a drop-in."""
    wanted: list[str] = field(default_factory=list[str])
    """Units that start with the machine, of the node or of Debian."""
    users: list[User] = field(default_factory=list[User])
    groups: list[Group] = field(default_factory=list[Group])
    sysctl: dict[str, str] = field(default_factory=dict[str, str])
    hosts: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """Names by address, for /etc/hosts; localhost and the node's own name are there anyway."""
    ipv4: str | None = None
    """Of eth1, with prefix length. None: the node has no IPv4 at all, 127.0.0.1 included."""
    ipv6: str | None = None
    """Of eth1, with prefix length. None: no IPv6 but ::1."""
    firewall: Firewall | None = None
    memory_mib: int = 1024
    cpus: int = 1
