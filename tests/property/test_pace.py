"""Whatever is asked for and whenever: budgets hold, quiet is kept, ranks and turns count."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import inf

from hypothesis import given
from hypothesis import strategies as st

from bot.pace import Pace
from bot.surface import Budget, Rank
from tests.fakes.clock import VirtualTimeLoop

# Two of them equally scarce, so that their order is decided by name.
BUDGETS = (
    Budget(scope="a", rate=0.5, burst=2),
    Budget(scope="b", rate=0.5, burst=1),
    Budget(scope="c", rate=3.0, burst=3),
)
SLACK = 1e-4  # sums of floats are not exact


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A slot that somebody wants from `at` on, or a pause when `quiet` is given."""

    at: float
    budgets: tuple[Budget, ...]
    rank: Rank
    who: str
    patience: float
    quiet: float | None
    given_back: bool
    booked: bool


@dataclass(frozen=True, slots=True)
class Grant:
    wish: Wish
    at: float


delays = st.sampled_from([0.0, 0.0, 0.1, 0.37, 2.0, 7.5])
wishes = st.builds(
    Wish,
    at=delays,
    budgets=st.lists(st.sampled_from(BUDGETS), min_size=1, max_size=3, unique=True).map(tuple),
    rank=st.sampled_from(Rank),
    who=st.sampled_from("xyz"),
    patience=st.sampled_from([inf, inf, 0.0, 0.5, 2.0]),
    quiet=st.one_of(st.none(), st.none(), st.none(), st.sampled_from([0.0, 0.3, 4.0, 20.0])),
    given_back=st.sampled_from([False, False, False, True]),
    booked=st.booleans(),
)


def run(play: Coroutine[object, object, None]) -> None:
    loop = VirtualTimeLoop()
    try:
        loop.run_until_complete(play)
    finally:
        loop.close()


class Stage:
    """Plays wishes in one pace and notes what came of them."""

    def __init__(self) -> None:
        self.pace = Pace()
        self.grants: list[Grant] = []
        self.pauses: list[tuple[str, float, float]] = []
        self.began: dict[int, float] = {}
        self.gave_up: dict[int, float] = {}

    async def play(self, wishes: Sequence[Wish]) -> None:
        async with asyncio.TaskGroup() as calls:
            for wish in wishes:
                await asyncio.sleep(wish.at)
                if wish.quiet is None:
                    calls.create_task(self._call(wish))
                else:
                    self.pace.pause(wish.budgets, wish.quiet)
                    self.pauses += [
                        (budget.scope, now(), now() + wish.quiet) for budget in wish.budgets
                    ]

    async def _call(self, wish: Wish) -> None:
        self.began[id(wish)] = now()
        booked = wish.booked and self.pace.book(wish.budgets, who=f"{id(wish)}")
        with suppress(TimeoutError):
            async with asyncio.timeout(wish.patience if wish.patience < inf else None):
                await self.pace.slot(wish.budgets, wish.rank, who=wish.who)
                if wish.given_back:
                    self.pace.give_back(wish.budgets)
                else:
                    self.grants.append(Grant(wish, now()))
        self.gave_up[id(wish)] = now()
        if booked:
            self.pace.unbook(who=f"{id(wish)}")


def now() -> float:
    return asyncio.get_running_loop().time()


@given(st.lists(wishes, max_size=25))
def test_no_window_ever_sees_more_than_burst_and_rate_allow(wanted: list[Wish]) -> None:
    stage = Stage()
    run(stage.play(wanted))
    for budget in BUDGETS:
        times = [grant.at for grant in stage.grants if budget in grant.wish.budgets]
        for first, start in enumerate(times):
            for last, end in enumerate(times[first:], start=1):
                assert last <= budget.burst + budget.rate * (end - start) + SLACK


@given(st.lists(wishes, max_size=25))
def test_a_pause_is_kept_by_everybody(wanted: list[Wish]) -> None:
    stage = Stage()
    run(stage.play(wanted))
    for scope, start, end in stage.pauses:
        for grant in stage.grants:
            if any(budget.scope == scope for budget in grant.wish.budgets):
                assert not start + SLACK < grant.at < end - SLACK


@given(st.lists(wishes, max_size=25))
def test_nobody_who_is_patient_is_passed_over_for_ever(wanted: list[Wish]) -> None:
    stage = Stage()
    run(stage.play(wanted))  # ends: a lost wake-up would be a deadlock
    granted = {id(grant.wish) for grant in stage.grants}
    for wish in wanted:
        if wish.quiet is None and wish.patience == inf and not wish.given_back:
            assert id(wish) in granted


@given(st.lists(wishes, max_size=25))
def test_nobody_goes_before_a_higher_rank_that_needs_no_more(wanted: list[Wish]) -> None:
    stage = Stage()
    run(stage.play(wanted))
    for grant in stage.grants:
        for wish in wanted:
            waits = (
                wish.rank < grant.wish.rank
                and set(wish.budgets) <= set(grant.wish.budgets)
                and stage.began.get(id(wish), inf) < grant.at - SLACK
                and stage.gave_up[id(wish)] > grant.at + SLACK
            )
            assert not waits


@given(st.lists(wishes, max_size=25))
def test_afterwards_every_bucket_is_as_full_as_ever(wanted: list[Wish]) -> None:
    stage = Stage()

    async def play() -> None:
        await stage.play(wanted)
        await asyncio.sleep(1_000)
        for budget in BUDGETS:
            begun = now()
            for _ in range(budget.burst):
                await stage.pace.slot([budget], Rank.FRAME)
            assert now() == begun
            await stage.pace.slot([budget], Rank.FINAL)
            assert abs(now() - begun - 1 / budget.rate) < SLACK

    run(play())


@given(
    st.dictionaries(st.sampled_from("uvwxyz"), st.integers(1, 8), min_size=2),
    st.sampled_from(BUDGETS),
    st.sampled_from(Rank),
)
def test_every_answer_gets_its_share(waiting: dict[str, int], budget: Budget, rank: Rank) -> None:
    pace = Pace()
    order: list[str] = []

    async def call(who: str) -> None:
        await pace.slot([budget], rank, who=who)
        order.append(who)

    async def play() -> None:
        pace.pause([budget], 10)
        async with asyncio.TaskGroup() as calls:
            for who, count in waiting.items():
                for _ in range(count):
                    calls.create_task(call(who))

    run(play())
    had: Counter[str] = Counter()
    for who in order:
        had[who] += 1
        others = [had[other] for other in waiting if had[other] < waiting[other]]
        assert had[who] <= min(others, default=had[who]) + 1
