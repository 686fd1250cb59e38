"""``pyjitsi capacity``: what a meeting asks of a bridge: packets, bandwidth, processor, memory.

Everybody sees one picture at the chosen quality and the others as tiles of 180p, and hears all who have their
microphone on: the client's stage view. Costs are those that ``make bench`` measured; a test holds the two together.
"""

import argparse
from dataclasses import dataclass

# Of the load "meeting 20" (tests/bench/results/latest.json), rounded up: all of the process, for each packet sent on.
MICROSECONDS = 5.0
IDLE_MB = 80
ENDPOINT_MB = 0.8
CORE_FULL = 0.7  # of a core: beyond that delay grows
PACKET_BYTES = 1180
AUDIO_PACKETS, AUDIO_BITS = 50, 40_000  # a second: Opus of 20 ms, with headers
FRAMES = 30
LAYERS = {
    "180p": 200_000,
    "360p": 500_000,
    "720p": 2_500_000,
    "1080p": 4_000_000,
}  # bit/s; a sender sends all up to its
LAST_N = 25
ORDER = ("180p", "360p", "720p", "1080p")


@dataclass(frozen=True)
class Demand:
    """Packets a second and Mbit/s in and out, cores, and MB."""

    packets_in: int
    packets_out: int
    mbit_in: float
    mbit_out: float
    cores: float
    memory_mb: int


def packets_of(bitrate: int) -> float:
    """Packets a second of a video layer: a frame is at least one."""
    return max(float(FRAMES), bitrate / 8 / PACKET_BYTES)


def demand(participants: int, cameras: int, microphones: int, quality: str, last_n: int = LAST_N) -> Demand:
    """What a meeting takes. Numbers are at least 0, cameras and microphones at most ``participants``."""
    sent = [LAYERS[name] for name in ORDER[: ORDER.index(quality) + 1]]
    seen = min(last_n, max(0, cameras - 1) if cameras == participants else cameras)
    stage, tiles = min(1, seen), max(0, seen - 1)
    heard = max(0, microphones - 1) if microphones == participants else microphones
    video_out = stage * packets_of(sent[-1]) + tiles * packets_of(sent[0])
    bits_out = stage * sent[-1] + tiles * sent[0] + heard * AUDIO_BITS
    packets_in = cameras * sum(packets_of(each) for each in sent) + microphones * AUDIO_PACKETS
    packets_out = participants * (video_out + heard * AUDIO_PACKETS)
    return Demand(
        round(packets_in), round(packets_out),
        (cameras * sum(sent) + microphones * AUDIO_BITS) / 1e6, participants * bits_out / 1e6,
        packets_out * MICROSECONDS / 1e6, round(IDLE_MB + participants * ENDPOINT_MB),
    )  # fmt: skip


def add_to(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--participants", type=int, required=True, metavar="N", help="people in the meeting")
    parser.add_argument("--cameras", type=int, metavar="N", help="of whom so many have their camera on; default: all")
    parser.add_argument("--microphones", type=int, metavar="N", help="and so many their microphone; default: 5 at most")
    parser.add_argument("--quality", choices=ORDER, default="720p", help="of the large picture; default: 720p")
    parser.add_argument(
        "--last-n", type=int, default=LAST_N, metavar="N", help=f"pictures each sees; default: {LAST_N}"
    )
    parser.add_argument("--meetings", type=int, default=1, metavar="N", help="so many of such meetings at once")


def main(options: argparse.Namespace) -> int:
    """Reckon and print; 2 where the numbers make no sense."""
    people, meetings = options.participants, options.meetings
    cameras = people if options.cameras is None else options.cameras
    microphones = min(people, 5) if options.microphones is None else options.microphones
    if people < 1 or meetings < 1 or options.last_n < 0 or not 0 <= cameras <= people or not 0 <= microphones <= people:
        print("pyjitsi capacity: at least one participant and meeting; cameras and microphones from 0 to participants")
        return 2
    one = demand(people, cameras, microphones, options.quality, options.last_n)
    memory = IDLE_MB + meetings * (one.memory_mb - IDLE_MB)
    cores = one.cores * meetings
    print(f"{meetings} x {people} people, {cameras} cameras at {options.quality}, {microphones} microphones:")
    print(f"  packets    {one.packets_in * meetings:,} a second in, {one.packets_out * meetings:,} out")
    print(f"  bandwidth  {one.mbit_in * meetings:,.0f} Mbit/s in, {one.mbit_out * meetings:,.0f} Mbit/s out")
    print(f"  processor  {cores:.2f} of a core; bridges to share it: {max(1, -(-cores // CORE_FULL)):.0f}")
    print(f"  memory     {memory:,.0f} MB for one bridge")
    print(
        f"Reckoned with {MICROSECONDS:g} µs for each packet out, {ENDPOINT_MB:g} MB a person and {IDLE_MB} MB idle: "
        "what `make bench` measured in a meeting of 20, rounded up. Slower machines take more."
    )
    return 0
