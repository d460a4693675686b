"""What people think of answers: kept at once, due until the API has been told."""

import asyncio
from datetime import timedelta, timezone

import pytest

from bot.store.records import Rating
from bot.store.store import Store
from tests.contract.conftest import Clock
from tests.fakes.happenings import AT
from tests.fakes.kept import CLAIM, finished, opened

pytestmark = pytest.mark.real_time


async def due(store: Store, clock: Clock) -> list[tuple[str, str]]:
    return [(each.answer, each.user) for each in await store.ratings_due(clock.now)]


async def test_a_rating_nobody_gave_is_none(store: Store) -> None:
    await finished(store, "a")
    assert await store.rating("a", "ann") is None


async def test_marks_are_those_still_present_oldest_first(store: Store, clock: Clock) -> None:
    await finished(store, "a")
    await store.mark("a", "ann", added=("👍", "🎉"))
    await store.mark("a", "ann", added=("👎",), removed=("👍",))
    assert (await store.mark("a", "ann", added=("🎉", "🎉"))).marks == ("👎", "🎉")
    marked = await store.mark("a", "ann", removed=("😀",))
    assert marked == Rating(answer="a", user="ann", marks=("👎", "🎉"))
    assert await store.rating("a", "ann") == marked
    assert await due(store, clock) == []


async def test_marks_of_one_person_put_at_once_are_all_kept(store: Store) -> None:
    await finished(store, "a")
    emoji = [f":{n}:" for n in range(12)]
    await asyncio.gather(*(store.mark("a", "ann", added=(each,)) for each in emoji))
    found = await store.rating("a", "ann")
    assert found is not None
    assert sorted(found.marks) == sorted(emoji)


async def test_a_wanted_rating_is_due_until_it_was_sent(store: Store, clock: Clock) -> None:
    await finished(store, "a")
    wanted = await store.want_rating("a", "ann", "like", marks=("👍",))
    assert wanted == Rating(answer="a", user="ann", wanted="like", marks=("👍",))
    assert await store.ratings_due(clock.now) == [wanted]
    await store.rating_sent("a", "ann", wanted="like", content="")
    assert await due(store, clock) == []
    assert await store.rating("a", "ann") == Rating(
        answer="a", user="ann", wanted="like", sent="like", told=True, marks=("👍",)
    )


async def test_wanting_keeps_the_marks_where_none_are_given(store: Store) -> None:
    await finished(store, "a")
    await store.mark("a", "ann", added=("👍",))
    assert (await store.want_rating("a", "ann", "dislike")).marks == ("👍",)
    assert (await store.want_rating("a", "ann", "dislike", marks=())).marks == ()


async def test_what_changed_while_it_was_sent_is_due_again(store: Store, clock: Clock) -> None:
    await finished(store, "a")
    await store.want_rating("a", "ann", "like")
    await store.want_rating("a", "ann", "dislike")
    await store.rating_sent("a", "ann", wanted="like", content="")
    (again,) = await store.ratings_due(clock.now)
    assert (again.wanted, again.sent) == ("dislike", "like")


async def test_words_wait_for_a_rating_and_go_with_it(store: Store, clock: Clock) -> None:
    await finished(store, "a")
    await store.add_words("a", "ann", "first")
    assert (await store.add_words("a", "ann", "too long")).content == "too long"
    assert await due(store, clock) == []
    await store.want_rating("a", "ann", "dislike")
    (rating,) = await store.ratings_due(clock.now)
    assert (rating.wanted, rating.content) == ("dislike", "too long")
    await store.rating_sent("a", "ann", wanted="dislike", content="too long")
    assert await due(store, clock) == []
    await store.add_words("a", "ann", "and wrong")
    assert await due(store, clock) == [("a", "ann")]


async def test_a_rating_taken_back_is_only_due_where_the_api_may_hold_one(
    store: Store, clock: Clock
) -> None:
    for id in ("never sent", "sent", "perhaps sent"):
        await finished(store, id)
        await store.want_rating(id, "ann", "like")
    await store.rating_sent("sent", "ann", wanted="like", content="")
    await store.rating_failed("perhaps sent", "ann", clock.now)
    for id in ("never sent", "sent", "perhaps sent"):
        await store.want_rating(id, "ann", None)
    assert sorted(await due(store, clock)) == [("perhaps sent", "ann"), ("sent", "ann")]
    for id in ("sent", "perhaps sent"):
        await store.rating_sent(id, "ann", wanted=None, content="")
    assert await due(store, clock) == []
    found = await store.rating("perhaps sent", "ann")
    assert found is not None
    assert (found.sent, found.told) == (None, False)


