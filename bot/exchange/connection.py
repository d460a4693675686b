"""One connection, and one exchange on it at a time. llhttp takes responses apart.

A client library takes ten times as long for a call, nearly all of it in Python, and three times as
long again when the processor has forgotten all of that since the last one.
"""

import asyncio
import os
import socket
import ssl
from collections.abc import Callable
from typing import Final, cast

import httptools

READ_BUFFER: Final = 64 * 1024
"""Bytes after which the server has to wait for us: a thousand streams may hold twice this each."""

HEAD_LIMIT: Final = 32 * 1024
"""Bytes of a response's head: content security policies outgrow the usual 8 KiB, never this."""


Rouses = Callable[[bytes], bool]
"""Whether a part of a body is worth waking up for whoever rests."""


class Failure(Exception):
    """An exchange came to nothing. Its text is for logs, and names neither address nor headers."""


class NotSent(Failure):
    """Not one byte of the request has left. `late`: since there was no connection in time."""

    def __init__(self, text: str, *, late: bool = False) -> None:
        super().__init__(text)
        self.late = late


class Broken(Failure):
    """The request may have been heard. `improper`: what came back is no HTTP.

    `hung_up`: the server ended the connection, in good order, before it had said everything.
    """

    def __init__(self, text: str, *, improper: bool = False, hung_up: bool = False) -> None:
        super().__init__(text)
        self.improper = improper
        self.hung_up = hung_up


class Silent(Failure):
    """The request may have been heard, and was not answered in time."""


class TooLong(Failure):
    """The body has more bytes than are taken."""


class Connection(asyncio.Protocol):
    """Feeds what arrives to the parser, which fills in the exchange of the moment."""

    def __init__(self, on_lost: "Callable[[Connection], None]") -> None:
        self.idle_since = 0.0
        self.transport: asyncio.Transport
        self.lost = False
        self.exchange: Exchange | None = None
        self._on_lost = on_lost
        self._pieces: list[bytes] = []
        self._headers: list[tuple[bytes, bytes]] = []
        # Called for every chunk of every stream, so they are lists' own methods where that will do.
        self.on_body = self._pieces.append
        self._parser = httptools.HttpResponseParser(self)
        # As the big clients do: servers exist that end their lines in a bare line feed. But not the
        # lines of chunks: llhttp would take a line feed of the body for the rest of their end.
        self._parser.set_dangerous_leniencies(
            lenient_headers=True,
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
        )

    def begin(self, request: bytes, exchange: "Exchange") -> None:
        self.exchange = exchange
        self._pieces.clear()
        self._headers.clear()
        exchange.pieces = self._pieces
        self.transport.write(request)

    def drop(self, failure: Failure | None = None) -> None:
        """End it without a word to the server. Whoever waits for an answer is told `failure`."""
        if failure is not None and self.exchange is not None:
            self.exchange.fail(failure)
        if not self.lost:
            self.lost = True
            self.transport.abort()

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        exchange = self.exchange
        if exchange is None or exchange.ended:
            self.drop()  # nobody has asked for anything
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self.drop(Broken(f"no proper HTTP ({type(error).__name__})", improper=True))
        else:
            exchange.heard(len(data))

    def connection_lost(self, error: Exception | None) -> None:
        self.lost = True
        exchange = self.exchange
        if exchange is not None and not exchange.ended:
            if exchange.lasts_until_close and error is None:
                exchange.ended = True
                exchange.wake()
            elif error is None or exchange.status:
                exchange.fail(Broken("the server hung up too early", hung_up=True))
            else:
                exchange.fail(Broken(f"the connection broke ({told(error)})"))
        self._on_lost(self)

    # What the parser calls

    def on_message_begin(self) -> None:
        """Raises where a second response comes uncalled for, before it adds to the first."""
        if self.exchange is None or self.exchange.ended:
            raise _Uncalled
        self.exchange.reason = b""

    def on_status(self, reason: bytes) -> None:
        if self.exchange is not None:
            self.exchange.reason += reason  # it may come in pieces

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        if (exchange := self.exchange) is None:
            return
        status = self._parser.get_status_code()
        if 100 <= status < 200:
            return  # another response follows it
        if (
            status < 100
            or sum(len(name) + len(value) + 4 for name, value in self._headers) > HEAD_LIMIT
        ):
            raise _Uncalled
        exchange.headers, self._headers = self._headers, []  # what is below the body is none
        exchange.status, exchange.version = status, self._parser.get_http_version()
        fields = {name.lower(): value.lower() for name, value in exchange.headers}
        exchange.lasts_until_close = not (
            status in (204, 304)
            or b"content-length" in fields
            or fields.get(b"transfer-encoding", b"").endswith(b"chunked")
        )

    def on_message_complete(self) -> None:
        if (exchange := self.exchange) is None:
            return
        if not exchange.status:
            self._headers.clear()
            return
        exchange.ended = True
        exchange.reusable = self._parser.should_keep_alive()


class _Uncalled(Exception):
    """More comes than was asked for, or than anybody needs."""


