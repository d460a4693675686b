"""A loopback chat-completions endpoint that insists on key and shape, streams, and fails on cue."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

KEY = "sk-test-0123456789"

Reply = Callable[[web.Request], Awaitable[web.StreamResponse]]


def delta(content: str | None = None, finish: str | None = None, **more: object) -> bytes:
    """One streamed event, in the bytes of services that do not escape Unicode."""
    choice = {"index": 0, "delta": {"content": content, **more}, "finish_reason": finish}
    event = {"object": "chat.completion.chunk", "choices": [choice]}
    return b"data: " + json.dumps(event, ensure_ascii=False).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"


@dataclass
class OpenAIServer:
    """`chunks` are written one by one; `reply` takes the place of the whole answer."""

    url: str = ""
    chunks: list[bytes] = field(default_factory=lambda: [delta("Hel"), delta("lo", "stop"), DONE])
    hold: bool = False
    cut: bool = False
    reply: Reply | None = None
    seen: list[dict[str, object]] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            message = f"Incorrect API key provided: {request.headers.get('Authorization')}."
            return web.json_response({"error": {"message": message}}, status=401)
        body = await request.json()
        if fault := _fault_of(body):
            return web.json_response({"error": {"message": fault}}, status=400)
        self.seen.append(body)
        if self.reply:
            return await self.reply(request)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for chunk in self.chunks:
            await response.write(chunk)
        if self.hold:
            try:
                await asyncio.sleep(5)
            except asyncio.CancelledError:
                self.left.set()
                raise
        if self.cut and request.transport:
            request.transport.abort()
        return response


def _fault_of(body: object) -> str:
    match body:
        case {"model": str(), "stream": True, "messages": [*messages]} if messages:
            if all(_is_message(message) for message in messages):
                return ""
    return "model, messages and stream are required."


def _is_message(message: object) -> bool:
    match message:
        case {"role": "system" | "user" | "assistant", "content": str()}:
            return True
        case {"role": "user", "content": [*parts]}:
            return all(_is_part(part) for part in parts)
    return False


def _is_part(part: object) -> bool:
    match part:
        case {"type": "text", "text": str()}:
            return True
        case {"type": "image_url", "image_url": {"url": str(url)}}:
            head, _, data = url.partition(";base64,")
            return head.startswith("data:image/") and bool(base64.b64decode(data, validate=True))
    return False


@asynccontextmanager
async def openai_server() -> AsyncIterator[OpenAIServer]:
    fake = OpenAIServer()
    app = web.Application(client_max_size=32 * 1024 * 1024)
    app.router.add_post("/v1/chat/completions", fake.answer)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        fake.url = f"http://127.0.0.1:{port}/v1"
        yield fake
    finally:
        await runner.cleanup()
