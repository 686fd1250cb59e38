"""What a conference needs of the world; the tests put a world of their own in its place."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Protocol
from xml.etree.ElementTree import Element


class Wire(Protocol):
    """What a conference needs of the world."""

    def now(self) -> float:
        """Monotonic seconds."""
        ...

    async def iq(self, to: str, payload: Element, kind: str = "set") -> Element | None:
        """Ask somebody. Raises IqError or IqTimeout."""
        ...

    def spawn(self, work: Coroutine[Any, Any, object]) -> None:
        """Run beside; an exception is logged and reaches nobody."""
        ...

    def later(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        """Call after a time; returns what cancels it."""
        ...

    def publish(self, properties: Mapping[str, str], bridge_available: bool) -> None:
        """Show the focus's presence in the room."""
        ...

    async def grant_owner(self, jid: str) -> None:
        """Make a bare address owner of the room. Raises IqError or IqTimeout."""
        ...

    def moderated_elsewhere(self) -> bool:
        """Whether a moderator of this room is in a breakout room of it, or on the way."""
        ...

    def moderator_left(self, *, switching: bool) -> None:
        """A moderator is no longer inside; ``switching`` to another room of the same meeting."""
        ...

    def changed(self) -> None:
        """What ``Conference.record`` gives has changed."""
        ...

    def ended(self) -> None:
        """The conference is over: leave the room and forget it."""
        ...
