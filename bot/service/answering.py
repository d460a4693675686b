"""One generation: from an open answer that waits to its last word on the screen.

Side by side: a reader follows the stream and hands its text to the live reply, a keeper stores the
text and hears who wants an end, a status says what passes. Whoever first knows how the answer ends
decides it; then it is closed once, and nothing of it is decided again.
"""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from bot import observe
from bot.completion import (
    AnswerStream,
    CompletionError,
    Failed,
    Finished,
    InvalidInput,
    Refused,
    StreamEvent,
    TextAdded,
    TextReplaced,
)
from bot.events import MessageRef
from bot.live import LiveReply
from bot.phrases import Phrases
from bot.service import doubt, endings, pictures, screens, speak, tally
from bot.service.running import Cause, Run
from bot.service.status import Status
from bot.service.tools import Tools
from bot.store.database import Fault
from bot.store.records import Answer, Decided, Outcome, Source, Upload, Value
from bot.surface import Activity, Outgoing

KEEP_EVERY = 1.9
"""Seconds between looks at the row: the text of at most two seconds is lost with the process."""
STOP_WAIT = 5.0
"""Seconds a stopped stream gets to end by itself: the API looks for stops every second or two."""
CUT_WAIT = 2.0
"""The same when the process ends, which leaves four seconds for stream and last screen."""

REVISED = "Revised"
"""The error of an answer that was ended since its question had changed; nobody reads it."""

