"""The bytes of a stream: one HTTP chunk an event, unless a fault says otherwise."""

import asyncio
from contextlib import suppress

from aiohttp import web

from bot.sandbox.clock import Clock
from bot.sandbox.faults import Chosen
from bot.sandbox.replies import compact

PING = b"event: ping\n\n"
PING_EVERY = 10.0  # seconds, counted from the beginning of the request
PATIENCE = 60.0  # seconds a client may leave its bytes unread; nginx's send_timeout
LONGEST_RUN = 1200.0  # seconds; Dify's APP_MAX_EXECUTION_TIME


class Ended(Exception):
    """Nothing more can or shall be sent on this stream."""


class Sender:
    """Writes the events of one stream; the response begins with the first of them."""

    def __init__(self, request: web.Request, clock: Clock, fault: Chosen) -> None:
        self._request = request
        self._clock = clock
        self._fault = fault
        self._response = web.StreamResponse(
            reason="OK", headers={"Content-Type": "text/event-stream; charset=utf-8"}
        )
        self._held = bytearray()
        self._sent = 0

    async def send(self, event: dict[str, object]) -> None:
        """Send one event. Raises Ended once the stream is broken, by the client or on purpose."""
        if self._fault.name == "only-pings":
            await self._ping_on()
        await self._disturb()
        await self._write(b"data: " + compact(event) + b"\n\n")
        self._sent += 1

    async def ping(self) -> None:
        await self._write(PING)

    async def close(self) -> web.StreamResponse:
        """End the response, with what a fault held back."""
        with suppress(Ended, ConnectionError):
            await self._put(bytes(self._held))
            await self._response.write_eof()
        return self._response

    async def _disturb(self) -> None:
        if self._sent < self._fault.value:
            return
        match self._fault.name:
            case "cut":
                self._drop()
            case "unfinished":
                raise Ended
            case "silence":
                await self._clock.sleep(LONGEST_RUN)
                self._drop()
            case "garbled" if self._sent == self._fault.value:
                self._sent += 1
                await self._write(b'data: {"event":"message","answer":"half a\n\n')
            case _:
                pass

    def _drop(self) -> None:
        if self._request.transport is not None:
            self._request.transport.abort()
        raise Ended

    async def _ping_on(self) -> None:
        until = self._clock.now() + LONGEST_RUN
        while self._clock.now() < until:
            await self._clock.sleep(PING_EVERY)
            await self.ping()
        raise Ended

    async def _write(self, data: bytes) -> None:
        match self._fault.name:
            case "buffered":
                self._held += data
            case "shredded":
                for place in range(len(data)):
                    await self._put(data[place : place + 1])
            case _:
                await self._put(data)

    async def _put(self, data: bytes) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                if not self._response.prepared:
                    await self._response.prepare(self._request)
                if data:
                    await self._response.write(data)
        except ConnectionError:
            raise Ended from None
        except TimeoutError:
            self._drop()
