"""The Completion API's side of the wire, in this process: exact bytes, at exact virtual times.

A transport for httpx, so that whole streams with their silences run on the virtual clock.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

import httpx

Step = bytes | float | Exception | asyncio.Event
"""Bytes arrive, seconds pass, an error breaks the connection, an event is waited for."""

TASK = "e033b624-4ed6-407e-8385-e3f37f5be220"
MESSAGE = "5ad498f0-0c7b-4085-b384-88c403be6290"
PING = b"event: ping\n\n"
USAGE = {"total_tokens": 44, "total_price": "0.0001925", "currency": "USD"}
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
MP3 = b"ID3\x04\x00\x00"
ZERO = {"total_tokens": 0, "total_price": "0E-7", "currency": "USD"}


def event(kind: str, **fields: object) -> bytes:
    """One event, spelled as the API spells it."""
    told: dict[str, object] = {"event": kind, "message_id": MESSAGE, "created_at": 1795301151}
    if kind != "error":
        told["task_id"] = TASK
    text = json.dumps(told | fields, ensure_ascii=False, separators=(",", ":"))
    return f"data: {text}\n\n".encode()


def message(answer: str) -> bytes:
    return event("message", id=MESSAGE, answer=answer, from_variable_selector=None)


def end(usage: object = USAGE, sources: object = ()) -> bytes:
    metadata = {"annotation_reply": None, "retriever_resources": sources, "usage": usage}
    return event("message_end", id=MESSAGE, metadata=metadata, files=None)


def replaced(answer: str) -> bytes:
    return event("message_replace", answer=answer, reason="")


def speech(audio: str) -> bytes:
    return event("tts_message", audio=audio)


def error(code: str = "completion_request_error", status: int = 400) -> bytes:
    return event("error", code=code, status=status, message="boom from model")


@dataclass
class Given:
    """What the server gives for one request. `closed` tells that the client let go of it."""

    steps: Sequence[Step] = ()
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    closed: bool = False
    asked: httpx.Request | None = None

    @property
    def body(self) -> object:
        assert self.asked is not None
        return json.loads(self.asked.content)


def stream(*steps: Step) -> Given:
    return Given(steps, headers={"content-type": "text/event-stream; charset=utf-8"})


def told(value: object, status: int = 200, **headers: str) -> Given:
    """A JSON answer."""
    body = json.dumps(value).encode() + b"\n"
    return Given((body,), status, {"content-type": "application/json", **headers})


def refused(status: int, code: str, words: str = "no", **headers: str) -> Given:
    return told({"code": code, "message": words, "status": status}, status, **headers)


def audio(*body: bytes, media_type: str = "audio/mpeg") -> Given:
    return Given(body, headers={"content-type": media_type})


def page(status: int = 200) -> Given:
    """HTML of a proxy or a web application."""
    body = b"<html><body><h1>Not an API</h1></body></html>"
    return Given((body,), status, {"content-type": "text/html; charset=utf-8"})


OK = {"result": "success"}
Handler = Callable[[httpx.Request], Given | Exception]


class Wire:
    """`wire.on("POST /completion-messages", given, ...)`: one after another, the last for ever."""

    def __init__(self, *, fast_read: bool = True) -> None:
        self.asked: list[str] = []
        self.given: list[Given] = []
        self.stop_asked = asyncio.Event()
        self.open = 0
        self.most_open = 0
        self._answers: dict[str, list[Given | Exception]] = defaultdict(list)
        self._fast_read = fast_read
        self.on(f"POST /completion-messages/{TASK}/stop", told(OK))

    def on(self, what: str, *answers: Given | Exception) -> None:
        self._answers[what] = list(answers)

    def transport(self) -> httpx.AsyncBaseTransport:
        return _Transport(self)

    def times(self, what: str) -> int:
        return self.asked.count(what)

    async def answer(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        what = f"{request.method} {request.url.path.removeprefix('/v1')}"
        self.asked.append(what)
        if what.endswith("/stop"):
            self.stop_asked.set()
        waiting = self._answers[what]
        given = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(given, Exception):
            raise given
        given.asked = request
        self.given.append(given)
        await asyncio.sleep(given.delay)
        return self._respond(given)

    def _respond(self, given: Given) -> httpx.Response:
        body = _Body(self, given)
        extensions = {"read": body.read} if self._fast_read else {}
        return httpx.Response(
            given.status, headers=given.headers, stream=body, extensions=extensions
        )


class _Transport(httpx.AsyncBaseTransport):
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._wire.answer(request)


class _Body(httpx.AsyncByteStream):
    """As with real sockets, a cancelled read loses nothing: the next one goes on waiting."""

    def __init__(self, wire: Wire, given: Given) -> None:
        self._wire = wire
        self._given = given
        self._steps = list(reversed(given.steps))
        self._due: float | None = None
        self._closed = False
        wire.open += 1
        wire.most_open = max(wire.most_open, wire.open)

    async def read(self) -> bytes:
        while self._steps:
            match self._steps[-1]:
                case bytes(piece):
                    self._steps.pop()
                    return piece
                case asyncio.Event() as event:
                    await event.wait()
                case Exception() as error:
                    raise error
                case seconds:
                    await self._pass(seconds)
            self._steps.pop()
        return b""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while piece := await self.read():
            yield piece

    async def aclose(self) -> None:
        if not self._closed:
            self._closed = self._given.closed = True
            self._wire.open -= 1

    async def _pass(self, seconds: float) -> None:
        now = asyncio.get_running_loop().time()
        if self._due is None:
            self._due = now + seconds
        await asyncio.sleep(self._due - now)
        self._due = None
