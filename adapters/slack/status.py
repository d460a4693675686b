"""What passes while an answer is on its way: the agent's session with Slack's Stop, or a line.

A session says "processing" until somebody ends it, so it is begun only where its end is booked. It
goes on while words grow, and its end goes along with theirs where a stream is stopped anyway.
"""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from adapters.slack import limits
from adapters.slack.remembered import Remembered
from adapters.slack.spot import Spot
from bot.surface import Activity, Rank, RateLimited, SurfaceError, Unreachable

AGAIN: Final = 8.0
"""Seconds after which a status is looked at again: where there was no room for a session, and so no
Stop, there may be by then."""

LINE_FADES: Final = 90.0
"""Seconds after which a line is shown again: Slack takes it away after 2 minutes."""

AT_ONCE: Final = 0.3
"""Seconds that a session may wait for its turn: a line says the same, and says it now."""

PATIENCE: Final = 2.0
"""Seconds that a status may take: later there is something else to be seen."""

ACTIVE: Final = "active"

SWEEP: Final = 5.0  # seconds between looks at sessions that could not be ended in their time
SKEW: Final = 60.0  # seconds that Slack's clock and ours may be apart

_MOST: Final = 10_000  # threads that are remembered
_LEFT: Final = 1000  # sessions that wait for their end

_Key: TypeAlias = tuple[str, str, str]


@dataclass(slots=True)
class _Thread:
    """`at_work`: for whom the session says "processing"; `done`: those of them for whom it is over
    as soon as what grows has ended; `growing`: messages by person; `line`: the words that are shown
    since `line_at`."""

    at_work: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)
    growing: Counter[str] = field(default_factory=Counter)
    line: str = ""
    line_at: float = 0.0  # loop time

    @property
    def is_idle(self) -> bool:
        return not (self.at_work or self.growing or self.line)


