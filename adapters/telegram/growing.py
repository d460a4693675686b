"""Messages that grow: as a draft that ends in a message, or posted and then edited."""

import asyncio
import secrets
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Final

from adapters.telegram.drafts import KEPT, Drafts, Drawing
from adapters.telegram.errors import Refused
from adapters.telegram.markup import Frames, Rendered
from adapters.telegram.spot import Spot, Turn
from adapters.telegram.writing import Writing
from bot.events import MessageRef
from bot.surface import (
    Budget,
    Forbidden,
    Gone,
    Intend,
    Outgoing,
    Rank,
    RateLimited,
    Stopped,
    Unreachable,
    nothing,
)

DRAFT_GAPS: Final = (0.35, 0.6, 0.9, 1.4)
"""Seconds between frames by draft, the last one from then on: the first words are few, and more
are there soon. 40 calls in 30 s are all there is for a chat, statuses included, and over a long
answer, messages and all, they stay below one a second. A frame costs a slow core a millisecond."""

GROUP_GAPS: Final = (1.2, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
"""Seconds between edits in a group: 20 messages a minute are all there is, for everybody there and
for last words too, so a long answer is shown ever more rarely."""
PRIVATE_GAPS: Final = (0.6, 1.1)
"""Seconds between edits in a private chat, which has one message a second."""

HOLD: Final = 0.5
"""Seconds that first words are held back where they are posted: a phone's notification says what
they are, and one word says nothing. A short answer is whole by then."""

_GRACE: Final = 0.1
"""Seconds a last word may wait before the draft shows it: mostly it need not wait at all."""


class Text:
    """Growing text as it is rendered, the same text once only."""

    def __init__(self) -> None:
        self.source = ""
        self.rendered = Rendered(text="", entities=())
        self._frames = Frames()

    def render(self, source: str) -> Rendered:
        if source != self.source:
            self.source, self.rendered = source, self._frames.render(source)
        return self.rendered

    def last(self, message: Outgoing) -> Rendered | None:
        """The last word as it is rendered; None where the bot has a word in it, too."""
        shown = None if message.mine or message.own else self.render(message.text)
        return shown if shown and shown.text.strip() else None


class Edits:
    """A message that is posted and then edited; `shows` is whether it is seen growing at all."""

    def __init__(
        self, spot: Spot, writing: Writing, old: MessageRef | None, *, shows: bool = True
    ) -> None:
        self.ref = old
        self._spot = spot
        self._writing = writing
        self._shows = shows
        self._text = Text()
        self._shown: Outgoing | None = None
        self._who = secrets.token_hex(6)
        self._frames = 0

    async def hold(self) -> None:
        """Let the first frame wait a moment, for more words to come."""
        if self.ref is None:
            await self._spot.slots.slot((self._frame(),), Rank.FRAME, who=self._who)

    def cost(self, message: Outgoing) -> Sequence[Budget]:
        # Not rendered yet: until the slot is there the text will be another one.
        if not self._shows or message == self._shown or not message.text.strip():
            return ()
        return (self._frame(), *self._spot.messages)

    async def show(self, message: Outgoing, *, intend: Intend = nothing) -> MessageRef | None:
        if not self._shows or message == self._shown:
            return self.ref
        shown = self._text.render(message.text)
        if shown.text.strip():
            turn = self._spot.turn(Rank.FRAME, self._who).granted()
            await self._write(turn, message, shown, intend)
            self._frames += 1
        return self.ref

    async def finish(self, message: Outgoing, *, intend: Intend = nothing) -> MessageRef:
        if self.ref is not None and message == self._shown:
            return self.ref
        turn = self._spot.turn(Rank.FINAL, self._who)
        return await self._write(turn, message, self._text.last(message), intend)

    def _frame(self) -> Budget:
        gaps = PRIVATE_GAPS if self._spot.chat.private else GROUP_GAPS
        return _frame(self._who, gaps if self._frames else (HOLD,), self._frames)

    async def _write(
        self, turn: Turn, message: Outgoing, shown: Rendered | None, intend: Intend = nothing
    ) -> MessageRef:
        spot, writing = self._spot, self._writing
        if self.ref is None:
            form = writing.grown(spot, message)
            sent = writing.send(turn, spot, message, form, shown, intend=intend)
            self.ref = spot.ref(await sent)
        else:
            id = int(self.ref.id)
            form = writing.known(spot, id) or writing.grown(spot, message)
            try:
                if spot.left(self.ref):
                    raise Gone("the message stayed behind when its group moved")
                await writing.rewrite(turn, spot, id, message, form, shown)
            except Gone as gone:
                if self._shown is None:
                    raise
                if spot.left(self.ref):
                    self.ref = None
                    return await self._write(turn, message, shown, intend)
                # Somebody saw it grow and took it away: it is not to come back.
                raise Forbidden("the growing message was deleted") from gone
        self._shown = message
        return self.ref


class Draft:
    """A draft that is drawn again and again; its end is a message.

    Where the chat takes no drafts after all the words grow by edits, from the first frame on.
    """

    def __init__(self, spot: Spot, writing: Writing, drafts: Drafts, otherwise: Edits) -> None:
        self._spot = spot
        self._writing = writing
        self._drafts = drafts
        self._otherwise = otherwise
        self._edits: Edits | None = None
        self._text = Text()
        self._who = secrets.token_hex(6)
        self._drawing: Drawing | None = None
        self._frames = 0
        self._is_first = False  # nothing came before but a status
        self._mute = self._was_limited = False
        self._ref: MessageRef | None = None

    @property
    def ref(self) -> MessageRef | None:
        return self._edits.ref if self._edits else self._ref

    def cost(self, message: Outgoing) -> Sequence[Budget]:
        if self._edits:
            return self._edits.cost(message)
        if self._mute or self._is_seen(message) or not message.text.strip():
            return ()
        gaps = DRAFT_GAPS if self._is_first else DRAFT_GAPS[-1:]
        return (_frame(self._who, gaps, self._frames), *self._spot.drafts)

    async def show(self, message: Outgoing, *, intend: Intend = nothing) -> MessageRef | None:
        if self._edits:
            return await self._edits.show(message, intend=intend)
        shown = self._text.render(message.text)
        if self._mute or not shown.text.strip():
            return None
        drawing = self._taken()
        if drawing.shows(shown):
            return None
        if not drawing.was_drawn and self._drafts.refuses(self._spot.chat):
            return await self._go_on_without(message, intend)  # a status has just been refused
        try:
            await drawing.draw(self._spot, shown)
        except Refused as refused:
            if not drawing.was_drawn:
                self._drafts.refuse(self._spot.chat, refused)
                return await self._go_on_without(message, intend)
            self._mute = True  # something about these words; the last word is a message anyway
        self._frames += 1
        return None

    async def finish(self, message: Outgoing, *, intend: Intend = nothing) -> MessageRef:
        if self._edits:
            return await self._edits.finish(message, intend=intend)
        spot, turn = self._spot, self._spot.turn(Rank.FINAL, self._who)
        await self._come(turn, message)
        form, shown = self._writing.form(spot, message), self._text.last(message)
        try:
            sent = self._writing.send(turn, spot, message, form, shown, intend=intend)
            self._ref = spot.ref(await sent)
        except RateLimited:
            self._was_limited = True
            raise
        self.leave()
        return self._ref

    def leave(self) -> None:
        if self._drawing is not None:
            self._drafts.end(self._spot.chat, self._drawing)

    def _is_seen(self, message: Outgoing) -> bool:
        """Of the same text; another one is rendered only when there is a slot to show it."""
        text, drawing = self._text, self._drawing
        return drawing is not None and message.text == text.source and drawing.shows(text.rendered)

    def _taken(self) -> Drawing:
        if self._drawing is None:
            self._drawing = self._drafts.take(self._spot.chat)
            self._is_first = self._drawing.was_drawn
        return self._drawing

    async def _go_on_without(self, message: Outgoing, intend: Intend) -> MessageRef | None:
        self.leave()
        self._edits = self._otherwise
        if cost := self._edits.cost(message):
            # Not what was paid for: a draft costs another slot than a message.
            await self._spot.slots.slot(cost, Rank.PERSON, who=self._who)
        return await self._edits.show(message, intend=intend)

    async def _come(self, turn: Turn, message: Outgoing) -> None:
        """Wait for the slot of the last word; meanwhile the draft shows the whole of it.

        Not after a 429: whoever goes on calling then waits the longer.
        """
        if self._was_limited:
            await turn.come()
            return
        async with asyncio.TaskGroup() as group:
            showing = group.create_task(self._keep_shown(message))
            await turn.come()
            if self._drawing is not None:
                await self._drawing.settle()
            showing.cancel()

    async def _keep_shown(self, message: Outgoing) -> None:
        await asyncio.sleep(_GRACE)
        shown, drawing = self._text.render(message.text), self._drawing
        if drawing is None or self._mute or not shown.text.strip():
            return
        turn = Turn(self._spot.slots, self._spot.drafts, Rank.PERSON, self._who)
        with suppress(Stopped, Refused, Forbidden):
            while True:
                if not drawing.shows(shown):
                    with suppress(RateLimited, Unreachable):
                        await turn.make(lambda: drawing.draw(self._spot, shown))
                await asyncio.sleep(KEPT)


def _frame(who: str, gaps: Sequence[float], frames: int) -> Budget:
    """Lets the next frame through when there have been `frames`: the first one at once."""
    return _spaced(who, gaps[min(max(frames - 1, 0), len(gaps) - 1)])


@lru_cache(maxsize=1024)
def _spaced(who: str, gap: float) -> Budget:
    return Budget(scope=f"telegram:frames:{who}", rate=1 / gap)
