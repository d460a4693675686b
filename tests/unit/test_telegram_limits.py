"""However calls are timed, no window that Telegram publishes sees more than it allows."""

import asyncio
from bisect import bisect_left
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.telegram import limits
from bot.pace import Pace
from bot.surface import Budget, Rank
from tests.fakes.clock import VirtualTimeLoop

BOT, CHAT = "42", "1001"
gaps = st.lists(
    st.sampled_from([0.0, 0.0, 0.0, 0.01, 0.3, 1.0, 4.9, 17.0]), min_size=1, max_size=150
)


def granted(budgets: Sequence[Budget], gaps: Sequence[float]) -> list[float]:
    """When each of several calls may be made, asked for `gaps` seconds after one another."""
    times: list[float] = []

    async def ask(pace: Pace, after: float) -> None:
        await asyncio.sleep(after)
        await pace.slot(budgets, Rank.FRAME)
        times.append(asyncio.get_running_loop().time())

    async def play() -> None:
        pace, at = Pace(), 0.0
        async with asyncio.TaskGroup() as calls:
            for gap in gaps:
                at += gap
                calls.create_task(ask(pace, at))

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(play())
    return sorted(times)


def most_within(times: Sequence[float], seconds: float) -> int:
    """The most calls that any window of `seconds`, its ends included, has seen."""
    return max(at - bisect_left(times, time - seconds) + 1 for at, time in enumerate(times))


@settings(max_examples=60)
@given(gaps)
def test_drafts_keep_to_both_windows(gaps: list[float]) -> None:
    times = granted(limits.drafts(BOT, CHAT), gaps)
    assert most_within(times, 5.0) <= 20
    assert most_within(times, 30.0) <= 40


@settings(max_examples=60)
@given(gaps)
def test_group_sees_twenty_a_minute_at_most(gaps: list[float]) -> None:
    assert most_within(granted(limits.chat(BOT, CHAT, group=True), gaps), 60.0) <= 20


@settings(max_examples=60)
@given(gaps)
def test_bot_makes_thirty_calls_a_second_at_most(gaps: list[float]) -> None:
    everywhere = [budget for budget in limits.chat(BOT, CHAT, group=False) if budget.rate > 2]
    assert most_within(granted(everywhere, gaps), 1.0) <= 30


@settings(max_examples=60)
@given(gaps)
def test_chat_sees_one_a_second_and_bursts_of_three(gaps: list[float]) -> None:
    times = granted(limits.chat(BOT, CHAT, group=False), gaps)
    for seconds in (0.5, 1.0, 10.0, 60.0):
        assert most_within(times, seconds) <= 3 + seconds


def test_windows_have_room_for_calls_that_overtake_one_another() -> None:
    hurried = [0.0] * 150
    late = 0.1  # seconds by which the way to Telegram may differ between two calls
    assert most_within(granted(limits.drafts(BOT, CHAT), hurried), 30.0 + late) <= 40
    assert most_within(granted(limits.chat(BOT, CHAT, group=True), hurried), 60.0 + late) <= 20
    [_, everywhere] = limits.chat(BOT, CHAT, group=False)
    assert most_within(granted([everywhere], hurried), 1.0 + late) <= 30


def test_drafts_and_messages_of_a_chat_do_not_silence_each_other() -> None:
    messages = {budget.scope for budget in limits.chat(BOT, CHAT, group=True)}
    assert not messages & {budget.scope for budget in limits.drafts(BOT, CHAT)}


def test_what_is_blamed_for_a_429_is_what_the_call_drew_on() -> None:
    messages = [budget.scope for budget in limits.chat(BOT, CHAT, group=True)]
    assert limits.chat_scope(BOT, CHAT) in messages
    assert limits.bot_scope(BOT) in messages
    assert [budget.scope for budget in limits.drafts(BOT, CHAT)] == [limits.draft_scope(BOT, CHAT)]


def test_chats_and_bots_have_budgets_of_their_own() -> None:
    def scopes(bot: str, chat: str) -> set[str]:
        return {budget.scope for budget in limits.chat(bot, chat, group=True)}

    assert scopes("42", "1") & scopes("42", "2") == {limits.bot_scope("42")}
    assert not scopes("42", "1") & scopes("43", "1")
