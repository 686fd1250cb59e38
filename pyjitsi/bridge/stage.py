"""Key frames for the stage: a new dominant speaker is asked for one before those ask who will show it large.

It is asked so that the key frame comes when the receivers' new wishes do: they hear of the speaker after half their
round trip, and what they then ask takes the other half (3-media.md section 2.8).
"""

from collections.abc import Iterable, Mapping, Sequence

from pyjitsi.bridge.endpoint import Endpoint
from pyjitsi.bridge.plane.api import EndpointId, Plane

MARGIN = 0.01  # seconds


class StageKeyframes:
    """Of one conference."""

    def __init__(self, plane: Plane) -> None:
        self._plane: Plane = plane
        self._wanted: list[tuple[float, EndpointId, str]] = []  # when, of whom, of which source

    def prepare(self, speaker: Endpoint, others: Sequence[Endpoint], kinds: Mapping[str, str], now: float) -> None:
        """Somebody else speaks. ``kinds`` are the video types by source; who shows a screen on stage keeps it."""
        if len(others) < 2:
            return
        showing = [each for each in others if any(kinds.get(name) == "camera" for name in each.wishes.on_stage)]
        for source in speaker.sources if showing else ():
            if source.type == "video" and kinds.get(source.id) == "camera":
                delay = max(each.rtt for each in showing) - speaker.rtt + MARGIN
                self._wanted.append((now + max(delay, 0.0), speaker.key, source.id))

    def tick(self, endpoints: Iterable[Endpoint], now: float) -> None:
        """Ask for what is due."""
        if not self._wanted:
            return
        there = {each.key for each in endpoints}
        for at, key, source in self._wanted:
            if at <= now and key in there:
                self._plane.request_keyframe(source, key)
        self._wanted = [each for each in self._wanted if each[0] > now]
