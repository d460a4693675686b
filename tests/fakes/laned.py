"""Lanes at work, and a worker that writes down what it saw."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot import lanes
from bot.lanes import DONE, Lanes, Perform, Verdict
from bot.store.records import Work
from tests.fakes.rows import MemoryRows, now

ANN, BEN = "talk:ann", "talk:ben"


class Worker:
    """Performs work in a given time each and writes down what it saw."""

    def __init__(self, seconds: float = 1.0) -> None:
        self.seconds = seconds
        self.begun: list[tuple[float, str]] = []
        self.ended: list[tuple[float, str]] = []
        self.works: list[Work] = []
        self.verdicts: dict[str, list[Verdict]] = {}

    async def __call__(self, work: Work) -> Verdict:
        id, clock = work.event.id, asyncio.get_running_loop().time
        self.begun.append((round(clock(), 1), id))
        self.works.append(work)
        await asyncio.sleep(self.seconds)
        self.ended.append((round(clock(), 1), id))
        verdicts = self.verdicts.get(id)
        return verdicts.pop(0) if verdicts else DONE


@asynccontextmanager
async def working(
    rows: MemoryRows, worker: Perform, *, talks: int = lanes.TALKS
) -> AsyncIterator[Lanes]:
    """Lanes at work; at the end of the block they are drained and everything has ended."""
    here = Lanes(rows, talks=talks, now=now)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(here.run(worker))
        yield here
        here.drain()


async def until_idle(rows: MemoryRows, seconds: float = 600) -> None:
    async with asyncio.timeout(seconds):
        while "open" in rows.states().values():  # noqa: ASYNC110 - in virtual time
            await asyncio.sleep(0.05)
