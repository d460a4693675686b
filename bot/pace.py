"""Shared budgets: who may call a platform next, and when.

Whoever waits collects one token in each of its scopes, the scarcest first, so that a token of a
scope many share is never held for one few share. It sits in the queue of the scope it waits for.
A token held still fills its bucket: no window ever sees more than the burst and the rate allow.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from math import ceil, inf
from operator import attrgetter

from bot.surface import Budget, Rank

_TOLERANCE = 1e-6
"""Seconds or tokens: timers fire a clock tick early, and sums of floats are not exact."""

_SCARCE = 2.0
"""Calls a second below which endings are booked; above, they come in their turn soon enough."""

_BEHIND = 0.004
"""Seconds after a beat that frames are granted: what is read at the beat is to be on them."""

_FEW = 64
"""Scopes that are remembered without looking for idle ones."""


_RANKS = sorted(Rank)
_SCARCEST_FIRST = attrgetter("scarcity")


class Pace:
    """The slots of one process; fulfils `bot.surface.Slots`.

    A budget's scope is made when first named, follows the latest rate and burst it is given, and
    is forgotten once it is full and nobody is interested. A scope named twice in one call counts
    once. Rates are above 0.
    """

    def __init__(
        self,
        clock: Callable[[], float] | None = None,
        *,
        resumes: bool = False,
        beat: float = 0.0,
    ) -> None:
        """`clock` tells seconds; the running loop's own unless given.

        `beat`: frames that had to wait are granted at moments so many seconds apart, the same for
        everybody: waking up costs as much as painting one. 0 grants each as soon as it may be.
        `resumes`: a process before this one may have spent everything a moment ago, which nobody
        wrote down; so the buckets are empty now, and made later have what has grown since now.
        """
        self._clock = clock
        self._beat = beat
        self._empty_at = self._now() if resumes else -inf
        self._scopes: dict[str, _Scope] = {}
        self._booked: dict[str, list[_Scope]] = {}
        self._look_at = _FEW

    def __len__(self) -> int:
        """How many scopes are remembered."""
        return len(self._scopes)

    async def slot(self, budgets: Sequence[Budget], rank: Rank, *, who: str = "") -> None:
        scopes = self._named(budgets)
        if not scopes:
            return
        waiter = _Waiter(scopes, rank, who)
        waiter.begin()
        if waiter.granted:
            return
        waiter.wake = asyncio.get_running_loop().create_future()
        try:
            await waiter.wake
        except asyncio.CancelledError:
            waiter.leave()
            raise

    def give_back(self, budgets: Sequence[Budget]) -> None:
        for scope in self._named(budgets):
            scope.give_back()

    def pause(self, budgets: Sequence[Budget], seconds: float) -> None:
        for scope in self._named(budgets):
            scope.pause(seconds)

    def book(self, budgets: Sequence[Budget], *, who: str) -> bool:
        if who in self._booked:
            return True
        scopes = self._named([budget for budget in budgets if budget.rate < _SCARCE])
        if any(scope.bookings >= scope.burst for scope in scopes):
            return False
        for scope in scopes:
            scope.bookings += 1
        self._booked[who] = scopes
        return True

    def unbook(self, *, who: str) -> None:
        for scope in self._booked.pop(who, ()):
            scope.bookings -= 1
            scope.serve()

    def _named(self, budgets: Sequence[Budget]) -> "list[_Scope]":
        """The scopes in the one order in which everybody collects: no two wait for each other."""
        if len(self._scopes) >= self._look_at:
            self._forget_idle()
        if len(budgets) == 1:
            return [self._scope(budgets[0])]
        return sorted({self._scope(budget) for budget in budgets}, key=_SCARCEST_FIRST)

    def _scope(self, budget: Budget) -> "_Scope":
        scope = self._scopes.get(budget.scope)
        if scope is None:
            now = self._clock or asyncio.get_running_loop().time
            scope = self._scopes[budget.scope] = _Scope(budget, now, self._empty_at, self._beat)
        elif (scope.rate, scope.burst) != (budget.rate, budget.burst):
            scope.change(budget)
        return scope

    def _forget_idle(self) -> None:
        # Looking only when their number has doubled makes it cheap on the average.
        self._scopes = {name: scope for name, scope in self._scopes.items() if not scope.is_idle()}
        self._look_at = max(_FEW, 2 * len(self._scopes))

    def _now(self) -> float:
        return self._clock() if self._clock else asyncio.get_running_loop().time()


class _Waiter:
    """One call to be made: the scopes it needs, and how many of their tokens it has."""

    __slots__ = ("granted", "held", "rank", "scopes", "wake", "who")

    def __init__(self, scopes: "list[_Scope]", rank: Rank, who: str) -> None:
        self.scopes = scopes
        self.rank = rank
        self.who = who
        self.held = 0
        self.granted = False
        self.wake: asyncio.Future[None] | None = None

    def begin(self) -> None:
        for scope in self.scopes:
            scope.watchers += 1
        self._collect()

    def advance(self) -> None:
        """A token was given: on to the next scope, or the call may be made."""
        self.held += 1
        self._collect()

    def _collect(self) -> None:
        while self.held < len(self.scopes):
            scope = self.scopes[self.held]
            if not scope.is_free(self.rank):
                scope.join(self)
                return
            scope.hold(self)
            self.held += 1
        self.granted = True
        if self.wake is not None and not self.wake.done():
            self.wake.set_result(None)
        for scope in self.scopes:
            scope.watchers -= 1
            scope.spend(self)
        _serve(self.scopes)

    def fall_back(self, scope: "_Scope") -> None:
        """The token of `scope` was taken back: first in its queue, without those got later."""
        self.scopes[self.held].let_go(self)
        first = self.scopes.index(scope)
        later = self.scopes[first + 1 : self.held]
        self.held = first
        scope.take_back(self)
        for other in later:
            other.put_back(self)
        _serve(later)

    def leave(self) -> None:
        """The call will not be made; granted in the same moment, the slot is the next one's."""
        if self.granted:
            for scope in self.scopes:
                scope.give_back()
            return
        self.scopes[self.held].let_go(self)
        for scope in self.scopes[: self.held]:
            scope.put_back(self)
        for scope in self.scopes:
            scope.watchers -= 1
        _serve(self.scopes)


