"""Why a log-in fails: ``code`` is what the client is told, the text is for the log."""


class LoginError(Exception):
    """``unavailable``: the provider doesn't answer well; ``refused``: it or we say no; ``expired``: begun too long ago,
    or in another browser; ``forbidden``: the account may not enter here."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code: str = code
        self.reason: str = reason
