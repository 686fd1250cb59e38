"""Which thread's socket a datagram goes to, where several share a port: a program for the kernel.

By itself the kernel spreads addresses over the sockets by a hash, and a thread that gets what belongs to another has to
hand it over and wake that one. The program (classic BPF, SO_ATTACH_REUSEPORT_CBPF in socket(7)) looks the remote port
up in a search tree. What it doesn't know, and what shares a port with somebody of another thread, goes the old ways.
"""

import ctypes
import socket
import struct
from collections.abc import Mapping, Sequence

SO_ATTACH_REUSEPORT_CBPF = 51
MOST = 1000  # ports; the kernel takes 4096 instructions
LEAF = 4  # ports that are compared one after the other
BY_HASH = 0xFFFFFFFF  # no socket has that number: the kernel falls back
NETWORK = 0xFFF00000  # SKF_NET_OFF: offsets from the network header
IPV6_HEADER = 40  # bytes; extension headers before UDP are nearly unheard of, and cost a handing over

# linux/bpf_common.h
_LOAD_IHL = 0xB1  # X = 4 * (the low four bits of a byte)
_LOAD_BEHIND_X = 0x48  # A = 16 bits at X + k
_LOAD = 0x28  # A = 16 bits at k
_IF_EQUAL, _IF_AT_LEAST, _JUMP, _RETURN = 0x15, 0x35, 0x05, 0x06

Instruction = tuple[int, int, int, int]  # code, jumps if true and if false, k


def program(threads: Mapping[int, int], *, six: bool) -> bytes:
    """The program that sends each remote port to its thread; ``six`` for IPv6. Of too many the last ones count."""
    ports = sorted(list(threads.items())[-MOST:])
    head: list[Instruction] = (
        [(_LOAD, 0, 0, NETWORK + IPV6_HEADER)] if six else [(_LOAD_IHL, 0, 0, NETWORK), (_LOAD_BEHIND_X, 0, 0, NETWORK)]
    )
    return b"".join(struct.pack("=HBBI", *each) for each in (*head, *_search(ports)))


def _search(ports: Sequence[tuple[int, int]]) -> list[Instruction]:
    if len(ports) <= LEAF:
        compared = [each for port, thread in ports for each in ((_IF_EQUAL, 0, 1, port), (_RETURN, 0, 0, thread))]
        return [*compared, (_RETURN, 0, 0, BY_HASH)]
    middle = len(ports) // 2
    low = _search(ports[:middle])
    # A conditional jump reaches 255 instructions, the other kind any number.
    return [(_IF_AT_LEAST, 0, 1, ports[middle][0]), (_JUMP, 0, 0, len(low)), *low, *_search(ports[middle:])]


def attach(opened: socket.socket, code: bytes) -> None:
    """Give a program to the group of sockets that one is of; it replaces the one before. Raises OSError."""
    held = ctypes.create_string_buffer(code, len(code))
    opened.setsockopt(
        socket.SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, struct.pack("@HP", len(code) // 8, ctypes.addressof(held))
    )
