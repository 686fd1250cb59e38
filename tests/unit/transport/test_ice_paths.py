"""The ways that our scripted people's media takes: what is tried with them stands on these."""

from types import SimpleNamespace
from typing import Any

from tests.support.ice_paths import IcePaths


class Way:
    """A connection of aioice's, as far as sending goes."""

    def __init__(self) -> None:
        self.open: bool = True
        self.sent: list[bytes] = []

    async def send(self, data: bytes) -> None:
        """Keep it. Raises ConnectionError once closed."""
        if not self.open:
            raise ConnectionError
        self.sent.append(data)

    async def connect(self) -> None:
        """At once."""

    async def recv(self) -> bytes:
        """Nothing comes."""
        raise ConnectionError


def paths_over(first: Way) -> tuple[IcePaths, Any]:
    """Its ways, and what aiortc has for an ICE transport."""
    ice: Any = SimpleNamespace(_connection=first, _send=first.send, _recv=first.recv, on=print)
    sender: Any = SimpleNamespace(transport=SimpleNamespace(transport=ice))
    pc: Any = SimpleNamespace(getSenders=lambda: [sender])
    return IcePaths(pc), ice


async def test_who_was_silent_for_long_is_heard_again_after_an_ice_restart() -> None:
    first, second = Way(), Way()
    paths, ice = paths_over(first)
    await ice._send(b"before")
    first.open = False
    await ice._send(b"lost")  # raising would end aiortc's sender for good
    connection: Any = second
    await paths.connect(connection)
    await ice._send(b"after")
    assert (first.sent, second.sent) == ([b"before"], [b"after"])
    await paths.close()
