"""Datagrams come to the socket of the thread that they are for: asked of the kernel itself."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from pyjitsi.bridge.steering import MOST, attach, program

THREADS = 3


class Group:
    """Sockets of several threads on one port."""

    def __init__(self, stack: ExitStack, family: socket.AddressFamily, host: str) -> None:
        self.host: str = host
        self.family: socket.AddressFamily = family
        self.stack: ExitStack = stack
        self.sockets: list[socket.socket] = [self.bound(0)]
        self.sockets += [self.bound(self.port) for _ in range(THREADS - 1)]

    @property
    def port(self) -> int:
        return self.sockets[0].getsockname()[1]

    def bound(self, port: int, *, shared: bool = True) -> socket.socket:
        made = self.stack.enter_context(socket.socket(self.family, socket.SOCK_DGRAM))
        if shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind((self.host, port))
        made.settimeout(0.5)
        return made

    def gets(self, sender: socket.socket) -> int:
        """Which of the sockets gets what a sender sends."""
        sender.sendto(b"x", (self.host, self.port))
        for number in [*range(THREADS)] * 50:
            self.sockets[number].settimeout(0.005)
            try:
                _, address = self.sockets[number].recvfrom(9)
            except TimeoutError:
                continue
            assert address[1] == sender.getsockname()[1]
            return number
        raise AssertionError("it got nowhere")


@pytest.fixture(params=[(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")], ids=["IPv4", "IPv6"])
def group(request: pytest.FixtureRequest) -> Iterator[Group]:
    with ExitStack() as stack:
        yield Group(stack, *request.param)


@pytest.mark.parametrize("others", [0, 3, 200, 2 * MOST])
def test_each_remote_port_is_read_by_its_thread(group: Group, others: int) -> None:
    senders = [group.bound(0, shared=False) for _ in range(9)]
    known = {sender.getsockname()[1]: index % THREADS for index, sender in enumerate(senders)}
    step = 60_000 // (others + 1)
    ports = {1 + index * step: 0 for index in range(others)} | known
    attach(group.sockets[0], program({port: ports[port] for port in [*(ports.keys() - known.keys()), *known]},
                                     six=group.family == socket.AF_INET6))  # fmt: skip
    assert [group.gets(sender) for sender in senders] == [index % THREADS for index in range(9)]


def test_who_moves_to_another_meeting_is_steered_anew_and_strangers_still_get_in(group: Group) -> None:
    sender, stranger = group.bound(0, shared=False), group.bound(0, shared=False)
    for thread in (2, 0, 1):
        code = program({sender.getsockname()[1]: thread}, six=group.family == socket.AF_INET6)
        attach(group.sockets[0], code)
        assert group.gets(sender) == thread
        assert 0 <= group.gets(stranger) < THREADS
