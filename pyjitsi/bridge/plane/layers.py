"""What flows of a source: bit rate, frame rate and height of each layer, measured."""

from collections.abc import Sequence

from pyjitsi.bridge.plane.api import LayerInfo

SPATIAL, TEMPORAL = 4, 4  # layers of an encoding that are told apart
LAYERS = SPATIAL * TEMPORAL
WINDOW = 1.0  # seconds over which rates are measured
STEADY = 2  # windows after which rates are smoothed: the first is cut where a layer begins or ends
DEFAULT_HEIGHT = 180  # of the lowest encoding, doubling with each, until a key frame tells


class EncodingMeter:
    """Counts one encoding's bytes and frames by layer: ``spatial * 4 + temporal``."""

    __slots__ = ("_bytes", "_frames", "_windows", "bitrates", "frame_rates", "heights", "seen_at", "stacked")

    def __init__(self, height: int) -> None:
        self.heights: list[int] = [height << spatial for spatial in range(SPATIAL)]
        self.stacked: bool = False  # whether a spatial layer needs those below between key frames too
        self.seen_at: float = 0.0
        self._bytes: list[int] = [0] * LAYERS
        self._frames: list[int] = [0] * LAYERS
        self._windows: list[int] = [0] * LAYERS  # for which a layer flows; negative: for which it does not any more
        self.bitrates: list[float] = [0.0] * LAYERS
        self.frame_rates: list[float] = [0.0] * LAYERS

    def packet(self, spatial: int, temporal: int, size: int, ends: bool, at: float) -> None:
        """Count a packet; ``ends`` is whether it is the last of its frame."""
        self.seen_at = at
        layer = (spatial & 3) * TEMPORAL + (temporal & 3)
        self._bytes[layer] += size
        if ends:
            self._frames[layer] += 1

    def describe(self, heights: Sequence[int], stacked: int) -> None:
        """What a packet told of the spatial layers: heights where not 0, and how they depend where not -1."""
        for spatial, height in enumerate(heights):
            self.heights[spatial] = height or self.heights[spatial]
        if stacked >= 0:
            self.stacked = stacked > 0

    def add(self, size: Sequence[int], frames: Sequence[int], heights: Sequence[int], stacked: int, at: float) -> None:
        """Add bytes and frames by layer that were counted elsewhere, and what is known of the layers."""
        for layer in range(LAYERS):
            self._bytes[layer] += size[layer]
            self._frames[layer] += frames[layer]
        self.describe(heights, stacked)
        self.seen_at = at

    def measure(self, seconds: float) -> None:
        """Turn the counts of the last ``seconds`` into rates: smooth ones of what flows, 0 of what has stopped."""
        for layer in range(LAYERS):
            flows = self._bytes[layer] > 0
            windows = self._windows[layer]
            windows = max(windows, 0) + 1 if flows else min(windows, 0) - 1
            kept = 0.5 if windows > STEADY or windows == -1 else 0.0
            self.bitrates[layer] = self.bitrates[layer] * kept + self._bytes[layer] * 8 / seconds * (1 - kept)
            self.frame_rates[layer] = self.frame_rates[layer] * kept + self._frames[layer] / seconds * (1 - kept)
            self._windows[layer] = windows
            self._bytes[layer] = self._frames[layer] = 0

    def layers(self, encoding: int) -> list[LayerInfo]:
        """The layers that flow, each with what it takes to have all that it needs too."""
        found: list[LayerInfo] = []
        below = [0.0] * TEMPORAL  # bit rate of lower spatial layers, up to each temporal one
        for spatial in range(SPATIAL):
            bitrate = frame_rate = 0.0
            for temporal in range(TEMPORAL):
                layer = spatial * TEMPORAL + temporal
                bitrate += self.bitrates[layer]
                frame_rate += self.frame_rates[layer]
                total = bitrate + (below[temporal] if self.stacked else 0.0)
                below[temporal] += bitrate
                if self.bitrates[layer] > 1000:
                    index = encoding << 6 | spatial << 3 | temporal
                    found.append(LayerInfo(index, self.heights[spatial], frame_rate, total))
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
