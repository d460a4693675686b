"""The parts that tell each step, for whoever hunts a fault; each takes the place of a silent one.

They say what happened, when, and how long it took: never what somebody wrote, nor a secret.
"""

import asyncio
from collections.abc import Sequence

import httpx

from bot import observe
from bot.completion.transport import Transport
from bot.events import Action, Command, Event
from bot.lanes import Lanes, Perform, Verdict
from bot.pace import Pace
from bot.service.cases import NAMES
from bot.store.records import Work
from bot.surface import Accept, Budget, Busy, Rank

LONG = 1.0
"""Seconds of waiting for a budget that are worth a line: a chat's is one call a second."""

_log = observe.get_logger("bot.detail")


def telling(accept: Accept) -> Accept:
    """`accept`, telling which events come and what becomes of them."""

    async def told(event: Event) -> bool:
        facts = {"event_id": event.id, "chat": observe.short(event.place.chat)}
        with observe.step(_log, "event taken in", **facts, kind=_kind(event)) as step:
            try:
                step["new"] = new = await accept(event)
            except Busy as busy:
                step["retry_after"] = busy.retry_after
                raise
        return new

    return told


class DetailedLanes(Lanes):
    async def run(self, perform: Perform) -> None:
        async def told(work: Work) -> Verdict:
            event, kind = work.event, _kind(work.event)
            lane = work.lane.partition(":")[0]
            with observe.bound(event_id=event.id, chat=observe.short(event.place.chat)):
                _log.debug("work begins", kind=kind, lane=lane, attempts=work.attempts)
                with observe.step(_log, "work ended", kind=kind, lane=lane) as step:
                    verdict = await perform(work)
                    step["ending"] = verdict.ending
                    if verdict.after:
                        step["after"] = verdict.after
                return verdict

        await super().run(told)


class DetailedPace(Pace):
    async def slot(self, budgets: Sequence[Budget], rank: Rank, *, who: str = "") -> None:
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            await super().slot(budgets, rank, who=who)
        finally:
            waited = clock() - began
            if waited > LONG:
                # Scopes hold ids of chats; the rates tell as well which budget is the scarce one.
                rates = sorted({budget.rate for budget in budgets})
                facts = {"rank": rank.name.lower(), "rates": rates, "seconds": round(waited, 2)}
                _log.debug("budget waited for", **facts)


class DetailedTransport(Transport):
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        about = {"method": request.method, "path": request.url.path}
        with observe.step(_log, "the API called", **about) as step:
            response = await super().handle_async_request(request)
            step["status"] = response.status_code
        return response


def _kind(event: Event) -> str:
    kind = type(event).__name__.lower()
    if isinstance(event, Command | Action) and event.name in NAMES:
        return f"{kind} {event.name}"
    return kind
