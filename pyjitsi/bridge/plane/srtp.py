"""SRTP of one endpoint (RFC 3711, RFC 7714), through libsrtp."""

from collections.abc import Callable

from pylibsrtp import Error, Policy, Session

from pyjitsi.bridge.plane.api import SrtpKeys

PROFILES = {
    "AEAD_AES_128_GCM": Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    "AES128_CM_SHA1_80": Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
}
MAX_PROTECT = 1352  # what pylibsrtp's buffer of 1,500 bytes leaves beside its reserve
REPLAY_WINDOW = 128


class SrtpError(ValueError):
    """A packet that is not from the endpoint, or was seen before; ``reason`` is the drop's name."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason: str = reason


class Srtp:
    """Both directions of one endpoint."""

    def __init__(self, keys: SrtpKeys) -> None:
        profile = PROFILES[keys.profile]
        inbound = Policy(keys.receive, Policy.SSRC_ANY_INBOUND, 0, profile)
        inbound.window_size = REPLAY_WINDOW
        outbound = Policy(keys.send, Policy.SSRC_ANY_OUTBOUND, 0, profile)
        outbound.window_size = REPLAY_WINDOW
        self._inbound: Session = Session(inbound)
        self._outbound: Session = Session(outbound)

    def forget(self, ssrc: int) -> None:
        """Free what is kept for an SSRC that was received."""
        try:
            self._inbound.remove_stream(ssrc)
        except Error:
            pass  # nothing was kept

    def unprotect(self, data: bytes) -> bytes:
        """The RTP packet inside. Raises SrtpError."""
        return self._open(self._inbound.unprotect, data)

    def unprotect_rtcp(self, data: bytes) -> bytes:
        """The RTCP compound inside. Raises SrtpError."""
        return self._open(self._inbound.unprotect_rtcp, data)

    @staticmethod
    def _open(function: Callable[[bytes], bytes], data: bytes) -> bytes:
        try:
            return function(data)
        except Error as error:
            raise SrtpError("replay" if "replay" in str(error) else "auth") from None
        except ValueError:
            raise SrtpError("oversize") from None

    def protect(self, data: bytes) -> bytes | None:
        """The SRTP packet, or None for one that is too long."""
        if len(data) > MAX_PROTECT:
            return None
        try:
            return self._outbound.protect(data)
        except Error:
            return None

    def protect_rtcp(self, data: bytes) -> bytes | None:
        """The SRTCP packet, or None for one that is too long."""
        return self._outbound.protect_rtcp(data) if len(data) <= MAX_PROTECT else None
