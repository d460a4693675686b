"""One message of an answer, and what is done to it: shown growing, settled, taken away."""

import asyncio
from collections.abc import Awaitable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from math import inf
from typing import Protocol

from bot.events import MessageRef, Place
from bot.surface import (
    Capabilities,
    Document,
    Forbidden,
    Gone,
    Growing,
    Outgoing,
    RateLimited,
    Surface,
    SurfaceError,
    Unreachable,
)

WITHDRAWN = Outgoing(text="…", mine=True)
"""What a message says whose text was withdrawn where messages cannot be deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosed(Outgoing):
    """What is too much for messages, as a file with the text as its caption."""

    document: Document


class Screens(Protocol):
    """Keeps which messages show an answer, so that they are found again after a crash."""

    async def intend(self, part: int) -> None:
        """A call is about to be made that may create the message of this part."""
        ...

    async def shown(self, part: int, ref: MessageRef) -> None:
        """The part has a message, or another one than before."""
        ...

    async def settled(self, part: int, ref: MessageRef) -> None:
        """As `shown`, with its last word; nothing on the screen waits for that to be kept."""
        ...

    async def removed(self, part: int) -> None:
        """The part has no message any more, or none after all."""
        ...


class Part:
    """A message, there or to come. `shown` is what it shows of this answer, None when nothing.

    `unsure`: it may be on the screen, but nobody knows its id; it is never touched again.
    `frozen`: it takes no more frames and waits for its last word.
    """

    def __init__(
        self,
        surface: Surface,
        place: Place,
        screens: Screens,
        *,
        number: int,
        ref: MessageRef | None = None,
    ) -> None:
        self.number = number
        self.ref = ref
        self.shown: Outgoing | None = None
        self.shown_at = 0.0  # loop time
        self.tried = ""  # the text of the last frame, whether it arrived or not
        self.growing: Growing | None = None
        self.grows_since: float | None = None  # loop time of the first frame of what grows
        self.frozen = False
        self.unsure = False
        self._surface = surface
        self._place = place
        self._screens = screens
        self._block: AbstractAsyncContextManager[Growing] | None = None
        self._told: MessageRef | None = None
        self._recorded = ref is not None  # the screens know this part

    @property
    def creates(self) -> bool:
        """Whether the next call would bring about a new message."""
        return self.ref is None

    def lacks(self, message: Outgoing) -> bool:
        """Whether anything is left to do for `message` to be its last word."""
        return not self.unsure and (self.growing is not None or self.shown != message)

    def due(self, able: Capabilities) -> tuple[float, float]:
        """When it has to be shown again, and when it has grown for long enough, in loop time."""
        if self.grows_since is None:
            return inf, inf
        return self.shown_at + able.fades_after, self.grows_since + able.grow_for

    async def grow(self) -> Growing:
        if self.growing is None:
            self._block = self._surface.grow(self._place, self.ref)
            self.growing = await self._block.__aenter__()
        return self.growing

    async def show(self, growing: Growing, message: Outgoing, now: float) -> None:
        """One frame; its slot has been taken."""
        if self.grows_since is None:
            self.grows_since = now
        self.tried = message.text
        ref = await growing.show(message, intend=self._intend)
        self.shown_at = asyncio.get_running_loop().time()  # no sooner than the surface notes it
        await self._note(message, ref)

    async def settle(self, message: Outgoing) -> None:
        """The last word, whichever way it gets there."""
        if isinstance(message, Enclosed):
            await self._enclose(message)
            return
        if self.growing is not None:
            ref = await self._creating(self.growing.finish(message, intend=self._intend))
        elif self.ref is not None:
            ref = await self._surface.edit(self._place, self.ref, message)
        else:
            post = self._surface.post(self._place, message, intend=self._intend)
            ref = await self._creating(post)
        await self._note(message, ref, last=True)
        self.frozen = False
        await self.leave()

    def take_for_there(self, message: Outgoing) -> None:
        """A file is what it is; there is nothing to write over."""
        if isinstance(message, Enclosed) and self.ref is not None:
            self.shown = message

    async def _enclose(self, message: Enclosed) -> None:
        """A file cannot be written over what was there, which goes."""
        await self.leave()
        if self.ref is not None:
            with suppress(Gone, Forbidden):
                await self._surface.delete(self._place, self.ref)
            await self.forget()
        ref = await self._creating(
            self._surface.post_document(self._place, message.document, message, intend=self._intend)
        )
        await self._note(message, ref, last=True)

    async def remove(self, *, deletes: bool) -> None:
        """Withdraw it: afterwards it is not there, or says nothing where it cannot be deleted."""
        await self.leave()
        if self.ref is None:
            await self.forget()
        elif deletes:
            await self._surface.delete(self._place, self.ref)
            await self.forget()
        else:
            await self._note(WITHDRAWN, await self._surface.edit(self._place, self.ref, WITHDRAWN))

    async def leave(self) -> None:
        """End what growing began on the platform; the message stays as it is."""
        block, self._block, self.growing, self.grows_since = self._block, None, None, None
        if block is not None:
            try:
                await block.__aexit__(None, None, None)
            except SurfaceError:
                return  # the platform ends it by itself after a while

    async def forget(self) -> None:
        """Its message is gone, or is no longer its own; the next call makes another one."""
        self.ref = self.shown = self._told = None
        if self._recorded:
            self._recorded = False
            await self._screens.removed(self.number)

    async def _creating(self, call: Awaitable[MessageRef]) -> MessageRef:
        """`call`; where it surely created nothing, nothing is intended any more."""
        try:
            return await call
        except (RateLimited, Unreachable) as error:
            sent = isinstance(error, Unreachable) and error.sent
            if self.ref is None and self._recorded and not sent:
                self._recorded = False
                await self._screens.removed(self.number)
            raise

    async def _intend(self) -> None:
        if self.ref is None and not self._recorded:
            self._recorded = True
            await self._screens.intend(self.number)

    async def _note(self, message: Outgoing, ref: MessageRef | None, *, last: bool = False) -> None:
        self.shown, self.ref = message, ref
        if ref is None:
            if self._recorded:
                self._recorded = False
                await self._screens.removed(self.number)
        elif ref != self._told:
            self._recorded, self._told = True, ref
            note = self._screens.settled if last else self._screens.shown
            await note(self.number, ref)
