"""Which layer of which source a receiver gets, from what it asked for and what its downlink carries.

Sources are walked in priority order: on stage, selected, then the others by who spoke last. Each gets one layer more a
round while it fits; what is on stage gets its preferred layer (360p, full rate) before anything else gets its first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pyjitsi.bridge.last_n import least
from pyjitsi.bridge.messages import ReceiverVideoConstraints
from pyjitsi.bridge.plane.api import OFF, LayerInfo

INITIAL_HEIGHT = 0  # nothing is sent before the receiver has said what it wants
DEFAULT_HEIGHT = 180  # after a first message that names no default
PREFERRED_HEIGHT = 360
PREFERRED_RATE = 30.0
OVERSEND = 500_000.0  # bit/s over the estimate that a shared screen on stage may take
NEARLY = 0.8  # measured frame rates waver
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


def effective_heights(wishes: Wishes, ordered: Sequence[Available], limit: int = -1) -> dict[str, int]:
    """Each source's constraint after last-N, the receiver's or ``limit``: those beyond it, and disabled ones, get 0."""
    heights: dict[str, int] = {}
    last_n = least(wishes.last_n, limit)
    left = UNLIMITED if last_n < 0 else last_n
    for source in ordered:
        height = wishes.height(source.name) if source.enabled and left > 0 else 0
        heights[source.name] = height
        left -= height != 0
    return heights


def outline(layers: Sequence[LayerInfo]) -> tuple[tuple[int, int, bool], ...]:
    """What of a source's layers decides who gets which: which there are, how tall, and whether at full rate."""
    best = max((layer.frame_rate for layer in layers), default=0.0)
    return tuple((layer.index, layer.height, layer.frame_rate >= fluent_rate(best)) for layer in layers)


def fluent_rate(best: float) -> float:
    """Frames a second from which a layer counts as running at full rate, where the source's best has ``best``."""
    return min(PREFERRED_RATE, best) * NEARLY


def _assumed(source: Available) -> tuple[LayerInfo, ...]:
    """Layers of a source that nothing is known of yet, so that something starts."""
    return tuple(LayerInfo(index << 6 | 2, 180 << index, 30.0, 0.0) for index in range(source.encodings))


@dataclass(frozen=True, slots=True)
class Ladder:
    """The layers of a source worth considering, rising; ``preferred`` and ``oversend`` are positions, -1 for none.

    What is on stage is raised to ``preferred`` at once. ``oversend`` is what a shared screen gets even where the
    estimate says that it does not quite fit: an unreadable screen helps nobody.
    """

    layers: tuple[LayerInfo, ...] = ()
    preferred: int = -1
    oversend: int = -1

    def cost(self, position: int) -> float:
        """Bit/s of the layer at a position."""
        return self.layers[position].bitrate if position >= 0 else 0.0


def ladder(source: Available, height: int) -> Ladder:
    """A source's ladder under a greatest height, -1 unlimited, 0 none."""
    if height == 0:
        return Ladder()
    known = source.layers or _assumed(source)
    known = tuple(layer for layer in known if layer.bitrate > 0) or known
    limit = UNLIMITED if height < 0 else height
    lowest = min(layer.height for layer in known)
    if source.desktop:
        layers = tuple(layer for layer in known if layer.height <= max(limit, lowest))
        tallest = max(layer.height for layer in layers)
        cheapest = min((layer.bitrate, at) for at, layer in enumerate(layers) if layer.height == tallest)[1]
        return Ladder(layers, len(layers) - 1, cheapest)
    modest = limit <= DEFAULT_HEIGHT  # a thumbnail: there is nothing to prefer among its layers
    preferred = lowest if modest else max(PREFERRED_HEIGHT, lowest)
    best_rate = max(layer.frame_rate for layer in known)
    fluent = 0.0 if modest else fluent_rate(best_rate)
    layers = tuple(
        layer
        for layer in known
        if layer.height == lowest
        or (layer.height <= limit and (layer.frame_rate >= fluent or layer.height < preferred))
    )
    wanted = limit if modest else preferred
    return Ladder(
        layers, max((at for at, layer in enumerate(layers) if layer.height <= max(wanted, lowest)), default=-1)
    )


@dataclass(frozen=True, slots=True)
class Allocation:
    """The target layer of each source, OFF for none. ``used`` is what these take in bit/s, ``ideal`` what the best ones
    would that the receiver asked for."""

    targets: dict[str, int]
    used: float
    ideal: float


def allocate(wishes: Wishes, ordered: Sequence[Available], heights: Mapping[str, int], bitrate: float) -> Allocation:
    """Spend a downlink of ``bitrate`` bit/s."""
    ladders = [ladder(each, heights[each.name]) for each in ordered]
    chosen = [-1] * len(ladders)
    remaining = bitrate
    raised = True
    while raised:
        raised = False
        for at, (source, rungs) in enumerate(zip(ordered, ladders, strict=True)):
            if not rungs.layers:
                continue
            stage = source.name in wishes.on_stage
            before = rungs.cost(chosen[at])
            position = _raise(rungs, chosen[at], remaining + before, stage)
            if at == 0 and stage and position < rungs.oversend:
                position = max(position, _oversent(rungs, remaining + before))
            if position != chosen[at]:
                chosen[at] = position
                remaining -= rungs.cost(position) - before
                raised = True
            if stage and position < rungs.preferred:
                break  # the stage comes first: thumbnails starve before it does
    targets = {
        source.name: rungs.layers[position].index if position >= 0 else OFF
        for source, rungs, position in zip(ordered, ladders, chosen, strict=True)
    }
    return Allocation(targets, bitrate - remaining, sum(rungs.cost(len(rungs.layers) - 1) for rungs in ladders))


def _raise(rungs: Ladder, position: int, limit: float, stage: bool) -> int:
    """One layer up if it fits, on stage up to the preferred one; then on to any higher layer that costs no more."""
    top = len(rungs.layers) - 1
    if position < 0 and stage:
        while position < rungs.preferred and rungs.cost(position + 1) <= limit:
            position += 1
    elif position < top and rungs.cost(position + 1) < limit:
        position += 1
    if position >= 0:
        position = max(at for at in range(position, top + 1) if rungs.cost(at) <= rungs.cost(position))
    return position


def _oversent(rungs: Ladder, limit: float) -> int:
    """The best layer of a shared screen that is at most somewhat too much."""
    fitting = [at for at in range(rungs.oversend + 1) if rungs.cost(at) <= limit + OVERSEND]
    return max(fitting, default=-1)
