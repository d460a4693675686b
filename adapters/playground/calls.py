"""The bot's calls to the platform: each takes its time, is counted, may be refused, is listed."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from adapters.playground.behaviour import Behaviour, Call
from adapters.playground.gate import Gate
from adapters.playground.room import Room
from bot.events import Place
from bot.surface import (
    Budget,
    Expired,
    Forbidden,
    Gone,
    Intend,
    Rank,
    RateLimited,
    Slots,
    Stopped,
    SurfaceError,
    Unreachable,
    nothing,
)

LISTED = 200  # calls that a new tab is shown
T = TypeVar("T")
_OUTCOMES: dict[type[SurfaceError], str] = {
    Gone: "gone",
    Forbidden: "forbidden",
    Expired: "expired",
    Stopped: "stopped",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """One call in words: `kind` is what it is counted as, `detail` a few facts for the list."""

    verb: str
    kind: Call
    detail: str = ""
    rank: Rank = Rank.PERSON
    who: str = ""


class Calls:
    """The way to the room for the bot, and the list of who went it."""

    def __init__(self, room: Room, slots: Slots, gate: Gate) -> None:
        self.room = room
        self.recent: deque[dict[str, object]] = deque(maxlen=LISTED)
        self._slots = slots
        self._gate = gate

    def budgets(self, kind: Call, place: Place, behaviour: Behaviour) -> tuple[Budget, ...]:
        return behaviour.budgets(kind, place.chat.id, private=place.chat.private)

    async def make(
        self, doing: Doing, place: Place, behaviour: Behaviour, act: Callable[[], T]
    ) -> T:
        """One call whose slot has been taken. Raises SurfaceError."""
        started = time.perf_counter()
        outcome = "cut off"
        try:
            await asyncio.sleep(behaviour.latency / 2)
            if behaviour.enforced:
                budgets = self.budgets(doing.kind, place, behaviour)
                self._gate.admit(budgets, behaviour.penalty)
            self._admit(place)
            done = act()
            await asyncio.sleep(behaviour.latency / 2)
        except RateLimited as limited:
            outcome = f"rate limited {limited.retry_after:.3g} s"
            raise
        except SurfaceError as error:
            outcome = _OUTCOMES.get(type(error), str(error))
            raise
        except OSError as error:  # the journal's disk is full
            outcome = "unreachable"
            raise Unreachable(sent=False) from error
        else:
            outcome = "ok"
            return done
        finally:
            self._list(doing, place, started, outcome)

    async def take(
        self,
        doing: Doing,
        place: Place,
        behaviour: Behaviour,
        act: Callable[[], T],
        intend: Intend = nothing,
    ) -> T:
        """One call with its slot. A 429 silences its scopes for everybody and is raised."""
        budgets = self.budgets(doing.kind, place, behaviour)
        await self._slots.slot(budgets, doing.rank, who=doing.who)
        await intend()
        try:
            return await self.make(doing, place, behaviour, act)
        except RateLimited as limited:
            blamed = [budget for budget in budgets if budget.scope == limited.scope]
            self._slots.pause(blamed, limited.retry_after)
            raise

    async def take_patiently(
        self,
        doing: Doing,
        place: Place,
        behaviour: Behaviour,
        act: Callable[[], T],
        intend: Intend = nothing,
    ) -> T:
        """`take`, and after a 429 once more: nothing was done, and nothing newer is waiting."""
        try:
            return await self.take(doing, place, behaviour, act, intend)
        except RateLimited:
            return await self.take(doing, place, behaviour, act, intend)

    def _admit(self, place: Place) -> None:
        chat = place.chat
        if chat.workspace != self.room.id or not self.room.has_chat(chat.id):
            raise Forbidden("the bot is not in this chat")

    def _list(self, doing: Doing, place: Place, started: float, outcome: str) -> None:
        took = (time.perf_counter() - started) * 1000
        call: dict[str, object] = {
            "at": round(time.time() * 1000),
            "verb": doing.verb,
            "chat": place.chat.id,
            "who": place.user.id,
            "took": round(took, 1),
            "outcome": outcome,
            "detail": doing.detail,
        }
        self.recent.append(call)
        self.room.feed.publish({"op": "call", "call": call})
