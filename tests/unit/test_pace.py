"""Shared budgets: turns go round, endings go first, and quiet is kept by everybody."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import pytest

from bot.pace import Pace
from bot.surface import Budget, Rank

CHAT = Budget(scope="chat", rate=1.0, burst=3)
NARROW = Budget(scope="narrow", rate=1.0)
WIDE = Budget(scope="wide", rate=10.0)


def now() -> float:
    return asyncio.get_running_loop().time()


class Log:
    """Who was let through, and when."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self.seen: list[tuple[float, str]] = []

    async def call(
        self, who: str, budgets: Sequence[Budget], rank: Rank = Rank.FRAME, times: int = 1
    ) -> None:
        for _ in range(times):
            await self.pace.slot(budgets, rank, who=who)
            self.seen.append((round(now(), 3), who))


async def settled() -> None:
    """Everybody who was just started waits by now, and everybody let through has gone on."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_burst_goes_at_once_and_the_rest_at_the_rate() -> None:
    log = Log(Pace())
    await log.call("a", [CHAT], times=6)
    assert [at for at, _ in log.seen] == [0, 0, 0, 1, 2, 3]


async def test_who_resumes_lets_through_no_more_than_whoever_went_on() -> None:
    log = Log(Pace(resumes=True))
    await log.call("a", [CHAT], times=2)
    await asyncio.sleep(10)
    await log.call("a", [CHAT, WIDE], times=4)
    assert [at for at, _ in log.seen] == [1, 2, 12, 12.1, 12.2, 13]


async def test_no_budget_means_no_wait() -> None:
    pace = Pace()
    for _ in range(100):
        await pace.slot((), Rank.FRAME)
    assert now() == 0
    assert len(pace) == 0


async def test_turns_go_round_however_many_each_has_waiting() -> None:
    log = Log(Pace())
    async with asyncio.TaskGroup() as calls:
        for who, count in (("greedy", 6), ("b", 1), ("c", 1)):
            for _ in range(count):
                calls.create_task(log.call(who, [NARROW]))
    assert [who for _, who in log.seen][:4] == ["greedy", "greedy", "b", "c"]
    assert [at for at, _ in log.seen] == list(range(8))


async def test_within_one_answer_first_come_is_first_served() -> None:
    pace = Pace()
    order: list[int] = []

    async def call(number: int) -> None:
        await pace.slot([NARROW], Rank.FRAME, who="a")
        order.append(number)

    async with asyncio.TaskGroup() as calls:
        for number in range(5):
            calls.create_task(call(number))
    assert order == [0, 1, 2, 3, 4]


async def test_endings_go_before_people_and_people_before_frames() -> None:
    log = Log(Pace())
    await log.call("first", [NARROW])
    async with asyncio.TaskGroup() as calls:
        calls.create_task(log.call("frame", [NARROW], Rank.FRAME))
        calls.create_task(log.call("person", [NARROW], Rank.PERSON))
        calls.create_task(log.call("final", [NARROW], Rank.FINAL))
    assert [who for _, who in log.seen] == ["first", "final", "person", "frame"]


async def test_a_call_waits_for_all_its_scopes_and_draws_on_all_at_once() -> None:
    log = Log(Pace())
    async with asyncio.TaskGroup() as calls:
        calls.create_task(log.call("both", [WIDE, NARROW], times=3))
        calls.create_task(log.call("wide", [WIDE], times=20))
    both = [at for at, who in log.seen if who == "both"]
    assert both == pytest.approx([0, 1.1, 2.2], abs=0.11)
    assert log.seen[-1][0] == pytest.approx(2.2)  # 23 calls at 10 a second, the first at once


async def test_a_token_of_a_shared_scope_is_not_held_for_a_scarce_one() -> None:
    log = Log(Pace())
    await log.call("poor", [NARROW, WIDE])
    async with asyncio.TaskGroup() as calls:
        calls.create_task(log.call("poor", [WIDE, NARROW]))
        calls.create_task(log.call("rich", [WIDE], times=5))
    assert [at for at, who in log.seen if who == "rich"] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])


async def test_whoever_needs_two_scopes_is_not_passed_over_for_ever() -> None:
    log = Log(Pace())
    other = Budget(scope="other", rate=1.0)
    async with asyncio.TaskGroup() as calls:
        calls.create_task(log.call("one", [NARROW], times=10))
        calls.create_task(log.call("two", [other], times=10))
        calls.create_task(log.call("both", [NARROW, other], times=3))
    assert [at for at, who in log.seen if who == "both"][-1] <= 9


async def test_a_scope_named_twice_counts_once() -> None:
    log = Log(Pace())
    await log.call("a", [NARROW, NARROW], times=2)
    assert [at for at, _ in log.seen] == [0, 1]


async def test_a_pause_is_kept_by_everybody_in_the_scope_and_by_nobody_else() -> None:
    pace = Pace()
    log = Log(pace)
    pace.pause([CHAT], 150)
    async with asyncio.TaskGroup() as calls:
        for rank in Rank:
            calls.create_task(log.call(rank.name, [CHAT], rank))
        calls.create_task(log.call("elsewhere", [WIDE]))
    assert log.seen == [(0, "elsewhere"), (150, "FINAL"), (151, "PERSON"), (152, "FRAME")]


async def test_the_longest_of_several_pauses_wins() -> None:
    pace = Pace()
    pace.pause([NARROW], 10)
    pace.pause([NARROW], 30)
    pace.pause([NARROW], 5)
    await pace.slot([NARROW], Rank.FINAL)
    assert now() == pytest.approx(30)


async def test_a_pause_reaches_those_who_wait_already() -> None:
    pace = Pace()
    log = Log(pace)
    await log.call("a", [NARROW])
    async with asyncio.TaskGroup() as calls:
        calls.create_task(log.call("b", [NARROW]))
        await asyncio.sleep(0.5)
        pace.pause([NARROW], 20)
    assert log.seen[-1] == (20.5, "b")


async def test_a_pause_reaches_a_token_that_is_held_for_a_call_not_yet_made() -> None:
    pace = Pace()
    log = Log(pace)
    pace.pause([WIDE], 5)
    async with asyncio.TaskGroup() as calls:
        calls.create_task(log.call("a", [NARROW, WIDE]))  # has its narrow token, waits for a wide
        await asyncio.sleep(1)
        pace.pause([NARROW], 20)
    assert log.seen == [(21, "a")]


async def test_a_slot_given_back_goes_to_the_next_at_once() -> None:
    pace = Pace()
    log = Log(pace)
    await pace.slot([NARROW], Rank.FRAME)
    async with asyncio.TaskGroup() as calls:
        calls.create_task(log.call("next", [NARROW]))
        await asyncio.sleep(0.25)
        pace.give_back([NARROW])
    assert log.seen == [(0.25, "next")]


async def test_giving_back_neither_overfills_a_scope_nor_ends_its_pause() -> None:
    pace = Pace()
    log = Log(pace)
    pace.give_back([NARROW])
    await log.call("a", [NARROW], times=2)
    pace.pause([NARROW], 10)
    pace.give_back([NARROW])
    await log.call("a", [NARROW])
    assert [at for at, _ in log.seen] == [0, 1, 11]


async def test_a_cancelled_waiter_neither_takes_nor_loses_a_token() -> None:
    pace = Pace()
    log = Log(pace)
    await pace.slot([NARROW], Rank.FRAME)
    waiting = asyncio.ensure_future(log.call("gone", [NARROW]))
    async with asyncio.TaskGroup() as calls:
        calls.create_task(log.call("next", [NARROW]))
        await asyncio.sleep(0.5)
        waiting.cancel()
    assert log.seen == [(1, "next")]


async def test_a_slot_that_comes_in_the_moment_of_cancellation_is_the_next_ones() -> None:
    pace = Pace()
    log = Log(pace)
    await pace.slot([NARROW], Rank.FRAME)
    waiting = asyncio.ensure_future(log.call("gone", [NARROW]))
    await settled()
    following = asyncio.ensure_future(log.call("next", [NARROW]))
    await settled()
    pace.give_back([NARROW])  # grants it; it has not run yet
    waiting.cancel()
    await following
    assert log.seen == [(0, "next")]


async def test_a_cancelled_waiter_frees_what_it_held_elsewhere() -> None:
    pace = Pace()
    log = Log(pace)
    pace.pause([WIDE], 60)
    waiting = asyncio.ensure_future(log.call("gone", [NARROW, WIDE]))
    await settled()
    async with asyncio.TaskGroup() as calls:
        calls.create_task(log.call("next", [NARROW]))
        await asyncio.sleep(0.5)
        waiting.cancel()
    assert log.seen == [(0.5, "next")]


async def test_an_ending_takes_the_token_a_frame_only_holds() -> None:
    pace = Pace()
    log = Log(pace)
    pace.pause([WIDE], 60)
    async with asyncio.TaskGroup() as calls:
        calls.create_task(log.call("frame", [NARROW, WIDE]))
        await settled()
        calls.create_task(log.call("final", [NARROW], Rank.FINAL))
    assert log.seen == [(0, "final"), (60, "frame")]


async def test_what_an_ending_displaces_is_free_for_others() -> None:
    pace = Pace()
    log = Log(pace)
    middle = Budget(scope="middle", rate=5.0)
    pace.pause([WIDE], 60)
    async with asyncio.TaskGroup() as calls:
        calls.create_task(log.call("frame", [NARROW, middle, WIDE]))
        await settled()
        calls.create_task(log.call("waits", [middle]))
        await settled()
        calls.create_task(log.call("final", [NARROW], Rank.FINAL))
    assert log.seen == [(0, "final"), (0, "waits"), (60, "frame")]


async def test_frames_leave_to_booked_endings_what_they_need() -> None:
    pace = Pace()
    log = Log(pace)
    assert pace.book([CHAT], who="a")
    assert pace.book([CHAT], who="b")
    await log.call("frame", [CHAT], times=2)
    assert [at for at, _ in log.seen] == [0, 1]
    await log.call("final", [CHAT], Rank.FINAL, times=2)
    assert [at for at, _ in log.seen][2:] == [1, 1]


async def test_no_more_is_begun_than_can_be_ended_at_once() -> None:
    pace = Pace()
    assert [pace.book([CHAT], who=who) for who in "abcd"] == [True, True, True, False]
    assert pace.book([CHAT], who="a")  # its own booking holds
    pace.unbook(who="b")
    pace.unbook(who="b")
    pace.unbook(who="never booked")
    assert pace.book([CHAT], who="d")
    assert not pace.book([CHAT], who="e")


async def test_where_endings_come_soon_any_number_may_begin() -> None:
    pace = Pace()
    assert all(pace.book([WIDE], who=f"{number}") for number in range(1_000))


async def test_a_refused_booking_books_nowhere() -> None:
    pace = Pace()
    assert pace.book([NARROW], who="a")
    assert not pace.book([CHAT, NARROW], who="b")
    assert [pace.book([CHAT], who=who) for who in "cde"] == [True, True, True]


async def test_an_unbooked_ending_lets_frames_go_on_at_once() -> None:
    pace = Pace()
    log = Log(pace)
    pace.book([CHAT], who="a")
    await log.call("frame", [CHAT], times=2)
    async with asyncio.TaskGroup() as calls:
        calls.create_task(log.call("frame", [CHAT]))
        await asyncio.sleep(0.25)
        pace.unbook(who="a")
    assert log.seen[-1] == (0.25, "frame")


@pytest.mark.unmeasured
async def test_idle_scopes_are_forgotten() -> None:
    pace = Pace()
    for number in range(10_000):
        await pace.slot([Budget(scope=f"chat {number}", rate=1.0)], Rank.FINAL)
        await asyncio.sleep(0.5)
    assert len(pace) < 200


async def test_a_scope_that_matters_is_not_forgotten() -> None:
    pace = Pace()
    paused, booked = Budget(scope="paused", rate=1.0), Budget(scope="booked", rate=1.0)
    pace.pause([paused], 100)
    pace.book([booked], who="a")
    for number in range(500):
        await pace.slot([Budget(scope=f"chat {number}", rate=100.0)], Rank.FINAL)
        await asyncio.sleep(0.1)
    assert not pace.book([booked], who="b")
    await pace.slot([paused], Rank.FINAL)
    assert now() == pytest.approx(100)


async def test_a_budget_that_changes_is_followed() -> None:
    pace = Pace()
    log = Log(pace)
    await log.call("a", [CHAT], times=3)
    faster = Budget(scope="chat", rate=4.0, burst=1)
    await log.call("a", [faster], times=2)
    assert [at for at, _ in log.seen][3:] == [0.25, 0.5]


async def test_another_clock_can_be_given() -> None:
    loop = asyncio.get_running_loop()
    pace = Pace(clock=lambda: loop.time() + 1_000)
    pace.pause([NARROW], 5)
    await pace.slot([NARROW], Rank.FINAL)
    assert now() == pytest.approx(5)


async def test_a_thousand_share_one_scope_alike() -> None:
    log = Log(Pace())
    bot = Budget(scope="bot", rate=30.0, burst=30)
    async with asyncio.TaskGroup() as calls:
        for number in range(1_000):
            calls.create_task(log.call(str(number), [bot], times=3))
    assert set(Counter(who for _, who in log.seen[30:1_000]).values()) == {1}
    assert log.seen[-1][0] == pytest.approx((3_000 - 30) / 30)


async def test_a_token_that_is_held_still_fills_its_bucket() -> None:
    log = Log(Pace())
    log.pace.pause([WIDE], 60)
    async with asyncio.TaskGroup() as calls:
        calls.create_task(log.call("both", [NARROW, WIDE]))  # holds its narrow token for a minute
        await asyncio.sleep(30)
        calls.create_task(log.call("narrow", [NARROW], times=2))
    assert log.seen == [(60, "both"), (61, "narrow"), (62, "narrow")]


async def test_a_short_pause_is_no_way_to_an_extra_call() -> None:
    log = Log(Pace())
    await log.call("a", [NARROW])
    log.pace.pause([NARROW], 0.1)
    await log.call("a", [NARROW])
    assert [at for at, _ in log.seen] == [0, 1]
