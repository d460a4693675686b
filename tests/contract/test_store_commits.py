"""Commits: shared where that is cheaper, each write whole, nobody's failure another's."""

import asyncio
import signal
import sqlite3
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import event, insert, select, text
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store import database, transactions
from bot.store.database import Fault
from bot.store.store import Store, keeping
from bot.store.tables import inbox, metadata, preferences
from bot.store.transactions import Transactions
from tests.contract.conftest import Clock
from tests.fakes.happenings import message
from tests.fakes.kept import CLAIM, an_answer, opened
from tests.fakes.process import ROOT, environment

pytestmark = pytest.mark.real_time


@pytest.fixture(params=["sqlite", "postgres", "memory"])
def kept_address(request: pytest.FixtureRequest) -> str:
    """A database in memory has no schema yet."""
    if request.param == "memory":
        return "sqlite://"
    address: str = request.getfixturevalue(f"{request.param}_address")
    return address


@pytest.fixture
async def running(engine: AsyncEngine) -> AsyncIterator[Transactions]:
    async with transactions.running(engine) as running:
        yield running


@asynccontextmanager
async def on_file(address: str) -> AsyncIterator[Transactions]:
    async with database.opened(address) as engine, transactions.running(engine) as running:
        yield running


def settle(scope: str, language: str = "en") -> transactions.Step[None]:
    values = {"scope": scope, "inputs": {}, "voice": False, "language": language}

    def step(connection: Connection) -> None:
        connection.execute(insert(preferences).values(values))

    return step


def scopes(connection: Connection) -> list[str]:
    found = connection.execute(select(preferences.c.scope).order_by(preferences.c.scope))
    return list(found.scalars())


class Held:
    """A write that keeps the writer busy until it is let go, so that others wait for it."""

    def __init__(self) -> None:
        self.began, self._go = threading.Event(), threading.Event()

    def __call__(self, connection: Connection) -> None:
        self.began.set()
        assert self._go.wait(10)

    def let_go(self) -> None:
        self._go.set()


async def test_a_step_that_fails_is_undone_and_its_neighbours_land(running: Transactions) -> None:
    def fail(connection: Connection) -> None:
        settle("half")(connection)
        raise ZeroDivisionError("a fault of the step's own")

    async with asyncio.TaskGroup() as writers:
        tasks = [
            writers.create_task(attempt(running, step))
            for step in (settle("a"), fail, settle("b"), settle("a"), settle("c"))
        ]
    faults = [task.result() for task in tasks]
    assert [type(fault).__name__ for fault in faults[1:5:3]] == ["ZeroDivisionError", "NoneType"]
    # Which of the two alike comes first is PostgreSQL's to say.
    alike = {type(fault).__name__: fault for fault in faults[0:4:3]}
    assert set(alike) == {"NoneType", "IntegrityError"}
    assert isinstance(alike["IntegrityError"], Fault)
    assert faults[2] is None
    assert await running.read(scopes) == ["a", "b", "c"]


async def attempt(running: Transactions, step: transactions.Step[None]) -> Exception | None:
    try:
        await running.write(step)
    except (ZeroDivisionError, Fault) as fault:
        return fault
    return None


async def test_a_step_whose_error_no_waiter_may_be_given_stops_nobody(
    running: Transactions,
) -> None:
    async with asyncio.timeout(10):
        failed, landed = await asyncio.gather(
            running.write(lambda _: next(iter(()))),
            running.write(settle("a")),
            return_exceptions=True,
        )
        assert isinstance(failed, RuntimeError)
        assert landed is None
        assert await running.read(scopes) == ["a"]


async def test_what_the_driver_itself_raises_is_a_fault(sqlite_address: str) -> None:
    def step(connection: Connection) -> None:
        driver = connection.connection.dbapi_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.execute("SELECT * FROM nowhere")

    async with on_file(sqlite_address) as running:
        for verb in (running.write, running.read):
            with pytest.raises(Fault, match="no such table"):
                await verb(step)


async def test_a_fault_names_no_value(running: Transactions) -> None:
    await running.write(settle("a", "what ann said"))
    fault = await attempt(running, settle("a", "what ann said"))
    assert fault is not None
    assert "INSERT" in str(fault)
    assert "ann" not in str(fault)