class Statuses:
    """One for each thread, whoever asked in it. Nothing is shown where there is no thread.

    `resumes`: a process before this one may have been killed with sessions that nobody ended.
    """

    def __init__(self, *, resumes: bool = False) -> None:
        self._threads: dict[_Key, _Thread] = {}
        self._left: dict[_Key, Spot] = {}  # sessions whose end did not come through
        self._before = time.time() + SKEW if resumes else 0.0
        self._known: Remembered[_Key, bool] = Remembered(_MOST)  # said something of by ourselves

    async def run(self) -> None:
        """Until cancelled: end what could not be ended in its time."""
        while True:
            await asyncio.sleep(SWEEP)
            for key, spot in [*self._left.items()]:
                await self._end_one(key, spot)

    async def show(self, spot: Spot, words: str, doing: Activity) -> None:
        if not spot.chat.thread or spot.place.only_user:
            return
        thread = self._threads.setdefault(_key(spot), _Thread())
        works = doing != "speaking" and await self._begin(spot, thread)
        if not thread.growing[spot.place.user.id]:  # else the words that grow say more
            line = words if not works or doing == "waiting" else ""
            if line != thread.line or (line and _now() >= thread.line_at + LINE_FADES):
                await self._tell(spot, thread, line)
        await self._end_left(spot)

    async def end(self, spot: Spot) -> None:
        thread = self._threads.get(_key(spot))
        if thread is None:
            if self._may_be_left(spot):
                self._leave(spot)
                await self._end_session(spot)
            return
        user = spot.place.user.id
        try:
            if user in thread.at_work and thread.growing[user]:
                thread.done.add(user)  # by whatever ends that
            else:
                await self._stop_work(spot, thread)
            if thread.line:
                await self._tell(spot, thread, "")
        finally:
            thread.line = ""  # what could not be taken away goes by itself
            self._forget(spot, thread)

    def has_stop(self, spot: Spot) -> bool:
        """Whether Slack's own Stop is to be seen."""
        thread = self._threads.get(_key(spot))
        return thread is not None and bool(thread.at_work)

    def said(self, spot: Spot) -> None:
        """A message has come, which takes the line away."""
        if thread := self._threads.get(_key(spot)):
            thread.line = ""

    def begin_growing(self, spot: Spot) -> None:
        self._threads.setdefault(_key(spot), _Thread()).growing[spot.place.user.id] += 1

    async def end_growing(self, spot: Spot) -> None:
        """Ends the session, too, if the answer is over."""
        thread, user = self._threads[_key(spot)], spot.place.user.id
        thread.growing -= Counter([user])
        try:
            if user in thread.done and not thread.growing[user]:
                thread.done.discard(user)
                await self._stop_work(spot, thread)
        finally:
            self._forget(spot, thread)

    def ending(self, spot: Spot, *, last: bool) -> str | None:
        """The state in which the end of a stream leaves the session; None when it goes on.

        `last`: with this message the answer is over.
        """
        thread = self._threads.get(_key(spot))
        user = spot.place.user.id
        if thread is None or thread.at_work != {user}:
            return None
        return ACTIVE if last or user in thread.done else None

    def ended(self, spot: Spot) -> None:
        """The session is over by the end of a stream."""
        thread, user = self._threads[_key(spot)], spot.place.user.id
        thread.at_work.discard(user)
        thread.done.discard(user)
        spot.slots.unbook(who=_who(spot))

    # The session

    async def _begin(self, spot: Spot, thread: _Thread) -> bool:
        user, budgets = spot.place.user.id, limits.session(spot.team)
        if thread.at_work:
            thread.at_work.add(user)
            return True
        if not spot.features.sessions or not spot.slots.book(budgets, who=_who(spot)):
            return False
        try:
            if await self._say_processing(spot):
                thread.at_work.add(user)
                self._left.pop(_key(spot), None)
                self._known.put(_key(spot), True)
        except (Unreachable, TimeoutError):
            thread.at_work.add(user)  # perhaps, so that it is ended for sure
            return False
        finally:
            if not thread.at_work:
                spot.slots.unbook(who=_who(spot))
        return bool(thread.at_work)

    async def _say_processing(self, spot: Spot) -> bool:
        """False where there is no room, or none may be. Raises Unreachable, TimeoutError."""
        chat, user, budgets = spot.chat, spot.place.user.id, limits.session(spot.team)
        turn = spot.turn(Rank.FRAME)
        try:
            async with asyncio.timeout(AT_ONCE):
                await turn.come(budgets)
        except TimeoutError:
            return False
        try:
            async with asyncio.timeout(PATIENCE):
                await turn.make(
                    budgets,
                    lambda: spot.calls.session_status(
                        chat.id, chat.thread, "processing", initiator=user
                    ),
                )
        except Unreachable:
            raise
        except SurfaceError:
            return False
        return True

    async def _stop_work(self, spot: Spot, thread: _Thread) -> None:
        """Slack does not end a session by itself, not even with the message that follows."""
        if spot.place.user.id not in thread.at_work:
            return
        thread.at_work.discard(spot.place.user.id)
        if not thread.at_work:
            self._leave(spot)
            await self._end_session(spot)

    def _leave(self, spot: Spot) -> None:
        """Remember that its session is to be ended."""
        if len(self._left) < _LEFT:
            self._left[_key(spot)] = spot

    def _may_be_left(self, spot: Spot) -> bool:
        """Whether a process before this one may have begun a session there, and not ended it."""
        thread, known = spot.chat.thread, self._known.get(_key(spot))
        if known or spot.place.only_user or not spot.features.sessions:
            return False
        return thread.replace(".", "", 1).isdecimal() and float(thread) < self._before

    async def _end_session(self, spot: Spot) -> None:
        """What may still come to pass is left for later."""
        chat, budgets = spot.chat, limits.session(spot.team)
        try:
            async with asyncio.timeout(PATIENCE):
                await spot.turn(Rank.FINAL).make(
                    budgets, lambda: spot.calls.session_status(chat.id, chat.thread, ACTIVE)
                )
        except (RateLimited, Unreachable, TimeoutError):
            return
        except SurfaceError:
            pass  # Slack lets nobody end it
        finally:
            spot.slots.unbook(who=_who(spot))
        self._left.pop(_key(spot), None)
        self._known.put(_key(spot), True)

    async def _end_left(self, spot: Spot) -> None:
        """One session of the workspace that could not be ended in its time."""
        for key, other in self._left.items():
            if key[0] == spot.team and key != _key(spot):
                await self._end_one(key, other)
                return

    async def _end_one(self, key: _Key, spot: Spot) -> None:
        thread = self._threads.get(key)
        if key in self._left and (thread is None or not thread.at_work):
            await self._end_session(spot)

    # The line

    async def _tell(self, spot: Spot, thread: _Thread, words: str) -> None:
        if not spot.features.thread_status:
            return
        chat = spot.chat
        try:
            async with asyncio.timeout(PATIENCE):
                await spot.turn(Rank.FRAME if words else Rank.PERSON).make(
                    limits.status(spot.team),
                    lambda: spot.calls.thread_status(chat.id, chat.thread, words),
                )
        except (SurfaceError, TimeoutError):
            return  # it goes by itself
        thread.line, thread.line_at = words, _now()

    def _forget(self, spot: Spot, thread: _Thread) -> None:
        if thread.is_idle:
            self._threads.pop(_key(spot), None)


def _key(spot: Spot) -> _Key:
    return spot.team, spot.chat.id, spot.chat.thread


def _now() -> float:
    return asyncio.get_running_loop().time()


def _who(spot: Spot) -> str:
    return f"session:{':'.join(_key(spot))}"
