"""The dependency descriptor, read and rewritten bit by bit."""

from typing import Any

import pytest

from pyjitsi.rtp import dependency
from tests.support.descriptors import DEPENDENCIES, KEY_FRAME, L1T2, bits
from tests.support.interpreted import interpreted

plain = interpreted(dependency)  # a compiled one does not show its arrays whole


class Reader:
    """A stream's structure and a reader of its descriptors."""

    def __init__(self) -> None:
        self.structure: Any = plain.Structure()
        self.late: Any = plain.Structure()
        self.read: Any = plain.Dependency()

    def take(self, descriptor: bytes, number: int) -> bool:
        return self.read.read(descriptor, 0, len(descriptor), self.structure, self.late, number)

    def write(self, descriptor: bytes, number: int, template_delta: int, mask: int, *, tell: bool) -> bytes:
        size = self.read.write(descriptor, 0, len(descriptor), number, template_delta, mask, tell)
        return bytes(self.read.out[:size])


@pytest.fixture
def reader() -> Reader:
    found = Reader()
    assert found.take(KEY_FRAME, 10)
    return found


def test_a_key_frame_brings_the_structure(reader: Reader) -> None:
    read, known = reader.read, reader.structure
    assert (read.starts_frame, read.ends_frame, read.number, read.has_structure) == (True, True, 1, True)
    assert (known.count, known.targets, known.chains, known.layers, known.active) == (3, 2, 1, 1, 3)
    assert (known.temporal[:3], known.reference_count[:3]) == ([0, 0, 1], [0, 1, 1])
    assert (known.references[8], known.references[16], known.heights[0]) == (2, 1, 180)
    assert (known.target_temporal[:2], known.stacked()) == ([0, 1], False)
    assert (read.target(0, 0), read.target(0, 7)) == (0, 1)


def test_later_packets_name_a_template(reader: Reader) -> None:
    assert reader.take(DEPENDENCIES[1], 11)
    read = reader.read
    assert (read.number, read.temporal, read.indications[:2], read.references[0]) == (2, 1, [0, 1], 1)


def test_a_frame_may_say_otherwise_than_its_template(reader: Reader) -> None:
    assert reader.take(DEPENDENCIES[3], 13)
    read = reader.read
    assert (read.indications[:2], read.reference_count, read.references[:2]) == ([3, 1], 2, [3, 32])


def test_before_the_first_key_frame_nothing_can_be_read() -> None:
    assert not Reader().take(DEPENDENCIES[1], 1)


def test_templates_that_are_not_known_are_refused(reader: Reader) -> None:
    assert not reader.take(bits("11 000011 0000000000000010"), 11)


def test_frame_number_templates_and_targets_are_rewritten(reader: Reader) -> None:
    out = reader.write(KEY_FRAME, 0xFFFF, 10, 1, tell=True)
    assert out == bits("11 001010 1111111111111111 11000 001010" + L1T2 + " 01") + b"\0"  # padding moves along


def test_a_rewritten_one_reads_back(reader: Reader) -> None:
    out = reader.write(KEY_FRAME, 0x8000, 60, 1, tell=True)
    other = Reader()
    assert other.take(out, 1)
    assert (other.read.number, other.structure.offset, other.structure.active) == (0x8000, 60, 1)
    assert (other.read.target(0, 7), other.structure.heights[0]) == (0, 180)


def test_the_shortest_is_told_its_targets_too(reader: Reader) -> None:
    assert reader.take(DEPENDENCIES[1], 11)
    assert reader.write(DEPENDENCIES[1], 3, 0, 1, tell=True) == bits("11 000010 0000000000000011 01000 01")
    assert reader.write(DEPENDENCIES[1], 3, 0, 1, tell=False) == bits("11 000010 0000000000000011")


def test_targets_that_are_told_are_narrowed(reader: Reader) -> None:
    assert reader.take(DEPENDENCIES[2], 12)
    assert reader.write(DEPENDENCIES[2], 3, 0, 1, tell=False) == bits("11 000001 0000000000000011 01000 01")


def test_what_follows_the_targets_moves_along(reader: Reader) -> None:
    assert reader.take(DEPENDENCIES[4], 14)
    assert reader.write(DEPENDENCIES[4], 5, 0, 1, tell=True) == bits("11 000001 0000000000000101 01001 01 00000001 000")


def test_a_late_packet_changes_no_active_targets(reader: Reader) -> None:
    assert reader.take(bits("11 000001 0000000000000101 01000 01"), 20)
    assert reader.take(bits("11 000001 0000000000000100 01000 11"), 19)
    assert reader.structure.active == 1


def test_a_structure_from_before_the_newest_holds_for_its_packet_alone(reader: Reader) -> None:
    assert reader.take(bits("11 000101 0000000000000000 10000 000101" + L1T2), 9)
    assert (reader.structure.offset, reader.structure.number, reader.read.offset) == (0, 10, 5)