def _serve(scopes: "list[_Scope]") -> None:
    # Only once all of them are in order: what one gives out may reach into the others.
    for scope in scopes:
        scope.serve()


class _Turns:
    """Waiters of one rank in one scope: answers in turn, first come first served within one."""

    __slots__ = ("queues",)

    def __init__(self) -> None:
        self.queues: OrderedDict[str, deque[_Waiter]] = OrderedDict()

    def add(self, waiter: _Waiter) -> None:
        self.queues.setdefault(waiter.who, deque()).append(waiter)

    def add_first(self, waiter: _Waiter) -> None:
        self.queues.setdefault(waiter.who, deque()).appendleft(waiter)
        self.queues.move_to_end(waiter.who, last=False)

    def take(self) -> _Waiter:
        who, queue = self.queues.popitem(last=False)
        waiter = queue.popleft()
        if queue:
            self.queues[who] = queue
        return waiter

    def remove(self, waiter: _Waiter) -> None:
        queue = self.queues[waiter.who]
        queue.remove(waiter)
        if not queue:
            del self.queues[waiter.who]


class _Scope:
    """One bucket: its tokens, who waits for one, and who holds one while waiting elsewhere."""

    def __init__(
        self, budget: Budget, now: Callable[[], float], empty_at: float, beat: float
    ) -> None:
        self.rate = budget.rate
        self.burst = max(1, budget.burst)
        self.bookings = 0
        self.watchers = 0
        self._turns = {rank: _Turns() for rank in _RANKS}
        self._waiting = 0
        # Fixed, so that the order in which scopes are collected never changes under a waiter.
        self.scarcity = (budget.rate, budget.scope)
        self._now = now
        self._beat = beat
        self._tokens = min(float(self.burst), (now() - empty_at) * self.rate)
        self._filled_at = now()  # in the future while the scope is paused
        self._holders: dict[_Waiter, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = inf
        self._serving = False

    def change(self, budget: Budget) -> None:
        self._fill()
        self.rate, self.burst = budget.rate, max(1, budget.burst)
        self._tokens = min(self._tokens, self._room)
        self.serve()

    def is_idle(self) -> bool:
        """Full, unpaused, and nobody counts on it: a new scope would be the same."""
        now = self._fill()
        paused = self._filled_at > now
        return not (paused or self.watchers or self.bookings) and self._tokens >= self.burst

    def is_free(self, rank: Rank) -> bool:
        """Whether there is a token to be had, and nobody to wait behind."""
        if self._waiting or self._filled_at - self._fill() > _TOLERANCE:
            return False
        return self._tokens >= self._needed(rank) - _TOLERANCE

    def hold(self, waiter: _Waiter) -> None:
        """Give it a token."""
        self._tokens -= 1
        self._holders[waiter] = None

    def join(self, waiter: _Waiter) -> None:
        self._waiting += 1
        self._turns[waiter.rank].add(waiter)
        self.serve()

    def take_back(self, waiter: _Waiter) -> None:
        """First in its queue again."""
        self._waiting += 1
        self._turns[waiter.rank].add_first(waiter)

    def let_go(self, waiter: _Waiter) -> None:
        """It does not wait here any longer."""
        self._waiting -= 1
        self._turns[waiter.rank].remove(waiter)

    def spend(self, waiter: _Waiter) -> None:
        """The call is made: the token held for it is gone."""
        self._fill()
        del self._holders[waiter]

    def put_back(self, waiter: _Waiter) -> None:
        """The token held for a call that is not made is anybody's again."""
        self._fill()
        del self._holders[waiter]
        self._tokens = min(self._tokens + 1, self._room)

    def give_back(self) -> None:
        # A scope that was paused since then has nothing to give.
        if self._filled_at <= self._fill():
            self._tokens = min(self._tokens + 1, self._room)
        self.serve()

    def pause(self, seconds: float) -> None:
        """Empty until then; at its end there is one token, if it has had the time to grow."""
        now = self._fill()
        if now + seconds < self._filled_at:
            return
        self._tokens = min(1.0, self.rate * seconds)
        self._filled_at = now + seconds
        while self._holders:
            holder, _ = self._holders.popitem()
            holder.fall_back(self)
        self.serve()

    def serve(self) -> None:
        """Give out what there is, and come again when there will be more."""
        if self._serving or not (self._waiting or self._timer):
            return  # called from within, and the loop below looks again; or nobody waits
        self._serving = True
        while (rank := self._first_rank()) is not None and self._has_token(rank):
            waiter = self._turns[rank].take()
            self._waiting -= 1
            self.hold(waiter)
            waiter.advance()
        self._serving = False
        self._set_timer(rank)

    @property
    def _room(self) -> int:
        return self.burst - len(self._holders)

    def _fill(self) -> float:
        """Add what has grown since; returns the time."""
        now = self._now()
        if now > self._filled_at:
            grown = (now - self._filled_at) * self.rate
            self._tokens = min(self._tokens + grown, float(self._room))
            self._filled_at = now
        return now

    def _first_rank(self) -> Rank | None:
        if self._waiting:
            for rank, turns in self._turns.items():
                if turns.queues:
                    return rank
        return None

    def _needed(self, rank: Rank) -> int:
        """Tokens that must be there for one to be taken: frames leave the endings theirs."""
        return 1 + (min(self.bookings, self.burst - 1) if rank is Rank.FRAME else 0)

    def _has_token(self, rank: Rank) -> bool:
        if self._filled_at - self._fill() > _TOLERANCE:
            return False
        if self._tokens >= self._needed(rank) - _TOLERANCE:
            return True
        return self._take_back(rank)

    def _take_back(self, rank: Rank) -> bool:
        """Whoever goes first need not wait for one that only holds its token here."""
        for holder in self._holders:
            if holder.rank > rank:
                del self._holders[holder]
                self._tokens += 1
                holder.fall_back(self)
                return True
        return False

    def _set_timer(self, rank: Rank | None) -> None:
        due = inf
        if rank is not None and (needed := self._needed(rank)) <= self._room:
            # What is held comes back by a call; only what grows needs a timer.
            due = self._filled_at + max(0.0, needed - self._tokens) / self.rate
            if rank is Rank.FRAME:
                due = self._on_the_beat(due)
        if self._timer is not None:
            if abs(due - self._timer_at) < _TOLERANCE:
                return
            self._timer.cancel()
            self._timer = None
        self._timer_at = due
        if due < inf:
            delay = max(0.0, due - self._now())
            self._timer = asyncio.get_running_loop().call_later(delay, self._come_again)

    def _on_the_beat(self, due: float) -> float:
        """The next common moment, unless tokens would run over until then."""
        if not 0 < self._beat * self.rate <= self.burst:
            return due
        return ceil((due - _BEHIND - _TOLERANCE) / self._beat) * self._beat + _BEHIND

    def _come_again(self) -> None:
        self._timer = None
        self.serve()
