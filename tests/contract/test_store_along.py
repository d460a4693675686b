"""Writes that nobody sees being waited for: written along with others, and never forgotten."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import event, insert, select
from sqlalchemy.engine import URL, Connection, Engine

from bot.store import database, transactions
from bot.store.tables import preferences
from bot.store.transactions import Transactions

pytestmark = pytest.mark.real_time


def settle(scope: str) -> transactions.Step[None]:
    values = {"scope": scope, "inputs": {}, "voice": False, "language": "en"}

    def step(connection: Connection) -> None:
        connection.execute(insert(preferences).values(values))

    return step


def scopes(connection: Connection) -> list[str]:
    found = connection.execute(select(preferences.c.scope).order_by(preferences.c.scope))
    return list(found.scalars())


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One more with every commit."""
    seen: list[int] = []
    opening = database.open_writer

    def counted(url: URL) -> Engine:
        writer = opening(url)
        event.listen(writer, "commit", lambda _: seen.append(1))
        return writer

    monkeypatch.setattr(database, "open_writer", counted)
    return seen


@pytest.fixture
async def running(sqlite_address: str, commits: list[int]) -> AsyncIterator[Transactions]:
    async with database.opened(sqlite_address) as engine, transactions.running(engine) as running:
        yield running


async def test_patient_write_goes_with_the_next_one_that_is_not(
    running: Transactions, commits: list[int]
) -> None:
    patient = asyncio.create_task(running.write(settle("a"), within=60.0))
    await asyncio.sleep(0.05)
    assert not patient.done()
    async with asyncio.timeout(10):
        await running.write(settle("b"))
        await patient
    assert len(commits) == 1
    assert await running.read(scopes) == ["a", "b"]


async def test_patient_writes_wait_for_nobody_for_long(
    running: Transactions, commits: list[int]
) -> None:
    async with asyncio.timeout(10):
        await asyncio.gather(*(running.write(settle(str(n)), within=0.03) for n in range(5)))
        assert len(commits) == 1
        await running.write(settle("later"), within=0.03)
    assert len(commits) == 2


async def test_who_has_the_least_time_takes_the_others_along(
    running: Transactions, commits: list[int]
) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        for number, seconds in enumerate((60.0, 0.05, 30.0)):
            group.create_task(running.write(settle(str(number)), within=seconds))
    assert len(commits) == 1
    assert loop.time() - began > 0.04


async def test_patient_write_goes_at_once_behind_a_commit_on_its_way(
    running: Transactions, commits: list[int]
) -> None:
    first = asyncio.create_task(running.write(settle("a")))
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await running.write(settle("b"), within=60.0)
    assert first.done()
    assert await running.read(scopes) == ["a", "b"]


async def test_patient_write_is_on_disk_before_the_end(
    sqlite_address: str,
) -> None:
    async with database.opened(sqlite_address) as engine:
        async with transactions.running(engine) as running:
            patient = asyncio.create_task(running.write(settle("last"), within=60.0))
            await asyncio.sleep(0)
        async with asyncio.timeout(10):
            await patient
        async with transactions.running(engine) as running:
            assert await running.read(scopes) == ["last"]
