"""Messages that grow: as Slack's own streams, or posted and then edited."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from adapters.slack import limits, markup
from adapters.slack.errors import NoStream, Refused
from adapters.slack.spot import Spot, Turn
from adapters.slack.streams import Streams, Watch
from adapters.slack.writing import Writing
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
    SurfaceError,
    Unreachable,
    nothing,
)

HOLD: Final = 0.8
"""Seconds that first words are held back: a short answer is whole by then, and is one message."""

APPEND_GAPS: Final = (0.6, 0.6, 0.8, 1.0)
"""Seconds between additions to a stream, the last one from then on: 100 a minute are all there is
for a workspace, and nobody reads faster."""

EDIT_GAPS: Final = (1.2, 1.5, 2.0, 2.5, 3.0)
"""Seconds between edits, of which a workspace has 50 a minute; each brings the whole text anew."""


class Edits:
    """A message that is posted and then edited.

    Where the channel takes no messages nothing is shown, and the last word goes elsewhere.
    """

    def __init__(
        self,
        spot: Spot,
        writing: Writing,
        watch: Watch,
        old: MessageRef | None = None,
        *,
        grew: bool = False,
        aside: bool = False,
    ) -> None:
        """`grew`: `old` has grown another way before. `aside`: nothing is said in the channel."""
        self.ref = old
        self._spot = spot
        self._writing = writing
        self._watch = watch
        self._text = markup.Wire(hardened=writing.hardened)
        self._shown: Outgoing | None = None
        self._grew = grew
        self._frames = 0
        self._elsewhere = aside

    async def hold(self) -> None:
        """Let the first frame wait a moment, for more words to come."""
        if self.ref is None:
            await self._spot.slots.slot((self._frame(),), Rank.FRAME, who=self._watch.who)

    def cost(self, message: Outgoing) -> Sequence[Budget]:
        # Not rendered yet: until the slot is there the text will be another one.
        if self._elsewhere or message == self._shown or not message.text.strip():
            return ()
        return (self._frame(), *self.budgets())

    async def show(self, message: Outgoing, *, intend: Intend = nothing) -> MessageRef | None:
        if self._elsewhere or message == self._shown:
            return self.ref
        if self._watch.stopped:
            raise Stopped("the person pressed Slack's own stop")
        text = self._text.render(message.text)
        if not text.strip():
            return self.ref
        turn = self._spot.turn(Rank.FRAME, self._watch.who).granted(self.budgets())
        try:
            await self._write(turn, message, text, intend)
        except Forbidden:
            if self.ref is not None or not self._spot.response_url:
                raise
            self._elsewhere = True
        self._frames += 1
        return self.ref

    async def finish(self, message: Outgoing, *, intend: Intend = nothing) -> MessageRef:
        if self.ref is not None and message == self._shown:
            return self.ref
        turn = self._spot.turn(Rank.FINAL, self._watch.who)
        if self.ref is None:
            # Wherever it can be said.
            self.ref = await self._writing.post(turn, self._spot, message, intend=intend)
            self._shown = message
            return self.ref
        return await self._write(turn, message, "", intend)

    def budgets(self) -> Sequence[Budget]:
        """What the next call draws on."""
        team = self._spot.team
        return limits.update(team) if self.ref else limits.post(team, self._spot.chat.id)

    def _frame(self) -> Budget:
        gaps = EDIT_GAPS if self._frames or self._grew else (HOLD,)
        return frame(self._watch, gaps, self._frames)

    async def _write(self, turn: Turn, message: Outgoing, text: str, intend: Intend) -> MessageRef:
        spot, seen = self._spot, self._framed(message)
        if self.ref is None:
            self.ref = await self._writing.send(turn, spot, seen, text, intend=intend)
        else:
            try:
                await self._writing.rewrite(turn, spot, self.ref.id, seen, text)
            except Gone as gone:
                if self._shown is None and not self._grew:
                    raise
                raise _taken_away() from gone
        self._shown = message
        return self.ref

    def _framed(self, message: Outgoing) -> Outgoing:
        """Without a button for what Slack's own Stop does."""
        if not self._writing.statuses.has_stop(self._spot):
            return message
        others = tuple(button for button in message.buttons if button.name != "stop")
        return replace(message, buttons=others)


