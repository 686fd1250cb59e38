"""SSRC rewriting: a receiver sees all sources in turn under a bounded number of SSRCs (3-media.md section 2.10).

Each slot is an SSRC, one for its RTX, and the source that is sent under them now. Clients make a track for each new
slot, which takes a renegotiation; that a slot has another source is only a name to them. So slots of sources that went
are used first, then new ones, then the least recently used. Maps are told before what they tell of is sent.
"""

import secrets
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pyjitsi.bridge.plane.api import Encoding, EndpointId, Plane

SETTLE = 2.0  # seconds in which a client may still be making a slot's track: it would miss a change (LJM's warning)
NEVER = -1e9
MAX_LEVEL = 127  # RFC 6464: silence, which needs no slot


@dataclass(slots=True)
class Slot:
    """``source`` and ``owner`` are empty while it is free; times are monotonic seconds."""

    ssrc: int
    rtx_ssrc: int
    source: str = ""
    owner: str = ""
    mid: str = ""  # the m-line that its packets name; it stays with the slot
    since: float = NEVER  # when it was told of last
    used: float = NEVER  # when its source was taken up or wanted last

    def settled(self, now: float) -> bool:
        """Whether a client has surely taken up what it was told of this slot."""
        return now - self.since >= SETTLE


@dataclass(slots=True)
class Pool:
    """One receiver's slots of one media, ``limit`` at most."""

    limit: int
    prefix: str = ""  # of media identifications; none where the client takes none
    slots: list[Slot] = field(default_factory=list[Slot])
    by_source: dict[str, Slot] = field(default_factory=dict[str, Slot])

    def free(self, now: float) -> Slot | None:
        """A slot whose source went."""
        return next((each for each in self.slots if not each.source and each.settled(now)), None)

    def oldest(self, keep: Collection[str], heard: Mapping[str, float], now: float) -> Slot | None:
        """The slot that was used least recently, of those that may have another source now."""
        candidates = [each for each in self.slots if each.source not in keep and each.settled(now)]
        return min(candidates, key=lambda slot: max(slot.used, heard.get(slot.source, NEVER)), default=None)


class Slots:
    """Of one receiver. ``taken`` tells of an SSRC whether it is somebody's."""

    def __init__(
        self, plane: Plane, receiver: EndpointId, video: int, audio: int, taken: Callable[[int], bool],
        *, mids: bool = False,
    ) -> None:  # fmt: skip
        """``video`` and ``audio`` are how many slots there may be; with ``mids`` each has a media identification."""
        self.video: Pool = Pool(video, "v" if mids else "")
        self.audio: Pool = Pool(audio, "a" if mids else "")
        self._plane: Plane = plane
        self._receiver: EndpointId = receiver
        self._taken: Callable[[int], bool] = taken

    def show(self, wanted: Sequence[tuple[str, str]], spare: Iterable[tuple[str, str]], now: float) -> list[Slot]:
        """Have a slot for each video source that is to be sent, and, where that takes none from another, for those that
        may be later. Sources are (name, owner). Returns the slots that the client must be told of.
        """
        pool = self.video
        keep = {name for name, _ in wanted}
        changed: list[Slot] = []
        for name in keep:
            if name in pool.by_source:
                pool.by_source[name].used = now
        for name, owner in wanted:
            if name not in pool.by_source:
                changed += self._take(pool, name, owner, keep, {}, now)
        for name, owner in spare:
            if name not in pool.by_source and (len(pool.slots) < pool.limit or pool.free(now) is not None):
                changed += self._take(pool, name, owner, keep, {}, now)
        return changed

    def hear(self, source: str, owner: str, heard: Mapping[str, float], now: float) -> list[Slot]:
        """Have a slot for an audio source, at the expense of the one that was ``heard`` least recently if need be.
        Returns the slots that the client must be told of."""
        return [] if source in self.audio.by_source else self._take(self.audio, source, owner, (), heard, now)

    def forget(self, source: str) -> None:
        """A source is no more; its slot is free."""
        for pool in (self.video, self.audio):
            slot = pool.by_source.get(source)
            if slot is not None:
                self._release(pool, slot)

    def _release(self, pool: Pool, slot: Slot) -> None:
        del pool.by_source[slot.source]
        self._plane.set_slot(self._receiver, slot.source, None)
        slot.source = slot.owner = ""

    def _take(
        self, pool: Pool, source: str, owner: str, keep: Collection[str], heard: Mapping[str, float], now: float
    ) -> list[Slot]:
        slot = pool.free(now)
        if slot is None and len(pool.slots) < pool.limit:
            mid = f"{pool.prefix}{len(pool.slots)}" if pool.prefix else ""
            slot = Slot(self._ssrc(), self._ssrc(), mid=mid)
            pool.slots.append(slot)
        if slot is None:
            slot = pool.oldest(keep, heard, now)
        if slot is None:
            return []  # all are in use, or too new to change: it is tried again
        if slot.source:
            self._release(pool, slot)
        slot.source, slot.owner, slot.since, slot.used = source, owner, now, now
        pool.by_source[source] = slot
        self._plane.set_slot(self._receiver, source, Encoding(slot.ssrc, slot.rtx_ssrc, slot.mid))
        return [slot]

    def _ssrc(self) -> int:
        own = {ssrc for pool in (self.video, self.audio) for each in pool.slots for ssrc in (each.ssrc, each.rtx_ssrc)}
        while True:
            ssrc = secrets.randbelow(2**32 - 1) + 1
            if ssrc not in own and not self._taken(ssrc):
                return ssrc


class Voices:
    """Sources that are heard, conference-wide: every receiver with slots needs one for each. Nearly all levels are of
    sources for which nothing is to be done any more."""

    def __init__(self) -> None:
        self.heard: dict[str, float] = {}  # when each source was
        self._settled: set[str] = set()  # those that have all the slots that they need

    def unsettle(self) -> None:
        """A receiver came, or hears others than before: look at each source again when it is heard."""
        self._settled.clear()

    def forget(self, source: str) -> None:
        """A source is no more."""
        self._settled.discard(source)
        self.heard.pop(source, None)

    def note(self, source: str, level: int, at: float) -> bool:
        """A level (RFC 6464) of a source; whether it may need slots."""
        if level >= MAX_LEVEL:
            return False
        self.heard[source] = at
        return source not in self._settled

    def settle(self, source: str, pools: Iterable[Pool]) -> None:
        """A source was given what there was; it is settled where all ``pools`` have it, and others are where they still
        do."""
        self._settled.add(source)
        for pool in pools:
            self._settled.intersection_update(pool.by_source)
