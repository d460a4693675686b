"""A loopback server that says exactly the bytes it was told to, with pauses, cuts and resets."""

import asyncio
import contextlib
import enum
import re
import socket
import ssl
import struct
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self


class Do(enum.Enum):
    """What a script may do besides sending bytes and waiting."""

    READ_HEAD = enum.auto()  # the request up to its blank line
    READ_BODY = enum.auto()  # the rest of it
    CLOSE = enum.auto()
    RESET = enum.auto()
    HANG = enum.auto()  # say nothing until the other side leaves


Script = Sequence[bytes | float | Do]

READ = (Do.READ_HEAD, Do.READ_BODY)
STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
STREAM_END = b"0\r\n\r\n"


def chunk(data: bytes) -> bytes:
    """`data` as one piece of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def whole(body: bytes, status: str = "200 OK", headers: bytes = b"") -> bytes:
    """A response with a length, which leaves the connection open."""
    length = b"Content-Length: %d\r\n" % len(body)
    return b"HTTP/1.1 " + status.encode() + b"\r\n" + length + headers + b"\r\n" + body


class RawServer:
    """Plays the n-th script to the n-th request, and the last one to all that follow.

    A script that reads nothing gets the whole request read for it first.
    """

    def __init__(
        self, *scripts: Script, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
    ) -> None:
        self.connections = 0
        self.open = 0
        self.requests: list[bytes] = []
        self.asked = asyncio.Event()  # a request has come
        self._empty = asyncio.Event()
        self._scripts = scripts
        self._host = host
        self._tls = tls
        self._played = 0
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        port = self._server.sockets[0].getsockname()[1]
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http{'s' if self._tls else ''}://{host}:{port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._serve, self._host, 0, backlog=1024, ssl=self._tls
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def all_closed(self) -> None:
        """Wait until every connection is gone; fails after two seconds."""
        async with asyncio.timeout(2):
            await self._empty.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        self.open += 1
        self._empty.clear()
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self._play(reader, writer):
                    pass
        finally:
            writer.close()
            self.open -= 1
            if not self.open:
                self._empty.set()

    async def _play(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection may serve another request."""
        script = self._scripts[min(self._played, len(self._scripts) - 1)]
        if Do.READ_HEAD not in script:
            script = (*READ, *script)
        head = await reader.readuntil(b"\r\n\r\n")
        self._played += 1
        self.requests.append(head)
        self.asked.set()
        for step in script:
            if step is Do.READ_BODY:
                self.requests[-1] += await _body(reader, head)
            elif step is Do.HANG:
                await reader.read()
            elif step is Do.CLOSE:
                return False
            elif step is Do.RESET:
                _reset(writer)
                return False
            else:
                await _say(writer, step)
        return True


async def _say(writer: asyncio.StreamWriter, step: bytes | float | Do) -> None:
    if isinstance(step, bytes):
        writer.write(step)
        await writer.drain()
    elif isinstance(step, float):
        await asyncio.sleep(step)


async def _body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    if length := re.search(rb"(?i)content-length: (\d+)", head):
        return await reader.readexactly(int(length[1]))
    if re.search(rb"(?i)transfer-encoding: chunked", head):
        return await reader.readuntil(STREAM_END)
    return b""


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close so that the other side reads ECONNRESET: lingering on for zero seconds does that."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@contextlib.contextmanager
def deaf_address() -> Iterator[str]:
    """A URL that takes no connection and refuses none: its backlog is full."""
    with contextlib.ExitStack() as sockets:
        listener = sockets.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):
            waiting = sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextlib.contextmanager
def refusing_address() -> Iterator[str]:
    """A URL where nobody listens: the port is bound, so nobody else takes it meanwhile."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
