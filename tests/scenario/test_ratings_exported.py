"""Ratings as the operator exports them: the API's, and what is kept here beside them."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot import ratings
from bot.sandbox import Config, serve
from bot.settings import Settings
from bot.store import migrate
from bot.store.database import opened
from bot.store.store import keeping
from tests.fakes.kept import finished

pytestmark = pytest.mark.real_time


@pytest.fixture
async def settings(tmp_path: Path) -> AsyncIterator[Settings]:
    async with serve(Config(port=0)) as running:
        yield Settings(
            COMPLETION_API_URL=running.url,
            COMPLETION_API_KEY="app-sandbox",
            DATABASE_URL=f"sqlite:///{tmp_path}/parley.db",
        )


async def exported(
    settings: Settings, capsys: pytest.CaptureFixture[str], only: str | None = None
) -> list[dict[str, str | None]]:
    assert await ratings.export(settings, form="json", output=None, only=only) == 0
    found: list[dict[str, str | None]] = json.loads(capsys.readouterr().out)
    return found


async def test_ratings_that_the_api_does_not_hold_are_listed_beside_its_own(
    tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    async with opened(f"sqlite:///{tmp_path}/parley.db") as engine:
        assert await exported(settings, capsys) == []
        await migrate.upgrade(engine)
        async with keeping(engine) as (store, _):
            await finished(store, "a", message_id="m-1")
            await store.want_rating("a", "ann", "like")
            await store.rating_sent("a", "ann", wanted="like", content="")
            await store.want_rating("a", "bob", "dislike")
            await store.add_words("a", "bob", "too long")
            await store.mark("a", "cem", added=["👀"])
    (row,) = await exported(settings, capsys)
    assert (row["rating"], row["content"], row["message_id"]) == ("dislike", "too long", "m-1")
    assert (row["from_source"], row["from_end_user_id"]) == ("parley", "bob")
    assert await exported(settings, capsys, only="like") == []


async def test_who_hides_people_s_ids_finds_none_in_an_export(
    tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    async with opened(f"sqlite:///{tmp_path}/parley.db") as engine:
        await migrate.upgrade(engine)
        async with keeping(engine) as (store, _):
            await finished(store, "a")
            await store.want_rating("a", "bob", "like")
    values = settings.model_dump(by_alias=True) | {"PARLEY_END_USER_SECRET": "a-long-random-word"}
    (row,) = await exported(Settings(**values), capsys)
    assert row["from_end_user_id"] is None


async def test_an_export_begins_no_database(
    tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await exported(settings, capsys) == []
    assert list(tmp_path.iterdir()) == []


async def test_a_database_that_cannot_be_read_is_told(
    tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "parley.db").write_text("not a database at all")
    assert await ratings.export(settings, form="json", output=None, only=None) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("The database cannot be used: file is not a database.")
