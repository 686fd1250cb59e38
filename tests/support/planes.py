"""Both planes, for tests that run on each: ``create`` makes the one of the current test (see unit/plane/conftest)."""

from contextvars import ContextVar

from pyjitsi.bridge.plane.api import Plane
from pyjitsi.bridge.plane.compiled import CompiledPlane
from pyjitsi.bridge.plane.endpoint import Limits
from pyjitsi.bridge.plane.plane import PythonPlane

KINDS = {"interpreted": PythonPlane, "compiled": CompiledPlane}
kind: ContextVar[str] = ContextVar("kind", default="compiled")


def create(limits: Limits | None = None) -> Plane:
    """A plane without sockets."""
    return KINDS[kind.get()](limits=limits)
