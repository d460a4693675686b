"""Transactions as functions: a step gets a connection and is written as a whole or not at all.

A step is an ordinary function, so that it runs where its database is quickest: in threads on a
SQLite file, on the event loop's own connections for PostgreSQL. It does nothing but speak to the
connection, and may be run again where a neighbour's failure undid it.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from sqlalchemy.engine import Connection
from sqlalchemy.exc import ResourceClosedError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store import database
from bot.store.threads import Threads, told_as

T = TypeVar("T")
Step: TypeAlias = Callable[[Connection], T]

READERS = 4  # threads; reads are short, and more would only wait for the same two or four cores
RIDE = 0.03
"""Seconds a write that nobody is waiting for in front of a screen lets others come along."""

LATE = 0.2
"""The same for one that only a crash would ask for."""

GROUP = 256  # writes that share a commit; at 0.2 ms each the first waits 50 ms for the last


class Transactions(Protocol):
    """Every method raises `database.Fault` where the database does not do its part."""

    async def write(self, step: Step[T], *, within: float = 0.0) -> T:
        """Run `step` and return when what it wrote is on disk.

        It may be begun `within` so many seconds, to be written together with others.
        Whoever is cancelled while waiting leaves a write that is done whole or not at all.
        """
        ...

    async def write_in_order(self, step: Step[T]) -> T:
        """As `write`; steps handed in here run and return in the order in which they came."""
        ...

    async def read(self, step: Step[T]) -> T:
        """Run `step`, which sees one state of the database and changes nothing."""
        ...

    async def scrub(self) -> None:
        """Leave nothing of what was deleted behind in files beside the database."""
        ...


@asynccontextmanager
async def running(engine: AsyncEngine) -> AsyncIterator[Transactions]:
    """The transactions that suit `engine`, for the length of a block."""
    if engine.dialect.name != "sqlite":
        yield _Pooled(engine)
        return
    running = _Shielded(engine) if database.forgets(engine) else _Grouped(engine)
    try:
        yield running
    finally:
        await running.close()


class _Pooled:
    """One transaction on a connection of the pool for each step."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._reading = database.reading(engine)
        self._turn = asyncio.Lock()

    async def write(self, step: Step[T], *, within: float = 0.0) -> T:
        async with self._engine.begin() as connection:
            return await connection.run_sync(step)

    async def write_in_order(self, step: Step[T]) -> T:
        async with self._turn:
            return await self.write(step)

    async def read(self, step: Step[T]) -> T:
        async with self._reading.connect() as connection:
            return await connection.run_sync(step)

    async def scrub(self) -> None:
        """PostgreSQL's own vacuum does it; memory has no files."""


