"""The compiled plane on real sockets: trains, a kernel that refuses them, its receive times, and floods."""

import socket
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pyjitsi.bridge.plane import NotBuilt, create
from pyjitsi.bridge.plane.api import Datagram
from pyjitsi.bridge.plane.compiled import CompiledPlane
from pyjitsi.bridge.plane.native import engine
from pyjitsi.bridge.service import BridgeService
from pyjitsi.bridge.settings import BridgeSettings
from pyjitsi.rtp import packet
from pyjitsi.service import StartError
from tests.support.media_peer import MediaPeer

SO_NO_CHECK = 11
EVENTS = 8192  # datagrams that may wait for control
MB = 1024


class Wire:
    """A plane on a loopback socket, and two clients with sockets of their own."""

    def __init__(self, plane: CompiledPlane, port: socket.socket, ends: tuple[socket.socket, socket.socket]) -> None:
        self.plane: CompiledPlane = plane
        self.port: socket.socket = port
        plane.add_conference(1, 7001, 7002)
        self.ana, self.ben = (self._person(identity, end) for identity, end in zip((1, 2), ends, strict=True))
        self.ana_end, self.ben_end = ends
        plane.serve(port.fileno())

    def _person(self, identity: int, end: socket.socket) -> MediaPeer:
        person = MediaPeer(self.plane, 1, identity)
        person.address = end.getsockname()
        self.plane.bind(person.address, identity)
        return person

    def start(self) -> None:
        self.plane.start(lambda _address, _thread: self.port.fileno(), lambda _address, _descriptor: None)
        for person in (self.ana, self.ben):
            self.plane.set_destination(person.id, person.address)

    def send(self, data: bytes) -> None:
        self.ana_end.sendto(self.ana.protect(data), self.port.getsockname())

    def receive(self, count: int) -> list[packet.RtpPacket]:
        """What ben gets, until there are so many packets of pictures."""
        while len(self.ben.got) < count:
            self.ben.take([(self.ben_end.recv(2048), self.ben.address)])
        return self.ben.got


@pytest.fixture
def wire() -> Iterator[Wire]:
    plane = CompiledPlane()
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(3)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
        each.settimeout(3)
    held = Wire(plane, sockets[0], (sockets[1], sockets[2]))
    yield held
    plane.stop()
    for each in sockets:
        each.close()


def frame(packets: int, first: int) -> Iterator[bytes]:
    """A key frame of VP8, in the clear."""
    for index in range(packets):
        head = b"\x10\x10\0\0\x9d\x01\x2a\0\x05\xd0\x02" if index == 0 else b"\0"
        block = packet.build_extensions({5: (first + index).to_bytes(2, "big")})
        yield packet.build(100, index == packets - 1, first + index, 3000, 100, block, head.ljust(900, b"x"))


@pytest.mark.parametrize("refused", [False, True], ids=["taken", "refused"])
def test_a_frame_arrives_whole_whether_the_kernel_takes_trains_or_not(wire: Wire, refused: bool) -> None:
    # The kernel has no way to cut a train into datagrams without a checksum: EINVAL.
    wire.port.setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, int(refused))
    wire.start()
    wire.plane.set_target(2, wire.ana.video, 2)
    for data in frame(9, 100):
        wire.send(data)
    got = wire.receive(9)
    assert [(each.sequence - got[0].sequence) & 0xFFFF for each in got] == list(range(9))
    assert all(len(each.payload) == 900 for each in got)
    assert wire.plane.engines[0].gso is not refused
    assert wire.plane.unsent == 0


def test_datagrams_as_long_as_udp_allows_stop_nobody(wire: Wire) -> None:
    wire.start()
    wire.plane.set_target(2, wire.ana.video, 2)
    for number, size in enumerate((1500, 1501, 1600, 2047, 2048, 2049, 9000, 65_507)):
        for first in (0, 22, 128, 144):  # STUN, DTLS, RTP
            wire.ana_end.sendto(bytes((first, 100)) + bytes(size - 2), wire.port.getsockname())
        for data in frame(2, 100 + 2 * number):
            wire.send(data)
        assert len(wire.receive(2 * number + 2)) == 2 * number + 2
    dropped = wire.plane.counters(1).dropped or {}
    assert dropped["oversize"] >= 6 and set(dropped) <= {"oversize", "unknown-ssrc"}
    told = [each for each in wire.plane.take_events() if isinstance(each, Datagram)]
    assert max(len(each.data) for each in told) <= 2048  # nothing that was cut


def test_feedback_is_about_when_the_kernel_got_a_packet_not_when_it_was_read(wire: Wire) -> None:
    sent = time.monotonic()
    for data in frame(3, 200):
        wire.send(data)
    wire.ana_end.sendto(b"\0\x01 stun", wire.port.getsockname())
    time.sleep(0.2)  # the thread comes late to its socket
    began = time.monotonic()
    wire.start()
    wire.plane.set_target(2, wire.ana.video, 2)
    told: list[float] = []
    while not told:
        told = [event.at for event in wire.plane.take_events() if isinstance(event, Datagram)]
    arrivals = wire.plane._peers[1].take_arrivals()  # pyright: ignore[reportPrivateUsage]
    assert [number for number, _, _ in arrivals] == [200, 201, 202]
    for at in (*told, *(at for _, _, at in arrivals)):
        assert sent <= at < began - 0.1


@contextmanager
def grows_by_less_than(megabytes: float) -> Generator[None]:
    """Of this process's memory."""

    def resident() -> int:
        status = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in status if line.startswith("VmRSS")).split()[1])

    before = resident()
    yield
    assert (resident() - before) / MB < megabytes


def test_a_flood_of_pictures_fills_a_bounded_store() -> None:
    plane = CompiledPlane()
    plane.add_conference(1, 7001, 7002)
    ana, ben = MediaPeer(plane, 1, 1), MediaPeer(plane, 1, 2)
    plane.set_target(ben.id, ana.video, 2)
    wires = [ana.protect(each) for start in range(0, 30_000, 10) for each in frame(10, start)]
    ana_key = plane._key(ana.address)  # pyright: ignore[reportPrivateUsage]
    with grows_by_less_than(4):  # of 27 MB that came
        for number, data in enumerate(wires):
            plane.engines[0].feed(ana_key, data, 1 + number / 1000)
            if number % 100 == 0:
                plane.take_transmits()
                plane.take_events()


def test_a_flood_that_control_is_too_slow_for_is_dropped_and_counted() -> None:
    slow = engine.Engine()
    with grows_by_less_than(2 * EVENTS / MB + 4):
        for number in range(3 * EVENTS):
            slow.feed(number.to_bytes(20, "big"), bytes(1400), 1.0)
    assert slow.overflowed == 2 * EVENTS
    assert len(slow.take_events()) == EVENTS


def test_a_bridge_without_the_extension_says_how_to_build_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyjitsi.bridge.plane.compiled", None)
    with pytest.raises(NotBuilt, match=r"run `pip install \.`"):
        create("compiled", 2)
    settings = {"xmpp": {"domain": "auth.meet.example", "password": "not-used"}, "brewery": "b@internal.example"}
    with pytest.raises(StartError, match=r"the compiled data plane is missing: install gcc"):
        BridgeService(BridgeSettings.model_validate(settings))
