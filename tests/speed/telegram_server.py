"""A Bot API server that only takes: as cheap as can be, since it shares the machine with what it
measures. `python -m tests.speed.telegram_server` prints its port and runs until its input closes.

POST /crowd?port=…&people=…&secret=…&first=…&over=… lets so many people write, within so many
seconds, to the bot whose webhook is there. GET /report tells, by chat, when the person wrote, when
the first words were on the screen and what they were, and all messages with their times. Times are
seconds of the monotonic clock, which all processes share.
"""

import asyncio
import json
import re
import sys
import time
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import parse_qs

try:
    from uvloop import new_event_loop
except ImportError:  # not on Windows
    from asyncio import new_event_loop

_REQUEST = re.compile(rb"(?:GET|POST) /(?:bot[^/ ]+/)?(\w+)(?:\?(\S*))? HTTP/1\.1\r\n")
_LENGTH = re.compile(rb"(?i)content-length: (\d+)")
_RETRY = re.compile(rb"(?i)\r\nretry-after: (\d+)")
_TRUE = b'{"ok":true,"result":true}'
_ME = b'{"ok":true,"result":{"id":42,"is_bot":true,"first_name":"Parley","username":"parley_bot"}}'
_MESSAGES = frozenset({"sendMessage", "editMessageText", "sendRichMessage"})


@dataclass
class Tally:
    said: dict[int, float] = field(default_factory=dict)
    first: dict[int, tuple[float, str]] = field(default_factory=dict)
    messages: list[tuple[float, int, int]] = field(default_factory=list)  # time, chat, length
    calls: dict[str, int] = field(default_factory=dict)
    number: int = 100


@dataclass
class Crowds:
    """Who writes; asyncio itself does not keep its tasks alive."""

    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def gather(self, tally: Tally, asked: dict[str, str]) -> None:
        task = asyncio.create_task(crowd(tally, asked))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


class Connection(asyncio.Protocol):
    """One connection of the bot's, or of who measures it."""

    def __init__(self, tally: Tally, crowds: Crowds) -> None:
        self._tally = tally
        self._crowds = crowds
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._write = cast(asyncio.WriteTransport, transport).write

    def data_received(self, data: bytes) -> None:
        self._received += data
        while self._take_one():
            pass

    def _take_one(self) -> bool:
        head, blank, rest = self._received.partition(b"\r\n\r\n")
        if not blank:
            return False
        length = int(found[1]) if (found := _LENGTH.search(head)) else 0
        if len(rest) < length:
            return False
        body, self._received = rest[:length], rest[length:]
        request = _REQUEST.match(head + b"\r\n")
        if request is None:
            raise AssertionError(head)
        self._answer(self._told(request[1].decode(), (request[2] or b"").decode(), body))
        return True

    def _told(self, method: str, query: str, body: bytes) -> bytes:
        tally = self._tally
        if method == "report":
            return json.dumps(vars(tally)).encode()
        if method == "crowd":
            asked = {name: values[0] for name, values in parse_qs(query).items()}
            self._crowds.gather(tally, asked)
            return _TRUE
        tally.calls[method] = tally.calls.get(method, 0) + 1
        if method == "getMe":
            return _ME
        if method in _MESSAGES or method == "sendMessageDraft":
            return self._shown(method, json.loads(body))
        if method.startswith("getMy"):
            return (
                b'{"ok":true,"result":[]}'
                if method == "getMyCommands"
                else b'{"ok":true,"result":{}}'
            )
        if method == "getWebhookInfo":
            return b'{"ok":true,"result":{"url":"","pending_update_count":0}}'
        return _TRUE

    def _shown(self, method: str, given: dict[str, object]) -> bytes:
        now, tally = time.monotonic(), self._tally
        chat, text = int(str(given["chat_id"])), str(given.get("text", ""))
        if text and chat not in tally.first:
            tally.first[chat] = now, text[:15]
        if method not in _MESSAGES:
            return _TRUE
        tally.messages.append((now, chat, len(text)))
        tally.number += 1
        message = {
            "message_id": given.get("message_id", tally.number),
            "date": 1795301151,
            "chat": {"id": chat, "type": "private"},
            "text": text[:10],
        }
        return json.dumps({"ok": True, "result": message}).encode()

    def _answer(self, body: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        self._write(head % len(body) + body)


async def crowd(tally: Tally, asked: dict[str, str]) -> None:
    """Everybody writes in the given time, over forty connections as Telegram does."""
    count, over, first = int(asked["people"]), float(asked["over"]), int(asked["first"])
    people, begun = iter(range(count)), time.monotonic()

    async def speak() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(asked["port"]))
        for number in people:
            chat = first + number
            await asyncio.sleep(begun + over * number / count - time.monotonic())
            body = _update(chat)
            tally.said[chat] = time.monotonic()
            while True:
                writer.write(
                    b"POST /telegram/webhook HTTP/1.1\r\nHost: bot\r\n"
                    b"Content-Type: application/json\r\n"
                    b"X-Telegram-Bot-Api-Secret-Token: %b\r\nContent-Length: %d\r\n\r\n%b"
                    % (asked["secret"].encode(), len(body), body)
                )
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(int(found[1]) if (found := _LENGTH.search(head)) else 0)
                if head.startswith(b"HTTP/1.1 200"):
                    break
                if not (busy := _RETRY.search(head)):
                    raise AssertionError(head)
                await asyncio.sleep(int(busy[1]))  # as Telegram does
        writer.close()

    async with asyncio.TaskGroup() as connections:
        for _ in range(40):
            connections.create_task(speak())


def _update(chat: int) -> bytes:
    person = {"id": chat, "is_bot": False, "first_name": "Ada", "language_code": "en"}
    message = {
        "message_id": 7,
        "date": int(time.time()),
        "chat": {"id": chat, "type": "private", "first_name": "Ada"},
        "from": person,
        "text": "What is it like?",
    }
    return json.dumps({"update_id": chat, "message": message}).encode()


async def serve() -> None:
    """Serve on a free port of loopback until standard input closes."""
    loop, tally, crowds = asyncio.get_running_loop(), Tally(), Crowds()
    server = await loop.create_server(
        lambda: Connection(tally, crowds), "127.0.0.1", 0, backlog=4096
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(serve())
