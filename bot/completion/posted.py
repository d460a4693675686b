"""Small requests without a proxy between, and what comes back, in httpx's terms.

These are nearly all requests there are, and all streams.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import cast

import httpx

from bot.completion.naps import LOOK, MOMENT, Alarm, is_more_than_text
from bot.exchange import Broken, Exchange, Failure, Head, NotSent, Origin, Pool, Silent


async def post(pool: Pool, request: httpx.Request, body: bytes, alarm: Alarm) -> httpx.Response:
    """Raises an `httpx.TransportError`."""
    timeouts = cast(Mapping[str, float | None], request.extensions.get("timeout", {}))
    url = request.url
    secure = url.scheme == "https"
    origin = Origin(secure, url.raw_host.decode("ascii"), url.port or (443 if secure else 80))
    read = timeouts.get("read")
    exchange: Exchange | None = None
    failure: httpx.TransportError
    try:
        top = Head(request.method.encode("ascii"), url.raw_path, request.headers.raw)
        exchange = await pool.send(origin, top.with_body(body), connect=timeouts.get("connect"))
        async with asyncio.timeout(read):
            await exchange.opened()
        return _response(exchange, alarm, read)
    except (Failure, TimeoutError) as error:
        failure = _translated(error)
    except ValueError:
        # Not its text, nor what it came from: that may hold the key.
        failure = httpx.LocalProtocolError("the request cannot be put on the wire")
    except BaseException:
        if exchange is not None:
            exchange.close()
        raise
    if exchange is not None:
        exchange.close()
    raise failure


class PostedStream(httpx.AsyncByteStream):
    """The body of a response, as it comes. Has one reader at a time."""

    def __init__(self, exchange: Exchange, alarm: Alarm, patience: float | None) -> None:
        self._exchange = exchange
        self._alarm = alarm
        self._patience = patience
        self._closed = False
        self._legible = not any(name.lower() == b"content-encoding" for name, _ in exchange.headers)
        self._awake_at = 0.0  # loop time
        self._alarm_is_set = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while data := await self.read():
            yield data

    async def read(self) -> bytes:
        """All bytes that are there, waiting for the first; b"" at the end."""
        if self._closed:
            raise httpx.StreamClosed
        try:
            if self._patience is None:
                return await self._exchange.read()
            async with asyncio.timeout(self._patience):
                return await self._exchange.read()
        except (Failure, TimeoutError) as error:
            failure = _translated(error)
        raise failure

    def rest(self, seconds: float) -> None:
        """Leave what comes to the kernel. It is not even known then that the connection breaks.

        Whatever is more than text, and the end, wakes the reader before the time is over.
        """
        if self._exchange.rest(is_more_than_text):
            seconds = seconds if self._legible else min(seconds, LOOK)
            self._awake_at = asyncio.get_running_loop().time() + seconds
            self._set_alarm()

    def wake(self) -> None:
        """Read again; nothing happens when there is no rest to end."""
        self._exchange.wake_up()

    def _set_alarm(self) -> None:
        if not self._alarm_is_set:
            self._alarm_is_set = True
            left = self._awake_at - asyncio.get_running_loop().time()
            self._alarm.set(min(left, LOOK), self._ring)

    def _ring(self) -> None:
        self._alarm_is_set = False
        if not self._exchange.rests:
            return
        if self._awake_at - asyncio.get_running_loop().time() < MOMENT:
            self._exchange.wake_up()
        else:
            self._exchange.peek()
            self._set_alarm()

    async def aclose(self) -> None:
        """Keep the connection for the next request if the body was read to its end; or drop it."""
        self._closed = True
        self._exchange.close()


def _response(exchange: Exchange, alarm: Alarm, patience: float | None) -> httpx.Response:
    stream = PostedStream(exchange, alarm, patience)
    return httpx.Response(
        exchange.status,
        headers=[*exchange.headers],
        stream=stream,
        extensions={
            "http_version": f"HTTP/{exchange.version}".encode("ascii"),
            "reason_phrase": exchange.reason,
            "read": stream.read,
            "rest": stream.rest,
            "wake": stream.wake,
        },
    )


def _translated(error: Failure | TimeoutError) -> httpx.TransportError:
    """The httpx error that tells whether the request may have left."""
    match error:
        case NotSent(late=True):
            return httpx.ConnectTimeout("no connection in time")
        case NotSent():
            return httpx.ConnectError(str(error))
        case TimeoutError() | Silent():
            return httpx.ReadTimeout("the server was silent for too long")
        case Broken(hung_up=True):
            return httpx.RemoteProtocolError("the server hung up too early")
        case Broken(improper=True):
            return httpx.RemoteProtocolError(f"the server does not speak proper HTTP: {error}")
        case _:
            return httpx.ReadError(str(error))
