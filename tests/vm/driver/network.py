"""One Ethernet for all machines, and what a node does with its interface on it."""

import ipaddress
import selectors
import socket
import struct
import threading
from pathlib import Path

from tests.vm.driver.node import Firewall, Node

LENGTH = struct.Struct(">I")
READ = 1 << 18
BACKLOG = 1 << 22
"""Bytes that may wait for a machine which does not read; later frames are lost, as on a wire."""

FIREWALL = """table inet firewall {{
  chain input {{
    type filter hook input priority 0; policy drop;
    iifname "lo" accept
    ct state established,related accept
    meta l4proto {{ icmp, ipv6-icmp }} accept
{rules}  }}
}}
"""


def configure(node: Node) -> str:
    """The script that gives a node its addresses, kernel settings and firewall."""
    lines = ["ip link set eth0 name eth1", "ip link set lo up"]
    if node.ipv4 is None:
        lines.append("ip addr del 127.0.0.1/8 dev lo")
    if node.ipv6 is None:
        lines.append("echo 1 > /proc/sys/net/ipv6/conf/eth1/disable_ipv6")
    lines.append("ip link set eth1 up")
    lines += [f"ip addr add {node.ipv4} dev eth1"] if node.ipv4 else []
    lines += [f"ip addr add {node.ipv6} dev eth1 nodad"] if node.ipv6 else []
    # One writer per setting: systemd-sysctl would also read all of Debian's.
    lines += [f"echo '{value}' > /proc/sys/{name.replace('.', '/')}" for name, value in node.sysctl.items()]
    if node.firewall is not None:
        lines += ["nft -f - <<'END'", rules(node.firewall) + "END"]
    return "".join(f"{line}\n" for line in lines)


def rules(firewall: Firewall) -> str:
    """The node's table for nft."""
    found: list[str] = []
    for protocol, ports in (("tcp", firewall.tcp), ("udp", firewall.udp)):
        if ports:
            found.append(f"{protocol} dport {_set(ports)} accept")
    for source, ports in firewall.sources:
        family = "ip" if ipaddress.ip_network(source, strict=False).version == 4 else "ip6"
        found.append(f"{family} saddr {source} tcp dport {_set(ports)} accept")
    return FIREWALL.format(rules="".join(f"    {rule}\n" for rule in found))


def _set(ports: tuple[int, ...]) -> str:
    return f"{{ {', '.join(map(str, ports))} }}"


class _Port:
    """One machine's end of the wire."""

    def __init__(self, wire: socket.socket) -> None:
        self.wire: socket.socket = wire
        self.received: bytearray = bytearray()
        self.waiting: bytearray = bytearray()

    def frames(self, data: bytes) -> list[bytes]:
        """Whole frames, each with its length before it."""
        held = self.received
        held += data
        found: list[bytes] = []
        end = 0
        while len(held) - end >= LENGTH.size:
            (length,) = LENGTH.unpack_from(held, end)
            if len(held) - end < LENGTH.size + length:
                break
            found.append(bytes(held[end : end + LENGTH.size + length]))
            end += LENGTH.size + length
        del held[:end]
        return found


class Switch:
    """Carries frames between QEMU's ``-netdev stream`` sockets by the addresses it learns; one thread."""

    def __init__(self, path: Path) -> None:
        self.path: Path = path
        self._listener: socket.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen()
        self._wake, self._woken = socket.socketpair()
        self._selector: selectors.BaseSelector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._ports: list[_Port] = []
        self._learned: dict[bytes, _Port] = {}
        self._thread: threading.Thread = threading.Thread(target=self._run, name="vm-switch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Unplug everything."""
        self._wake.send(b"x")
        self._thread.join(5)
        for each in (self._listener, self._wake, self._woken, *(port.wire for port in self._ports)):
            each.close()
        self._selector.close()

    def _run(self) -> None:
        while True:
            for key, events in self._selector.select():
                if key.fileobj is self._woken:
                    return
                if key.fileobj is self._listener:
                    self._accept()
                    continue
                port: _Port = key.data
                if events & selectors.EVENT_WRITE:
                    self._flush(port)
                if events & selectors.EVENT_READ and port in self._ports:
                    self._receive(port)

    def _accept(self) -> None:
        wire, _ = self._listener.accept()
        wire.setblocking(False)
        port = _Port(wire)
        self._ports.append(port)
        self._selector.register(wire, selectors.EVENT_READ, port)

    def _receive(self, port: _Port) -> None:
        try:
            data = port.wire.recv(READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._unplug(port)
            return
        reached: set[_Port] = set()
        for frame in port.frames(data):
            target, source = frame[4:10], frame[10:16]
            self._learned[source] = port
            known = self._learned.get(target)
            for other in [known] if known else self._ports:
                if other is not port and len(other.waiting) < BACKLOG:
                    other.waiting += frame
                    reached.add(other)
        for other in reached:
            self._flush(other)

    def _flush(self, port: _Port) -> None:
        if port not in self._ports:
            return
        try:
            del port.waiting[: port.wire.send(port.waiting)]
        except BlockingIOError:
            pass
        except OSError:
            self._unplug(port)
            return
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if port.waiting else 0)
        self._selector.modify(port.wire, events, port)

    def _unplug(self, port: _Port) -> None:
        self._ports.remove(port)
        self._learned = {address: each for address, each in self._learned.items() if each is not port}
        self._selector.unregister(port.wire)
        port.wire.close()
