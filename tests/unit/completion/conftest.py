"""The two ways a transport hands over a body."""

import pytest

from tests.fakes.completion_wire import Wire


@pytest.fixture(params=[True, False], ids=["fast read", "httpx stream"])
async def wire(request: pytest.FixtureRequest) -> Wire:
    return Wire(fast_read=request.param)
