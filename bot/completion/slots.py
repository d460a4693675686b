"""A cap on open requests with a fair queue: round robin over end users, first come within one."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

MAX_STREAMS = 8
"""A self-hosted Dify carries ten requests by default; ten open streams leave none for stop."""

Waiting = Callable[[int], None]


class Slots:
    """At most `limit` holders at a time."""

    def __init__(self, limit: int = MAX_STREAMS) -> None:
        if limit < 1:
            raise ValueError("at least one slot is needed")
        self._limit = limit
        self._held = 0
        # Users in the order of their next turn; nobody is in here without somebody waiting.
        self._queues: dict[str, deque[_Waiter]] = {}

    @property
    def held(self) -> int:
        return self._held

    @property
    def queued(self) -> int:
        return sum(map(len, self._queues.values()))

    @asynccontextmanager
    async def take(self, user: str, waiting: Waiting | None = None) -> AsyncIterator[None]:
        """Hold a slot for the duration of the block.

        `waiting(n)` is told at once, and whenever it changes, how many have to go before: 1 is
        the next in line, 0 is your turn. It runs in the task that waits.
        """
        tell = waiting or _nobody
        if self._held < self._limit:
            self._held += 1
        else:
            await self._wait(user, tell)
        try:
            tell(0)
            yield
        finally:
            self._give_back()

    async def _wait(self, user: str, tell: Waiting) -> None:
        waiter = _Waiter()
        self._queues.setdefault(user, deque()).append(waiter)
        self._renumber()
        told = 0
        try:
            while not waiter.admitted:
                if waiter.before != told:
                    told = waiter.before
                    tell(told)
                waiter.changed.clear()
                await waiter.changed.wait()
        except BaseException:
            self._leave(user, waiter)
            raise

    def _leave(self, user: str, waiter: "_Waiter") -> None:
        if waiter.admitted:
            # The slot came in the same moment as the cancellation: it belongs to the next.
            self._give_back()
            return
        queue = self._queues[user]
        queue.remove(waiter)
        if not queue:
            del self._queues[user]
        self._renumber()

    def _give_back(self) -> None:
        if not self._queues:
            self._held -= 1
            return
        user = next(iter(self._queues))
        queue = self._queues.pop(user)
        queue.popleft().admit()
        if queue:
            self._queues[user] = queue
        self._renumber()

    def _renumber(self) -> None:
        for before, waiter in enumerate(self._in_turn(), start=1):
            waiter.move_to(before)

    def _in_turn(self) -> "Iterator[_Waiter]":
        rounds = [iter(queue) for queue in self._queues.values()]
        while rounds:
            remaining = []
            for queue in rounds:
                if (waiter := next(queue, None)) is not None:
                    yield waiter
                    remaining.append(queue)
            rounds = remaining


class _Waiter:
    def __init__(self) -> None:
        self.before = 0
        self.admitted = False
        self.changed = asyncio.Event()

    def move_to(self, before: int) -> None:
        if before != self.before:
            self.before = before
            self.changed.set()

    def admit(self) -> None:
        self.admitted = True
        self.changed.set()


def _nobody(_before: int) -> None:
    pass
