"""A Completion API that only streams: as cheap as can be, since it shares the machine with what
it measures. `python -m tests.speed.load_server` prints its port and runs until its input closes.

The path says what to stream: POST /<events>/v1/completion-messages. Every event holds in `answer`
the monotonic time at which it was written, in seconds. All streams have 20 events a second, and
those of /<events>x<n>/v1 only each nth of them; they are spread over the 50 milliseconds between
two events, so that no two thousandths look alike.
GET /asked tells when each end user's last question came, in seconds of the same clock.
"""

import asyncio
import contextlib
import json
import re
import sys
import time
from typing import cast

try:
    from uvloop import new_event_loop
except ImportError:  # not on Windows
    from asyncio import new_event_loop

RATE = 20  # events a second in each stream: what a fast model writes
PHASES = 50
TICK = 1 / (RATE * PHASES)  # seconds

HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
    b"X-Version: 1.14.1\r\nTransfer-Encoding: chunked\r\n\r\n"
)
_ID = b"5ad498f0-0c7b-4085-b384-88c403be6290"
_TASK = b"e033b624-4ed6-407e-8385-e3f37f5be220"
_MESSAGE = (
    b'data: {"event":"message","message_id":"%b","created_at":1795301151,"task_id":"%b","id":"%b",'
    b'"answer":"%%015.6f ","from_variable_selector":null}\n\n' % (_ID, _TASK, _ID)
)
_END = (
    b'data: {"event":"message_end","message_id":"%b","created_at":1795301151,"task_id":"%b",'
    b'"id":"%b","metadata":{"annotation_reply":null,"retriever_resources":[],"usage":'
    b'{"prompt_tokens":33,"completion_tokens":11,"total_tokens":44,"total_price":"0.0001925",'
    b'"currency":"USD","latency":0.067}},"files":null}\n\n' % (_ID, _TASK, _ID)
)
_USER = re.compile(rb'"user": ?"([^"]*)"')
_REQUEST = re.compile(rb"POST /(\d+)(?:x(\d+))?/v1/completion-messages HTTP/1\.1\r\n")


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def event_now() -> bytes:
    return _chunk(_MESSAGE % time.monotonic())


LAST = _chunk(_END) + b"0\r\n\r\n"


class Streams:
    """Who gets an event at which phase."""

    def __init__(self) -> None:
        # How many rounds each goes on, and which of them bring an event.
        self._phases: list[dict[Connection, tuple[int, int]]] = [{} for _ in range(PHASES)]
        self._next = 0

    def add(self, connection: "Connection", events: int, every: int) -> None:
        """Begin to stream, in the phase that comes latest; the next stream gets another one."""
        self._next = (self._next + 7) % PHASES  # 7 and 50 share no factor: all phases fill evenly
        self._phases[self._next][connection] = events * every, every

    def drop(self, connection: "Connection") -> None:
        for phase in self._phases:
            phase.pop(connection, None)

    async def run(self) -> None:
        began = time.monotonic()
        tick = 0
        while True:
            tick += 1
            await asyncio.sleep(max(0.0, began + tick * TICK - time.monotonic()))
            self._write(self._phases[tick % PHASES])

    def _write(self, phase: dict["Connection", tuple[int, int]]) -> None:
        if not phase:
            return
        event = event_now()
        for connection, (left, every) in list(phase.items()):
            if left:
                phase[connection] = left - 1, every
                if left % every == 0:
                    connection.write(event)
            else:
                del phase[connection]
                connection.write(LAST)


class Connection(asyncio.Protocol):
    def __init__(self, streams: Streams, asked: dict[str, float]) -> None:
        self._streams = streams
        self._asked = asked
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.write = cast(asyncio.WriteTransport, transport).write

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, blank, body = self._received.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        if not blank or (length and len(body) < int(length[1])):
            return
        self._received = b""
        if request := _REQUEST.match(head):
            if user := _USER.search(body):
                self._asked[user[1].decode()] = time.monotonic()
            self.write(HEAD)
            self._streams.add(self, int(request[1]), int(request[2] or 1))
        elif head.startswith(b"GET /asked "):
            self._tell(json.dumps(self._asked).encode())
        else:  # a stop
            self._tell(b'{"result":"success"}')

    def _tell(self, body: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        self.write(head % len(body) + body)

    def connection_lost(self, error: Exception | None) -> None:
        self._streams.drop(self)


async def serve() -> None:
    """Serve on a free port of loopback until standard input closes."""
    loop = asyncio.get_running_loop()
    streams, asked = Streams(), dict[str, float]()
    server = await loop.create_server(
        lambda: Connection(streams, asked), "127.0.0.1", 0, backlog=4096
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        writing = asyncio.create_task(streams.run())
        await asyncio.to_thread(sys.stdin.read)
        writing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await writing


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(serve())
