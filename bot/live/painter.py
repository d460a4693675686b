"""Brings an answer to the screen, one call at a time: frames while it grows, then its last word."""

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import replace
from math import inf

from bot.events import MessageRef, Place
from bot.live.ending import Length, last_words
from bot.live.pages import Pages
from bot.live.part import WITHDRAWN, Part, Screens
from bot.live.rhythm import BOOK_AGAIN, FRAMES, LEAVING, PATIENCE, Rhythm, now
from bot.surface import (
    Budget,
    Button,
    Expired,
    Forbidden,
    Gone,
    Growing,
    Outgoing,
    Rank,
    RateLimited,
    Slots,
    Stopped,
    Surface,
    SurfaceError,
    Unreachable,
)

_MORE = " …"
"""Text that goes on from what is shown; what it costs to show, the next frame will cost."""


class Painter:
    """The only one who calls the platform for an answer.

    Every step begins with what is wanted now, the newest text or the final message, compares it
    with what the parts show, and makes the one call that brings them nearer. So nothing is queued,
    whatever came in between.
    """

    text = ""
    final: Outgoing | None = None
    abandoned = False
    lost: SurfaceError | None = None
    first_shown: float | None = None
    _failures = 0
    _was_gone = False

    def __init__(
        self,
        surface: Surface,
        place: Place,
        slots: Slots,
        screens: Screens,
        *,
        who: str,
        old: Sequence[MessageRef],
        buttons: Sequence[Button],
        first: int,
        length: Length,
    ) -> None:
        self.news = asyncio.Event()
        self.stopped = asyncio.Event()
        self.frames = self.dropped = self.limited = 0
        self.rhythm = Rhythm()
        self._surface = surface
        self._place = place
        self._slots = slots
        self._screens = screens
        self._who = who
        self._buttons = tuple(buttons)
        self._abilities = surface.capabilities(place)
        self._length = length
        self._pages = Pages(
            lambda text: surface.fits(place, text),
            lasting=self._abilities.appends,
            most=length.most if self._abilities.documents else 0,
        )
        self._ending: list[Outgoing] = []
        self._first = self._next = first
        # Without edits nothing can be written over, and nothing can grow.
        self.parts = [self._part(ref) for ref in old if self._abilities.edits]
        self._until_end = not self._abilities.edits  # no frames: it is posted whole
        self._deletes = self._abilities.deletes
        self._booked = False
        self._quiet_until = -inf
        self._wait: asyncio.Timeout | None = None

    @property
    def refs(self) -> tuple[MessageRef, ...]:
        """The messages that show the final text, as far as their ids are known."""
        parts = self.parts[: len(self._ending)]
        return tuple(part.ref for part in parts if part.ref and not part.unsure)

    def show(self, text: str) -> None:
        self.text = text
        self.dropped += self.news.is_set()
        if not self._until_end:
            self.news.set()

    def finish(self, message: Outgoing) -> None:
        self.final = message
        self.news.set()
        if self._wait is not None:
            self._wait.reschedule(now())

    async def paint(self) -> None:
        """Until the final message is on the screen, or nobody is left to read it."""
        try:
            while await self._step():
                pass
        except SurfaceError as error:
            self.lost = error
        finally:
            self._slots.unbook(who=self._who)
            if not self.abandoned:
                await self._leave()

    async def _step(self) -> bool:
        """Make one call, or wait for a reason to; False once all that is wanted is there."""
        if self._quiet_until > now():
            await asyncio.sleep(self._quiet_until - now())
        self.news.clear()
        closed = self._closed()
        if self.final is None and self._until_end:
            await self.news.wait()
            return True
        is_open = self.final is None and self._pages.is_open
        for part, message in zip(self._parts_for(len(closed)), closed, strict=True):
            if part.lacks(message):
                await self._settle(part, message)
                return True
        if surplus := [*filter(self._is_surplus, self.parts[len(closed) + is_open :])]:
            await self._remove(surplus[0])
            return True
        if self._ending:
            return False
        if is_open:
            await self._grow(self._parts_for(len(closed) + 1)[-1])
        else:
            await self.news.wait()
        return True

    # What is wanted

    def _closed(self) -> list[Outgoing]:
        """What parts are to show for good: all of them once there is a final message."""
        if self._ending:
            return self._ending
        if self.final is None:
            self._read(self.text)
            return [Outgoing(text=page.text) for page in self._pages.closed]
        self._read(self.final.text)
        self._ending = last_words(self.final, self._pages, self._length)
        if self._length.filed and len(self.parts) == len(self._ending):
            self.parts[-1].take_for_there(self._ending[-1])
        return self._ending

    def _read(self, text: str) -> None:
        if (kept := self._pages.read(text)) is not None:
            # A part nobody can reach cannot show the new text; another one takes its place.
            self.parts[kept:] = [part for part in self.parts[kept:] if not part.unsure]

    def _parts_for(self, count: int) -> list[Part]:
        while len(self.parts) < count:
            self.parts.append(self._part())
        return self.parts[:count]

    def _part(self, ref: MessageRef | None = None) -> Part:
        number, self._next = self._next, self._next + 1
        place = self._place if number == self._first else replace(self._place, reply_to=None)
        return Part(self._surface, place, self._screens, number=number, ref=ref)

    def _is_surplus(self, part: Part) -> bool:
        """Text that was withdrawn goes at once, an old message only when it is not needed."""
        if part.unsure or part.shown == WITHDRAWN:
            return False
        return part.shown is not None or part.growing is not None or self.final is not None

    def _frame(self) -> Outgoing:
        return Outgoing(text=self._pages.growing, buttons=self._buttons)

    # While it grows

    async def _grow(self, part: Part) -> None:
        """One frame of the open page, as soon as there is anything new."""
        if part.frozen:
            await self.news.wait()
            return
        if not self._book():
            await self._pause(BOOK_AGAIN)
            return
        fades, ages = part.due(self._abilities)
        if part.shown and now() >= ages:
            self._pages.close(part.shown.text)
            return
        message = self._frame()
        if not self._is_news(part, message):
            await self._rest(min(fades, ages))
            return
        # Waiting for the next slot before there is anything to show in it saves looking twice.
        while await self._take_turn(part, message) and part.shown and now() < ages:
            message = replace(part.shown, text=part.shown.text + _MORE)
            _, ages = part.due(self._abilities)

    def _is_news(self, part: Part, message: Outgoing) -> bool:
        fades, _ = part.due(self._abilities)
        return bool(message.text.strip()) and (message != part.shown or now() >= fades)

    def _book(self) -> bool:
        ending = self._surface.endings
        self._booked = self._booked or self._slots.book(ending(self._place), who=self._who)
        return self._booked

    async def _rest(self, until: float) -> None:
        if until == inf:
            await self.news.wait()
            return
        alarm = asyncio.get_running_loop().call_at(until, self.news.set)
        try:
            await self.news.wait()
        finally:
            alarm.cancel()

    async def _take_turn(self, part: Part, message: Outgoing) -> bool:
        """Wait for a frame's slot, and only then see what is the newest; whether it was shown."""
        budgets: Sequence[Budget] = ()
        try:
            growing = await part.grow()
            budgets = growing.cost(message)
            self.rhythm.wants(budgets)
            rank = Rank.PERSON if self.first_shown is None else Rank.FRAME
            shared = (FRAMES,) if rank is Rank.FRAME and budgets else ()
            slot = self._slots.slot((*budgets, *shared), rank, who=self._who)
            return await self._unless_finished(slot) and await self._use_slot(
                part, growing, budgets, shared
            )
        except SurfaceError as error:
            await self._missed_frame(part, budgets, error)
            return False

    async def _use_slot(
        self, part: Part, growing: Growing, budgets: Sequence[Budget], shared: Sequence[Budget]
    ) -> bool:
        newest = self._newest(part)
        stale = newest is None or (part.shown and not self._is_news(part, newest))
        if newest is None or stale or [*growing.cost(newest)] != [*budgets]:
            self._slots.give_back((*budgets, *shared))
            return False
        granted = now()
        await part.show(growing, newest, granted)
        self.frames += 1
        self.rhythm.was_granted(granted)
        self._went_well()
        return True

    def _newest(self, part: Part) -> Outgoing | None:
        """What `part` is to show by now; None when it is no longer the one that grows."""
        if self.final is not None:
            return None
        self.news.clear()
        self._read(self.text)
        place = len(self._pages.closed)
        if not self._pages.is_open or self.parts.index(part) != place:
            return None
        return self._frame()

    async def _missed_frame(
        self, part: Part, budgets: Sequence[Budget], error: SurfaceError
    ) -> None:
        match error:
            case RateLimited():
                if not self._slow_down(budgets, error):
                    self._quiet_until = now() + error.retry_after
            case Stopped():
                self.stopped.set()
                self._until_end = True
            case Expired() if part.shown:
                self._pages.close(part.shown.text)  # goes on in the next message
            case Expired():
                part.frozen = True
            case _:
                await self._recover(part, error)
                if part.unsure:
                    self._pages.close(part.tried)

    # Last words

    async def _settle(self, part: Part, message: Outgoing) -> None:
        try:
            await part.settle(message)
        except SurfaceError as error:
            await self._missed_call(part, error)
        else:
            self._went_well()

    async def _remove(self, part: Part) -> None:
        try:
            await part.remove(deletes=self._deletes)
        except Gone:
            await part.forget()
        except Forbidden:
            if not self._deletes:
                raise
            self._deletes = False
            return
        except SurfaceError as error:
            await self._missed_call(part, error)
            return
        if part.shown is None:
            self.parts.remove(part)

    async def _missed_call(self, part: Part, error: SurfaceError) -> None:
        match error:
            case RateLimited():
                self._slow_down(self._surface.endings(self._place), error)
                self._quiet_until = now() + error.retry_after
            case Expired() | Stopped():
                if isinstance(error, Stopped):
                    self.stopped.set()
                await self._give_up_growing(part, error)
            case _:
                await self._recover(part, error)

    async def _give_up_growing(self, part: Part, error: SurfaceError) -> None:
        """What could not be ended as it began is edited, and posted anew where that fails too."""
        if part.growing is not None:
            await part.leave()
        elif part.ref is not None:
            await part.forget()
        else:
            raise error

    # Errors of any call

    async def _recover(self, part: Part, error: SurfaceError) -> None:
        match error:
            case Gone():
                await self._lose(part, error)
            case Unreachable() if error.sent and part.creates:
                # It may be there, and would be there twice if it were posted again.
                part.unsure = True
                await part.leave()
            case Unreachable():
                await self._pause(min(2.0**self._failures, PATIENCE))
                self._failures += 1
            case _:
                raise error

    async def _lose(self, part: Part, error: Gone) -> None:
        """Its message was deleted: it is posted anew once, whole, and not against people's will."""
        if part.ref is None and part.growing is None:
            raise error
        await part.leave()
        was_ours = part.shown is not None
        await part.forget()
        if not was_ours:
            return
        if self._was_gone:
            raise error
        self._was_gone = part.frozen = True

    def _slow_down(self, budgets: Sequence[Budget], limit: RateLimited) -> bool:
        """Quiet for everybody who draws on what ran out; False when that is none of these."""
        self.limited += 1
        blamed = [budget for budget in budgets if limit.scope in ("", budget.scope)]
        self._slots.pause(blamed, limit.retry_after)
        return bool(blamed)

    def _went_well(self) -> None:
        self._failures = 0
        if self.first_shown is None:
            self.first_shown = now()

    async def _pause(self, seconds: float) -> None:
        if self.final is None:
            await self._unless_finished(asyncio.sleep(seconds))
        else:
            await asyncio.sleep(seconds)

    async def _unless_finished(self, wait: Awaitable[None]) -> bool:
        """Whether the wait came to its end before there was a final message."""
        try:
            async with asyncio.timeout(None if self.final is None else 0) as self._wait:
                await wait
        except TimeoutError:
            return False
        finally:
            self._wait = None
        return True

    async def _leave(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(LEAVING):
                for part in self.parts:
                    await part.leave()
