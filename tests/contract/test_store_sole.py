"""One process at a time works on a database."""

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store import database
from bot.store.database import Fault, opened
from bot.store.sole import contended
from tests.contract.conftest import execute

pytestmark = pytest.mark.real_time


async def test_one_of_two_has_the_database_until_it_ends(kept_address: str) -> None:
    async with (
        opened(kept_address) as engine,
        opened(kept_address) as other,
        contended(other) as take_other,
    ):
        async with contended(engine) as take:
            assert await take()
            assert await take()
            assert not await take_other()
            assert not await take_other()
        assert await take_other()


async def test_who_has_the_database_hinders_no_writer(kept_address: str) -> None:
    async with opened(kept_address) as engine, contended(engine) as take:
        assert await take()
        async with opened(kept_address) as other, other.begin() as connection:
            await connection.execute(text("DELETE FROM inbox"))


async def test_nothing_but_one_empty_file_is_left_behind(
    sqlite_address: str, tmp_path: Path
) -> None:
    async with opened(sqlite_address) as engine, contended(engine) as take:
        assert await take()
        beside = {each.name: each.stat().st_size for each in tmp_path.iterdir()}
    assert beside["parley.db-lock"] == 0
    assert [name for name in beside if name.startswith("parley.db-lock")] == ["parley.db-lock"]


async def test_a_server_that_was_started_anew_is_asked_anew(postgres_address: str) -> None:
    async with opened(postgres_address) as engine, contended(engine) as take:
        assert await take()
        execute(
            postgres_address,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        with pytest.raises(Fault):
            await take()
        assert await take()


async def test_a_folder_that_takes_no_file_is_a_fault_of_the_database(tmp_path: Path) -> None:
    engine: AsyncEngine = database.open_engine(f"sqlite:///{tmp_path}/parley.db")
    (tmp_path / "parley.db-lock").mkdir()
    async with contended(engine) as take:
        with pytest.raises(Fault):
            await take()
    await engine.dispose()


async def test_a_database_in_memory_is_nobody_else_s() -> None:
    async with opened("sqlite://") as engine, contended(engine) as take:
        assert await take()
