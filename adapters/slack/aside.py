"""What is done beside the events: nobody waits for it, and it may be left out."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

from bot import observe
from bot.surface import SurfaceError

MOST: Final = 1000
"""Tasks that wait or are being done; what comes beyond them is left out."""
AT_ONCE: Final = 50
PATIENCE: Final = 30.0
"""Seconds for one of them."""

_log = observe.get_logger(__name__)


class Aside:
    """Belongs to `run`; what is begun before it waits for it."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue(MOST)

    def begin(self, work: Callable[[], Awaitable[None]]) -> bool:
        """False where there is too much to do already."""
        with contextlib.suppress(asyncio.QueueFull):
            self._waiting.put_nowait(work)
            return True
        return False

    async def run(self) -> None:
        """Until cancelled."""
        turns = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            while True:
                await turns.acquire()
                group.create_task(self._do(await self._waiting.get(), turns))

    async def _do(self, work: Callable[[], Awaitable[None]], turns: asyncio.Semaphore) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await work()
        except (SurfaceError, TimeoutError) as error:
            _log.info("something was left out", error=type(error).__name__)
        except Exception as error:  # nobody waits for it, and all the others go on
            _log.error("something aside has failed", trace=observe.trace(error))
        finally:
            turns.release()
