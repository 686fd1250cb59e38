"""SRTP and SRTCP of the compiled plane against libsrtp, in both profiles and both ways."""

import struct
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pylibsrtp import Error, Policy, Session

from pyjitsi.bridge.plane.api import Codec, Encoding, Source, SrtpKeys
from pyjitsi.bridge.plane.compiled import CompiledPlane
from pyjitsi.rtp import rtcp
from pyjitsi.rtp.packet import RtpPacket, build, build_extensions

Profile = Literal["AEAD_AES_128_GCM", "AES128_CM_SHA1_80"]
PROFILES: dict[Profile, tuple[int, int]] = {
    "AEAD_AES_128_GCM": (Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 28),
    "AES128_CM_SHA1_80": (Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 30),
}
each_profile = pytest.mark.parametrize("profile", PROFILES)
OPUS = Codec(111, "opus", 48000, "audio")
ADDRESS = ("198.51.100.1", 4000)
SSRC = 0xDEADBEEF


class Talker:
    """One that speaks to a plane through libsrtp, and a listener that opens what comes of it."""

    def __init__(self, profile: Profile) -> None:
        number, size = PROFILES[profile]
        keys = [bytes(range(start, start + size)) for start in (1, 40, 80, 120)]
        self.outbound: Session = Session(Policy(keys[0], Policy.SSRC_ANY_OUTBOUND, 0, number))
        self.inbound: Session = Session(Policy(keys[3], Policy.SSRC_ANY_INBOUND, 0, number))
        self.plane: CompiledPlane = CompiledPlane()
        self.plane.add_conference(1, 7, 8)
        for identity, pair in ((1, keys[:2]), (2, keys[2:])):
            self.plane.add_endpoint(1, identity)
            self.plane.set_media(identity, (OPUS,), {})
            self.plane.set_keys(identity, SrtpKeys(profile, *pair))
            self.plane.set_destination(identity, ("198.51.100.1", 4000 + identity))
        self.plane.bind(ADDRESS, 1)
        self.plane.set_sources(1, (Source("a", "audio", (Encoding(SSRC),)),))

    def heard(self, packet: bytes) -> list[RtpPacket]:
        """What the listener gets of a packet."""
        self.plane.receive(self.outbound.protect(packet), ADDRESS, 1.0)
        return [RtpPacket(self.inbound.unprotect(data)) for data, _ in self.plane.take_transmits()]

    def dropped(self) -> dict[str, int]:
        return self.plane.counters(1).dropped or {}


@each_profile
def test_what_libsrtp_seals_is_opened_and_what_is_sealed_libsrtp_opens(profile: Profile) -> None:
    talker = Talker(profile)
    for number in (65_534, 65_535, 0, 1, 65_533):  # over the roll-over, and one from before it
        (heard,) = talker.heard(
            build(111, False, number, number * 960, SSRC, b"", b"opus" * number.bit_length() or b"o")
        )
        assert (heard.sequence, heard.payload[:4]) == (number, b"opus" if number else b"o")
    assert talker.dropped() == {}


@settings(max_examples=60, derandomize=True, deadline=None)
@given(payload=st.binary(min_size=1, max_size=1200), marker=st.booleans(), level=st.integers(0, 255))
@pytest.mark.parametrize("profile", PROFILES)
def test_any_payload_survives(profile: Profile, payload: bytes, marker: bool, level: int) -> None:
    block = build_extensions({1: bytes((level,))})
    (heard,) = Talker(profile).heard(build(111, marker, 7, 960, SSRC, block, payload))
    assert (heard.payload, heard.marker) == (payload, marker)


@each_profile
def test_not_one_bit_may_change(profile: Profile) -> None:
    talker = Talker(profile)
    wire = talker.outbound.protect(build(111, False, 9, 960, SSRC, b"", b"opus"))
    for place in range(12, len(wire)):
        changed = bytearray(wire)
        changed[place] ^= 0x10
        talker.plane.receive(bytes(changed), ADDRESS, 1.0)
    assert talker.plane.take_transmits() == []
    assert talker.dropped() == {"auth": len(wire) - 12}


@each_profile
def test_a_replay_is_dropped_within_the_window_and_behind_it(profile: Profile) -> None:
    talker = Talker(profile)
    wires = [talker.outbound.protect(build(111, False, number, 0, SSRC, b"", b"opus")) for number in range(300)]
    for wire in (*wires, wires[299], wires[250], wires[0]):
        talker.plane.receive(wire, ADDRESS, 1.0)
    assert talker.dropped() == {"replay": 3}
    assert len(talker.plane.take_transmits()) == 300


@each_profile
def test_rtcp_is_opened_and_a_replay_of_it_dropped(profile: Profile) -> None:
    talker = Talker(profile)
    wire = talker.outbound.protect_rtcp(rtcp.build_pli(5, SSRC))
    for data in (wire, wire, wire[:-1] + bytes((wire[-1] ^ 1,)), wire[:20]):
        talker.plane.receive(data, ADDRESS, 1.0)
    assert talker.plane.counters(1).plis_received == 1
    dropped = talker.dropped()
    assert dropped.pop("replay") == 1
    assert sum(dropped.values()) == 2


@each_profile
@pytest.mark.parametrize("size", [8, 12, 28, 600])
def test_rtcp_that_the_bridge_makes_is_opened_by_libsrtp_once(profile: Profile, size: int) -> None:
    talker = Talker(profile)
    sealer = talker.plane.endpoints[2].sealer
    assert sealer is not None
    compounds = [
        struct.pack("!BBHI", 0x80, 201, size // 4 - 1, 5) + bytes((number,)) * (size - 8) for number in range(3)
    ]
    wires = [sealer.protect_rtcp(compound) or b"" for compound in compounds]
    assert [talker.inbound.unprotect_rtcp(wire) for wire in wires] == compounds
    with pytest.raises(Error, match="replay"):
        talker.inbound.unprotect_rtcp(wires[1])


def test_what_is_no_rtcp_or_too_long_is_not_sealed() -> None:
    talker = Talker("AEAD_AES_128_GCM")
    talker.plane.add_endpoint(1, 3)
    for identity, compound in ((2, b"short"), (2, bytes(1481)), (3, bytes(8))):
        endpoint = talker.plane.endpoints[identity]
        assert endpoint.sealer is None or endpoint.sealer.protect_rtcp(compound) is None
    assert talker.plane.endpoints[3].sealer is None


def test_rtcp_that_is_not_encrypted_is_not_taken() -> None:
    talker = Talker("AEAD_AES_128_GCM")
    wire = bytearray(talker.outbound.protect_rtcp(rtcp.build_pli(5, SSRC)))
    wire[-4] &= 0x7F  # the word's E
    talker.plane.receive(bytes(wire), ADDRESS, 1.0)
    talker.plane.receive(struct.pack("!BBH", 0x81, 206, 2) + bytes(8) + bytes(20), ADDRESS, 1.0)
    assert talker.plane.counters(1).plis_received == 0
