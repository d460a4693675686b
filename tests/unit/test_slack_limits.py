"""However calls are timed, no minute sees more of them than Slack's tier for the method allows."""

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.slack import limits
from bot.pace import Pace
from bot.surface import Budget, Rank
from tests.fakes.clock import VirtualTimeLoop

TEAM = "T1"
TIER_2, TIER_3, TIER_4 = 20, 50, 100
gaps = st.lists(
    st.sampled_from([0.0, 0.0, 0.0, 0.01, 0.3, 1.0, 4.9, 31.0]), min_size=1, max_size=120
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


@pytest.mark.parametrize(
    ("budgets", "tier"),
    [
        (limits.start, TIER_2),
        (limits.stop, TIER_2),
        (limits.update, TIER_3),
        (limits.delete, TIER_3),
        (limits.session, TIER_3),
        (limits.ask, TIER_3),
        (limits.append, TIER_4),
        (limits.ephemeral, TIER_4),
        (limits.upload, TIER_4),
        (limits.prompts, TIER_4),
        (limits.view, TIER_4),
        (limits.status, 600),
    ],
)
def test_bucket_stays_below_the_tier(budgets: Callable[[str], Sequence[Budget]], tier: int) -> None:
    [budget] = budgets(TEAM)
    assert budget.scope.startswith(f"slack:{TEAM}:")
    assert 0.9 * tier <= budget.burst + budget.rate * 60 < tier


def test_every_method_has_a_scope_of_its_own() -> None:
    kinds = (limits.start, limits.stop, limits.update, limits.append, limits.session, limits.status)
    scopes = [budget.scope for kind in kinds for budget in kind(TEAM)]
    scopes += [budget.scope for budget in limits.post(TEAM, "C1")]
    assert len(set(scopes)) == len(scopes)


@settings(max_examples=40)
@given(gaps)
def test_no_minute_sees_more_streams_begin_than_the_tier(gaps: list[float]) -> None:
    assert most_within(granted(limits.start(TEAM), gaps), 60.0) <= TIER_2


@settings(max_examples=20)
@given(gaps)
def test_channel_sees_one_message_a_second(gaps: list[float]) -> None:
    times = granted(limits.post(TEAM, "C1"), gaps)
    assert all(after - before >= 0.999 for before, after in pairwise(times))


def test_many_channels_wait_for_the_workspace_alone() -> None:
    times: list[float] = []

    async def ask(pace: Pace, channel: int) -> None:
        await pace.slot(limits.post(TEAM, f"D{channel}"), Rank.FINAL)
        times.append(asyncio.get_running_loop().time())

    async def play() -> None:
        pace = Pace()
        async with asyncio.TaskGroup() as calls:
            for channel in range(100):
                calls.create_task(ask(pace, channel))

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(play())
    assert max(times) <= 16
    assert most_within(sorted(times), 60.0) <= 300
