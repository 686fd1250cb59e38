"""Conferences are spread over threads; what one thread's socket gets of another's goes over to it."""

import asyncio
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from pyjitsi.bridge.plane.compiled import CompiledPlane
from pyjitsi.bridge.plane.native import engine
from pyjitsi.bridge.udp import MediaPort
from pyjitsi.rtp import packet
from tests.support.media_peer import MediaPeer

HANDED = 256  # as inlet.pxd has it


def test_two_meetings_on_two_threads_each_hear_their_own() -> None:
    plane = CompiledPlane(2)
    people: list[MediaPeer] = []
    for number in (1, 2):
        plane.add_conference(number, 7001, 7002)
        people += [MediaPeer(plane, number, number * 10), MediaPeer(plane, number, number * 10 + 1)]
    for number, person in enumerate(people):
        person.speak(number, 1.0, level=20)
        out = plane.take_transmits()
        for other in people:
            other.take(out)
    assert [[each.ssrc for each in person.got] for person in people] == [
        [people[1].audio_ssrc], [people[0].audio_ssrc], [people[3].audio_ssrc], [people[2].audio_ssrc],
    ]  # fmt: skip
    # All was read by the first one's socket; the second one's meeting went over.
    assert [each.handed for each in plane.engines] == [0, 2]


def test_an_address_that_moves_to_another_meeting_takes_its_packets_along() -> None:
    plane = CompiledPlane(2)
    for number in (1, 2):
        plane.add_conference(number, 7001, 7002)
    ana, ben, eva = MediaPeer(plane, 1, 1), MediaPeer(plane, 2, 2), MediaPeer(plane, 2, 3)
    plane.bind(ana.address, ben.id)
    ben.address = ana.address
    ben.speak(1, 1.0, level=20)
    eva.take(plane.take_transmits())
    assert [each.ssrc for each in eva.got] == [ben.audio_ssrc]
    plane.remove_conference(2)
    ben.speak(2, 1.1, level=20)  # to nobody, and nothing breaks
    plane.remove_conference(1)


def test_a_flood_for_another_thread_is_dropped_beyond_what_may_wait() -> None:
    one, two = engine.Engine(), engine.Engine()
    key = bytes(20)
    one.refer(key, two)
    for _ in range(HANDED + 50):
        one.feed(key, b"\x80" + bytes(40), 1.0)
    assert two.handed == HANDED
    assert two.overflowed == 50
    two.work()
    one.feed(key, b"\x80" + bytes(40), 1.0)
    assert two.handed == HANDED + 1


def sockets_on(port: int) -> int:
    lines = Path("/proc/net/udp").read_text().splitlines()[1:]
    return sum(line.split()[1].endswith(f":{port:04X}") for line in lines)


async def test_each_thread_has_a_socket_on_the_one_port_and_nobody_else_gets_there() -> None:
    plane = CompiledPlane(3)
    port = MediaPort(["127.0.0.1"], 0, plane.receive, lambda: None, plane=plane)
    port.open()
    try:
        number = port.bound[0][1]
        assert sockets_on(number) == 3
        second = MediaPort(["127.0.0.1"], number, plane.receive, lambda: None, plane=CompiledPlane(3))
        with pytest.raises(OSError, match="in use"):
            second.open()
        seen: list[bytes] = []
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"\x00\x01 stun", ("127.0.0.1", number))
            for _ in range(100):
                seen += [event.data for event in plane.take_events()]  # pyright: ignore[reportAttributeAccessIssue]
                if seen:
                    break
                await asyncio.sleep(0.01)
        assert seen == [b"\x00\x01 stun"]
    finally:
        port.close()


async def test_after_somebody_was_bound_nothing_of_them_is_handed_over_any_more() -> None:
    plane = CompiledPlane(2)
    port = MediaPort(["127.0.0.1"], 0, plane.receive, lambda: None, plane=plane)
    port.open()
    try:
        with ExitStack() as stack:
            people: list[tuple[MediaPeer, socket.socket]] = []
            for number in range(12):  # in meetings of one thread and of the other
                end = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                end.bind(("127.0.0.1", 0))
                plane.add_conference(number + 1, 7001, 7002)
                person = MediaPeer(plane, number + 1, number + 100)
                person.address = end.getsockname()
                plane.bind(person.address, person.id)
                people.append((person, end))
            plane.tick(1.0)
            for person, end in people:
                voice = packet.build(111, False, 1, 960, person.audio_ssrc, b"", b"opus")
                end.sendto(person.protect(voice), port.bound[0])
            for _ in range(200):
                if all(plane.last_media(person.id) for person, _ in people):
                    break
                await asyncio.sleep(0.01)
            assert all(plane.last_media(person.id) for person, _ in people)
            assert [each.handed for each in plane.engines] == [0, 0]
    finally:
        port.close()
