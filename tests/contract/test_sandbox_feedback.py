"""Likes and dislikes: one for a message and its person."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from tests.fakes.sandbox_door import Door, Reply, open_door

pytestmark = pytest.mark.real_time


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with open_door() as opened:
        yield opened


async def rate(door: Door, message: str, rating: object, **body: object) -> Reply:
    return await door.post(
        f"/messages/{message}/feedbacks", {"rating": rating, "user": "ann"} | body
    )


async def ask(door: Door) -> str:
    message: str = (await door.ask("n=1")).events[0]["message_id"]
    return message


async def listed(door: Door, query: str = "") -> list[dict[str, object]]:
    rows: list[dict[str, object]] = (await door.get(f"/app/feedbacks{query}")).json["data"]
    return rows


async def test_a_new_rating_takes_the_place_of_the_old_words_and_all(door: Door) -> None:
    message = await ask(door)
    await rate(door, message, "like", content="good")
    (row,) = await listed(door)
    assert (row["rating"], row["content"]) == ("like", "good")
    await rate(door, message.upper(), "dislike")
    (row,) = await listed(door)
    assert (row["rating"], row["content"], row["from_account_id"]) == ("dislike", None, None)


async def test_dates_have_no_zone_and_are_utc(door: Door) -> None:
    await rate(door, await ask(door), "like")
    (row,) = await listed(door)
    created = datetime.fromisoformat(str(row["created_at"]))
    assert created.tzinfo is None
    assert created.microsecond == 0


async def test_taking_back_what_was_never_given_is_refused(door: Door) -> None:
    message = await ask(door)
    assert (await rate(door, message, None)).status == 400
    await rate(door, message, "like")
    assert (await rate(door, message, None)).json == {"result": "success"}
    assert await listed(door) == []


async def test_only_the_asker_can_rate_and_only_in_the_same_app(door: Door) -> None:
    message = await ask(door)
    for reply in (
        await rate(door, message, "like", user="bob"),
        await door.post(
            f"/messages/{message}/feedbacks", {"rating": "like", "user": "ann"}, key="app-form"
        ),
        await rate(door, "00000000-0000-4000-8000-000000000000", "like"),
    ):
        assert reply.refusal == (404, "not_found", "Message Not Exists.")


async def test_a_rating_needs_a_user(door: Door) -> None:
    assert (await rate(door, await ask(door), "like", user="")).json["code"] == "invalid_param"


async def test_pages_are_newest_first_and_end(door: Door) -> None:
    messages = [await ask(door) for _ in range(3)]
    for message in messages:
        await rate(door, message, "like")
    newest = [str(row["message_id"]) for row in await listed(door, "?limit=2")]
    oldest = [str(row["message_id"]) for row in await listed(door, "?limit=2&page=2")]
    assert newest + oldest == messages[::-1]
    assert await listed(door, "?limit=101&page=99999999999999999999") == []


@pytest.mark.parametrize("query", ["?page=0", "?limit=0", "?limit=x", "?limit=102"])
async def test_pages_that_cannot_be_are_refused(door: Door, query: str) -> None:
    reply = await door.get(f"/app/feedbacks{query}")
    assert reply.refusal[:2] == (400, "invalid_param")
    assert "FeedbackListQuery" in reply.json["message"]
