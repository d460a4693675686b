"""Tabs hear everything once, in order, at their own speed."""

import asyncio

import msgspec
import pytest

from adapters.playground import feed as feeds
from adapters.playground.feed import Feed


def decoded(missed: list[tuple[int, bytes]] | None) -> list[dict[str, object]]:
    assert missed is not None
    return [msgspec.json.decode(data) for _, data in missed]


async def test_a_tab_goes_on_where_it_was() -> None:
    feed = Feed()
    start = feed.last
    for number in range(5):
        feed.publish({"op": "call", "n": number})
    missed = feed.since(start + 3)
    assert [(number - start, msgspec.json.decode(data)["n"]) for number, data in missed or ()] == [
        (4, 3),
        (5, 4),
    ]
    assert feed.since(feed.last) == []


async def test_a_tab_that_missed_too_much_or_knows_another_process_starts_afresh() -> None:
    feed = Feed()
    start = feed.last
    for _ in range(feeds._LENGTH + 1):
        feed.publish({})
    assert feed.since(start) is None
    assert feed.since(start + 1) is not None
    assert feed.since(feed.last + 1) is None
    assert feed.since(-1) is None


async def test_frames_nobody_has_seen_give_way_to_the_newest_and_are_never_rendered() -> None:
    feed = Feed()
    start, made = feed.last, []

    def frame(number: int) -> feeds.Make:
        def make() -> feeds.Operation:
            made.append(number)
            return {"op": "grew", "n": number}

        return make

    for number in range(100):
        feed.publish_frame("m", frame(number))
    assert [op["n"] for op in decoded(feed.since(start))] == [99]
    assert [op["n"] for op in decoded(feed.since(start))] == [99]
    assert made == [99]
    feed.publish_message("m", lambda: {"op": "message"})
    assert [op["op"] for op in decoded(feed.since(start))] == ["message"]


async def test_waiting_ends_with_news_with_the_end_and_with_time() -> None:
    feed = Feed()
    assert not await feed.wait(feed.last, most=5.0)
    waiting = asyncio.create_task(feed.wait(feed.last, most=5.0))
    await asyncio.sleep(1)
    feed.publish({})
    assert await waiting
    waiting = asyncio.create_task(feed.wait(feed.last, most=5.0))
    await asyncio.sleep(1)
    feed.close()
    assert await waiting
    assert await feed.wait(feed.last, most=5.0)


async def test_numbers_of_a_later_process_are_higher(monkeypatch: pytest.MonkeyPatch) -> None:
    first = Feed()
    for _ in range(20):
        first.publish({})
    monkeypatch.setattr(feeds.time, "time", lambda: first.last / 1000 + 1)
    assert Feed().last > first.last


async def test_what_belongs_together_comes_as_one() -> None:
    feed = Feed()
    start = feed.last
    feed.publish_frame("draft", lambda: {"op": "grew", "n": 1})
    with feed.together():
        feed.publish({"op": "message"})
        feed.publish_frame("other", lambda: {"op": "grew", "n": 2})
        feed.publish_message("draft", lambda: {"op": "deleted"})
        feed.publish_frame("other", lambda: {"op": "grew", "n": 3})
    ops = [{"op": "message"}, {"op": "deleted"}, {"op": "grew", "n": 3}]
    assert decoded(feed.since(start)) == [{"op": "together", "ops": ops}]
    with feed.together():
        pass
    assert feed.last == start + 2


async def test_what_had_begun_to_belong_together_is_told_though_the_rest_failed() -> None:
    feed = Feed()
    start = feed.last
    with pytest.raises(ValueError, match="full"), feed.together():
        feed.publish({"op": "message"})
        raise ValueError("full")
    feed.publish({"op": "call"})
    assert decoded(feed.since(start)) == [
        {"op": "together", "ops": [{"op": "message"}]},
        {"op": "call"},
    ]