class Stream:
    """A stream that is only ever added to; what does not go on from it is edited afterwards.

    Where nothing streams the words grow by edits, from the first frame on.
    """

    def __init__(self, spot: Spot, writing: Writing, watch: Watch, streams: Streams) -> None:
        self._spot = spot
        self._writing = writing
        self._watch = watch
        self._streams = streams
        self._otherwise = Edits(spot, writing, watch)
        self._edits: Edits | None = None
        self._ref: MessageRef | None = None
        self._text = markup.Wire(hardened=writing.hardened)
        self._sent = ""  # over the wire
        self._shown: Outgoing | None = None
        self._frames = 0
        self._is_sure = True  # whether the stream shows what was sent, and no more

    @property
    def ref(self) -> MessageRef | None:
        return self._edits.ref if self._edits else self._ref

    async def hold(self) -> None:
        """Let the first frame wait a moment, for more words to come."""
        await self._otherwise.hold()

    def cost(self, message: Outgoing) -> Sequence[Budget]:
        if self._edits:
            return self._edits.cost(message)
        if message == self._shown or not message.text.strip():
            return ()
        if self._ref is None:
            return (frame(self._watch, (HOLD,), 0), *limits.start(self._spot.team))
        pace = frame(self._watch, APPEND_GAPS, self._frames)
        if self._goes_on(message):
            return (pace, *limits.append(self._spot.team))
        return (pace, *limits.stop(self._spot.team), *limits.update(self._spot.team))

    async def show(self, message: Outgoing, *, intend: Intend = nothing) -> MessageRef | None:
        if self._edits:
            return await self._edits.show(message, intend=intend)
        if message == self._shown:
            return self._ref
        if self._watch.stopped:
            raise Stopped("the person pressed Slack's own stop")
        if self._ref is None:
            return await self._start(message, intend)
        await self._add(message)
        return self.ref

    async def finish(self, message: Outgoing, *, intend: Intend = nothing) -> MessageRef:
        if self._edits:
            return await self._edits.finish(message, intend=intend)
        if self._ref is None:
            self._edits = self._otherwise
            return await self._edits.finish(message, intend=intend)
        turn = self._turn(Rank.FINAL)
        if self._watch.streams and not self._watch.stopped:
            added = self._rest(message)
            if added is not None and await self._stop(turn, message, added):
                return self._ref
            if self._watch.streams:
                with suppress(Stopped):
                    await self._end(turn)
        return await self._rewritten().finish(message)

    async def leave(self) -> None:
        """End what nobody has ended; what it has shown so far stays."""
        if self._watch.streams and not self._watch.stopped:
            await self._end(self._turn(Rank.FINAL))

    # While it streams

    async def _start(self, message: Outgoing, intend: Intend) -> MessageRef | None:
        text = self._text.render(message.text)
        if not text.strip():
            return None
        spot, user = self._spot, self._spot.place.user
        await intend()
        try:
            ts = (
                await self._turn(Rank.FRAME)
                .granted(limits.start(spot.team))
                .make(
                    limits.start(spot.team),
                    lambda: spot.calls.start_stream(
                        spot.chat.id,
                        spot.chat.thread,
                        markdown=text,
                        recipient_user=user.id,
                        recipient_team=user.workspace,
                    ),
                )
            )
        except RateLimited as limited:
            self._streams.pause(spot.team, limited.retry_after)
            return await self._go_on_without(message, intend)
        except Refused:
            if spot.features.streams:
                self._streams.refuse(spot.place)
            return await self._go_on_without(message, intend)
        self._ref, self._watch.ts, self._watch.streams = spot.ref(ts), ts, True
        self._sent, self._shown, self._frames = text, message, 1
        self._writing.said(spot)
        return self._ref

    async def _add(self, message: Outgoing) -> None:
        if not self._goes_on(message):
            team = self._spot.team
            await self._go_over(message, (*limits.stop(team), *limits.update(team)))
            return
        text = self._text.render(message.text)
        if not text.startswith(self._sent):
            await self._go_over(message)
            return
        if added := text[len(self._sent) :]:
            await self._append(message, added)
        self._shown = message
        self._frames += 1

    async def _append(self, message: Outgoing, added: str) -> None:
        spot, ts = self._spot, self._watch.ts
        turn = self._turn(Rank.FRAME).granted(limits.append(spot.team))
        try:
            await turn.make(
                limits.append(spot.team), lambda: spot.calls.append_stream(spot.chat.id, ts, added)
            )
        except Stopped:
            self._watch.stopped = True
            raise
        except Gone as gone:
            self._watch.streams = False
            raise _taken_away() from gone
        except Unreachable as error:
            self._is_sure = not error.sent
            raise
        except Refused as refused:
            self._watch.streams = not isinstance(refused, NoStream)
            await self._go_over(message)
            return
        self._sent += added

    def _goes_on(self, message: Outgoing) -> bool:
        """Whether it can be shown by adding to what there is; only nearly, since text is rendered
        when its turn has come."""
        shown = self._shown.text if self._shown else ""
        return self._is_sure and message.text.startswith(shown)

    # When it ends

    def _rest(self, message: Outgoing) -> str | None:
        """What is to be added for the last word; None where adding does not make it."""
        text = self._writing.wired(self._spot, message)
        return text[len(self._sent) :] if self._is_sure and text.startswith(self._sent) else None

    async def _stop(self, turn: Turn, message: Outgoing, added: str) -> bool:
        """End it with the rest of the words and the buttons; False when it has to be edited."""
        spot, statuses = self._spot, self._writing.statuses
        # A message that others follow has no buttons.
        status, ts = statuses.ending(spot, last=bool(message.buttons)), self._watch.ts
        try:
            await turn.make(
                limits.stop(spot.team),
                lambda: spot.calls.stop_stream(
                    spot.chat.id,
                    ts,
                    markdown=added,
                    blocks=self._writing.buttons(spot, message),
                    session_status=status,
                ),
            )
        except (Refused, Stopped) as refused:
            self._watch.streams = not isinstance(refused, NoStream | Stopped)
            return False
        except Gone as gone:
            self._watch.streams = False
            raise _taken_away() from gone
        except Unreachable:
            self._is_sure = False
            raise
        self._watch.streams = False
        self._shown = message
        if status is not None:
            statuses.ended(spot)
        return True

    async def _end(self, turn: Turn) -> None:
        try:
            await self._writing.end_stream(turn, self._spot, self._watch.ts)
        except Gone as gone:
            self._watch.streams = False
            raise _taken_away() from gone
        self._watch.streams = False

    # When it goes on as a message that is edited

    async def _go_on_without(self, message: Outgoing, intend: Intend) -> MessageRef | None:
        """Nothing has been said yet."""
        self._edits = self._otherwise
        # Not what was paid for: a stream costs another slot than a message.
        await self._spot.slots.slot(self._edits.budgets(), Rank.PERSON, who=self._watch.who)
        return await self._edits.show(message, intend=intend)

    async def _go_over(self, message: Outgoing, paid: Sequence[Budget] = ()) -> None:
        """End the stream and write over what it shows."""
        turn = self._turn(Rank.FRAME).granted(paid)
        if self._watch.streams:
            await self._end(turn)
        edits = self._rewritten()
        if not paid:
            await self._spot.slots.slot(
                limits.update(self._spot.team), Rank.PERSON, who=self._watch.who
            )
        await edits.show(message)

    def _rewritten(self) -> Edits:
        self._edits = Edits(self._spot, self._writing, self._watch, self._ref, grew=True)
        return self._edits

    def _turn(self, rank: Rank) -> Turn:
        return self._spot.turn(rank, self._watch.who)


def frame(watch: Watch, gaps: Sequence[float], frames: int) -> Budget:
    """Lets the next frame through when there have been `frames`: the first one at once."""
    gap = gaps[min(max(frames - 1, 0), len(gaps) - 1)]
    return Budget(scope=f"slack:frames:{watch.who}", rate=1 / gap)


def _taken_away() -> SurfaceError:
    # Somebody saw it grow and took it away: it is not to come back.
    return Forbidden("the growing message was deleted")
