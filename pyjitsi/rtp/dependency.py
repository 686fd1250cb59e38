"""The dependency descriptor, a header extension of AV1 and of codecs without a descriptor of their own (AV1 RTP
specification, appendix A): which frame a packet belongs to, which frames that one needs, and who needs it.

A key frame brings a structure of templates; every later packet names one of them, so whoever reads must keep the
structure. Compiled with ``dependency.pxd`` where the extension is built; the same lines run interpreted.
"""

NOT_PRESENT = 0  # what a frame is to a decode target: nothing, may be left out, may be begun with, must be there
DISCARDABLE = 1
SWITCH = 2
REQUIRED = 3
TARGETS = 32
TEMPLATES = 64
REFERENCES = 8  # of one frame; encoders name up to three or four
SPATIAL_LAYERS = 4
TEMPORAL_LAYERS = 8
ROOM = 272  # bytes that a rewritten descriptor may take
MANDATORY = 3  # bytes
FLAGS = 29  # bits up to where the structure begins
ALL = 0xFFFFFFFF
HIGHEST = 0x80000000
COMPILED = __file__.endswith(".so")


class Structure:
    """The templates of a stream, as its last key frame told them. ``count`` is 0 before the first."""

    spatial: list[int]  # of each template
    temporal: list[int]
    indications: list[int]  # TARGETS for each template
    reference_count: list[int]
    references: list[int]  # REFERENCES for each template
    target_spatial: list[int]  # the highest layers that a decode target is made of
    target_temporal: list[int]
    heights: list[int]  # of each spatial layer, 0 where not told

    def __init__(self) -> None:
        self.number: int = -1  # extended sequence number of the packet that brought it
        self.offset: int = 0
        self.count: int = 0
        self.targets: int = 0
        self.chains: int = 0
        self.layers: int = 0  # spatial ones
        self.active: int = 0  # mask of the decode targets that the encoder makes at the moment
        self.active_number: int = -1  # extended sequence number of the packet that told so last
        if not COMPILED:
            make_structure_arrays(self)

    def stacked(self) -> bool:
        """Whether frames between key frames need the spatial layer below (not so with K-SVC): then the highest layer's
        receivers need those of the lowest layer too."""
        best = 0
        for index in range(self.targets):
            if self.target_spatial[index] > self.target_spatial[best]:
                best = index
        for index in range(self.count):
            if (
                self.spatial[index] == 0
                and self.reference_count[index] > 0
                and self.layers > 1
                and self.indications[index * TARGETS + best] != NOT_PRESENT
            ):
                return True
        return False


