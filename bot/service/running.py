"""The answers this process is working on, and how each can be told to end."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

Cause = Literal["stop", "cut", "revised", "deleted", "lost"]
"""Why an answer ends early: the asker stopped it, this process must end, its question has another
text, its question is gone, or another process has taken it over."""


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

    def __len__(self) -> int:
        return len(self._runs)

    def __contains__(self, answer: object) -> bool:
        return answer in self._runs

    @contextmanager
    def opened(self, answer: str) -> Iterator[Run]:
        run = self._runs[answer] = Run()
        try:
            yield run
        finally:
            if self._runs.get(answer) is run:
                del self._runs[answer]

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
