"""Databases of both kinds, with the newest schema and nothing in them."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store import database
from bot.store.inbox import SqlInbox
from bot.store.store import Store, keeping
from bot.store.tables import metadata
from tests.fakes.happenings import AT
from tests.fakes.postgres import running_postgres
from tests.fakes.prepared import migrated, prepare


@dataclass(slots=True)
class Clock:
    """What the store takes for the present; tests move it."""

    now: datetime = AT

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> datetime:
        self.now += timedelta(**span)
        return self.now


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    with running_postgres() as address:
        yield address


@pytest.fixture(scope="session")
def prepared_postgres(postgres: str) -> str:
    """A database of its own, emptied after each test: making one takes a third of a second."""
    execute(postgres, "CREATE DATABASE kept")
    address = postgres.replace("/postgres?", "/kept?")
    migrated(address)
    return address


@pytest.fixture
def sqlite_file(tmp_path: Path) -> Path:
    file = tmp_path / "parley.db"
    prepare(file)
    return file


@pytest.fixture
def sqlite_address(sqlite_file: Path) -> str:
    return f"sqlite:///{sqlite_file}"


@pytest.fixture
def postgres_address(prepared_postgres: str) -> Iterator[str]:
    yield prepared_postgres
    tables = reversed(metadata.sorted_tables)
    execute(prepared_postgres, *(str(table.delete()) for table in tables))


@pytest.fixture(params=["sqlite", "postgres"])
def kept_address(request: pytest.FixtureRequest) -> str:
    """An empty database of each kind, with the newest schema."""
    address: str = request.getfixturevalue(f"{request.param}_address")
    return address


@pytest.fixture
async def engine(kept_address: str) -> AsyncIterator[AsyncEngine]:
    async with database.opened(kept_address) as engine:
        if database.forgets(engine):
            async with engine.begin() as connection:
                await connection.run_sync(metadata.create_all)
        yield engine


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store_and_inbox(
    engine: AsyncEngine, clock: Clock
) -> AsyncIterator[tuple[Store, SqlInbox]]:
    async with keeping(engine, clock) as both:
        yield both


@pytest.fixture
def store(store_and_inbox: tuple[Store, SqlInbox]) -> Store:
    return store_and_inbox[0]


@pytest.fixture
def inbox(store_and_inbox: tuple[Store, SqlInbox]) -> SqlInbox:
    return store_and_inbox[1]


def execute(server: str, *statements: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())
