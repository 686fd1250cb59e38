"""How many packets a second the data plane forwards on one core: ``python -m tests.bench.forwarding [receivers]``.

A sender's VP8 packets of 1,200 bytes go to each receiver, SRTP in and out (AES-128-GCM). Sockets are left out.
"""

import sys
import time

from pyjitsi.bridge.plane import create
from pyjitsi.rtp.packet import build, build_extensions
from tests.support.media_peer import MediaPeer

PACKETS = 3000


def main(receivers: int) -> None:
    """Measure, and print a line."""
    plane = create()
    plane.add_conference(1, 7001, 7002)
    sender = MediaPeer(plane, 1, 1)
    peers = [MediaPeer(plane, 1, number) for number in range(2, 2 + receivers)]
    for peer in peers:
        plane.set_target(peer.id, sender.video, 2)
    wire: list[bytes] = []
    for number in range(PACKETS):
        head = bytes((0x90, 0xE0, 0x80 | number >> 8 & 0x7F, number & 255, number & 255, 0))
        frame = b"\x10\0\0\x9d\x01\x2a\0\x05\xd0\x02" if number == 0 else b"\x01"
        block = build_extensions({5: number.to_bytes(2, "big")})
        body = (head + frame).ljust(1180, b"\0")
        wire.append(sender.protect(build(100, True, number, number * 3000, sender.ssrcs[0], block, body)))
    began = time.process_time()
    sent = 0
    for number, data in enumerate(wire):
        plane.receive(data, sender.address, number / 100)
        sent += len(plane.take_transmits())
    spent = time.process_time() - began
    print(f"{receivers} receivers: {PACKETS / spent:,.0f} packets/s in, {sent / spent:,.0f} packets/s out, one core")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4)
