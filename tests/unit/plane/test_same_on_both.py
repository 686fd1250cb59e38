"""A meeting with loss, retransmissions, layers and replays, on both planes: receivers get the same, byte for byte."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from pyjitsi.bridge.plane.api import Codec, Encoding, Probe
from pyjitsi.bridge.plane.compiled import CompiledPlane
from pyjitsi.bridge.plane.endpoint import MID
from pyjitsi.bridge.plane.plane import PythonPlane
from pyjitsi.rtp import packet, rtcp
from tests.support.media_peer import MediaPeer

steps = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "frame",
                "key",
                "speak",
                "nack",
                "rtx",
                "replay",
                "target",
                "pli",
                "probe",
                "slot",
                "silence",
                "red",
                "loud",
            ]
        ),
        st.integers(0, 2),  # encoding, or how far back
        st.integers(0, 3),  # temporal layer, or packets
    ),
    max_size=60,
)
TARGETS = (-1, 0, 1, 2, 1 << 6 | 1, 2 << 6 | 2)


def run(plane: PythonPlane, script: list[tuple[str, int, int]], *, rewriting: bool) -> list[tuple[int, bytes]]:
    """Play a script; returns what the receiver opened: payload type and the whole packet. With ``rewriting`` two
    senders take turns under one slot."""
    random.seed(7)  # the planes begin sequence numbers and pictures at random
    plane.add_conference(1, 7001, 7002)
    ana, ben, cat = MediaPeer(plane, 1, 1), MediaPeer(plane, 1, 2, rewriting=rewriting), MediaPeer(plane, 1, 3)
    plane.set_media(1, (Codec(112, "red", 48000, "audio"),), {})
    plane.set_media(2, (), {MID: 10})
    plane.set_target(2, ana.video, 2)
    plane.set_target(2, cat.video, 1 << 6 | 2)
    now, spoken, said, sent = 10.0, 0, 0, [b""]
    wires: list[bytes] = []
    protect = ana.protect

    def recorded(data: bytes) -> bytes:
        wires.append(protect(data))
        return wires[-1]

    ana.protect = recorded
    heard: list[tuple[int, bytes]] = []
    for what, first, second in script:
        now += 0.02
        ana.timestamp = (ana.timestamp + 1800) & 0xFFFFFFFF
        if what in ("frame", "key"):
            lose = (1,) if second == 3 else ()
            cat.timestamp = (ana.timestamp + 77) & 0xFFFFFFFF
            cat.frame(first, now, keyframe=what == "key", temporal=0 if what == "key" else second)
            sent += ana.frame(first, now, keyframe=what == "key", temporal=0 if what == "key" else second, packets=3,
                              lose=lose)  # fmt: skip
        elif what == "speak":
            spoken += 1
            ana.speak(spoken, now, level=20 + first)
        elif what == "rtx" and len(sent) > 3:
            again = packet.RtpPacket(sent[-1 - first])
            spoken += 1
            data = again.sequence.to_bytes(2, "big") + again.payload
            encoding = ana.ssrcs.index(again.ssrc)
            ana.send(packet.build(96, again.marker, spoken, again.timestamp, ana.rtx[encoding], b"", data), now)
        elif what == "replay" and wires:
            plane.receive(wires[-1 - first % len(wires)], ana.address, now)
        elif what == "nack" and ben.got:
            ssrc = 5001 if rewriting else ana.ssrcs[0]
            lost = [each.sequence for each in ben.under(ssrc)[-1 - first :]]
            ben.send_rtcp(rtcp.build_nack(5, ssrc, lost), now)
        elif what == "silence":
            spoken += 1
            ana.speak(spoken, now, level=127)
        elif what == "red":
            spoken += 1 + first  # some are lost, and made of redundancy
            earlier = b"".join(bytes((0x80 | 111,)) + (back * 960 << 10 | 3).to_bytes(3, "big") for back in (2, 1))
            ana.send(
                packet.build(112, False, spoken, spoken * 960, ana.audio_ssrc, b"", earlier + b"oaaabbbprimary"), now
            )
        elif what == "loud":
            plane.set_loudest(1, first, ())
            said += 1
            cat.speak(said, now, level=10 + second * 30)
        elif what == "slot":
            for source in (ana.video, cat.video):
                plane.set_slot(2, source, None)
            plane.set_slot(2, (ana.video, cat.video)[first % 2], Encoding(5001, 5002, "v0"))
            plane.set_slot(2, ana.audio, None if second == 3 else Encoding(5003 + second % 2, 5005 + second % 2))
        elif what == "probe":
            plane.probe(2, Probe(1 + second, 200_000.0 * (1 + first), 5, 1000 * second))
        elif what == "pli":
            ben.send_rtcp(rtcp.build_pli(5, ana.ssrcs[0]), now)
        elif what == "target":
            plane.set_target(2, ana.video, TARGETS[first * 2 + second % 2])
        plane.tick(now)
        ben.take(plane.take_transmits())
        heard += [(each.payload_type, each.data) for each in ben.got[len(heard) :]]
    return heard


@settings(max_examples=120, derandomize=True, deadline=None)
@given(steps)
def test_receivers_get_the_same(script: list[tuple[str, int, int]]) -> None:
    assert run(CompiledPlane(), script, rewriting=False) == run(PythonPlane(), script, rewriting=False)


@settings(max_examples=80, derandomize=True, deadline=None)
@given(steps)
def test_receivers_with_slots_get_the_same(script: list[tuple[str, int, int]]) -> None:
    script = [("slot", 0, 0), *script]
    assert run(CompiledPlane(), script, rewriting=True) == run(PythonPlane(), script, rewriting=True)
