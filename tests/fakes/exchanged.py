"""Exchanges by hand: a connection whose bytes a test brings, and some words for real ones."""

import asyncio
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar, cast
from urllib.parse import urlsplit

from bot.exchange import Exchange, Failure, Head, Origin, Pool
from bot.exchange.connection import Connection

TOP = Head(b"POST", b"/bot-secret/call", [(b"Host", b"bot.test"), (b"Authorization", b"secret")])
REQUEST = TOP.with_body(b"{}")
LIMIT = 1 << 24


class Line(asyncio.Transport):
    """Remembers what was done to it. What is lost is told by the test, as a loop does: later."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.cut = False
        self.paused = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def abort(self) -> None:
        self.cut = True

    def is_closing(self) -> bool:
        return self.cut

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False


class Table:
    """One connection on which an exchange has begun."""

    def __init__(self) -> None:
        self.line = Line()
        self.kept: list[Connection] = []
        self.connection = Connection(lambda _: None)
        self.connection.connection_made(self.line)
        self.exchange = self.ask()

    def ask(self) -> Exchange:
        return Exchange(self.connection, REQUEST, self.kept.append)

    def say(self, *pieces: bytes) -> None:
        """What a loop does with what arrives."""
        for piece in pieces:
            if piece and not self.line.cut:
                self.connection.data_received(piece)

    def hang_up(self, error: Exception | None = None) -> None:
        self.line.cut = True
        self.connection.connection_lost(error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of an exchange: `fault` is the kind of what ended it early."""

    status: int
    reason: bytes
    version: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    fault: str | None = None


async def answer_to(exchange: Exchange) -> Answer:
    """All of it, as far as it came."""
    body, fault = b"", None
    try:
        await exchange.opened()
        while data := await exchange.read():
            body += data
    except Failure as failure:
        fault = type(failure).__name__
    return Answer(
        status=exchange.status,
        reason=exchange.reason,
        version=exchange.version,
        headers=tuple(exchange.headers) if exchange.status else (),
        body=body,
        fault=fault,
    )


Result = TypeVar("Result")


def at_once(coroutine: Coroutine[object, object, Result]) -> Result:
    """The result of what has nothing to wait for."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return cast(Result, done.value)
    coroutine.close()
    raise AssertionError("it waits")


def origin(url: str) -> Origin:
    parts = urlsplit(url)
    return Origin(parts.scheme == "https", parts.hostname or "", parts.port or 80)


async def ask(pool: Pool, url: str, *, connect: float | None = 2.0, within: float = 5.0) -> bytes:
    """One whole exchange."""
    exchange = await pool.send(origin(url), REQUEST, connect=connect)
    try:
        exchange.end_within(within)
        await exchange.opened()
        return await exchange.whole(LIMIT)
    finally:
        exchange.close()


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    """`data` in pieces, cut at those places."""
    ends = [0, *sorted({place % (len(data) + 1) for place in places}), len(data)]
    return [data[start:end] for start, end in pairwise(ends)]
