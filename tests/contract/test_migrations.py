"""Migrations: from nothing to the newest schema, on both databases, forward only."""

import asyncio
import re
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection

import migrations
from bot import check
from bot.store import database, migrate
from bot.store.tables import metadata

VERSIONS = sorted(Path(migrations.__file__).parent.glob("versions/*.py"))


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, metadata))


@pytest.mark.real_time
async def test_the_newest_schema_is_that_of_the_tables(kept_address: str) -> None:
    async with database.opened(kept_address) as engine, engine.connect() as connection:
        assert await connection.run_sync(differences) == []


@pytest.mark.real_time
async def test_primary_keys_and_partial_indexes_are_those_of_the_tables(
    kept_address: str,
) -> None:
    """Alembic's comparison leaves them out."""

    def found(connection: Connection) -> dict[str, object]:
        there = inspect(connection)
        return {
            table: (
                there.get_pk_constraint(table)["constrained_columns"],
                [
                    index["name"]
                    for index in there.get_indexes(table)
                    if any(option.endswith("_where") for option in index["dialect_options"])
                ],
            )
            for table in metadata.tables
        }

    async with (
        database.opened(kept_address) as engine,
        engine.connect() as connection,
        database.opened("sqlite://") as blank,
        blank.begin() as made,
    ):
        await made.run_sync(metadata.create_all)
        wanted = await made.run_sync(found)
        assert await connection.run_sync(found) == wanted
        assert wanted["answers"] == (["number"], ["answers_open"])


@pytest.mark.real_time
async def test_a_database_of_the_version_before_comes_along_with_what_is_in_it(
    tmp_path: Path,
) -> None:
    address = f"sqlite:///{tmp_path}/parley.db"
    async with database.opened(address) as engine:
        async with engine.begin() as connection:
            await connection.run_sync(at_revision, "0001")
            await connection.execute(text("CREATE TABLE somebodys (n INTEGER)"))
            await connection.execute(text("INSERT INTO somebodys VALUES (7)"))
        assert await migrate.revision(engine) == "0001"
        assert await migrate.upgrade(engine) == migrate.head()
        async with engine.connect() as connection:
            kept = await connection.execute(text("SELECT n FROM somebodys"))
            assert kept.scalar_one() == 7


def at_revision(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


@pytest.mark.real_time
async def test_a_process_that_reads_does_not_hinder_one_that_writes(kept_address: str) -> None:
    """`/readyz` looks at the revision every few seconds, while people are being answered."""
    async with database.opened(kept_address) as engine:
        async with engine.begin() as writing:
            await writing.execute(text("DELETE FROM dialogs"))
            async with asyncio.timeout(2):
                assert await migrate.revision(engine) == migrate.head()
        async with database.reading(engine).connect() as reader:
            await reader.execute(text("SELECT * FROM dialogs"))
            async with asyncio.timeout(2), engine.begin() as writing:
                await writing.execute(text("DELETE FROM dialogs"))


@pytest.mark.parametrize("file", VERSIONS, ids=lambda file: file.stem)
def test_each_step_says_when_it_may_run_and_knows_no_way_back(file: Path) -> None:
    source = file.read_text()
    assert re.search(r"^(pre|post): ", source, re.MULTILINE)
    assert "def downgrade" not in source
    assert "bot." not in source, "a step must do the same for ever, whatever becomes of the tables"


def test_steps_follow_each_other_in_one_line() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    steps = list(ScriptDirectory.from_config(config).walk_revisions())
    assert [step.revision for step in steps] == sorted(
        (file.name[:4] for file in VERSIONS), reverse=True
    )
    assert len(steps) == len(VERSIONS)


@pytest.mark.real_time
async def test_check_says_that_postgresql_is_migrated_by_hand(
    postgres: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", postgres)
    await check.run()
    assert "postgresql at revision none" in (told := capsys.readouterr().out)
    assert "→ run python -m bot migrate" in told
