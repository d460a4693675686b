"""What every database must keep, on the real thing: SQLite in a file and a PostgreSQL server."""

import asyncio
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from bot.store import database, migrate
from tests.fakes.postgres import running_postgres

pytestmark = pytest.mark.real_time

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    with running_postgres() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgres"])
async def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/folder/parley.db"
    server: str = request.getfixturevalue("postgres")
    name = f"test_{uuid.uuid4().hex}"
    engine = database.open_engine(server)
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text(f"CREATE DATABASE {name}"))
    await engine.dispose()
    return server.replace("/postgres?", f"/{name}?")


async def upgraded(address: str) -> str:
    async with database.opened(address) as engine:
        return await migrate.upgrade(engine)


async def test_an_empty_database_comes_to_the_newest_schema_and_stays_there(address: str) -> None:
    async with database.opened(address) as engine:
        assert await migrate.revision(engine) == ""
    assert await upgraded(address) == migrate.head() != ""
    assert await upgraded(address) == migrate.head()


async def test_processes_that_migrate_at_once_take_turns(address: str) -> None:
    async with asyncio.TaskGroup() as tasks:
        ends = [tasks.create_task(upgraded(address)) for _ in range(4)]
    assert {end.result() for end in ends} == {migrate.head()}


@pytest.mark.unmeasured
async def test_connections_that_open_a_new_file_at_once_all_come_in(tmp_path: Path) -> None:
    """SQLite waits for nobody while a file is made one of write-ahead logs."""

    async def look(address: str) -> object:
        async with database.opened(address) as engine, engine.connect() as connection:
            return await connection.scalar(text("PRAGMA journal_mode"))

    for number in range(40):
        address = f"sqlite:///{tmp_path}/{number}.db"
        assert await asyncio.gather(*(look(address) for _ in range(6))) == ["wal"] * 6


async def test_a_database_of_a_newer_version_is_left_alone(address: str) -> None:
    await upgraded(address)
    async with database.opened(address) as engine, engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(database.DatabaseError, match="at revision 9999, which belongs to a newer"):
        await upgraded(address)
    async with database.opened(address) as engine:
        assert await migrate.revision(engine) == "9999"
        assert migrate.is_from_the_future("9999")
        assert not migrate.is_from_the_future("")


async def test_alembic_by_itself_brings_the_database_to_the_newest_schema(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", address)
    await asyncio.to_thread(command.upgrade, Config(toml_file=ROOT / "pyproject.toml"), "head")
    async with database.opened(address) as engine:
        assert await migrate.revision(engine) == migrate.head()


@pytest.mark.parametrize("address", ["sqlite://", "sqlite+aiosqlite:///:memory:"])
async def test_a_database_in_memory_is_prepared_by_who_opens_it(address: str) -> None:
    async with database.opened(address) as engine:
        assert database.forgets(engine)
        assert await migrate.upgrade(engine) == migrate.head()
        assert await migrate.revision(engine) == migrate.head()


async def test_no_update_is_lost_between_a_read_and_its_write(address: str) -> None:
    async with database.opened(address) as engine:
        async with engine.begin() as connection:
            await connection.execute(text("CREATE TABLE counter (n INTEGER)"))
            await connection.execute(text("INSERT INTO counter VALUES (0)"))

        # SQLite's transactions exclude each other from their start; PostgreSQL's lock the row.
        on_postgres = engine.dialect.name == "postgresql"
        read = text("SELECT n FROM counter FOR UPDATE" if on_postgres else "SELECT n FROM counter")

        async def add() -> None:
            async with engine.begin() as connection:
                found = await connection.execute(read)
                await connection.execute(
                    text("UPDATE counter SET n = :n"), {"n": found.scalar_one() + 1}
                )

        async with asyncio.TaskGroup() as tasks:
            for _ in range(20):
                tasks.create_task(add())
        async with engine.connect() as connection:
            found = await connection.execute(text("SELECT n FROM counter"))
            assert found.scalar_one() == 20


async def test_a_fault_inside_comes_out_as_one_sentence(address: str) -> None:
    with pytest.raises(database.DatabaseError, match="nowhere") as caught:
        async with database.opened(address) as engine, engine.connect() as connection:
            await connection.execute(text("SELECT * FROM nowhere"))
    assert "\n" not in str(caught.value)


async def test_sqlite_is_durable_and_strict(tmp_path: Path) -> None:
    async with (
        database.opened(f"sqlite:///{tmp_path}/p.db") as engine,
        engine.connect() as connection,
    ):
        facts = [
            (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    assert facts == ["wal", 2, 1, database.BUSY_TIMEOUT]


async def test_a_server_that_is_not_there_is_told_without_the_password() -> None:
    with pytest.raises(database.DatabaseError, match="refused") as caught:
        await upgraded("postgres://parley:sesame@127.0.0.1:1/parley")
    assert "sesame" not in str(caught.value)


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(database.DatabaseError):
        await upgraded(f"sqlite:///{tmp_path}/file/parley.db")


def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(database.DatabaseError, match="mysql is not supported"):
        database.normalise("mysql://x/y")
