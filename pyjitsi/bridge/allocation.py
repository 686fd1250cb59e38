"""Which layer of which source a receiver gets, from what it asked for and what its downlink carries.

Sources are walked in priority order: on stage, selected, then the others by who spoke last; each gets one layer more
per round while it fits, and what is on stage gets its preferred layer before any thumbnail gets a second one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pyjitsi.bridge.messages import ReceiverVideoConstraints
from pyjitsi.bridge.plane.api import OFF, LayerInfo

INITIAL_HEIGHT = 0  # nothing is sent before the receiver has said what it wants
DEFAULT_HEIGHT = 180  # after a first message that names no default
PREFERRED_HEIGHT = 360
PREFERRED_RATE = 30.0
UNLIMITED = 1 << 30


@dataclass(frozen=True, slots=True)
class Wishes:
    """A receiver's settings; messages update them in part."""

    last_n: int = -1
    selected: tuple[str, ...] = ()
    on_stage: tuple[str, ...] = ()
    default_height: int = INITIAL_HEIGHT
    heights: Mapping[str, int] = field(default_factory=dict[str, int])
    asked: bool = False

    def updated(self, message: ReceiverVideoConstraints) -> "Wishes":
        """The settings after a message; absent fields stay."""
        default = message.default_height
        if default is None:
            default = self.default_height if self.asked else DEFAULT_HEIGHT
        return replace(
            self,
            last_n=self.last_n if message.last_n is None else message.last_n,
            selected=self.selected if message.selected is None else message.selected,
            on_stage=self.on_stage if message.on_stage is None else message.on_stage,
            default_height=default,
            heights=self.heights if message.heights is None else message.heights,
            asked=True,
        )

    def with_last_n(self, last_n: int) -> "Wishes":
        """The initial last-N that signalling brought."""
        return replace(self, last_n=last_n)

    def height(self, source: str) -> int:
        """The greatest height wanted of a source, -1 unlimited."""
        return self.heights.get(source, self.default_height)


@dataclass(frozen=True, slots=True)
class Available:
    """A video source of another endpoint."""

    name: str
    desktop: bool
    enabled: bool
    layers: tuple[LayerInfo, ...]
    encodings: int = 1


def prioritise(wishes: Wishes, sources: Sequence[Available]) -> list[Available]:
    """On stage first, then selected, then the rest in the order given (by who spoke last); disabled ones at the end."""
    by_name = {source.name: source for source in sources}
    names = dict.fromkeys((*wishes.on_stage, *wishes.selected, *by_name))
    ordered = [by_name[name] for name in names if name in by_name]
    return [each for each in ordered if each.enabled] + [each for each in ordered if not each.enabled]


def effective_heights(wishes: Wishes, ordered: Sequence[Available]) -> dict[str, int]:
    """Each source's constraint after last-N: those beyond it, and disabled ones, get 0."""
    heights: dict[str, int] = {}
    left = UNLIMITED if wishes.last_n < 0 else wishes.last_n
    for source in ordered:
        height = wishes.height(source.name) if source.enabled and left > 0 else 0
        heights[source.name] = height
        left -= height != 0
    return heights


def _assumed(source: Available) -> tuple[LayerInfo, ...]:
    """Layers of a source that nothing is known of yet, so that something starts."""
    return tuple(LayerInfo(index << 6 | 2, 180 << index, 30.0, 0.0) for index in range(source.encodings))


def _usable(source: Available, height: int) -> list[LayerInfo]:
    """The layers worth considering, rising (camera: one temporal step below 360p, full rate above)."""
    layers = source.layers or _assumed(source)
    limit = UNLIMITED if height < 0 else height
    lowest = min(layer.height for layer in layers)
    if source.desktop:
        return [layer for layer in layers if layer.height <= limit] or [x for x in layers if x.height == lowest]
    preferred = PREFERRED_HEIGHT if limit > DEFAULT_HEIGHT else -1
    best_rate = max(layer.frame_rate for layer in layers)
    full = min(PREFERRED_RATE if preferred > 0 else 0.0, best_rate) * 0.8  # measured rates waver
    return [
        layer
        for layer in layers
        if layer.height == lowest or (layer.height <= limit and (layer.height < preferred or layer.frame_rate >= full))
    ]


def allocate(
    wishes: Wishes, ordered: Sequence[Available], heights: Mapping[str, int], bitrate: float
) -> dict[str, int]:
    """The target layer of each source, OFF for none; ``bitrate`` is the downlink in bit/s."""
    usable = {each.name: _usable(each, heights[each.name]) if heights[each.name] else [] for each in ordered}
    chosen = {each.name: -1 for each in ordered}
    remaining = bitrate

    def cost(name: str, position: int) -> float:
        return usable[name][position].bitrate if position >= 0 else 0.0

    progressing = True
    while progressing:
        progressing = False
        for source in ordered:
            name, layers = source.name, usable[source.name]
            position = chosen[name]
            stage = name in wishes.on_stage
            steps = 1
            if stage and position < 0:
                steps = max(1, sum(layer.height <= PREFERRED_HEIGHT for layer in layers))
            before = remaining
            while steps and position + 1 < len(layers):
                if cost(name, position + 1) - cost(name, chosen[name]) > before:
                    break
                position += 1
                steps -= 1
            if position != chosen[name]:
                remaining -= cost(name, position) - cost(name, chosen[name])
                chosen[name] = position
                progressing = True
    return {name: usable[name][position].index if position >= 0 else OFF for name, position in chosen.items()}
