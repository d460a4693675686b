"""The database behind one door: SQLite in a file, or PostgreSQL."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import create_engine, event, make_url
from sqlalchemy.engine import URL, AdaptedConnection, Connection, Engine
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry

BUSY_TIMEOUT = 5000  # milliseconds a writer waits for another process's lock before it gives up
CONNECT_TIMEOUT = 10  # seconds; a database that needs longer is down for a chat
SILENCE = 20_000  # milliseconds without a word of a PostgreSQL server that was sent something
_AGAIN = 0.02  # seconds between tries where SQLite does not wait by itself
IN_MEMORY = (None, "", ":memory:")  # what SQLite's addresses name so

Fault = SQLAlchemyError
"""What an engine raises when its database is not there or not as expected."""


class DatabaseError(Exception):
    """The database cannot be used; the text says why, without the address's password."""


def normalise(address: str) -> URL:
    """The address with its async driver named: aiosqlite or psycopg."""
    url = make_url(address)
    backend = url.get_backend_name()
    if backend == "sqlite":
        return url.set(drivername="sqlite+aiosqlite")
    if backend in ("postgres", "postgresql"):
        if not find_spec("psycopg"):
            raise DatabaseError(
                "PostgreSQL needs its driver: install Parley with the extra `postgres`"
            )
        return url.set(drivername="postgresql+psycopg")
    raise DatabaseError(f"{backend} is not supported; use SQLite or PostgreSQL")


def is_there(address: str) -> bool:
    """Whether opening it would not begin a new file."""
    url = make_url(address)
    file = url.database if url.get_backend_name() == "sqlite" else None
    return file in IN_MEMORY or Path(str(file)).exists()


def open_engine(address: str) -> AsyncEngine:
    """An engine with what either database needs to keep what it has accepted.

    Its errors name statements without their values, which are people's words.
    """
    url = normalise(address)
    if url.get_backend_name() == "postgresql":
        patience = {"connect_timeout": CONNECT_TIMEOUT, "tcp_user_timeout": SILENCE}
        return create_async_engine(
            url, pool_pre_ping=True, connect_args=patience, hide_parameters=True
        )
    if url.database and url.database not in IN_MEMORY:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_async_engine(url, hide_parameters=True)
    else:
        # One connection, one task at a time: it is the database.
        engine = create_async_engine(
            url,
            poolclass=AsyncAdaptedQueuePool,
            pool_size=1,
            max_overflow=0,
            hide_parameters=True,
        )
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def open_writer(url: URL) -> Engine:
    """One more connection to the same SQLite file, for a thread of ours: no hop per statement.

    SQLAlchemy begins no transactions there: threads do, on the driver's own connection.
    """
    return _open_threaded(url, 1)


def open_readers(url: URL, connections: int) -> Engine:
    """Connections to the same SQLite file for threads of ours; on them writing is an error."""
    engine = _open_threaded(url, connections).execution_options(only_reads=True)
    event.listen(engine, "connect", _refuse_writes)
    return engine


def _open_threaded(url: URL, connections: int) -> Engine:
    engine = create_engine(
        url.set(drivername="sqlite"),
        pool_size=connections,
        max_overflow=0,
        pool_timeout=0,
        hide_parameters=True,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def reading(engine: AsyncEngine) -> AsyncEngine:
    """The same engine for transactions that only read, which no writer has to wait for."""
    return engine.execution_options(only_reads=True, postgresql_readonly=True)


def _prepare_sqlite(connection: object, _: ConnectionPoolEntry) -> None:
    # The driver's own transactions would begin at the first write and lose updates between a
    # SELECT and it; with no isolation level of its own, `_begin` begins each one.
    connection.isolation_level = None  # type: ignore[attr-defined]  # the adapter's own attribute
    cursor = connection.cursor()  # type: ignore[attr-defined]  # DBAPI, untyped in SQLAlchemy
    _keep_a_log(connection, cursor)
    for pragma in (
        # NORMAL may lose the last commits on a power cut: an event a platform saw accepted.
        "synchronous=FULL",
        "foreign_keys=ON",
        # What is deleted is gone from the file, not only from its tables.
        "secure_delete=ON",
        f"busy_timeout={BUSY_TIMEOUT}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _keep_a_log(connection: object, cursor: DBAPICursor) -> None:
    """Several processes may begin on a new file at once, and here SQLite itself waits for none."""
    until = time.monotonic() + BUSY_TIMEOUT / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        else:
            return
        if isinstance(connection, AdaptedConnection):
            connection.run_async(lambda _: asyncio.sleep(_AGAIN))
        else:
            time.sleep(_AGAIN)  # a thread of the store's own


def _refuse_writes(connection: object, _: ConnectionPoolEntry) -> None:
    connection.execute("PRAGMA query_only=ON")  # type: ignore[attr-defined]  # DBAPI, untyped


def _begin(connection: Connection) -> None:
    only_reads = connection.get_execution_options().get("only_reads", False)
    connection.exec_driver_sql("BEGIN" if only_reads else "BEGIN IMMEDIATE")


def forgets(engine: AsyncEngine) -> bool:
    """Whether it is a database in memory, which nobody else sees and no restart survives."""
    return engine.dialect.name == "sqlite" and engine.url.database in IN_MEMORY


@asynccontextmanager
async def opened(address: str) -> AsyncIterator[AsyncEngine]:
    """An engine for the length of a block; every fault of it comes out as DatabaseError."""
    try:
        engine = open_engine(address)
    except (SQLAlchemyError, OSError) as error:
        raise DatabaseError(reason(error)) from error
    try:
        yield engine
    except SQLAlchemyError as error:
        raise DatabaseError(reason(error)) from error
    finally:
        await engine.dispose()


def reason(error: BaseException) -> str:
    """The driver's own words on one line; SQLAlchemy would add the statement and a link."""
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, OSError) and cause.strerror:
        return f"{cause.filename}: {cause.strerror}" if cause.filename else cause.strerror
    lines = (line.strip() for line in str(cause).splitlines())
    return "; ".join(line for line in lines if line).rstrip(".?") or type(cause).__name__
