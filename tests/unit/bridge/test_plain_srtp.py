"""SRTP of the self-test's clients, against libsrtp."""

import pytest
from pylibsrtp import Policy, Session

from pyjitsi.bridge.plain_srtp import PlainSrtp
from pyjitsi.bridge.plane.api import SrtpKeys
from pyjitsi.rtp.packet import build, build_extensions

THEIRS, OURS = bytes(range(28)), bytes(range(100, 128))
GCM = Policy.SRTP_PROFILE_AEAD_AES_128_GCM


@pytest.mark.parametrize("block", [b"", build_extensions({1: b"\x7f"})])
def test_libsrtp_opens_what_is_sealed_and_seals_what_is_opened(block: bytes) -> None:
    client = PlainSrtp(SrtpKeys("AEAD_AES_128_GCM", THEIRS, OURS))
    plain = build(111, False, 7, 960, 0xDEADBEEF, block, b"opus")
    assert Session(Policy(OURS, Policy.SSRC_ANY_INBOUND, 0, GCM)).unprotect(client.protect(plain)) == plain
    wire = Session(Policy(THEIRS, Policy.SSRC_ANY_OUTBOUND, 0, GCM)).protect(plain)
    assert client.unprotect(wire) == plain
    for bad in (wire[:-1] + bytes((wire[-1] ^ 1,)), wire[:20], b""):
        assert client.unprotect(bad) is None


def test_another_profile_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="AES128_CM_SHA1_80 is not spoken here"):
        PlainSrtp(SrtpKeys("AES128_CM_SHA1_80", bytes(30), bytes(30)))
