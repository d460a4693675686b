"""The whole way of an event on both databases: accepted, in its lane, handled, done."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.dispatch import DEATHS, Dispatcher
from bot.events import Event
from bot.lanes import Lanes, lanes
from bot.store.records import Work
from bot.store.store import keeping
from bot.surface import Busy
from tests.fakes.happenings import command, edited, message, place

pytestmark = pytest.mark.real_time


class Service:
    """Answers at once; questions in `held` are answered when they are let go."""

    def __init__(self, *held: str) -> None:
        self.held = {id: asyncio.Event() for id in held}
        self.begun: list[str] = []
        self.answered: list[str] = []
        self.reported: list[str] = []
        self.parts: dict[str, list[str]] = {}

    async def handle(self, work: Work) -> None:
        id = work.event.id
        self.begun.append(id)
        self.parts[id] = [part.id for part in work.parts]
        if id in self.held:
            await self.held[id].wait()
        if id == "bug":
            raise RuntimeError
        self.answered.append(id)

    async def report(self, event: Event, _: str) -> None:
        self.reported.append(event.id)


@asynccontextmanager
async def process(engine: AsyncEngine, service: Service) -> AsyncIterator[Dispatcher]:
    """A process from its start to its kill: what is open at the end is broken off."""
    async with keeping(engine) as (_, inbox):
        dispatcher = Dispatcher(Lanes(inbox), service.handle, service.report, grace=0.1)
        running = asyncio.create_task(dispatcher.run())
        try:
            yield dispatcher
        finally:
            running.cancel()
            await asyncio.wait({running})


async def until(service: Service, *ids: str) -> None:
    """Wait until exactly these have been answered or reported."""
    async with asyncio.timeout(30):
        while {*service.answered, *service.reported} != set(ids):  # noqa: ASYNC110 - no one tells
            await asyncio.sleep(0.01)


async def left(engine: AsyncEngine) -> list[str]:
    async with keeping(engine) as (_, inbox):
        return [work.event.id for work, _ in await inbox.unfinished()]


async def until_left(engine: AsyncEngine, *ids: str) -> None:
    """Wait until exactly these are not done."""
    async with asyncio.timeout(10):
        while await left(engine) != [*ids]:  # noqa: ASYNC110 - no one tells
            await asyncio.sleep(0.01)


async def accepted(dispatcher: Dispatcher, event: Event) -> bool:
    """As a platform does it: a bot that is busy is asked again."""
    while True:
        try:
            return await dispatcher.accept(event)
        except Busy:
            await asyncio.sleep(0.1)


async def test_a_killed_process_leaves_its_open_and_waiting_work_to_the_next(
    engine: AsyncEngine,
) -> None:
    service = Service("a1")
    async with process(engine, service) as dispatcher:
        for id in ("a1", "a2", "a3"):
            assert await dispatcher.accept(message(id))
        assert await dispatcher.accept(message("b1", place(user="ben")))
        assert await dispatcher.accept(command("stop", "stop"))
        await until(service, "b1", "stop")
        await until_left(engine, "a1", "a2", "a3")
    assert await left(engine) == ["a1", "a2", "a3"]

    service = Service()
    async with process(engine, service) as dispatcher:
        assert not await dispatcher.accept(message("a2"))
        assert not await dispatcher.accept(message("b1", place(user="ben")))
        await until(service, "a1", "a2", "a3")
        await dispatcher.drain()
    assert service.begun == ["a1", "a2", "a3"]
    assert await left(engine) == []


async def test_work_that_failed_is_told_and_left_alone_by_the_next_process(
    engine: AsyncEngine,
) -> None:
    service = Service()
    with structlog.testing.capture_logs():
        async with process(engine, service) as dispatcher:
            await dispatcher.accept(edited("bug"))
            await until(service, "bug")
            await dispatcher.drain()
    assert service.reported == ["bug"]
    assert await left(engine) == []


async def test_work_that_ends_every_process_is_given_up(engine: AsyncEngine) -> None:
    async with keeping(engine) as (_, inbox):
        await inbox.accept(message("poison"), "talk:ann")
        for _ in range(DEATHS):
            await inbox.begun("poison")
    service = Service()
    with structlog.testing.capture_logs():
        async with process(engine, service) as dispatcher:
            await until(service, "poison")
            await dispatcher.drain()
    assert (service.begun, service.reported) == ([], ["poison"])
    assert await left(engine) == []


async def test_a_delay_that_is_kept_is_kept_by_the_next_process(engine: AsyncEngine) -> None:
    async with keeping(engine) as (_, inbox):
        for id in ("late", "soon", "now"):
            await inbox.accept(message(id), "talk:ann")
        await inbox.again("late", datetime.now(UTC) + timedelta(hours=1))
        await inbox.again("soon", datetime.now(UTC) + timedelta(seconds=0.2))
    service = Service()
    async with process(engine, service):
        await until(service, "now", "soon")
        await until_left(engine, "late")
    assert sorted(service.begun) == ["now", "soon"]
    assert await left(engine) == ["late"]


async def test_an_album_is_one_question_and_all_its_rows_are_done(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "QUIET_AFTER_START", 0.1)
    service = Service()
    async with process(engine, service) as dispatcher:
        for id in ("p1", "p2", "p3"):
            await dispatcher.accept(message(id, album="holiday"))
        await until(service, "p1")
        await dispatcher.drain()
    assert service.parts == {"p1": ["p1", "p2", "p3"]}
    assert await left(engine) == []


@pytest.mark.unmeasured
async def test_hundreds_at_once_are_each_answered_once(engine: AsyncEngine) -> None:
    service = Service()
    asked = [message(f"{n}-{person}", place(user=person)) for n in range(30) for person in "abcde"]
    async with process(engine, service) as dispatcher:
        both = [accepted(dispatcher, event) for event in (*asked, *asked)]
        await asyncio.gather(*both)
        await until(service, *(event.id for event in asked))
        await dispatcher.drain()
    assert await left(engine) == []
    for person in "abcde":
        mine = [id for id in service.begun if id.endswith(person)]
        assert mine == [f"{n}-{person}" for n in range(30)]
