"""The one error of this package."""


class RtpError(ValueError):
    """Bytes that are not what they should be; the sentence says what was wrong."""
