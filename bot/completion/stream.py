"""A streaming answer: read it event by event, stop it, leave it, and never wait for ever."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Self, cast

import httpx

from bot.completion.answer import Answer, Malformed, StreamEvent
from bot.completion.body import Read, naps, reader
from bot.completion.calls import JSON_LIMIT, media_type, persist, read_body
from bot.completion.errors import CompletionError, Interrupted, Reason, Unreadable
from bot.completion.models import Source, Usage
from bot.completion.naps import Naps
from bot.completion.patience import STOPPED, Cause, Patience, Watch
from bot.completion.reading import read_completion, read_json
from bot.completion.sse import Decoder, EventTooLarge

Open = Callable[[], Awaitable[httpx.Response]]
Stop = Callable[[str], Awaitable[None]]
Ready = Callable[[], Awaitable[None]]


class AnswerStream:
    """One answer while it is written: `async with` it, then `async for` over its events.

    `text` is always the running text. `Finished` comes as soon as the text is complete; speech may
    follow it until the stream ends. A generation that failed yields `Failed` at once and raises the
    same error at the end, so that nobody takes it for a success by ignoring an event. A stream that
    breaks raises `Interrupted` with the text that had come.

    Leaving the block before the end stops the generation at the API and reads on for a moment,
    because the API forgets an answer whose reader went away. There is one reader at a time.

    `lag` is for the reader to set, at any time: how many seconds late more text may come once there
    is some. What comes steadily is then read in fewer, larger portions, each of them one
    `TextAdded`. The end, and what is more than text, is late by `naps.LOOK` at most.
    """

    lag = 0.0

    def __init__(
        self,
        *,
        slot: AbstractAsyncContextManager[None],
        open_response: Open,
        send_stop: Stop,
        patience: Patience,
        show_reasoning: bool = False,
        ready: Ready | None = None,
    ) -> None:
        self._slot = slot
        self._ready = ready
        self._open_response = open_response
        self._send_stop = send_stop
        self._patience = patience
        self._answer = Answer(show_reasoning=show_reasoning)
        self._decoder = Decoder()
        self._watch: Watch | None = None
        self._exit = contextlib.AsyncExitStack()
        self._read: Read | None = None
        self._naps: Naps | None = None
        self._queueing: asyncio.Task[object] | None = None
        self._opening: asyncio.Task[httpx.Response] | None = None
        self._asking = False  # a request is on its way, so the model may be writing
        self._over = False
        self._give_up = 0.0  # when a stop that could not be sent has waited long enough
        self._stop_due = self._stop_sent = False
        self._outcome: CompletionError | None = None

    @property
    def text(self) -> str:
        """What is visible so far: without reasoning, replacements included."""
        return self._answer.text

    @property
    def speech(self) -> bytes:
        """The audio so far; empty when text was withdrawn or hidden that it would read out."""
        return self._answer.speech

    @property
    def task_id(self) -> str | None:
        return self._answer.task_id

    @property
    def message_id(self) -> str | None:
        return self._answer.message_id

    @property
    def usage(self) -> Usage | None:
        return self._answer.usage

    @property
    def sources(self) -> tuple[Source, ...]:
        return self._answer.sources

    @property
    def stopped(self) -> bool:
        """Whether the text ended, or will end, because of `stop`."""
        return self._answer.stopped

    async def __aenter__(self) -> Self:
        """Wait for a slot and for the server to begin; raises whatever it refuses with."""
        async with contextlib.AsyncExitStack() as stack:
            if not self._answer.stopped:
                await self._enter_slot(stack)
            if self._answer.stopped:
                self._conclude(STOPPED)
            else:
                await self._open(stack)
            self._exit = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        async with self._exit:
            if not self._answer.text_ended:
                await self._wind_down()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> StreamEvent:
        events = self._answer.events
        while not events:
            if self._over:
                if self._outcome is not None:
                    raise self._outcome
                raise StopAsyncIteration
            await self._advance()
        return events.popleft()

    async def stop(self) -> None:
        """Ask the API to stop writing. Any task may; the reader then ends normally, text kept.

        The stream is read on until it ends, at most for `Patience.stop`. Nothing can be stopped
        before the first event: the wish is kept until then, at most for `Patience.unstarted`. In
        the queue it leaves the queue. Whether the API heard it cannot be known, so nothing is
        raised when it did not.
        """
        if self._over:
            return
        if self._answer.text_ended:
            self._end_within(0.0)
            return
        again, self._answer.stopped = self._answer.stopped, True
        if self._queueing is not None:
            if not again:
                self._queueing.cancel()
        elif self._answer.task_id is not None:
            await self._stop_once()
        elif not again:
            self._stop_unstarted()

    async def _enter_slot(self, stack: contextlib.AsyncExitStack) -> None:
        task = cast("asyncio.Task[object]", asyncio.current_task())
        cancelling = task.cancelling()
        self._queueing = task
        try:
            await stack.enter_async_context(self._slot)
        except asyncio.CancelledError:
            if not self._answer.stopped or task.uncancel() > cancelling:
                raise
        finally:
            self._queueing = None

    async def _open(self, stack: contextlib.AsyncExitStack) -> None:
        """Whatever is opened is closed by `stack`."""

        async def try_to_open() -> httpx.Response:
            if self._ready is not None and not self._answer.stopped:
                await self._ready()
            if self._answer.stopped:
                raise CompletionError
            self._asking = True
            try:
                response = await self._open_response()
            finally:
                self._asking = False
            stack.push_async_callback(response.aclose)
            return response

        self._opening = opening = asyncio.create_task(
            persist(try_to_open, repeatable=False, patience=self._patience)
        )
        try:
            response = await _outlast(opening)
        except asyncio.CancelledError:
            await self._abandon(opening, stack)
            raise
        except CompletionError:
            if not self._answer.stopped:
                raise
            self._conclude(STOPPED)
        else:
            await self._begin(response, stack)

    async def _abandon(
        self, opening: asyncio.Task[httpx.Response], stack: contextlib.AsyncExitStack
    ) -> None:
        """Cancelled before the server began to answer, though perhaps not to write: stop that."""
        self._answer.stopped = True
        self._give_up = asyncio.get_running_loop().time() + self._patience.stop
        if not self._asking:
            opening.cancel()
        with contextlib.suppress(CompletionError, TimeoutError):
            async with asyncio.timeout(self._patience.stop):
                await self._begin(await opening, stack)
                await self._wind_down()

    async def _begin(self, response: httpx.Response, stack: contextlib.AsyncExitStack) -> None:
        kind = media_type(response.headers)
        if kind == "text/event-stream":
            self._read = reader(response, stack)
            self._naps = naps(response)
        elif kind == "application/json":
            await self._take_whole(response)
        else:
            raise Unreadable
        self._watch = Watch(self._patience)
        stack.callback(self._watch.close)
        if self._answer.stopped:
            self._watch.end_within(self._give_up - asyncio.get_running_loop().time())

    async def _take_whole(self, response: httpx.Response) -> None:
        try:
            async with asyncio.timeout(self._patience.first_byte):
                body = await read_body(response, JSON_LIMIT)
            self._answer.take_whole(read_completion(read_json(body)))
        except (httpx.HTTPError, TimeoutError):
            raise Interrupted(reason="broken") from None
        except (ValueError, Malformed):
            raise Unreadable from None
        self._over = True

    async def _advance(self) -> None:
        """One read, and what it does to the answer."""
        watch, read = self._watch, self._read
        if watch is None or read is None:
            raise RuntimeError("a stream is read inside its `async with` block")
        if watch.cause:
            self._conclude(watch.cause)
            return
        watch.begin()
        data = None
        # Here rather than in a coroutine of its own: every chunk of every answer passes.
        try:
            data = await read()
        except asyncio.CancelledError:
            if not watch.claims():
                raise
            self._conclude(watch.cause)
            return
        except httpx.HTTPError:
            self._conclude("broken")
            return
        finally:
            watch.end(alive=data is not None)
        pieces = self._digest(watch, data)
        if self._answer.stopped:
            await self._stop_once()
        elif self.lag and self._naps is not None and self._grows():
            self._naps.after(pieces, watch.ended, self.lag)

    def _digest(self, watch: Watch, data: bytes) -> int:
        """How many pieces of the answer there were in `data`."""
        answer = self._answer
        pieces = 0
        try:
            pieces = self._take_events(data)
            if pieces:
                watch.heard()
        except EventTooLarge:
            self._conclude("too large")
        except Malformed as malformed:
            # An event cut in the middle is how a stream ends that is cut.
            self._conclude(malformed.reason if data else "eof")
        else:
            if not data:
                self._conclude("eof")
            elif answer.text_ended:
                watch.end_text()
        return pieces

    def _take_events(self, data: bytes) -> int:
        """How many of the events that `data` completes were more than pings."""
        plain = self._decoder.plain(data)
        if plain is not None:
            return self._answer.take_together(plain) if self.lag else self._answer.take_plain(plain)
        events = self._decoder.feed(data) if data else self._decoder.finish()
        return sum(self._answer.take(event) for event in events)

    def _grows(self) -> bool:
        """Whether there is text, and more is to come."""
        return not self._over and not self._answer.text_ended and bool(self._answer.text)

    def _conclude(self, cause: Cause) -> None:
        """The stream is over: decide how it ends."""
        answer = self._answer
        self._over = True
        if answer.finished:
            return
        if answer.stopped:
            answer.finish_stopped()
        elif answer.failure is not None:
            self._outcome = answer.failure
        else:
            answer.release()
            self._outcome = Interrupted(answer.text, reason=cast(Reason, cause))

    def _stop_unstarted(self) -> None:
        """Nothing can be stopped yet: wait for the first event, or do not ask at all."""
        seconds = self._patience.unstarted
        self._end_within(seconds)
        if self._opening is None or self._opening.done():
            return
        loop = asyncio.get_running_loop()
        self._give_up = loop.time() + seconds
        if self._asking:
            loop.call_later(seconds, self._opening.cancel)
        else:
            self._opening.cancel()

    async def _stop_once(self) -> None:
        task_id = self._answer.task_id
        if self._stop_sent or task_id is None:
            return
        if not self._stop_due:
            self._stop_due = True
            self._end_within(self._patience.stop)
        self._stop_sent = True
        try:
            with contextlib.suppress(CompletionError, TimeoutError):
                async with asyncio.timeout(self._patience.stop):
                    await self._send_stop(task_id)
        except asyncio.CancelledError:
            # A reader that looks in now and then comes back; the model must not write on for it.
            self._stop_sent = False
            raise

    async def _wind_down(self) -> None:
        """The reader goes before the end: stop the generation and let the API store the answer."""
        if not self._over:
            self._answer.stopped = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._patience.stop):
                await self._stop_once()
                while not self._over and not self._answer.text_ended:
                    await self._advance()

    def _end_within(self, seconds: float) -> None:
        if self._naps is not None:
            self._naps.wake()
        if self._watch is not None:
            self._watch.end_within(seconds)


async def _outlast(opening: asyncio.Task[httpx.Response]) -> httpx.Response:
    """What comes of `opening`, which a cancellation leaves running.

    Raises CompletionError when it was `opening` that was cancelled.
    """
    task = cast("asyncio.Task[object]", asyncio.current_task())
    cancelling = task.cancelling()
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        if opening.cancelled() and task.cancelling() == cancelling:
            raise CompletionError from None
        raise
