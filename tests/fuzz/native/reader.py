"""Cuts an input into numbers and chunks; what is missing is zeros."""


class Reader:
    """Reads from the front."""

    def __init__(self, data: bytes) -> None:
        self._data: bytes = data
        self._at: int = 0

    def more(self) -> bool:
        """Whether anything is left."""
        return self._at < len(self._data)

    def _take(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        self._at += count
        return taken

    def byte(self) -> int:
        """0 to 255."""
        return int.from_bytes(self._take(1), "big")

    def word(self) -> int:
        """32 bits."""
        return int.from_bytes(self._take(4), "big")

    def chunk(self, most: int) -> bytes:
        """Bytes after their length, which takes two bytes."""
        return self._take(int.from_bytes(self._take(2), "big") % (most + 1))

    def rest(self) -> bytes:
        """All that is left."""
        return self._take(len(self._data))


def chunk(data: bytes) -> bytes:
    """Bytes as ``Reader.chunk`` reads them."""
    return len(data).to_bytes(2, "big") + data
