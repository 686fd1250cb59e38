"""What a receiver was sent under each SSRC, and where that stands: a route that begins goes on from there.

An SSRC outlives what is sent under it: a receiver with SSRC rewriting has a few SSRCs for all that it sees in turn, and
sources come back under theirs. Sequence numbers must not begin anew then, for SRTP would encrypt other packets under
the same index.
"""

import random
from typing import NamedTuple

from pyjitsi.bridge.plane.endpoint import Route
from pyjitsi.bridge.plane.projection import Projection
from pyjitsi.bridge.plane.voice import Voice

MAX_LINES = 2048  # SSRCs of one receiver; who uses up more is not worth remembering


class Totals(NamedTuple):
    """What was counted of a route; ``srtp`` are its indexes where the plane keeps them, or else -1."""

    rtx_sequence: int = 0
    packets: int = 0
    octets: int = 0
    srtp: int = -1
    srtp_rtx: int = -1


class Line(NamedTuple):
    """Numbers as they were sent last; ``sequence`` is -1 where none were."""

    totals: Totals = Totals()
    sequence: int = -1
    timestamp: int = 0
    picture: int = 0
    tl0: int = 0
    template: int = 0
    at: float = 0.0


def begin(route: Route) -> Totals:
    """Give a route what makes its numbers go on; returns what is to be counted on from."""
    line = route.receiver.lines.get(route.ssrc, Line())
    if route.source.spec.media == "audio":
        route.voice = Voice()
        if line.sequence >= 0 and route.receiver.mesh is None:
            route.voice.go_on(line.sequence, line.timestamp, line.at)
    elif route.receiver.mesh is None:
        # Random starts (RFC 3550 section 5.1), in the lower half: SRTP's roll-over counter begins at 0.
        if line.sequence < 0:
            line = line._replace(
                sequence=random.randrange(0x8000),
                timestamp=random.randrange(0x80000000),
                picture=random.randrange(0x4000),
            )
        route.projection = Projection(line.sequence, line.timestamp, line.picture)
        route.projection.go_on(line.tl0, line.template, line.at)
    return line.totals


def end(route: Route, totals: Totals) -> None:
    """Remember where a route ended."""
    lines = route.receiver.lines
    line = lines.pop(route.ssrc, Line())._replace(totals=totals)
    projection, voice = route.projection, route.voice
    if projection is not None:
        line = line._replace(
            sequence=projection.last_sequence, timestamp=projection.last_timestamp, picture=projection.last_picture,
            tl0=projection.last_tl0, template=projection.next_template, at=projection.last_at,
        )  # fmt: skip
    elif voice is not None and voice.last_sequence >= 0:
        line = line._replace(sequence=voice.last_sequence, timestamp=voice.last_timestamp, at=voice.last_at)
    lines[route.ssrc] = line
    if len(lines) > MAX_LINES:
        del lines[next(iter(lines))]
