"""What a packet tells of its frame, whatever its codec says it with: a VP8 or VP9 descriptor, the dependency
descriptor, or nothing but where a key frame begins.

Compiled with ``frame.pxd`` where the extension is built; the same lines run interpreted.
"""

from pyjitsi.bridge.plane.header import Header
from pyjitsi.bridge.plane.keyframe import KINDS, begins_keyframe
from pyjitsi.rtp.dependency import Dependency, Structure
from pyjitsi.rtp.vp8 import Vp8Descriptor
from pyjitsi.rtp.vp9 import Vp9Descriptor

VP8 = KINDS["vp8"]
VP9 = KINDS["vp9"]
NONE = 0  # schemes: how frames are told apart
PICTURES = 1  # VP8: picture ids and temporal layers
LAYERS = 2  # VP9: spatial layers too
TARGETS = 3  # a dependency descriptor
SPATIAL_LAYERS = 4
UNKNOWN = -1
TELL = 0x100  # in ``tl0`` of a rewritten dependency descriptor: say which decode targets are left; above it the layer
SCHEMES = {"pictures": PICTURES, "layers": LAYERS, "targets": TARGETS, "tell": TELL}  # for other modules
COMPILED = __file__.endswith(".so")


class Frame:
    """``picture`` is -1 where frames have no number, ``mask`` what such numbers wrap at. ``heights`` of the spatial
    layers are 0 where this packet does not tell; ``stacked`` is whether higher spatial layers need the lower ones
    between key frames too, -1 where this packet does not tell."""

    heights: list[int]

    def __init__(self) -> None:
        self.vp8: Vp8Descriptor = Vp8Descriptor()
        self.vp9: Vp9Descriptor = Vp9Descriptor()
        self.dependency: Dependency = Dependency()
        self.late: Structure = Structure()
        self.scheme: int = NONE
        self.readable: bool = True  # False: its dependency descriptor needs a key frame that did not come
        self.keyframe: bool = False
        self.marker: bool = False
        self.ends: bool = False
        self.picture: int = -1
        self.mask: int = 0
        self.tl0: int = -1
        self.spatial: int = 0
        self.temporal: int = 0
        self.stacked: int = UNKNOWN
        self.dependency_at: int = 0
        self.dependency_length: int = 0
        self.dependency_id: int = 0
        if not COMPILED:
            make_arrays(self)

    def read(
        self, kind: int, header: Header, data: bytes | bytearray, dependency_id: int, structure: Structure, number: int,
        start: int, end: int,
    ) -> bool:  # fmt: skip
        """Read a packet with a payload from ``start`` to ``end``; False where that is malformed.

        ``kind`` is the codec as ``keyframe`` numbers them, ``structure`` the stream's, ``number`` the packet's extended
        sequence number.
        """
        self.scheme = NONE
        self.readable = True
        self.keyframe = False
        self.marker = header.marker
        self.ends = header.marker
        self.picture = -1
        self.mask = 0xFFFF
        self.tl0 = -1
        self.spatial = 0
        self.temporal = 0
        self.stacked = UNKNOWN
        self.dependency_id = dependency_id
        self.heights[0] = 0
        self.heights[1] = 0
        self.heights[2] = 0
        self.heights[3] = 0
        self.dependency_at = header.find(data, dependency_id)
        self.dependency_length = header.length
        if kind == VP8:
            return self.read_vp8(data, start, end)
        if kind == VP9:
            return self.read_vp9(data, start, end)
        if self.dependency_at:
            self.read_dependency(data, structure, number)
            return True
        self.keyframe = begins_keyframe(kind, data, start, end)
        return True

    def read_vp8(self, data: bytes | bytearray, start: int, end: int) -> bool:
        """A VP8 payload's descriptor, and the height in its key frames."""
        if not self.vp8.parse(data, start, end):
            return False
        self.scheme = PICTURES
        self.keyframe = self.vp8.keyframe
        self.picture = self.vp8.picture_id
        self.mask = 0x7FFF if self.vp8.long_id else 0x7F
        self.tl0 = self.vp8.tl0
        self.temporal = self.vp8.temporal
        self.heights[0] = self.vp8.height
        return True

    def read_vp9(self, data: bytes | bytearray, start: int, end: int) -> bool:
        """A VP9 payload's descriptor."""
        if not self.vp9.parse(data, start, end):
            return False
        self.scheme = LAYERS
        self.keyframe = self.vp9.starts_frame and self.vp9.key_picture()
        self.picture = self.vp9.picture_id
        self.mask = 0x7FFF if self.vp9.long_id else 0x7F
        self.tl0 = self.vp9.tl0
        self.spatial = self.vp9.spatial
        self.temporal = self.vp9.temporal
        self.ends = self.vp9.ends_frame
        if self.vp9.predicted and self.spatial > 0:
            self.stacked = self.vp9.dependent
        for index in range(SPATIAL_LAYERS):
            if index < self.vp9.layers:
                self.heights[index] = self.vp9.heights[index]
        return True

    def read_dependency(self, data: bytes | bytearray, structure: Structure, number: int) -> None:
        """A dependency descriptor."""
        self.scheme = TARGETS
        self.readable = self.dependency.read(
            data, self.dependency_at, self.dependency_length, structure, self.late, number
        )
        if not self.readable:
            return
        self.keyframe = self.dependency.has_structure and self.dependency.starts_frame
        self.picture = self.dependency.number
        self.spatial = self.dependency.spatial
        self.temporal = self.dependency.temporal
        self.ends = self.dependency.ends_frame
        if self.dependency.has_structure and structure.number == number:
            self.stacked = structure.stacked()
            for index in range(SPATIAL_LAYERS):
                self.heights[index] = structure.heights[index]

    def prepare(self, header: Header, data: bytes | bytearray, picture: int, tl0: int) -> None:
        """Tell the header what becomes of the dependency descriptor: rewritten where frames are told apart by it, left
        out where the payload has its own. ``picture`` and ``tl0`` are the projection's."""
        if self.dependency_at == 0:
            return
        length = 0
        if self.scheme == TARGETS:
            length = self.dependency.write(
                data, self.dependency_at, self.dependency_length, picture, tl0 & 0xFF,
                self.dependency.limit(tl0 >> 12 & 7, tl0 >> 9 & 7), tl0 & TELL != 0,
            )  # fmt: skip
        header.set_swap(self.dependency_id, self.dependency.out, length)

    def write(self, data: bytearray, start: int, picture: int, tl0: int) -> None:
        """Change the numbers in the payload at ``start``."""
        if self.scheme == PICTURES:
            self.vp8.write(data, start, picture, tl0)
        elif self.scheme == LAYERS:
            self.vp9.write(data, start, picture, tl0)


def make_arrays(frame: Frame) -> None:
    """What a compiled frame has from the start."""
    frame.heights = [0] * SPATIAL_LAYERS
