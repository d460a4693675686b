"""The database behind one door: SQLite in a file, or PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import event, make_url
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_TIMEOUT = 5000  # milliseconds a writer waits for another process's lock before it gives up
CONNECT_TIMEOUT = 10  # seconds; a database that needs longer is down for a chat


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


def open_engine(address: str) -> AsyncEngine:
    """An engine with what either database needs to keep what it has accepted."""
    url = normalise(address)
    if url.get_backend_name() == "postgresql":
        return create_async_engine(
            url, pool_pre_ping=True, connect_args={"connect_timeout": CONNECT_TIMEOUT}
        )
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(url)
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_immediate)
    return engine


def _prepare_sqlite(connection: object, _: ConnectionPoolEntry) -> None:
    # The driver's own transactions would begin at the first write and lose updates between a
    # SELECT and it; with no isolation level of its own, `_begin_immediate` begins each one.
    connection.isolation_level = None  # type: ignore[attr-defined]  # the adapter's own attribute
    cursor = connection.cursor()  # type: ignore[attr-defined]  # DBAPI, untyped in SQLAlchemy
    for pragma in (
        "journal_mode=WAL",
        # NORMAL may lose the last commits on a power cut: an event a platform saw accepted.
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def forgets(engine: AsyncEngine) -> bool:
    """Whether it is a database in memory, which nobody else sees and no restart survives."""
    return engine.dialect.name == "sqlite" and engine.url.database in (None, "", ":memory:")


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