_log = observe.get_logger("bot.service.answering")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How an answer ends. `silent`: another generation follows, so nothing is said about it."""

    outcome: Outcome
    text: str = field(repr=False)
    error: str = ""
    sources: tuple[Source, ...] = ()
    silent: bool = False


class Turn:
    """One answer while this process works on it."""

    def __init__(
        self,
        tools: Tools,
        answer: Answer,
        claim: str,
        run: Run,
        phrases: Phrases,
        shown: asyncio.Event,
    ) -> None:
        self.left = False  # put back unasked, for the next process
        self.closed: Answer | None = None  # as it is once it has been shown to its end
        self.rated = False  # by its asker, before it was closed
        self.speech = b""
        self._tools = tools
        self._answer = answer
        self._claim = claim
        self._run = run
        self._phrases = phrases
        self._shown = shown
        self._aside = asyncio.TaskGroup()
        self._screens = screens.StoredScreens(tools.store, answer.id)
        self._stream: AnswerStream | None = None
        self._asked = False
        self._started = False
        self._began = self._now()
        self._first_event: float | None = None
        self._ending: asyncio.Future[Ending | None] = asyncio.get_running_loop().create_future()

    async def take(self) -> None:
        old = await screens.inherited(self._tools.store, self._answer)
        self._status = self._open_status(old)
        async with self._screens, self._aside as group:
            async with self._open_live(old) as self._live:
                reader = group.create_task(self._read())
                keeper = group.create_task(self._keep(reader))
                group.create_task(self._status.show())
                ending = await self._ending
                if ending is None:
                    self._live.abandon()
                    reader.cancel()
                else:
                    await self._close(ending)
                self._status.say("")
            self._count()
            if ending is not None and not reader.done() and not await self._will_speak():
                self._shown.set()
            await asyncio.wait([reader])
            keeper.cancel()

    async def _will_speak(self) -> bool:
        return self.closed is not None and await speak.follows(self._tools, self.closed)

    def _open_status(self, old: Sequence[MessageRef]) -> Status:
        place = self._answer.place
        surface = self._tools.surface(place)
        doing: Activity = "rewriting" if old else "thinking"
        return Status(surface, place, self._phrases.thinking, doing)

    def _open_live(self, old: Sequence[MessageRef]) -> LiveReply:
        place = self._answer.place
        return LiveReply(
            self._tools.surface(place),
            place,
            self._tools.pace,
            self._screens,
            who=self._answer.id,
            old=old,
            buttons=(endings.stop_button(self._phrases, self._answer),),
            unfinished=endings.italic(self._phrases.interrupted),
            length=screens.length(self._tools, self._phrases),
        )

    # Reading

    async def _read(self) -> None:
        """Follow the answer to its end, or decide why it has none."""
        try:
            await self._follow()
        except pictures.Unfit as unfit:
            self._decide("failed", unfit.fault)
        except CompletionError as error:
            self._fail(error)

    async def _follow(self) -> None:
        inputs = self._answer.inputs
        kept = self._answer.uploads
        uploads = kept or await self._upload(links=True)
        if self._run.cause is not None:
            self._end_early(self._run.cause)
            return
        try:
            await self._ask(inputs, uploads)
        except InvalidInput:
            if self._started or not self._may_differ(kept, uploads):
                raise
            await self._ask(inputs, await self._upload(links=False))

    def _may_differ(self, kept: Sequence[Upload], uploads: Sequence[Upload]) -> bool:
        """Whether a second request would go with other pictures than the refused first.

        Uploads may be gone at the API, and pages refuse to hand theirs out; nothing was billed.
        """
        if any(one.id for one in kept):
            return bool(self._answer.files)
        return any(one.url for one in uploads)

    async def _upload(self, *, links: bool) -> tuple[Upload, ...]:
        answer, files = self._answer, self._answer.files
        if files:
            self._status.say(self._phrases.looking)
        parameters = await self._tools.app.parameters()
        uploads = await pictures.gather(self._tools, answer.place, answer.end_user, files)
        text = " ".join(str(value) for value in answer.inputs.values()) if links else ""
        return uploads + pictures.links(parameters, text, parameters.picture_limit - len(uploads))

    async def _ask(self, inputs: Mapping[str, Value], uploads: Sequence[Upload]) -> None:
        async def ready() -> None:
            await self._commit(inputs, uploads)

        self._stream = self._tools.completion.stream(
            inputs,
            user=self._answer.end_user,
            files=pictures.references(uploads),
            waiting=self._wait,
            ready=ready,
        )
        async with self._stream as stream:
            async for event in stream:
                self._take_in(event, stream.text)
                stream.lag = self._live.lag
                if not self._started and stream.task_id:
                    self._started = True
                    self._aside.create_task(self._start(stream))
                if self._ending.done() and not self._wants_speech():
                    break
        self.speech = stream.speech

    async def _commit(self, inputs: Mapping[str, Value], uploads: Sequence[Upload]) -> None:
        """The last step before the request leaves: from here on it may be billed."""
        if self._asked:
            return
        store = self._tools.store
        if await store.asked(self._answer.id, self._claim, inputs=inputs, uploads=uploads):
            self._asked = True
            self._began = self._now()
            return
        held = await store.keep(self._answer.id, self._claim, "")
        self._run.end("lost" if held is None else "stop")
        if self._stream is not None:
            await self._stream.stop()

    async def _start(self, stream: AnswerStream) -> None:
        """Keep its ids, and its first words with them: they may be seen before the next look."""
        held = await self._tools.store.started(
            self._answer.id,
            self._claim,
            task_id=stream.task_id or "",
            message_id=stream.message_id or "",
            text=stream.text,
        )
        if not held and not self._ending.done():
            self._run.end("lost")

    def _wait(self, before: int) -> None:
        phrases = self._phrases
        if before:
            self._status.say(phrases.waiting.format(count=before))
        else:
            self._status.say(phrases.thinking, "thinking")

    def _take_in(self, event: StreamEvent, text: str) -> None:
        match event:
            case TextAdded() | TextReplaced():
                if self._first_event is None and text.strip():
                    self._first_event = self._now()
                if self._live.first_shown is not None:
                    self._status.words_come()
                self._live.show(text)
            case Failed(error=error):
                self._fail(error)
            case Finished(stopped=stopped):
                self._finish(stopped=stopped)

    def _wants_speech(self) -> bool:
        ending = self._ending.result()
        return self._run.cause is None and ending is not None and ending.outcome == "whole"

    # Deciding

    def _finish(self, *, stopped: bool) -> None:
        if stopped or self._run.cause is not None:
            self._end_early(self._run.cause or "stop")
        elif self._text.strip():
            self._decide("whole")
        else:
            self._decide("failed", "Empty")

    def _fail(self, error: CompletionError) -> None:
        if self._run.cause is not None:
            self._end_early(self._run.cause)
            return
        code = error.code if isinstance(error, Refused) else ""
        observe.count_api_error(code or type(error).__name__)
        name = type(error).__name__
        _log.warning("the API failed", error=name, code=code, asked=self._asked)
        self._decide("interrupted" if name == "Interrupted" else "failed", name)

    def _end_early(self, cause: Cause) -> None:
        if cause == "lost" or (cause == "cut" and not self._asked):
            self.left = cause == "cut"
            self._settle(None)
        elif cause == "cut":
            self._decide("interrupted", "Interrupted")
        else:
            gone = cause == "deleted" and not self._text.strip()
            error = REVISED if cause == "revised" else ""
            self._decide("stopped", error, silent=gone or bool(error))

    def _decide(self, outcome: Outcome, error: str = "", *, silent: bool = False) -> None:
        stream = self._stream
        sources = endings.sources_of(stream.sources) if stream and outcome == "whole" else ()
        self._settle(
            Ending(outcome=outcome, text=self._text, error=error, sources=sources, silent=silent)
        )

    def _settle(self, ending: Ending | None) -> None:
        if not self._ending.done():
            self._ending.set_result(ending)

    @property
    def _text(self) -> str:
        return self._stream.text if self._stream is not None else ""

    # Keeping, and hearing that it is to end

    async def _keep(self, reader: asyncio.Task[None]) -> None:
        while not self._run.ended.is_set():
            with contextlib.suppress(TimeoutError):
                next_look = self._tools.running.next_look(self._now(), KEEP_EVERY)
                async with asyncio.timeout_at(next_look):
                    await self._run.ended.wait()
                    break
            await self._look()
        await self._halt(reader)

    async def _look(self) -> None:
        try:
            wanted = await self._tools.store.keep(self._answer.id, self._claim, self._text)
        except Fault as fault:
            _log.warning("the text could not be kept", error=type(fault).__name__)
            return
        if wanted is None:
            self._run.end("lost")
        elif wanted or self._live.stopped.is_set() or self._live.lost is not None:
            self._run.end("stop")

    async def _halt(self, reader: asyncio.Task[None]) -> None:
        """End the stream, soon by itself and else by leaving it."""
        cause = self._run.cause or "stop"
        if cause == "lost" or not self._asked or not self._text.strip():
            # Nothing more is worth waiting for: whoever stopped it is told at once.
            self._end_early(cause)
        if self._stream is not None:
            await self._stream.stop()
        await asyncio.wait([reader], timeout=CUT_WAIT if cause == "cut" else STOP_WAIT)
        self._end_early(cause)
        reader.cancel()

    # Closing

    async def _close(self, ending: Ending) -> None:
        decided = await self._decided(ending)
        if decided is None:
            self._live.abandon()
            return
        answer = replace(
            self._answer,
            state=ending.outcome,
            outcome=ending.outcome,
            text=ending.text,
            error=ending.error,
            sources=ending.sources,
            message_id=(self._stream and self._stream.message_id) or "",
            finished_at=self._tools.now(),
        )
        if not ending.silent:
            outgoing = await endings.ending(self._tools, answer, decided.rating)
            await doubt.finish(self._tools, self._live, answer, outgoing)
        elif ending.text.strip():
            # Not just let go: a first message on its way would be on the screen unknown to us.
            await self._live.finish(Outgoing(text=endings.under(ending.text)))
        else:
            self._live.abandon()
        # Nobody looks after it once the answer is done.
        await self._status.end()
        self.rated = await self._tools.store.closed(self._answer.id, self._claim)
        await self._screens.noted()
        self.closed = None if ending.silent else answer

    async def _decided(self, ending: Ending) -> Decided | None:
        stream = self._stream
        usage = stream.usage if stream else None
        return await self._tools.store.closing(
            self._answer.id,
            self._claim,
            outcome=ending.outcome,
            text=ending.text,
            error=ending.error,
            sources=ending.sources,
            tokens=(usage and usage.total_tokens) or 0,
            price=(usage and usage.total_price) or Decimal(0),
            currency=(usage and usage.currency) or "",
            message_id=(stream and stream.message_id) or "",
            task_id=(stream and stream.task_id) or "",
        )

    def _count(self) -> None:
        came, seen, ending = self._first_event, self._live.first_shown, self._ending.result()
        if came is not None and seen is not None:
            observe.FIRST_TEXT.observe(max(0.0, seen - came))
        tally.painted(self._live, self._answer.place.chat.platform)
        if ending is not None and self.closed is not None:
            tally.closed(self._live, self.closed, self._now() - self._began)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
