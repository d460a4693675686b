"""A streamed answer that piles up while its reader rests, at exact virtual times."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from math import inf

import httpx

from tests.fakes.completion_wire import TASK


class Piled(httpx.AsyncBaseTransport):
    """Gives every question the same stream: `pieces`, each at its time after the question.

    `reads` are the times at which something was read; a stop is noted, and ends nothing.
    """

    def __init__(self, pieces: Sequence[tuple[float, bytes]]) -> None:
        self.reads: list[float] = []
        self.rests: list[float] = []
        self.stopped: float | None = None
        self._pieces = pieces

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(f"{TASK}/stop"):
            self.stopped = _now()
            return httpx.Response(200, json={"result": "success"})
        body = _Body(self, [(_now() + at, piece) for at, piece in self._pieces])
        told = {"read": body.read, "rest": body.rest, "wake": body.wake}
        kind = {"content-type": "text/event-stream"}
        return httpx.Response(200, headers=kind, stream=body, extensions=told)


class _Body(httpx.AsyncByteStream):
    def __init__(self, piled: Piled, pieces: list[tuple[float, bytes]]) -> None:
        self._piled = piled
        self._pieces = pieces
        self._until = -inf
        self._woken = asyncio.Event()

    async def read(self) -> bytes:
        while self._pieces and _now() < (ready := max(self._until, self._pieces[0][0])):
            self._woken.clear()
            try:
                async with asyncio.timeout_at(ready):
                    await self._woken.wait()
            except TimeoutError:
                continue
        there = [piece for at, piece in self._pieces if at <= _now()]
        del self._pieces[: len(there)]
        self._piled.reads.append(_now())
        return b"".join(there)

    def rest(self, seconds: float) -> None:
        self._piled.rests.append(_now())
        self._until = _now() + seconds

    def wake(self) -> None:
        self._until = -inf
        self._woken.set()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while piece := await self.read():
            yield piece


def _now() -> float:
    return asyncio.get_running_loop().time()
