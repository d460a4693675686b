"""How long the client waits, and who breaks off a wait that has lasted long enough."""

import asyncio
from dataclasses import dataclass
from typing import Final

from bot.completion.errors import Reason

STOPPED: Final = "stopped"
TAIL: Final = "tail"

Cause = Reason | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Limits of waiting, in seconds."""

    connect: float = 5.0
    silence: float = 35.0
    """Without a byte of a stream; the API pings every 10 s, so three pings were missed."""
    begin: float = 100.0
    """As `silence`, before the very first byte: a proxy that collects a stream hands it over as
    late as a blocking answer, and a full server lets requests wait before it answers them."""
    only_pings: float = 300.0
    """With nothing but pings: proxies and stuck models keep a stream alive for minutes."""
    answer: float = 1200.0
    """For one whole answer: the API's own APP_MAX_EXECUTION_TIME."""
    tail: float = 10.0
    """For more speech after the text ended: twice what the API itself waits for it."""
    stop: float = 5.0
    """From a stop until the stream is closed from here; the API looks for stops every second."""
    unstarted: float = 30.0
    """For a stopped stream to tell its task id, before which nothing can be stopped."""
    blocking: float = 100.0
    """For a blocking answer: proxies before the API cut it then, as its documentation says."""
    speech: float = 120.0
    upload: float = 120.0
    short: float = 10.0
    """For every other call; a server with ten open streams was seen to take 5.4 s."""
    busy: float = 8.0
    """Longest Retry-After that is waited for rather than reported."""
    backoff: float = 0.5
    """Before the first retry; doubled and jittered for the second."""

    @property
    def first_byte(self) -> float:
        return max(self.begin, self.silence)


class Watch:
    """Breaks off reads that last too long. Time the consumer takes between reads is free.

    One timer serves a whole stream: a read only notes when it began and when it ended.
    """

    def __init__(self, patience: Patience) -> None:
        self.cause: Cause = ""
        """Why no more is read; "" while there is no reason."""
        self._text_ended = False
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._now = self._loop.time
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._began = 0.0
        self.ended = 0.0
        """When the latest read ended, in the loop's time."""
        self._waited = 0.0  # in all reads
        self._alive = 0.0  # of that, before the last time that anything came
        self._heard = 0.0  # of that, before the last time that more than a ping came
        self._begun = False
        self._until: float | None = None
        self._timer = self._loop.call_later(self._left(0.0, 0.0)[0], self._look)

    def begin(self) -> None:
        """A read begins; RuntimeError when one is going on already."""
        task = asyncio.current_task(self._loop)
        if task is None or self._task is not None:
            raise RuntimeError("a stream has one reader, which is a task")
        self._task = task
        self._cancelling = task.cancelling()
        self._began = self._now()

    def end(self, *, alive: bool) -> None:
        """A read has ended; `alive` says that it gave something."""
        self._task = None
        self.ended = self._now()
        self._waited += self.ended - self._began
        if alive:
            self._alive = self._waited
            if not self._begun:
                self._begun = True
                self._look()

    def claims(self) -> bool:
        """Whether the cancellation that ended a read was this watch's, and nobody else's too."""
        task = asyncio.current_task(self._loop)
        return bool(self.cause) and task is not None and task.uncancel() <= self._cancelling

    def heard(self) -> None:
        """Something other than a ping has come."""
        self._heard = self._waited

    def end_within(self, seconds: float) -> None:
        """Break off whatever read is going on then, as stopped; a later deadline wins."""
        self._until = self._now() + seconds
        self._look()

    def end_text(self) -> None:
        """Only speech may follow now."""
        if not self._text_ended:
            self._text_ended = True
            self._look()

    def close(self) -> None:
        self._timer.cancel()

    def _look(self) -> None:
        self._timer.cancel()
        if self.cause:
            return
        now = self._now()
        left, cause = self._left(now, now - self._began if self._task is not None else 0.0)
        if left > 0:
            self._timer = self._loop.call_later(left, self._look)
            return
        self.cause = cause
        if self._task is not None:
            self._task.cancel()

    def _left(self, now: float, waiting: float) -> tuple[float, Cause]:
        patience = self._patience
        silence = patience.silence if self._begun else patience.first_byte
        quiet = (patience.tail, TAIL) if self._text_ended else (patience.only_pings, "only pings")
        bounds = [
            (silence - (self._waited - self._alive) - waiting, "silence"),
            (patience.answer - self._waited - waiting, "too long"),
            (quiet[0] - (self._waited - self._heard) - waiting, quiet[1]),
        ]
        if self._until is not None:
            bounds.append((self._until - now, STOPPED))
        return min(bounds)