async def test_what_a_step_returns_is_returned(running: Transactions) -> None:
    def count(connection: Connection) -> int:
        return len(scopes(connection))

    assert await running.write(count) == 0
    await running.write(settle("a"))
    assert await running.read(count) == 1


async def test_reading_cannot_write(sqlite_address: str, postgres_address: str) -> None:
    for address in (sqlite_address, postgres_address):
        async with on_file(address) as running:
            with pytest.raises(Fault):
                await running.read(settle("a"))
            assert await running.read(scopes) == []


async def test_a_reader_waits_for_no_writer_and_sees_what_is_committed(
    sqlite_address: str,
) -> None:
    async with on_file(sqlite_address) as running:
        await running.write(settle("a"))
        held = Held()
        writing = asyncio.create_task(running.write(held))
        more = asyncio.create_task(running.write(settle("b")))
        try:
            assert await asyncio.to_thread(held.began.wait, 5)
            assert await running.read(scopes) == ["a"]
            assert not more.done()
        finally:
            held.let_go()
        await asyncio.gather(writing, more)
        assert await running.read(scopes) == ["a", "b"]


async def test_what_waits_for_the_writer_shares_one_commit(
    sqlite_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.opened(sqlite_address) as engine:
        commits: list[int] = []
        opening = database.open_writer

        def counted(url: URL) -> Engine:
            writer = opening(url)
            event.listen(writer, "commit", lambda _: commits.append(1))
            return writer

        with monkeypatch.context() as patch:
            patch.setattr(database, "open_writer", counted)
            async with transactions.running(engine) as running:
                held = Held()
                first = asyncio.create_task(running.write(held))
                await asyncio.to_thread(held.began.wait, 5)
                others = [asyncio.create_task(running.write(settle(f"{n:03}"))) for n in range(200)]
                await asyncio.sleep(0)
                held.let_go()
                await asyncio.gather(first, *others)
                assert len(commits) == 2
                assert len(await running.read(scopes)) == 200


async def test_a_group_is_not_so_long_that_its_first_waits_for_ever(
    sqlite_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions, "GROUP", 3)
    async with on_file(sqlite_address) as running:
        landed: list[int] = []

        async def write(n: int) -> None:
            await running.write(settle(str(n)))
            landed.append(n)

        await asyncio.gather(*(write(n) for n in range(10)))
        assert landed == list(range(10))


async def test_who_is_cancelled_while_waiting_takes_nobody_along(sqlite_address: str) -> None:
    """And what was handed in is written: half a group would be nobody's intention."""
    async with on_file(sqlite_address) as running:
        held = Held()
        first = asyncio.create_task(running.write(held))
        await asyncio.to_thread(held.began.wait, 5)
        others = [asyncio.create_task(running.write(settle(str(n)))) for n in range(6)]
        await asyncio.sleep(0)
        first.cancel()
        for task in others[::2]:
            task.cancel()
        await asyncio.sleep(0)
        held.let_go()
        done = await asyncio.gather(first, *others, return_exceptions=True)
        assert [isinstance(each, asyncio.CancelledError) for each in done] == [
            *(True, True, False, True, False, True, False),
        ]
        assert await running.read(scopes) == [str(n) for n in range(6)]
        await running.write(settle("later"))


async def test_writers_cancelled_at_any_moment_leave_whole_rows(store: Store) -> None:
    await opened(store, "a")
    for n in range(30):
        task = asyncio.create_task(store.keep("a", CLAIM, f"text {n}"))
        for _ in range(n % 6):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert await store.keep("a", CLAIM, "whole") is False
        found = await store.answer("a")
        assert found is not None
        assert found.text == "whole"


async def test_a_database_in_memory_is_closed_when_what_was_handed_in_is_written() -> None:
    async with database.opened("sqlite://") as engine:
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        async with transactions.running(engine) as running:
            last = [asyncio.create_task(running.write(settle(str(n)))) for n in range(5)]
            await asyncio.sleep(0)
            for task in last:
                task.cancel()
        async with transactions.running(engine) as running:
            assert await running.read(scopes) == [str(n) for n in range(5)]
            await running.scrub()


async def test_closing_writes_what_was_handed_in_and_takes_nothing_more(
    sqlite_address: str,
) -> None:
    async with database.opened(sqlite_address) as engine:
        async with transactions.running(engine) as running:
            last = [asyncio.create_task(running.write(settle(str(n)))) for n in range(5)]
            await asyncio.sleep(0)
        assert all(task.done() for task in last)
        for attempt in (running.write(settle("late")), running.read(scopes), running.scrub()):
            with pytest.raises(Fault, match="closed"):
                await attempt
        async with transactions.running(engine) as running:
            assert await running.read(scopes) == [str(n) for n in range(5)]


async def test_two_engines_on_one_file_lose_nothing_of_each_other(
    sqlite_address: str, clock: Clock
) -> None:
    async with (
        database.opened(sqlite_address) as one,
        database.opened(sqlite_address) as two,
        keeping(one, clock) as (store, first),
        keeping(two, clock) as (other_store, second),
    ):
        told = await asyncio.gather(
            *(inbox.accept(message(str(n)), "talk") for n in range(50) for inbox in (first, second))
        )
        assert sum(told) == 50
        await store.open_answer(an_answer("a"))
        assert await other_store.claim("a", CLAIM) is not None
        assert await store.keep("a", CLAIM, "seen at once") is False
        found = await other_store.answer("a")
        assert found is not None
        assert found.text == "seen at once"


async def test_a_file_somebody_else_keeps_locked_is_a_fault_and_then_works_again(
    sqlite_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT", 50)
    async with database.opened(sqlite_address) as engine, on_file(sqlite_address) as running:
        async with engine.begin():
            assert isinstance(await attempt(running, settle("a")), Fault)
            assert await running.read(scopes) == []
        await running.write(settle("b"))
        assert await running.read(scopes) == ["b"]


async def test_a_group_that_cannot_be_committed_is_told_to_each_of_it(
    sqlite_address: str,
) -> None:
    """As when the disk is full: SQLite gives the whole transaction up."""

    def give_up(connection: Connection) -> None:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("SELECT * FROM nowhere")

    async with on_file(sqlite_address) as running:
        faults = await asyncio.gather(
            *(attempt(running, step) for step in (settle("a"), give_up, settle("b")))
        )
        assert all(isinstance(fault, Fault) for fault in faults[1:])
        await running.write(settle("c"))
        assert "c" in await running.read(scopes)


CHILD = """
import asyncio, sys
from bot.store import database
from bot.store.store import keeping
from tests.fakes.happenings import message

async def main(address, name):
    async with database.opened(address) as engine, keeping(engine) as (_, inbox):
        async def accept(n):
            while True:
                await inbox.accept(message(f"{name}-{n}", text="x" * 200), "talk")
                print(f"{name}-{n}", flush=True)
                n += 10
        await asyncio.gather(*(accept(n) for n in range(10)))

asyncio.run(main(*sys.argv[1:]))
"""


async def test_what_two_processes_were_told_is_kept_survives_their_kill(
    sqlite_address: str, clock: Clock
) -> None:
    children = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", CHILD, sqlite_address, name),
            cwd=ROOT,
            env=environment(),
            stdout=asyncio.subprocess.PIPE,
        )
        for name in ("one", "two")
    ]
    told: set[str] = set()
    for child in children:
        assert child.stdout is not None
        told |= {(await child.stdout.readline()).decode().strip() for _ in range(50)}
    for child in children:
        child.send_signal(signal.SIGKILL)
    for child in children:
        rest, _ = await child.communicate()
        told |= {line.decode() for line in rest.splitlines() if line}
    async with database.opened(sqlite_address) as engine, keeping(engine, clock) as (_, rows):
        kept = [work.event.id for work, _ in await rows.unfinished()]
    assert len(told) >= 100
    assert told <= set(kept)
    assert len(kept) == len(set(kept))
    for name in ("one", "two"):
        mine = [int(id.partition("-")[2]) % 10 for id in kept if id.startswith(name)]
        assert set(mine) == set(range(10))
    async with database.opened(sqlite_address) as engine, engine.connect() as connection:
        assert (await connection.execute(text("PRAGMA integrity_check"))).scalar_one() == "ok"
        assert (await connection.execute(select(inbox.c.body).limit(1))).scalar_one()
