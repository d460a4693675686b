"""The answers this process is working on, and how each can be told to end."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Literal

from bot import observe

Cause = Literal["stop", "cut", "revised", "deleted", "lost"]
"""Why an answer ends early: the asker stopped it, this process must end, its question has another
text, its question is gone, or another process has taken it over."""

KEEPS = 60
"""Texts kept within a second, of all answers together. Each costs half a millisecond, and no more
than a thirtieth of the work is to go into what only a crash asks for."""

_log = observe.get_logger("bot.service.running")


class Run:
    """One answer at work. The first cause counts, but for `lost`: nothing may be written then."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self.cause: Cause | None = None

    def end(self, cause: Cause) -> None:
        if self.cause is None or cause == "lost":
            self.cause = cause
        self.ended.set()


class Running:
    """By the answer's id; an answer is here from before its first wait until its last screen."""

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}
        self._rests: dict[str, asyncio.Task[None]] = {}

    def __len__(self) -> int:
        return len(self._runs)

    def __contains__(self, answer: object) -> bool:
        return answer in self._runs

    def next_look(self, now: float, usual: float) -> float:
        """When to keep an answer's text again: `usual` seconds from now, later where many are open.

        One of few moments, the same for every answer: what is kept at one shares a commit.
        """
        every = max(usual, len(self._runs) / KEEPS)
        return (now + every) // (every / 4) * (every / 4)

    @contextmanager
    def opened(self, answer: str) -> Iterator[Run]:
        run = self._runs[answer] = Run()
        try:
            yield run
        finally:
            if self._runs.get(answer) is run:
                del self._runs[answer]

    async def lead(
        self, answer: str, work: Coroutine[object, object, None], shown: asyncio.Event
    ) -> None:
        """Wait for `work`, at most until its answer is `shown`; its rest goes on aside then.

        An API speaks on for seconds, or is slow to stop; nobody's next question waits for that.
        """
        task = asyncio.create_task(work)
        seen = asyncio.create_task(shown.wait())
        try:
            await asyncio.wait({task, seen}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            seen.cancel()
            if shown.is_set() and not task.done():
                self._runs.pop(answer, None)
                self._rests[answer] = task
                task.add_done_callback(lambda _: self._rest_ended(answer, task))
            else:
                task.cancel()
                await asyncio.wait({task})
        if task.done():
            task.result()

    async def rest(self, answer: str) -> None:
        """Wait until nothing more comes of an answer that is shown."""
        if answer in self._rests:
            await asyncio.wait({self._rests[answer]})

    async def end_rests(self) -> None:
        """The process ends: what nobody waits for ends with it."""
        rests = set(self._rests.values())
        for task in rests:
            task.cancel()
        if rests:
            await asyncio.wait(rests)

    def _rest_ended(self, answer: str, task: asyncio.Task[None]) -> None:
        if self._rests.get(answer) is task:
            del self._rests[answer]
        if not task.cancelled() and (fault := task.exception()) is not None:
            _log.error("the rest of an answer failed", answer=answer, trace=observe.trace(fault))

    def end(self, answer: str, cause: Cause) -> bool:
        """False when this process is not working on it."""
        run = self._runs.get(answer)
        if run is None:
            return False
        run.end(cause)
        return True

    def end_all(self, cause: Cause) -> None:
        for run in self._runs.values():
            run.end(cause)
