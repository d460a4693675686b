"""Where connections come from, and where they wait for the next request."""

import asyncio
import socket
import ssl
from collections.abc import Iterable, Sequence
from functools import cache, partial
from math import inf
from typing import Final, NamedTuple

import aiohappyeyeballs
from aiohappyeyeballs import AddrInfoType

from bot.exchange.connection import Broken, Connection, Exchange, NotSent, told

HEAD_START: Final = 0.25
"""Seconds that one address is tried alone before the next one is tried, too (RFC 8305)."""

NAME_KEPT: Final = 10.0
"""Seconds that a host's addresses are remembered: every stream beside others needs a connection of
its own, and a host that has moved is still found soon."""

_ENOUGH: Final = 2**31 - 1

_OURS: Final = frozenset({b"connection", b"content-length", b"transfer-encoding"})


class Origin(NamedTuple):
    """Who is spoken to."""

    secure: bool
    host: str
    port: int


class Pool:
    """Connections to any number of servers. Belongs to the loop of its first request.

    `keep_alive`: seconds an idle connection is kept. `most`: exchanges at the same time, further
    ones wait for one to be closed; no limit unless given. Knows nothing of proxies.
    """

    def __init__(
        self,
        *,
        keep_alive: float,
        most: int | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._keep_alive = keep_alive
        self._room = asyncio.Semaphore(most or _ENOUGH)
        self._ssl = ssl_context
        self._idle: dict[Origin, list[Connection]] = {}
        self._open: set[Connection] = set()
        self._known: dict[Origin, tuple[float, Sequence[AddrInfoType]]] = {}
        self._connecting: set[asyncio.Timeout] = set()
        self._sweeping: asyncio.TimerHandle | None = None
        self._closed = False

    async def send(self, origin: Origin, request: bytes, *, connect: float | None) -> Exchange:
        """Send `request`, which is never sent twice. `connect`: seconds for having a connection.

        Raises NotSent.
        """
        if self._closed:
            raise NotSent("the transport is closed")
        connection = None if self._room.locked() else self._idle_one(origin)
        if connection is None:
            connection = await self._connected(origin, connect)
        else:
            await self._room.acquire()  # there was room a moment ago
        return Exchange(connection, request, partial(self._take_back, origin))

    def close(self) -> None:
        """Break off what is going on; nothing can be sent any more."""
        self._closed = True
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None
        for connection in [*self._open]:
            connection.drop(Broken("the transport was closed"))
        for patience in self._connecting:
            if not patience.expired():
                patience.reschedule(-inf)

    async def _connected(self, origin: Origin, seconds: float | None) -> Connection:
        patience = asyncio.timeout(seconds)
        self._connecting.add(patience)
        try:
            async with patience:
                await self._room.acquire()
                try:
                    return self._idle_one(origin) or await self._connect(origin)
                except BaseException:
                    self._room.release()
                    raise
        except TimeoutError:
            pass  # raised below, without what the system says: that names the address
        finally:
            self._connecting.discard(patience)
        if self._closed:
            raise NotSent("the transport is closed")
        raise NotSent("no connection in time", late=True)

    async def _connect(self, origin: Origin) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            addresses = await self._addresses(origin)
            found = await aiohappyeyeballs.start_connection(
                addresses, happy_eyeballs_delay=HEAD_START, interleave=1
            )
            try:
                _, connection = await loop.create_connection(
                    lambda: Connection(self._open.discard),
                    sock=found,
                    ssl=(self._ssl or _trusted()) if origin.secure else None,
                    server_hostname=origin.host if origin.secure else None,
                )
            except BaseException:
                found.close()
                raise
        except (TimeoutError, asyncio.CancelledError):
            self._known.pop(origin, None)
            raise  # ours, or the system's own: there was no connection in time
        except (OSError, UnicodeError) as error:  # TLS's faults are OSErrors, too
            self._known.pop(origin, None)
            failure = NotSent(f"no connection ({told(error)})")
        else:
            if not (self._closed or connection.lost or connection.transport.is_closing()):
                self._open.add(connection)
                return connection
            connection.drop()
            failure = NotSent("the connection was closed as soon as it was there")
        raise failure

    async def _addresses(self, origin: Origin) -> Sequence[AddrInfoType]:
        loop = asyncio.get_running_loop()
        until, known = self._known.get(origin, (0.0, ()))
        if loop.time() >= until:
            found = await loop.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
            until, known = loop.time() + NAME_KEPT, found
            self._known[origin] = until, known
        return known

    def _idle_one(self, origin: Origin) -> Connection | None:
        idle = self._idle.get(origin, [])
        oldest = asyncio.get_running_loop().time() - self._keep_alive
        while idle:
            connection = idle.pop()
            if connection.lost or connection.transport.is_closing():
                continue
            if connection.idle_since > oldest:
                return connection
            connection.drop()
        return None

    def _take_back(self, origin: Origin, connection: Connection) -> None:
        self._room.release()
        if connection.lost:
            return
        connection.idle_since = asyncio.get_running_loop().time()
        self._idle.setdefault(origin, []).append(connection)
        if self._sweeping is None:
            self._sweep_later(connection.idle_since)

    def _sweep_later(self, oldest: float) -> None:
        loop = asyncio.get_running_loop()
        self._sweeping = loop.call_at(oldest + self._keep_alive + 1.0, self._sweep)

    def _sweep(self) -> None:
        """Let go of what nobody has wanted for long."""
        self._sweeping = None
        now, oldest = asyncio.get_running_loop().time(), inf
        for origin, idle in [*self._idle.items()]:
            kept = []
            for connection in idle:
                if connection.idle_since + self._keep_alive <= now:
                    connection.drop()
                elif not connection.lost:
                    kept.append(connection)
                    oldest = min(oldest, connection.idle_since)
            self._idle[origin] = kept
            if not kept:
                del self._idle[origin]
        if oldest < inf:
            self._sweep_later(oldest)


class Head:
    """The head of requests that differ in nothing but their bodies."""

    def __init__(
        self, method: bytes, target: bytes, headers: Iterable[tuple[bytes, bytes]]
    ) -> None:
        """Raises ValueError where it would not arrive as it is; its text quotes none of it."""
        lines = [b"%b %b HTTP/1.1" % (method, target)]
        lines += [b"%b: %b" % header for header in headers if header[0].lower() not in _OURS]
        if b" " in target or any(sign in line for line in lines for sign in b"\r\n\0"):
            raise ValueError("a header or an address holds what would break it in two")
        self._top = b"\r\n".join([*lines, b"Content-Length: "])
        try:
            self._top.decode("utf-8")
        except UnicodeDecodeError:
            legible = False
        else:
            legible = True
        if not legible:
            raise ValueError("a header is no text")

    def with_body(self, body: bytes) -> bytes:
        return b"%b%d\r\n\r\n%b" % (self._top, len(body), body)


@cache
def _trusted() -> ssl.SSLContext:
    return ssl.create_default_context()
