"""A Completion API that outlives the bot and keeps account of what it was asked to write."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import cast

from aiohttp import web

from bot.sandbox import Config, build
from bot.sandbox.apps import Apps
from bot.sandbox.generation import Generation
from bot.sandbox.room import ROOM
from bot.sandbox.writer import Engine, Task

MARK = re.compile(r"\bmark\d+\b")
"""The word by which a question is known."""


@dataclass
class Writing:
    """One generation as the API knows it: whom it was for, what was written by when, how it ended.

    Left by its reader, a real one is written on, and paid for, until it is stopped.
    """

    mark: str = ""
    task: str = ""
    pieces: list[tuple[float, str]] = field(default_factory=list)
    whole: bool = False
    left_at: float = 0.0

    @property
    def seconds(self) -> float:
        """From its first piece until its reader went."""
        return self.left_at - self.pieces[0][0] if self.pieces else 0.0

    def text(self, *, before: float = float("inf")) -> str:
        """What was written until `before`, a moment of the loop's time."""
        return "".join(piece for at, piece in self.pieces if at <= before)


@dataclass
class Counted:
    """What one app saw."""

    application: web.Application
    url: str = ""
    writings: list[Writing] = field(default_factory=list)
    stopped: set[str] = field(default_factory=set)

    @property
    def running(self) -> int:
        return len(self.application[ROOM].running)

    @property
    def asked(self) -> Counter[str]:
        """How often each marked question was written an answer."""
        return Counter(writing.mark for writing in self.writings if writing.mark)

    async def ratings(self) -> Counter[str]:
        """What people thought, as the API was told."""
        room = self.application[ROOM]
        app = room.apps.find("app-sandbox")
        assert app is not None
        told = await room.state.feedbacks(app, 1, 10_000)
        return Counter(str(each["rating"]) for each in told)


_writing: ContextVar[Writing] = ContextVar("_writing")


class _Counting:
    def __init__(self, engine: Engine) -> None:
        self.name = engine.name
        self.close = engine.close
        self._engine = engine

    async def write(self, task: Task) -> AsyncGenerator[str, None]:
        writing, now = _writing.get(), asyncio.get_running_loop().time
        marks = MARK.findall(task.prompt)
        writing.mark = marks[0] if marks else ""
        pieces = cast(AsyncGenerator[str, None], self._engine.write(task))
        async with aclosing(pieces):
            async for piece in pieces:
                writing.pieces.append((now(), piece))
                yield piece
        writing.whole = True


class _Running(dict[str, Generation]):
    """The sandbox's own list; tells each writing its task."""

    def __setitem__(self, task: str, generation: Generation) -> None:
        _writing.get().task = task
        super().__setitem__(task, generation)


def _watching(
    counted: Counted,
) -> Callable[[web.Request, Callable[..., Awaitable[web.StreamResponse]]], object]:
    @web.middleware
    async def watch(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        path = request.path
        if path.endswith("/stop"):
            counted.stopped.add(path.split("/")[-2])
        if not path.endswith("/completion-messages"):
            return await handler(request)
        with _open(counted):
            return await handler(request)

    return watch


@contextmanager
def _open(counted: Counted) -> Iterator[None]:
    writing = Writing()
    counted.writings.append(writing)
    _writing.set(writing)
    try:
        yield
    finally:
        writing.left_at = asyncio.get_running_loop().time()


@asynccontextmanager
async def counted_sandbox(config: Config) -> AsyncIterator[Counted]:
    application = build(config)
    counted = Counted(application)
    application.middlewares.append(_watching(counted))  # type: ignore[arg-type]  # is one
    runner = web.AppRunner(application, access_log=None, handler_cancellation=True)
    await runner.setup()
    room = application[ROOM]
    room.engine = _Counting(room.engine)
    room.running = _Running()
    # Speaking every answer would take more of the machine than the bot under test.
    room.apps = Apps(tuple(replace(app, autoplay=False) for app in room.apps))
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        counted.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        yield counted
    finally:
        await runner.cleanup()
