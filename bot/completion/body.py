"""The body of a streamed response: how its next bytes are read, and how they are left for later."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import cast

import httpx

from bot.completion.naps import Naps, Rest, Wake

Read = Callable[[], Awaitable[bytes]]


def reader(response: httpx.Response, stack: contextlib.AsyncExitStack) -> Read:
    """The shortest way to the body's next bytes, b"" at its end."""
    read = response.extensions.get("read")
    if read is not None and "content-encoding" not in response.headers:
        return cast(Read, read)
    unpacking = _Unpacking(response)
    stack.push_async_callback(unpacking.aclose)
    return unpacking.read


def naps(response: httpx.Response) -> Naps | None:
    """Naps for where the transport can let a response pile up."""
    rest, wake = response.extensions.get("rest"), response.extensions.get("wake")
    return Naps(cast(Rest, rest), cast(Wake, wake)) if rest and wake else None


class _Unpacking:
    """Reads a compressed body by httpx, which would end for good when one read is cancelled."""

    def __init__(self, response: httpx.Response) -> None:
        self._pieces = response.aiter_bytes()
        self._next: asyncio.Task[bytes] | None = None

    async def read(self) -> bytes:
        if self._next is None:
            self._next = asyncio.create_task(self._read_on())
        data = await asyncio.shield(self._next)
        self._next = None
        return data

    async def aclose(self) -> None:
        if self._next is not None:
            self._next.cancel()
            await asyncio.wait([self._next])

    async def _read_on(self) -> bytes:
        return await anext(self._pieces, b"")