class Exchange:
    """One request that has been sent, and its response. One waits for it at a time.

    A wait that is cancelled loses nothing. Every wait raises Broken, Silent or TooLong, once what
    came before has been taken. `close` it in any case.
    """

    __slots__ = (
        "_alarm",
        "_connection",
        "_fault",
        "_give_back",
        "_is_full",
        "_peeks",
        "_rests",
        "_rouses",
        "_seen",
        "_unread",
        "_waiter",
        "ended",
        "headers",
        "lasts_until_close",
        "pieces",
        "reason",
        "reusable",
        "status",
        "version",
    )

    def __init__(
        self, connection: Connection, request: bytes, give_back: "Callable[[Connection], None]"
    ) -> None:
        self.status = 0
        self.reason = b""
        self.version = "1.1"
        self.headers: list[tuple[bytes, bytes]] = []
        self.pieces: list[bytes] = []
        self.ended = self.reusable = self.lasts_until_close = False
        self._give_back: Callable[[Connection], None] | None = give_back
        self._fault: Failure | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._unread = 0
        self._is_full = self._rests = self._peeks = False
        self._rouses: Rouses | None = None
        self._seen = 0  # pieces that were not worth waking anybody for
        self._alarm: asyncio.TimerHandle | None = None
        self._connection = connection
        connection.begin(request, self)

    def end_within(self, seconds: float) -> None:
        """Let whoever waits be told Silent then."""
        loop = asyncio.get_running_loop()
        self._alarm = loop.call_later(seconds, self.fail, Silent("no answer in time"))

    async def opened(self) -> None:
        """Return when there are a status and headers."""
        while not self.status:
            await self._wait()

    async def read(self) -> bytes:
        """All bytes that are there, waiting for the first; b"" at the end.

        A body without length that the server does not chunk ends with its connection: there alone
        the end and a cut look the same.
        """
        while not (pieces := self.pieces):
            if self.ended and self._fault is None and self._give_back is not None:
                return b""
            await self._wait()
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self._unread = self._seen = 0
        if self._is_full:
            self._is_full = False
            self._resume()
        return data

    async def whole(self, limit: int) -> bytes:
        """The body. Raises TooLong as soon as it is known to have more than `limit` bytes."""
        body = bytearray()
        while data := await self.read():
            body += data
            if len(body) > limit:
                raise TooLong("the answer is too long")
        return bytes(body)

    def rest(self, rouses: Rouses | None = None) -> bool:
        """Leave what comes to the kernel. It is not even known then that the connection breaks.

        Where `rouses` is given `peek` may be called meanwhile. False where it rests already, or
        nothing more will come.
        """
        if self._rests or self._is_full or self.ended or self._connection.lost:
            return False
        self._rouses = rouses
        self._go_to_rest()
        return True

    def peek(self) -> None:
        """Take in what has come, and rest again: unless it is the end, or `rouses` is true of it.

        That costs a quarter of what it takes to have it read.
        """
        if self._rests and self._rouses is not None:
            self._rests, self._peeks = False, True
            self._resume()

    def wake_up(self) -> None:
        """Read again; nothing happens when there is no rest to end."""
        if not (self._rests or self._peeks):
            return
        if self._rests:
            self._resume()
        self._rests = self._peeks = False
        if self.pieces:
            # What looks have taken in; but what lies in the kernel is here after one more round.
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, self.wake)

    @property
    def rests(self) -> bool:
        """Whether whoever reads is left asleep for now."""
        return self._rests or self._peeks

    def close(self) -> None:
        """Keep the connection for the next request if the body was read to its end; or drop it."""
        if self._alarm is not None:
            self._alarm.cancel()
        give_back, self._give_back = self._give_back, None
        if give_back is None:
            return
        self.wake_up()
        if not self.reusable:
            self._connection.drop()
        self.ended = True
        self.wake()
        self.pieces = []  # the connection's own belong to the next exchange
        self._connection.exchange = None
        give_back(self._connection)

    # What the connection tells

    def heard(self, count: int) -> None:
        """So many bytes have arrived, and what they brought is here."""
        self._unread += count
        if self._peeks and self._sleeps_on():
            return
        if self._unread > READ_BUFFER and not (self._rests or self._is_full or self.ended):
            if not self.pieces:  # nothing that could be read to make room
                self._connection.drop(Broken("heads and the like without end", improper=True))
                return
            self._is_full = True
            self._connection.transport.pause_reading()
        if self.status:
            self.wake()

    def fail(self, failure: Failure) -> None:
        if not self.ended:
            self._fault, self.ended, self.reusable = failure, True, False
        self.wake()

    def wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def _wait(self) -> None:
        if self.ended:
            raise self._fault or Broken("the exchange was closed")
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter

    def _sleeps_on(self) -> bool:
        """Whether what a look has taken in may wait until the rest is over."""
        self._peeks = False
        assert self._rouses is not None  # noqa: S101 - or there would have been no look
        if self.ended or self._unread > READ_BUFFER:
            return False
        latest = self.pieces[max(0, self._seen - 1) :]  # what is meant may be cut in two
        if self._rouses(b"".join(latest)):
            return False
        self._seen = len(self.pieces)
        self._go_to_rest()
        return True

    def _go_to_rest(self) -> None:
        self._rests = True
        self._connection.transport.pause_reading()

    def _resume(self) -> None:
        if not self._connection.lost:
            self._connection.transport.resume_reading()


def told(error: BaseException) -> str:
    """What is said of it: its kind and the system's own words, never an address."""
    reason: str | None = None
    match error:
        case ssl.SSLCertVerificationError():
            reason = error.verify_message.partition(",")[0]  # a name comes after it
        case ssl.SSLError():
            reason = getattr(error, "reason", None)  # not where Python itself raised it
        case socket.gaierror():
            reason = error.strerror
        case OSError(errno=int(number)):
            reason = os.strerror(number)  # asyncio puts the address into its own words
    return f"{type(error).__name__}: {reason or 'no reason given'}"
