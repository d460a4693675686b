"""Many answers at once share what the platform allows, and cost little."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import pytest

from bot.live import LiveReply
from bot.live.rhythm import FRAMES
from bot.pace import Pace
from bot.surface import Budget, Outgoing, Rank
from tests.fakes.screen import Screen, place
from tests.fakes.shelf import Shelf

WORDS = [f"word{number} " for number in range(60)]


async def answer(screen: Screen, chat: str, who: str, shelf: Shelf) -> LiveReply:
    """An answer of three seconds, in 20 pieces a second."""
    where = place(chat, who)
    text = ""
    async with LiveReply(screen, where, screen.slots, shelf, who=f"{chat} {who}") as live:
        for word in WORDS:
            text += word
            live.show(text)
            await asyncio.sleep(0.05)
        await live.finish(Outgoing(text=text))
    return live


@pytest.mark.unmeasured
async def test_a_thousand_answers_at_once_all_land_within_what_the_platform_allows() -> None:
    bot = Budget(scope="bot", rate=1_000.0, burst=1_000)
    screen = Screen(
        Pace(), chat=Budget(scope="chat", rate=1.0, burst=3), shared=[bot], latency=0.05
    )
    async with asyncio.TaskGroup() as answers:
        tasks = [
            answers.create_task(answer(screen, f"chat {number}", "ann", Shelf()))
            for number in range(1_000)
        ]
    assert screen.broken == 0
    assert screen.texts == ["".join(WORDS)] * 1_000
    lives = [task.result() for task in tasks]
    assert max(live.first_shown or 0.0 for live in lives) <= 0.06
    # Everybody's first words, and then what one processor can paint, shared among all.
    later = [live.frames - 1 for live in lives]
    assert 400 <= sum(later) <= FRAMES.burst + FRAMES.rate * 3.1
    assert set(later) <= {0, 1}


@pytest.mark.unmeasured
async def test_a_hundred_answers_at_once_are_shown_as_often_as_the_platform_allows() -> None:
    screen = Screen(Pace(), chat=Budget(scope="chat", rate=1.0, burst=3))
    async with asyncio.TaskGroup() as answers:
        tasks = [
            answers.create_task(answer(screen, f"chat {number}", "ann", Shelf()))
            for number in range(100)
        ]
    assert min(task.result().frames for task in tasks) >= 4  # three at once, and one a second


class Counting(Pace):
    """Knows how many slots of each scope are used."""

    def __init__(self) -> None:
        super().__init__()
        self.used: Counter[str] = Counter()

    async def slot(self, budgets: Sequence[Budget], rank: Rank, *, who: str = "") -> None:
        await super().slot(budgets, rank, who=who)
        self.used.update(budget.scope for budget in budgets)

    def give_back(self, budgets: Sequence[Budget]) -> None:
        super().give_back(budgets)
        self.used.subtract(budget.scope for budget in budgets)


async def test_a_frame_that_is_no_longer_wanted_takes_nothing_from_others() -> None:
    pace = Counting()
    screen = Screen(pace, size=20, chat=Budget(scope="chat", rate=0.1, burst=1))
    async with LiveReply(screen, place("chat", "ann"), pace, Shelf(), who="ann") as live:
        for text in ("The first ", "The first words", "The first words that fill it and go on"):
            live.show(text)
            await asyncio.sleep(4)
        live.abandon()
    assert pace.used[FRAMES.scope] == screen.verbs().count("frame") - 1  # the first one is free


async def test_when_budgets_are_scarce_all_answers_slow_down_alike_and_all_land() -> None:
    screen = Screen(
        Pace(),
        chat=Budget(scope="chat", rate=1.0, burst=3),
        shared=[Budget(scope="bot", rate=30.0, burst=30)],
    )
    async with asyncio.TaskGroup() as answers:
        tasks = [
            answers.create_task(answer(screen, f"chat {number}", "ann", Shelf()))
            for number in range(90)
        ]
    assert screen.broken == 0
    assert screen.texts == ["".join(WORDS)] * 90
    frames = [task.result().frames for task in tasks]
    assert max(frames) - min(frames) <= 2
    # First words came before anybody's second frame.
    assert len({call.chat for call in screen.calls[:90]}) == 90


async def test_in_one_chat_as_many_grow_as_can_be_ended_and_the_rest_come_whole() -> None:
    screen = Screen(Pace(), chat=Budget(scope="chat", rate=20 / 60, burst=3))
    async with asyncio.TaskGroup() as answers:
        tasks = [
            answers.create_task(answer(screen, "group", f"person {number}", Shelf()))
            for number in range(8)
        ]
    assert screen.broken == 0
    assert screen.texts == ["".join(WORDS)] * 8
    frames = sorted(task.result().frames for task in tasks)
    assert frames[:5] == [0] * 5
    assert all(frames[5:])
    # Those were posted once, and never touched again.
    assert len([call for call in screen.calls if call.verb == "post"]) == 5