class _Shielded(_Pooled):
    """For a database in memory: it is its one connection, which a cancelled statement would end."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine)
        self._steps: set[asyncio.Task[Any]] = set()

    async def write(self, step: Step[T], *, within: float = 0.0) -> T:
        return await self._to_the_end(super().write(step))

    async def read(self, step: Step[T]) -> T:
        return await self._to_the_end(super().read(step))

    async def close(self) -> None:
        if self._steps:
            await asyncio.wait(self._steps)

    async def _to_the_end(self, step: Coroutine[object, object, T]) -> T:
        task = asyncio.create_task(step)
        self._steps.add(task)
        task.add_done_callback(self._steps.discard)
        return await asyncio.shield(task)


class _Write(Generic[T]):
    """A step on its way to disk, and whoever waits for it."""

    def __init__(self, step: Step[T]) -> None:
        self._step = step
        self._result: T
        self._fault: BaseException | None = None
        self.landed: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    def run(self, connection: Connection) -> bool:
        """Whether the step did its part; else its fault is kept for who handed it in."""
        try:
            self._result, self._fault = self._step(connection), None
        except Exception as error:  # whatever it is, it belongs to whoever waits
            self._fault = told_as(error)
        return self._fault is None

    def run_apart(self, connection: Connection) -> None:
        """Run the step in a savepoint of its own, so that its failure undoes nothing else."""
        driver = _driver(connection)
        driver.execute("SAVEPOINT step")
        if not self.run(connection):
            driver.execute("ROLLBACK TO step")
        driver.execute("RELEASE step")

    def tell(self, fault: BaseException | None) -> None:
        if self.landed.done():
            return  # nobody waits any longer
        if fault := fault or self._fault:
            self.landed.set_exception(fault)
        else:
            self.landed.set_result(self._result)


class _Grouped:
    """One writer thread on a SQLite file; what waits for it shares its next commit.

    A commit costs a sync of the disk whatever it holds, so that a group is hardly slower than one.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._readers = Threads(database.open_readers(engine.url, READERS), READERS, "store-reader")
        self._writer = Threads(database.open_writer(engine.url), 1, "store-writer")
        self._waiting: list[_Write[Any]] = []
        self._committing = False
        self._riding: asyncio.TimerHandle | None = None
        self._quiet = asyncio.Event()
        self._closed = False

    async def write(self, step: Step[T], *, within: float = 0.0) -> T:
        self._check_open()
        write = _Write(step)
        self._waiting.append(write)
        if not self._committing:
            self._commit_within(within)
        return await write.landed

    write_in_order = write

    async def read(self, step: Step[T]) -> T:
        self._check_open()
        return await self._readers.run(partial(_read, step))

    async def scrub(self) -> None:
        self._check_open()
        await self._writer.run(_empty_log)

    async def close(self) -> None:
        """Take nothing more, write what was handed in, and let go of the file."""
        self._closed = True
        if self._riding is not None:
            self._commit_soon()
        if self._committing:
            await self._quiet.wait()
        await asyncio.to_thread(self._writer.close)
        await asyncio.to_thread(self._readers.close)

    def _check_open(self) -> None:
        if self._closed:
            raise ResourceClosedError("the database has been closed")

    def _commit_within(self, seconds: float) -> None:
        """Whoever has the least time decides for all that wait."""
        if not seconds:
            self._commit_soon()
            return
        loop = asyncio.get_running_loop()
        latest = loop.time() + seconds
        if self._riding is not None:
            if self._riding.when() <= latest:
                return
            self._riding.cancel()
        self._riding = loop.call_at(latest, self._commit_soon)

    def _commit_soon(self) -> None:
        if self._riding is not None:
            self._riding.cancel()
            self._riding = None
        self._committing = True
        # Whoever else is about to hand something in shares the commit.
        asyncio.get_running_loop().call_soon(self._commit_waiting)

    def _commit_waiting(self) -> None:
        group, self._waiting = self._waiting[:GROUP], self._waiting[GROUP:]
        self._writer.send(partial(_commit, group), partial(self._tell, group))

    def _tell(self, group: Sequence[_Write[Any]], _: object, fault: BaseException | None) -> None:
        for write in group:
            write.tell(fault)
        if self._waiting:
            self._commit_soon()
        else:
            self._committing = False
            if self._closed:
                self._quiet.set()


def _commit(group: Sequence[_Write[Any]], connection: Connection) -> None:
    with _begun(connection, "BEGIN IMMEDIATE"):
        # Savepoints would double the time, and steps that fail are rare.
        if all(write.run(connection) for write in group):
            _end(connection)
            return
    if len(group) > 1:
        with _begun(connection, "BEGIN IMMEDIATE"):
            for write in group:
                write.run_apart(connection)
            _end(connection)


def _read(step: Step[T], connection: Connection) -> T:
    with _begun(connection, "BEGIN"):
        return step(connection)


def _empty_log(connection: Connection) -> None:
    _driver(connection).execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


# Transactions of the driver's own, since SQLAlchemy's take longer than most steps. It takes part in
# them where a step goes through it.


def _driver(connection: Connection) -> sqlite3.Connection:
    driver: object = connection.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - no other is opened for our threads
    return driver


@contextmanager
def _begun(connection: Connection, begin: str) -> Iterator[None]:
    """A transaction that leaves nothing behind unless `_end` is called in it."""
    driver = _driver(connection)
    driver.execute(begin)
    try:
        yield
    finally:
        if connection.in_transaction():
            connection.rollback()
        if driver.in_transaction:
            driver.rollback()


def _end(connection: Connection) -> None:
    if connection.in_transaction():
        connection.commit()
        return
    _driver(connection).commit()
    if connection.dispatch.commit:  # as SQLAlchemy tells whoever listens
        connection.dispatch.commit(connection)
