"""What the app says of itself, fetched once and then again every few minutes."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Generic, TypeVar

from bot.completion import AppInfo, CompletionClient, CompletionError, Parameters, Site

FRESH = 300.0
"""Seconds an answer is good for: owners change their app rarely and expect it to show soon."""
SPARED = 5.0
"""Seconds a failed call is not repeated for: everybody who asks meanwhile would wait for it."""

T = TypeVar("T")


class App:
    """`/parameters`, `/info` and `/site`. What is known is kept while the API does not answer.

    Every method raises `CompletionError` when nothing is known yet.
    """

    def __init__(
        self, completion: CompletionClient, *, clock: Callable[[], float] = monotonic
    ) -> None:
        self._parameters = _Kept(completion.parameters, clock)
        self._info = _Kept(completion.info, clock)
        self._site = _Kept(completion.site, clock)

    async def parameters(self) -> Parameters:
        return await self._parameters.get()

    async def info(self) -> AppInfo:
        return await self._info.get()

    async def site(self) -> Site:
        return await self._site.get()


class _Kept(Generic[T]):
    def __init__(self, fetch: Callable[[], Awaitable[T]], clock: Callable[[], float]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = asyncio.Lock()
        self._value: T | None = None
        self._failure: CompletionError | None = None
        self._due = float("-inf")

    async def get(self) -> T:
        if self._value is not None and self._clock() < self._due:
            return self._value
        async with self._lock:
            if self._clock() >= self._due:
                await self._renew()
        if self._value is not None:
            return self._value
        raise self._failure or CompletionError()

    async def _renew(self) -> None:
        try:
            self._value = await self._fetch()
        except CompletionError as error:
            # One traceback shared by all who are told would grow with each of them.
            self._failure = error.with_traceback(None)
            self._due = self._clock() + SPARED
        else:
            self._due = self._clock() + FRESH
