"""A dispatcher at work, and a service that answers or raises as it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from prometheus_client import REGISTRY

from bot import dispatch
from bot.dispatch import Dispatcher
from bot.events import Event
from bot.lanes import Lanes
from bot.store.records import Work
from tests.fakes.rows import MemoryRows, now


class Service:
    """Answers in a given time, or raises what it was told to, once for each error."""

    def __init__(self, seconds: float = 1.0, **errors: BaseException | list[BaseException]) -> None:
        self.seconds = seconds
        self.errors = {
            id: list(found) if isinstance(found, list) else [found] for id, found in errors.items()
        }
        self.begun: list[tuple[float, str]] = []
        self.answered: list[str] = []
        self.cancelled: list[str] = []
        self.reported: list[tuple[str, str]] = []
        self.abandoned: list[str] = []
        self.open: set[asyncio.Event] = set()

    async def handle(self, work: Work) -> None:
        id, cut = work.event.id, asyncio.Event()
        self.begun.append((round(asyncio.get_running_loop().time()), id))
        self.open.add(cut)
        try:
            async with asyncio.timeout(self.seconds):
                await cut.wait()
        except TimeoutError:
            pass
        except asyncio.CancelledError:
            self.cancelled.append(id)
            raise
        finally:
            self.open.discard(cut)
        if errors := self.errors.get(id):
            raise errors.pop(0)
        self.answered.append(id)

    async def report(self, event: Event, reference: str) -> None:
        self.reported.append((event.id, reference))

    async def abandon(self, work: Work) -> None:
        self.abandoned.append(work.event.id)
        if errors := self.errors.get(f"{work.event.id} abandoned"):
            raise errors.pop(0)

    def cut(self) -> None:
        for each in self.open:
            each.set()

    def times(self) -> list[float]:
        return [at for at, _ in self.begun]


@asynccontextmanager
async def running(
    service: Service, rows: MemoryRows, *, limit: int = dispatch.LIMIT, grace: float = 20
) -> AsyncIterator[Dispatcher]:
    here = Dispatcher(
        Lanes(rows, now=now),
        service.handle,
        service.report,
        limit=limit,
        grace=grace,
        cut=service.cut,
        abandon=service.abandon,
    )
    async with asyncio.TaskGroup() as tasks:
        working = tasks.create_task(here.run())
        yield here
        await here.drain()
        await working


async def until_idle(rows: MemoryRows, seconds: float = 3600) -> None:
    async with asyncio.timeout(seconds):
        while "open" in rows.states().values():  # noqa: ASYNC110 - in virtual time
            await asyncio.sleep(0.05)


async def seen_through(
    service: Service, *events: Event, rows: MemoryRows | None = None
) -> tuple[MemoryRows, list[structlog.typing.EventDict]]:
    """Everything accepted and done; gives the rows and what was logged."""
    rows = rows or MemoryRows()
    with structlog.testing.capture_logs() as logs:
        async with running(service, rows) as here:
            for event in events:
                await here.accept(event)
            await until_idle(rows)
    return rows, logs


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"parley_{name}_total", labels) or 0
