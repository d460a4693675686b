"""Every loop that the bot may run on: each closes, pauses and breaks connections in its own way."""

import asyncio
import sys
from collections.abc import Callable, Mapping

import pytest

from tests.fakes.clock import VirtualTimeLoop


class _WatchfulLoop(asyncio.SelectorEventLoop):
    """In Python's debug mode, whatever it is told; but a busy machine is no fault."""

    def __init__(self) -> None:
        super().__init__()
        self.slow_callback_duration = 60.0

    def set_debug(self, enabled: bool) -> None:
        super().set_debug(True)


_REAL: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.SelectorEventLoop,
    "debug": _WatchfulLoop,
}
if sys.platform != "win32" and sys.implementation.name == "cpython":
    import uvloop

    _REAL["uvloop"] = uvloop.new_event_loop


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    if item.get_closest_marker("real_time"):
        return _REAL
    return {"virtual": VirtualTimeLoop}
