"""The RTP header (RFC 3550 section 5.1) with its extensions (RFC 8285), as the data plane reads and writes it.

Compiled with ``header.pxd`` where the extension is built; the same lines run interpreted. ``pyjitsi.rtp.packet`` says
the same in objects, for everybody who is in no hurry.
"""

MINIMUM = 12
ONE_BYTE = 0xBEDE
TWO_BYTE = 0x1000
TWO_BYTE_MASK = 0xFFF0
SWAP_ROOM = 272  # bytes
STAMP_ROOM = 16  # bytes; what the one-byte form takes
COMPILED = __file__.endswith(".so")


class Header:
    """Fields of one packet, and where its parts lie. ``length`` is that of the element that ``find`` found last.

    ``write`` puts the first ``swap_length`` bytes of ``swap`` in place of the extension ``swap_id``, or leaves that out
    where there are none; with 0 for an id everything stays as it came. It adds the extension ``stamp_id``, which must
    not be one of those that are kept; 0 adds none.
    """

    swap: bytearray
    stamp: bytearray

    def __init__(self) -> None:
        self.payload_type: int = 0
        self.marker: bool = False
        self.sequence: int = 0
        self.timestamp: int = 0
        self.ssrc: int = 0
        self.profile: int = 0  # of the extension block; 0 where there is none that can be read
        self.elements_start: int = 0
        self.elements_end: int = 0
        self.payload_start: int = 0
        self.payload_end: int = 0
        self.length: int = 0
        self.swap_id: int = 0
        self.swap_length: int = 0
        self.stamp_id: int = 0
        self.stamp_length: int = 0
        if not COMPILED:
            self.swap = bytearray(SWAP_ROOM)
            self.stamp = bytearray(STAMP_ROOM)

    def parse(self, data: bytes | bytearray, size: int) -> bool:
        """Read a packet; False for one that is malformed."""
        if not self.parse_front(data, size):
            return False
        end = size
        if data[0] & 0x20:
            padding = data[size - 1] if size > self.payload_start else 0
            if padding == 0 or padding > size - self.payload_start:
                return False
            end = size - padding
        self.payload_end = end
        return True

    def parse_front(self, data: bytes | bytearray, size: int) -> bool:
        """Read what SRTP leaves in the clear: everything before the payload."""
        if size < MINIMUM or data[0] >> 6 != 2:
            return False
        self.marker = data[1] > 127
        self.payload_type = data[1] & 0x7F
        self.sequence = data[2] << 8 | data[3]
        self.timestamp = data[4] << 24 | data[5] << 16 | data[6] << 8 | data[7]
        self.ssrc = data[8] << 24 | data[9] << 16 | data[10] << 8 | data[11]
        start = MINIMUM + (data[0] & 15) * 4
        self.profile = 0
        self.swap_id = 0
        self.stamp_id = 0
        if data[0] & 0x10:
            if size < start + 4:
                return False
            end = start + 4 + (data[start + 2] << 8 | data[start + 3]) * 4
            if size < end:
                return False
            profile = data[start] << 8 | data[start + 1]
            if profile == ONE_BYTE or profile & TWO_BYTE_MASK == TWO_BYTE:
                self.profile = profile
                self.elements_start = start + 4
                self.elements_end = end
            start = end
        if size < start:
            return False
        self.payload_start = start
        self.payload_end = size
        return True

    def next_element(self, data: bytes | bytearray, at: int) -> int:
        """Where the element's value lies that begins at ``at`` or after padding; 0 at the end. ``length`` is set.

        The next one begins at the value's end; the id is in ``element_id``.
        """
        end = self.elements_end
        if self.profile == ONE_BYTE:
            while at < end and data[at] == 0:
                at += 1
            if at >= end or data[at] >> 4 == 15:
                return 0
            self.length = (data[at] & 15) + 1
            return at + 1 if at + 1 + self.length <= end else 0
        while at < end and data[at] == 0:
            at += 1
        if at + 1 >= end:
            return 0
        self.length = data[at + 1]
        return at + 2 if at + 2 + self.length <= end else 0

    def element_id(self, data: bytes | bytearray, value: int) -> int:
        """The id of the element whose value lies at ``value``."""
        return data[value - 1] >> 4 if self.profile == ONE_BYTE else data[value - 2]

    def find(self, data: bytes | bytearray, identity: int) -> int:
        """Where the value of an extension lies, with its length in ``length``; 0 where there is none."""
        if self.profile == 0 or identity == 0:
            return 0
        value = self.next_element(data, self.elements_start)
        while value:
            if self.element_id(data, value) == identity:
                return value
            value = self.next_element(data, value + self.length)
        return 0

    def set_swap(self, identity: int, value: bytes | bytearray, length: int) -> None:
        """What ``write`` puts in place of an extension: the first bytes of ``value``."""
        self.swap_id = identity
        self.swap_length = length
        for index in range(length):
            self.swap[index] = value[index]

    def set_stamp(self, identity: int, value: bytes | bytearray, length: int) -> None:
        """What ``write`` adds: the first bytes of ``value``, 16 at most; nothing where there are none."""
        self.stamp_id = identity if 0 < length <= STAMP_ROOM else 0
        if self.stamp_id:
            self.stamp_length = length
            for index in range(length):
                self.stamp[index] = value[index]

    def swapped(self) -> bytes:
        """What ``set_swap`` was given."""
        return bytes(self.swap[: self.swap_length])

    def write(
        self, data: bytes | bytearray, out: bytearray, room: int, keep: bytes | bytearray, payload_type: int,
        marker: bool, sequence: int, timestamp: int, ssrc: int, number_id: int, number: int,
    ) -> int:  # fmt: skip
        """Write a header into ``out`` with other fields, and return its length; 0 where it needs more than ``room``.

        Of the extensions in ``data`` those stay whose id is set in ``keep`` (256 bytes); with ``number_id`` the
        transport-wide ``number`` comes last. The one-byte form is used where all elements fit it.
        """
        short = number_id < 15 and self.stamp_id < 15
        body = 0
        count = 0
        if self.stamp_id:
            body = self.stamp_length
            count = 1
        if self.profile:
            value = self.next_element(data, self.elements_start)
            while value:
                identity = self.element_id(data, value)
                length = self.swap_length if identity == self.swap_id else self.length
                if keep[identity] and (length or identity != self.swap_id):
                    short = short and identity < 15 and 0 < length <= 16
                    body += length
                    count += 1
                value = self.next_element(data, value + self.length)
        if number_id:
            body += 2
            count += 1
        head = 1 if short else 2
        words = (body + count * head + 3) // 4
        size = MINIMUM + (4 + words * 4 if count else 0)
        if size > room:
            return 0
        out[0] = 0x90 if count else 0x80
        out[1] = payload_type | 0x80 if marker else payload_type
        out[2] = sequence >> 8 & 0xFF
        out[3] = sequence & 0xFF
        out[4] = timestamp >> 24 & 0xFF
        out[5] = timestamp >> 16 & 0xFF
        out[6] = timestamp >> 8 & 0xFF
        out[7] = timestamp & 0xFF
        out[8] = ssrc >> 24 & 0xFF
        out[9] = ssrc >> 16 & 0xFF
        out[10] = ssrc >> 8 & 0xFF
        out[11] = ssrc & 0xFF
        if not count:
            return size
        profile = ONE_BYTE if short else TWO_BYTE
        out[12] = profile >> 8
        out[13] = profile & 0xFF
        out[14] = words >> 8
        out[15] = words & 0xFF
        at = 16
        if self.profile:
            value = self.next_element(data, self.elements_start)
            while value:
                identity = self.element_id(data, value)
                if keep[identity] and identity != self.swap_id:
                    at = _head(out, at, identity, self.length, short)
                    for index in range(self.length):
                        out[at + index] = data[value + index]
                    at += self.length
                elif keep[identity] and self.swap_length:
                    at = _head(out, at, identity, self.swap_length, short)
                    for index in range(self.swap_length):
                        out[at + index] = self.swap[index]
                    at += self.swap_length
                value = self.next_element(data, value + self.length)
        if self.stamp_id:
            at = _head(out, at, self.stamp_id, self.stamp_length, short)
            for index in range(self.stamp_length):
                out[at + index] = self.stamp[index]
            at += self.stamp_length
        if number_id:
            at = _head(out, at, number_id, 2, short)
            out[at] = number >> 8 & 0xFF
            out[at + 1] = number & 0xFF
            at += 2
        while at < size:
            out[at] = 0
            at += 1
        return size


def _head(out: bytearray, at: int, identity: int, length: int, short: bool) -> int:
    """Write an element's head; returns where its value goes."""
    if short:
        out[at] = identity << 4 | length - 1
        return at + 1
    out[at] = identity
    out[at + 1] = length
    return at + 2
