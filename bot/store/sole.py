"""One process at a time works on a database: two would take up each other's open answers.

A second one waits, as in a release where the new process starts before the old one has ended.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from sqlalchemy import text
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.store import database

LOCK = 0x7061726C65  # "parle"; not the one that migrations take
# A server believes in a client that lost its power for hours; so it asks every few seconds. The
# lock belongs to a transaction, which poolers keep on one connection; it may be idle for ever.
_SETTINGS = (
    "SET LOCAL idle_in_transaction_session_timeout = 0",
    "SET LOCAL tcp_keepalives_idle = 10",
    "SET LOCAL tcp_keepalives_interval = 5",
    "SET LOCAL tcp_keepalives_count = 3",
)

Take = Callable[[], Awaitable[bool]]
"""Be the one process, until it ends; False while another is. Asked again, it looks whether it
still is, and raises `database.Fault` where nobody can tell."""


@asynccontextmanager
async def contended(engine: AsyncEngine) -> AsyncIterator[Take]:
    """The way to be the one, for the length of a block."""
    if database.forgets(engine):
        yield _alone
        return
    lock = _ServerLock(engine) if engine.dialect.name == "postgresql" else _FileLock(engine)
    try:
        yield lock.take
    finally:
        await lock.release()


async def _alone() -> bool:
    return True


class _FileLock:
    """An exclusive transaction on a file beside the database, where it is in nobody's way."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._path = f"{engine.url.database}-lock"
        self._held: sqlite3.Connection | None = None

    async def take(self) -> bool:
        if self._held is None:
            self._held = await asyncio.to_thread(self._lock)
        return self._held is not None

    async def release(self) -> None:
        if self._held is not None:
            self._held.close()

    def _lock(self) -> sqlite3.Connection | None:
        try:
            connection = sqlite3.connect(
                self._path, timeout=0, isolation_level=None, check_same_thread=False
            )
            try:
                connection.execute("PRAGMA journal_mode=MEMORY")  # else a second file lies there
                connection.execute("BEGIN EXCLUSIVE")
            except BaseException:
                connection.close()
                raise
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_BUSY:
                return None
            raise OperationalError(None, None, error) from error
        return connection


class _ServerLock:
    """An advisory lock, held by a transaction that stays open."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._held: AsyncConnection | None = None

    async def take(self) -> bool:
        if self._held is not None:
            try:
                await self._held.execute(text("SELECT 1"))
            except SQLAlchemyError:
                await self.release()
                raise
            return True
        connection = await self._engine.connect()
        try:
            for setting in _SETTINGS:
                await connection.execute(text(setting))
            statement = text("SELECT pg_try_advisory_xact_lock(:key)")
            if await connection.scalar(statement, {"key": LOCK}):
                self._held = connection
        finally:
            if self._held is None:
                await connection.close()
        return self._held is not None

    async def release(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            with suppress(SQLAlchemyError):
                await held.close()
