"""Frames of many answers are let through together, and nothing else waits for that."""

import asyncio

import pytest

from bot.pace import Pace
from bot.surface import Budget, Rank


def now() -> float:
    return round(asyncio.get_running_loop().time(), 3)


def _chat(number: int, rate: float = 1.0) -> Budget:
    return Budget(scope=f"chat {number}", rate=rate)


async def _shown(pace: Pace, budget: Budget, rank: Rank, times: int, after: float) -> list[float]:
    await asyncio.sleep(after)
    seen = []
    for _ in range(times):
        await pace.slot((budget,), rank, who=budget.scope)
        seen.append(now())
    return seen


async def test_frames_of_many_answers_go_at_the_same_moments() -> None:
    pace = Pace(beat=0.1)
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(_shown(pace, _chat(number), Rank.FRAME, 3, after=number * 0.013))
            for number in range(7)
        ]
    seen = [task.result() for task in tasks]
    assert [first for first, *_ in seen] == [round(number * 0.013, 3) for number in range(7)]
    assert {later for _, *more in seen for later in more} == {1.004, 1.104, 2.004, 2.104}


@pytest.mark.parametrize("rank", [Rank.FINAL, Rank.PERSON])
async def test_what_somebody_waits_for_comes_as_soon_as_it_may(rank: Rank) -> None:
    assert await _shown(Pace(beat=0.1), _chat(1), rank, 3, after=0.013) == [0.013, 1.013, 2.013]


async def test_last_word_does_not_wait_for_the_moment_of_a_frame_before_it() -> None:
    pace, chat = Pace(beat=0.1), _chat(1)
    await pace.slot((chat,), Rank.FRAME)
    async with asyncio.TaskGroup() as group:
        frame = group.create_task(_shown(pace, chat, Rank.FRAME, 1, after=0.5))
        final = group.create_task(_shown(pace, chat, Rank.FINAL, 1, after=0.6))
    assert final.result() == [1.0]
    assert frame.result() == [2.004]


@pytest.mark.parametrize("rate", [11.0, 30.0, 1000.0])
async def test_what_is_quicker_than_the_beat_is_not_held_back(rate: float) -> None:
    seen = await _shown(Pace(beat=0.1), _chat(1, rate), Rank.FRAME, 50, after=0.0)
    assert seen[-1] == pytest.approx(49 / rate, abs=0.001)


async def test_shared_budget_loses_nothing_by_the_beat() -> None:
    pace, shared = Pace(beat=0.1), Budget(scope="all", rate=150.0, burst=20)
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(pace.slot((shared,), Rank.FRAME, who=str(number)))
            for number in range(320)
        ]
    assert all(task.done() for task in tasks)
    assert now() == pytest.approx(2.0, abs=0.11)  # 20 at once, and 150 a second