async def test_a_failure_puts_it_off_and_a_change_of_mind_makes_it_due_at_once(
    store: Store, clock: Clock
) -> None:
    await finished(store, "a")
    await store.want_rating("a", "ann", "like")
    for attempt in (1, 2):
        await store.rating_failed("a", "ann", clock.now + timedelta(minutes=attempt))
        found = await store.rating("a", "ann")
        assert found is not None
        assert (found.attempts, found.next_try) == (attempt, clock.now + timedelta(minutes=attempt))
        assert await due(store, clock) == []
    clock.forward(minutes=2)
    assert await due(store, clock) == [("a", "ann")]
    await store.rating_failed("a", "ann", clock.now + timedelta(hours=5))
    await store.want_rating("a", "ann", "dislike")
    (rating,) = await store.ratings_due(clock.now)
    assert (rating.attempts, rating.next_try) == (0, None)


async def test_a_rating_waits_until_the_api_knows_the_answer(store: Store, clock: Clock) -> None:
    await opened(store, "a")
    await store.asked("a", CLAIM, inputs={}, uploads=())
    await store.started("a", CLAIM, task_id="t", message_id="m")
    await store.want_rating("a", "ann", "like")
    assert await due(store, clock) == []
    await store.closing("a", CLAIM, outcome="whole", text="")
    assert await due(store, clock) == []
    await store.closed("a", CLAIM)
    assert await due(store, clock) == [("a", "ann")]
    await finished(store, "never begun", message_id="", outcome="failed")
    await store.want_rating("never begun", "ann", "dislike")
    assert await due(store, clock) == [("a", "ann")]


async def test_ratings_that_were_never_tried_come_first_and_no_more_than_asked_for(
    store: Store, clock: Clock
) -> None:
    for n in range(4):
        await finished(store, f"a{n}")
        await store.want_rating(f"a{n}", "ann", "like")
    await store.rating_failed("a0", "ann", clock.now)
    found = await store.ratings_due(clock.now, limit=3)
    assert [each.answer for each in found] == ["a1", "a2", "a3"]
    assert [each.answer for each in await store.ratings_due(clock.now)] == ["a1", "a2", "a3", "a0"]


async def test_an_ignored_rating_is_kept_and_due_no_more_until_it_is_thought_of_anew(
    store: Store, clock: Clock
) -> None:
    await finished(store, "a")
    await store.want_rating("a", "bob", "dislike")
    await store.ignore_rating("a", "bob")
    assert await due(store, clock) == []
    found = await store.rating("a", "bob")
    assert found is not None
    assert found.wanted == "dislike"
    await store.want_rating("a", "bob", "like")
    assert await due(store, clock) == [("a", "bob")]


async def test_every_rating_can_be_told_with_the_message_it_is_about(store: Store) -> None:
    await finished(store, "a", message_id="m1")
    await finished(store, "b", message_id="m2")
    await store.want_rating("b", "ann", "like")
    await store.want_rating("a", "bob", "dislike")
    await store.mark("a", "ann", added=("👀",))
    told = [(each.user, each.wanted, message) for each, message in await store.local_ratings()]
    assert told == [("ann", None, "m1"), ("bob", "dislike", "m1"), ("ann", "like", "m2")]


async def test_a_time_comes_back_in_utc_whatever_zone_it_was_told_in(
    store: Store, clock: Clock
) -> None:
    await finished(store, "a")
    await store.want_rating("a", "ann", "like")
    next_try = AT + timedelta(hours=1)
    tokyo = timezone(timedelta(hours=9))
    await store.rating_failed("a", "ann", next_try.astimezone(tokyo))
    found = await store.rating("a", "ann")
    assert found is not None
    assert found.next_try == next_try
    assert found.next_try.utcoffset() == timedelta(0)
