"""A question and the answer to it, written as one: where nothing is known of it, or not at all."""

import asyncio

import pytest

from bot.store.store import Store
from tests.fakes.happenings import place, ref
from tests.fakes.kept import CLAIM, a_question, an_answer, opened

pytestmark = pytest.mark.real_time

ANSWER = an_answer("a", question=ref("1"), event="event of 1", inputs={"query": "Why?"})


async def test_a_new_question_is_kept_and_its_answer_is_open_and_held(store: Store) -> None:
    assert await store.open_first(a_question("1"), ANSWER, CLAIM) == ANSWER
    assert await store.question(ref("1")) == a_question("1")
    assert await store.open_answers(place()) == [ANSWER]
    assert await store.asked("a", CLAIM, inputs=ANSWER.inputs, uploads=())


async def test_of_an_edit_that_overtook_its_question_everything_stays(store: Store) -> None:
    await store.revise_question(ref("1"), "How?", ())
    assert await store.open_first(a_question("1"), ANSWER, CLAIM) is None
    assert await store.answer("a") is None
    [taken] = await store.take_question([a_question("1")])
    assert taken == a_question("1", text="How?")


async def test_a_question_that_is_gone_is_not_answered(store: Store) -> None:
    await store.delete_question(ref("1"))
    assert await store.open_first(a_question("1"), ANSWER, CLAIM) is None
    assert await store.answer("a") is None


async def test_what_an_earlier_try_began_is_left_to_it(store: Store) -> None:
    await store.open_first(a_question("1"), ANSWER, CLAIM)
    again = an_answer("b", question=ref("1"), event="event of 1")
    assert await store.open_first(a_question("1"), again, "another") is None
    assert await store.answer("b") is None
    assert await store.open_answers(place()) == [ANSWER]


async def test_an_event_that_was_answered_without_its_question_has_that_answer(
    store: Store,
) -> None:
    first = await opened(store, "first", event="event of 1")
    held = await store.open_first(a_question("1"), ANSWER, "another")
    assert held is not None
    assert held.id == first.id
    assert not await store.asked("a", "another", inputs={}, uploads=())


async def test_however_many_open_it_one_does(store: Store) -> None:
    async with asyncio.TaskGroup() as tries:
        opening = [
            tries.create_task(
                store.open_first(
                    a_question("1"),
                    an_answer(f"a{number}", question=ref("1"), event="event of 1"),
                    CLAIM,
                )
            )
            for number in range(8)
        ]
    assert sum(each.result() is not None for each in opening) == 1
    assert len(await store.open_answers(place())) == 1
