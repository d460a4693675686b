"""Tokens lie sealed in the database, and whoever has the right key finds their workspace."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.slack.installation import Installation
from bot.compose.slack_many import Kept
from bot.store.sealing import Seal
from bot.store.store import Store
from bot.surface import Unreachable
from tests.fakes.kept import finished

pytestmark = pytest.mark.real_time

AT = datetime(2026, 1, 1, tzinfo=UTC)
OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))
ACME = Installation(
    team="T1",
    enterprise="E1",
    bot_user="U1",
    bot_id="B1",
    token="xoxe.xoxb-sesame",
    refresh_token="xoxe-sesame",
    expires_at=AT + timedelta(hours=12),
    installed_at=AT,
    scopes="chat:write,commands",
    app="A1",
    name="Acme",
)
GRID = replace(ACME, team="")


def kept(store: Store, *keys: str) -> Kept:
    return Kept(store, Seal(keys))


async def everything(engine: AsyncEngine) -> str:
    async with engine.connect() as connection:
        rows = await connection.execute(text("SELECT * FROM installations"))
        return repr(rows.all())


async def test_what_was_kept_is_found_and_lies_sealed(store: Store, engine: AsyncEngine) -> None:
    await kept(store, NEW).keep(ACME)
    assert await kept(store, NEW).find("T1", "") == ACME
    assert "sesame" not in await everything(engine)


async def test_a_workspace_of_an_organisation_is_found_by_itself_once_it_was_met(
    store: Store,
) -> None:
    await kept(store, NEW).keep(GRID)
    assert await kept(store, NEW).find("T7", "") is None
    assert await kept(store, NEW).find("T7", "E1") == GRID
    assert await kept(store, NEW).find("T7", "") == GRID
    assert await kept(store, NEW).find("", "E1") == GRID
    assert await kept(store, NEW).find("", "") is None


async def test_a_workspace_s_own_installation_goes_before_its_organisation_s(store: Store) -> None:
    await kept(store, NEW).keep(GRID)
    await kept(store, NEW).keep(ACME)
    assert await kept(store, NEW).find("T1", "E1") == ACME


async def test_a_newer_key_seals_what_is_met(store: Store) -> None:
    await kept(store, OLD).keep(ACME)
    assert await kept(store, NEW).find("T1", "") is None, "nobody opens it without the key"
    assert await kept(store, NEW, OLD).find("T1", "") == ACME
    assert await kept(store, NEW).find("T1", "") == ACME


async def test_a_newer_key_seals_everything_at_the_start(store: Store) -> None:
    await kept(store, OLD).keep(ACME)
    await kept(store, OLD).keep(GRID)
    await kept(store, OLD).find("T7", "E1")
    await kept(store, NEW, OLD).renew()
    assert await kept(store, NEW).find("T1", "") == ACME
    assert await kept(store, NEW).find("T7", "") == GRID


async def test_a_sealed_token_that_somebody_changed_opens_nothing(
    store: Store, engine: AsyncEngine
) -> None:
    await kept(store, NEW).keep(ACME)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE installations SET sealed = 'x' || sealed"))
    assert await kept(store, NEW).find("T1", "") is None


async def test_a_token_does_not_serve_another_workspace_s_row(
    store: Store, engine: AsyncEngine
) -> None:
    await kept(store, NEW).keep(ACME)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE installations SET workspace = 'T2'"))
    assert await kept(store, NEW).find("T2", "") is None


async def test_whoever_leaves_takes_along_what_was_said(store: Store) -> None:
    await kept(store, NEW).keep(GRID)
    await kept(store, NEW).find("T7", "E1")
    where = replace((await finished(store, "elsewhere")).place)
    there = replace(where, chat=replace(where.chat, platform="slack", workspace="T7"))
    await finished(store, "there", there, text="Because.")
    assert not await kept(store, NEW).remove("E1", AT - timedelta(seconds=1))
    assert await kept(store, NEW).remove("E1", AT + timedelta(seconds=1))
    assert await kept(store, NEW).find("T7", "E1") is None
    gone, stays = await store.answer("there"), await store.answer("elsewhere")
    assert gone is not None and gone.text == ""
    assert stays is not None and stays.text == "Because."


async def test_a_database_that_is_away_is_a_platform_that_does_not_answer(
    store: Store, engine: AsyncEngine
) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE installations RENAME TO gone"))
    try:
        for work in (
            kept(store, NEW).find("T1", ""),
            kept(store, NEW).keep(ACME),
            kept(store, NEW).remove("T1", AT),
            kept(store, NEW).renew(),
        ):
            with pytest.raises(Unreachable):
                await work
    finally:
        async with engine.begin() as connection:
            await connection.execute(text("ALTER TABLE gone RENAME TO installations"))
