from typing import final

from pyjitsi.bridge.plane.native.peers import PeerHandle
from pyjitsi.bridge.plane.native.sources import SourceHandle
from pyjitsi.bridge.plane.projection import Projection
from pyjitsi.bridge.plane.voice import Voice

@final
class RouteHandle:
    def __init__(
        self, source: SourceHandle, receiver: PeerHandle, projection: Projection | None, voice: Voice | None,
        relay: bool, encoding: int, ssrc: int, rtx_ssrc: int, totals: tuple[int, int, int, int, int], mid: bytes,
    ) -> None: ...  # fmt: skip
    def close(self) -> tuple[int, int, int, int, int]: ...
    def set_open(self, open: bool) -> None: ...
    def set_target(self, layer: int) -> None: ...
    @property
    def packets(self) -> int: ...
    @property
    def octets(self) -> int: ...
