"""What flows of a source: bit rate, frame rate and height of each layer, measured."""

from collections.abc import Sequence

from pyjitsi.bridge.plane.api import LayerInfo

WINDOW = 1.0  # seconds over which rates are measured
DEFAULT_HEIGHT = 180  # of the lowest encoding, doubling with each, until a key frame tells


class EncodingMeter:
    """Counts one encoding's bytes and frames by temporal layer."""

    __slots__ = ("_bytes", "_frames", "bitrates", "frame_rates", "height", "seen_at")

    def __init__(self, height: int) -> None:
        self.height: int = height
        self.seen_at: float = 0.0
        self._bytes: list[int] = [0, 0, 0, 0]
        self._frames: list[int] = [0, 0, 0, 0]
        self.bitrates: list[float] = [0.0, 0.0, 0.0, 0.0]
        self.frame_rates: list[float] = [0.0, 0.0, 0.0, 0.0]

    def packet(self, temporal: int, size: int, marker: bool, at: float) -> None:
        """Count a packet."""
        self.seen_at = at
        self._bytes[temporal] += size
        if marker:
            self._frames[temporal] += 1

    def add(self, size: Sequence[int], frames: Sequence[int], height: int, at: float) -> None:
        """Add bytes and frames by temporal layer that were counted elsewhere; ``height`` 0 where it is not known."""
        for temporal in range(4):
            self._bytes[temporal] += size[temporal]
            self._frames[temporal] += frames[temporal]
        self.height = height or self.height
        self.seen_at = at

    def measure(self, seconds: float) -> None:
        """Turn the counts of the last ``seconds`` into rates, smoothed over the window."""
        for temporal in range(4):
            self.bitrates[temporal] = (self.bitrates[temporal] + self._bytes[temporal] * 8 / seconds) / 2
            self.frame_rates[temporal] = (self.frame_rates[temporal] + self._frames[temporal] / seconds) / 2
            self._bytes[temporal] = self._frames[temporal] = 0

    def layers(self, encoding: int) -> list[LayerInfo]:
        """The temporal layers that flow, each with what it takes to have all below it too."""
        found: list[LayerInfo] = []
        bitrate = frame_rate = 0.0
        for temporal in range(4):
            bitrate += self.bitrates[temporal]
            frame_rate += self.frame_rates[temporal]
            if self.bitrates[temporal] > 1000:
                found.append(LayerInfo(encoding << 6 | temporal, self.height, frame_rate, bitrate))
        return found


class SourceMeter:
    """Measures a video source, and says when its layers changed."""

    __slots__ = ("_last", "_measured", "encodings")

    def __init__(self, encodings: int) -> None:
        self.encodings: list[EncodingMeter] = [EncodingMeter(DEFAULT_HEIGHT << index) for index in range(encodings)]
        self._measured: float = 0.0
        self._last: tuple[tuple[int, int], ...] = ()

    def due(self, now: float) -> bool:
        """Whether ``measure`` would tell something."""
        return now - self._measured >= WINDOW

    def measure(self, now: float) -> tuple[LayerInfo, ...] | None:
        """Once a second: the layers, where they came, went or changed height since the last time or simply flow."""
        if not self.due(now):
            return None
        seconds = min(now - self._measured, 10.0)
        self._measured = now
        layers: list[LayerInfo] = []
        for index, meter in enumerate(self.encodings):
            meter.measure(seconds)
            layers += meter.layers(index)
        shape = tuple((layer.index, layer.height) for layer in layers)
        changed = shape != self._last
        self._last = shape
        return tuple(layers) if changed or layers else None
