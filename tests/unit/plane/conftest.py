"""Every test of the plane runs on both: the interpreted one is the oracle of the compiled one."""

from collections.abc import Iterator

import pytest

from tests.support import planes


@pytest.fixture(autouse=True, params=planes.KINDS)
def plane_kind(request: pytest.FixtureRequest) -> Iterator[str]:
    token = planes.kind.set(request.param)
    yield request.param
    planes.kind.reset(token)
