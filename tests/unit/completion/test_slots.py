"""Slots are fair, never too many, and nobody is forgotten in the queue."""

import asyncio
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.completion.slots import Slots
from tests.fakes.clock import VirtualTimeLoop


async def test_users_take_turns_and_each_users_order_is_kept() -> None:
    slots = Slots(1)
    served: list[str] = []

    async def ask(user: str, name: str) -> None:
        async with slots.take(user):
            served.append(name)
            await asyncio.sleep(1)

    async with asyncio.TaskGroup() as group:
        for user, name in [
            ("a", "a1"),
            ("a", "a2"),
            ("a", "a3"),
            ("a", "a4"),
            ("b", "b1"),
            ("b", "b2"),
            ("c", "c1"),
        ]:
            group.create_task(ask(user, name))
    assert served == ["a1", "a2", "b1", "c1", "a3", "b2", "a4"]
    assert (slots.held, slots.queued) == (0, 0)


async def test_everybody_hears_how_many_go_before_and_when_it_is_their_turn() -> None:
    slots = Slots(1)
    heard: dict[str, list[int]] = {"a": [], "b": [], "c": []}

    async def ask(user: str, seconds: float) -> None:
        async with slots.take(user, heard[user].append):
            await asyncio.sleep(seconds)

    async with asyncio.TaskGroup() as group:
        for user in heard:
            group.create_task(ask(user, 1))
    assert heard == {"a": [0], "b": [1, 0], "c": [2, 1, 0]}


async def test_a_newcomer_with_an_earlier_turn_moves_others_back() -> None:
    slots = Slots(1)
    heard: list[int] = []

    async def ask(user: str, told: list[int]) -> None:
        async with slots.take(user, told.append):
            await asyncio.sleep(1)

    async with asyncio.TaskGroup() as group:
        for user, told in [("x", []), ("a", []), ("a", heard), ("b", [])]:
            group.create_task(ask(user, told))
            await asyncio.sleep(0)
    assert heard == [2, 3, 2, 1, 0]


async def test_who_gives_up_lets_the_others_move_up() -> None:
    slots = Slots(1)
    heard: list[int] = []

    async def ask(user: str, told: list[int]) -> None:
        async with slots.take(user, told.append):
            await asyncio.sleep(10)

    async with asyncio.TaskGroup() as group:
        group.create_task(ask("a", []))
        quitter = group.create_task(ask("b", []))
        group.create_task(ask("c", heard))
        await asyncio.sleep(1)
        quitter.cancel()
        await asyncio.sleep(1)
        assert heard == [2, 1]
        assert slots.queued == 1
    assert heard == [2, 1, 0]


async def test_one_of_a_users_questions_may_give_up_while_another_waits_on() -> None:
    slots = Slots(1)
    heard: list[int] = []

    async def ask(user: str, told: list[int]) -> None:
        async with slots.take(user, told.append):
            await asyncio.sleep(10)

    async with asyncio.TaskGroup() as group:
        group.create_task(ask("a", []))
        quitter = group.create_task(ask("b", []))
        group.create_task(ask("b", heard))
        await asyncio.sleep(1)
        quitter.cancel()
    assert heard == [2, 1, 0]


async def test_a_place_lost_and_won_again_at_once_is_not_worth_a_word() -> None:
    slots = Slots(1)
    heard: list[int] = []

    async def ask(user: str, told: list[int]) -> None:
        async with slots.take(user, told.append):
            await asyncio.sleep(10)

    async with asyncio.TaskGroup() as group:
        group.create_task(ask("x", []))
        group.create_task(ask("a", []))
        group.create_task(ask("a", heard))
        await asyncio.sleep(1)
        leaving = group.create_task(ask("b", []))
        await asyncio.sleep(1)
        leaving.cancel()
        group.create_task(ask("c", []))
    assert heard == [2, 3, 2, 1, 0]


async def test_a_slot_that_comes_with_the_cancellation_goes_to_the_next() -> None:
    slots = Slots(1)
    served = asyncio.Event()

    async def wait_in_vain() -> None:
        async with slots.take("b"):
            raise AssertionError("was cancelled")

    async def ask() -> None:
        async with slots.take("c"):
            served.set()

    async with asyncio.TaskGroup() as group:
        holder = slots.take("a")
        await holder.__aenter__()
        unlucky = group.create_task(wait_in_vain())
        group.create_task(ask())
        await asyncio.sleep(1)
        await holder.__aexit__(None, None, None)
        unlucky.cancel()
    assert served.is_set()
    assert slots.held == 0


@pytest.mark.parametrize("turn", [0, 1])
async def test_a_listener_that_fails_costs_only_its_own_place(turn: int) -> None:
    slots = Slots(1)

    def listen(before: int) -> None:
        if before == turn:
            raise LookupError

    async def ask() -> None:
        with pytest.raises(LookupError):
            async with slots.take("b", listen):
                raise AssertionError("never entered")

    async with asyncio.TaskGroup() as group, slots.take("a"):
        group.create_task(ask())
        await asyncio.sleep(1)
    assert (slots.held, slots.queued) == (0, 0)


def test_there_is_at_least_one_slot() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Slots(0)


visits = st.tuples(
    st.sampled_from("abc"),  # who
    st.integers(0, 20),  # comes when
    st.integers(0, 5),  # stays how long
    st.none() | st.integers(0, 10),  # is cancelled after
)


@settings(deadline=None)
@given(st.integers(1, 3), st.lists(visits, max_size=14))
def test_never_too_many_and_everybody_is_served_whoever_gives_up_when(
    limit: int, plan: list[tuple[str, int, int, int | None]]
) -> None:
    slots = Slots(limit)
    inside = 0
    entered: set[int] = set()
    positions: dict[int, list[int]] = {}

    async def visit(number: int, user: str, stays: int) -> None:
        nonlocal inside
        async with slots.take(user, positions.setdefault(number, []).append):
            inside += 1
            entered.add(number)
            assert inside <= limit
            try:
                await asyncio.sleep(stays)
            finally:
                inside -= 1

    async def come(number: int, user: str, at: int, stays: int, patience: int | None) -> None:
        await asyncio.sleep(at)
        task = asyncio.ensure_future(visit(number, user, stays))
        if patience is not None:
            await asyncio.sleep(patience)
            task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def everybody() -> None:
        async with asyncio.TaskGroup() as group:
            for number, person in enumerate(plan):
                group.create_task(come(number, *person))

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(everybody())
    assert (slots.held, slots.queued) == (0, 0)
    patient = {number for number, person in enumerate(plan) if person[3] is None}
    assert patient <= entered
    for number, heard in positions.items():
        assert 0 not in heard[:-1]
        assert all(a != b for a, b in pairwise(heard))
        assert (number in entered) == (heard[-1:] == [0]) or plan[number][3] is not None