class Dependency:
    """Reads a packet's descriptor; what it says of the frame is in the attributes. ``out`` is the rewritten one."""

    indications: list[int]
    references: list[int]
    target_spatial: list[int]  # as the structure has them
    target_temporal: list[int]
    out: bytearray

    def __init__(self) -> None:
        self.starts_frame: bool = False
        self.ends_frame: bool = False
        self.template: int = 0
        self.number: int = 0  # of the frame, 16 bits
        self.has_structure: bool = False
        self.spatial: int = 0
        self.temporal: int = 0
        self.reference_count: int = 0
        self.mask_at: int = -1  # bit where the mask of active decode targets lies
        self.structure_end: int = 0  # bit where it would be inserted
        self.targets: int = 0
        self.active: int = 0  # the structure's
        self.offset: int = 0
        self.templates: int = 0
        self.at: int = 0  # the reader's place in bits
        self.end: int = 0
        self.written: int = 0
        if not COMPILED:
            make_arrays(self)

    def bits(self, data: bytes | bytearray, count: int) -> int:
        """The next bits as a number; beyond the end they are zeros, and ``at`` tells."""
        value = 0
        while count > 0:
            value = value << 1
            if self.at < self.end:
                value = value | (data[self.at >> 3] >> (7 - (self.at & 7)) & 1)
            self.at += 1
            count -= 1
        return value

    def non_symmetric(self, data: bytes | bytearray, count: int) -> int:
        """A value below ``count`` in as few bits as it takes (AV1 specification, section 4.10.7)."""
        width = 0
        rest = count
        while rest:
            width += 1
            rest = rest >> 1
        short = (1 << width) - count
        value = self.bits(data, width - 1)
        if value < short:
            return value
        return (value << 1) - short + self.bits(data, 1)

    def read(
        self, data: bytes | bytearray, start: int, length: int, structure: Structure, late: Structure, number: int
    ) -> bool:
        """Read a descriptor at a byte; False where it is malformed or names a template that is not known.

        ``number`` is the packet's extended sequence number: a structure that came earlier than the one in ``structure``
        is read into ``late`` and holds for this packet alone.
        """
        if length < MANDATORY:
            return False
        self.at = start * 8
        self.end = (start + length) * 8
        self.starts_frame = self.bits(data, 1) != 0
        self.ends_frame = self.bits(data, 1) != 0
        self.template = self.bits(data, 6)
        self.number = self.bits(data, 16)
        self.has_structure = False
        self.mask_at = -1
        self.structure_end = FLAGS
        flags = 0
        if length > MANDATORY:
            flags = self.bits(data, 5)
        if flags & 16 and number < structure.number:
            return self.definition(data, start, flags, late, number)
        return self.definition(data, start, flags, structure, number)

    def definition(self, data: bytes | bytearray, start: int, flags: int, known: Structure, number: int) -> bool:
        """Read what follows the flags."""
        if flags & 16:
            self.has_structure = True
            if not self.read_structure(data, known):
                known.count = 0
                return False
            known.number = number
            known.active_number = number
            self.structure_end = self.at - start * 8
        self.targets = known.targets
        if flags & 8:
            self.mask_at = self.at - start * 8
            active = self.bits(data, known.targets)
            if number >= known.active_number:  # not what is late, or read again to be sent again
                known.active = active
                known.active_number = number
        self.active = known.active
        self.offset = known.offset
        self.templates = known.count
        index = (self.template - known.offset) & 63
        if index >= known.count:
            return False
        self.spatial = known.spatial[index]
        self.temporal = known.temporal[index]
        for each in range(known.targets):
            self.target_spatial[each] = known.target_spatial[each]
            self.target_temporal[each] = known.target_temporal[each]
            if flags & 4:
                self.indications[each] = self.bits(data, 2)
            else:
                self.indications[each] = known.indications[index * TARGETS + each]
        if flags & 2:
            self.reference_count = 0
            size = self.bits(data, 2)
            while size:
                if self.reference_count >= REFERENCES or self.at >= self.end:
                    return False
                self.references[self.reference_count] = self.bits(data, 4 * size) + 1
                self.reference_count += 1
                size = self.bits(data, 2)
        else:
            self.reference_count = known.reference_count[index]
            for each in range(self.reference_count):
                self.references[each] = known.references[index * REFERENCES + each]
        if flags & 1:
            for _ in range(known.chains):
                self.bits(data, 8)
        return self.at <= self.end

    def read_structure(self, data: bytes | bytearray, into: Structure) -> bool:
        """Read a structure; False where it is malformed."""
        into.offset = self.bits(data, 6)
        into.targets = self.bits(data, 5) + 1
        spatial = temporal = count = 0
        more = 0
        while more != 3:
            if count >= TEMPLATES or self.at >= self.end:
                return False
            into.spatial[count] = spatial
            into.temporal[count] = temporal
            count += 1
            more = self.bits(data, 2)
            if more == 1:
                temporal += 1
            elif more == 2:
                temporal = 0
                spatial += 1
            if spatial >= SPATIAL_LAYERS or temporal >= TEMPORAL_LAYERS:
                return False
        into.count = count
        into.layers = spatial + 1
        for index in range(count):
            for each in range(into.targets):
                into.indications[index * TARGETS + each] = self.bits(data, 2)
        for index in range(count):
            into.reference_count[index] = 0
            while self.bits(data, 1):
                if into.reference_count[index] >= REFERENCES or self.at >= self.end:
                    return False
                into.references[index * REFERENCES + into.reference_count[index]] = self.bits(data, 4) + 1
                into.reference_count[index] = into.reference_count[index] + 1
        into.chains = self.non_symmetric(data, into.targets + 1)
        if into.chains:
            for _ in range(into.targets):
                self.non_symmetric(data, into.chains)
            for _ in range(count * into.chains):
                self.bits(data, 4)
        for each in range(into.targets):
            into.target_spatial[each] = 0
            into.target_temporal[each] = 0
            for index in range(count):
                if into.indications[index * TARGETS + each] != NOT_PRESENT:
                    if into.spatial[index] > into.target_spatial[each]:
                        into.target_spatial[each] = into.spatial[index]
                    if into.temporal[index] > into.target_temporal[each]:
                        into.target_temporal[each] = into.temporal[index]
        resolutions = self.bits(data, 1)
        for each in range(SPATIAL_LAYERS):
            into.heights[each] = 0
        if resolutions:
            for each in range(into.layers):
                width = self.bits(data, 16) + 1
                height = self.bits(data, 16) + 1
                into.heights[each] = width if width < height else height
        into.active = ALL >> (TARGETS - into.targets)
        return self.at <= self.end

    def target(self, spatial: int, temporal: int) -> int:
        """The best active decode target of at most these layers, -1 where there is none."""
        best = -1
        for index in range(self.targets):
            if (
                self.active >> index & 1
                and self.target_spatial[index] <= spatial
                and self.target_temporal[index] <= temporal
                and (
                    best < 0
                    or self.target_spatial[index] > self.target_spatial[best]
                    or (
                        self.target_spatial[index] == self.target_spatial[best]
                        and self.target_temporal[index] > self.target_temporal[best]
                    )
                )
            ):
                best = index
        return best

    def limit(self, spatial: int, temporal: int) -> int:
        """The decode targets of at most these layers, as a mask."""
        found = 0
        for index in range(self.targets):
            if self.target_spatial[index] <= spatial and self.target_temporal[index] <= temporal:
                found = found | HIGHEST >> (TARGETS - 1 - index)
        return found

    def put(self, at: int, count: int, value: int) -> None:
        """Write bits into ``out``."""
        while count > 0:
            count -= 1
            if value >> count & 1:
                self.out[at >> 3] = self.out[at >> 3] | 0x80 >> (at & 7)
            else:
                self.out[at >> 3] = self.out[at >> 3] & ~(0x80 >> (at & 7))
            at += 1

    def write(
        self, data: bytes | bytearray, start: int, length: int, number: int, template_delta: int, mask: int, tell: bool
    ) -> int:
        """Make ``out`` the descriptor that was read last, with another frame number, templates counted from elsewhere,
        and no decode targets but those of ``mask``; where it says nothing of them, that is added if ``tell``.

        Returns its length.
        """
        self.written = length
        for index in range(length):
            self.out[index] = data[start + index]
        if self.mask_at >= 0:
            for index in range(self.targets):  # the first bit is the highest target's
                if mask >> (self.targets - 1 - index) & 1 == 0:
                    self.put(self.mask_at + index, 1, 0)
        elif tell and length < 250:
            self.written = self.insert(data, start, length, mask)
        self.put(2, 6, self.template + template_delta & 63)
        self.put(8, 16, number)
        if self.has_structure:
            self.put(FLAGS, 6, self.offset + template_delta & 63)
        return self.written

    def insert(self, data: bytes | bytearray, start: int, length: int, mask: int) -> int:
        """Put the mask of active decode targets where there was none; returns the new length."""
        if length == MANDATORY:
            self.out[MANDATORY] = 0
        self.put(25, 1, 1)
        self.put(self.structure_end, self.targets, mask)
        place = self.structure_end + self.targets
        for index in range(self.structure_end, length * 8):
            self.put(place, 1, data[start + (index >> 3)] >> (7 - (index & 7)) & 1)
            place += 1
        end = (place + 7) // 8
        while place < end * 8:
            self.put(place, 1, 0)
            place += 1
        return end


def make_structure_arrays(structure: Structure) -> None:
    """What a compiled structure has from the start."""
    structure.spatial, structure.temporal, structure.reference_count = ([0] * TEMPLATES for _ in range(3))
    structure.indications = [0] * (TEMPLATES * TARGETS)
    structure.references = [0] * (TEMPLATES * REFERENCES)
    structure.target_spatial, structure.target_temporal = ([0] * TARGETS for _ in range(2))
    structure.heights = [0] * SPATIAL_LAYERS


def make_arrays(dependency: Dependency) -> None:
    """What a compiled reader has from the start."""
    dependency.indications = [0] * TARGETS
    dependency.references = [0] * REFERENCES
    dependency.target_spatial, dependency.target_temporal = ([0] * TARGETS for _ in range(2))
    dependency.out = bytearray(ROOM)
