"""A way into a running sandbox for tests: plain HTTP, no client code of ours."""

import io
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from bot.sandbox import Config, serve


@dataclass
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes
    chunks: list[bytes] = field(default_factory=list)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def refusal(self) -> tuple[int, str, str]:
        return self.status, self.json["code"], self.json["message"]

    @property
    def events(self) -> list[dict[str, Any]]:
        """The stream's events; a ping is one without anything but its name."""
        return [_event(part) for part in self.body.split(b"\n\n")[:-1]]

    @property
    def kinds(self) -> list[str]:
        return [event["event"] for event in self.events]

    @property
    def text(self) -> str:
        """The visible answer, replacements included."""
        text = ""
        for event in self.events:
            if event["event"] == "message":
                text += event["answer"]
            elif event["event"] == "message_replace":
                text = event["answer"]
        return text


def _event(part: bytes) -> dict[str, Any]:
    return {"event": "ping"} if part == b"event: ping" else json.loads(part.removeprefix(b"data: "))


class Door:
    """Asks one sandbox, as one person with one key unless told otherwise."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.session = session
        self.url = url
        self.key = "app-plain"

    async def call(self, method: str, path: str, **more: Any) -> Reply:
        async with self._open(method, path, **more) as response:
            chunks = [b""]
            async for data, ended in response.content.iter_chunks():
                chunks[-1] += data
                if ended:
                    chunks.append(b"")
            chunks = [chunk for chunk in chunks if chunk]
            return Reply(response.status, response.headers, b"".join(chunks), chunks)

    async def get(self, path: str, **more: Any) -> Reply:
        return await self.call("GET", path, **more)

    async def post(self, path: str, json: Any = None, **more: Any) -> Reply:
        return await self.call("POST", path, json=json, **more)

    async def ask(self, query: str, *, streaming: bool = True, **more: Any) -> Reply:
        return await self.post("/completion-messages", **self._question(query, streaming, more))

    async def follow(self, query: str, **more: Any) -> AsyncGenerator[dict[str, Any], None]:
        """The events of one answer as they come; leaving early drops the connection."""
        held = b""
        question = self._question(query, True, more)
        async with self._open("POST", "/completion-messages", **question) as response:
            async for chunk in response.content.iter_any():
                held += chunk
                *whole, held = held.split(b"\n\n")
                for part in whole:
                    yield _event(part)

    async def stop(self, task_id: str, *, user: str = "ann", **more: Any) -> Reply:
        return await self.post(f"/completion-messages/{task_id}/stop", {"user": user}, **more)

    async def upload(
        self,
        data: bytes = b"\x89PNG",
        *,
        name: str = "cat.png",
        media_type: str = "image/png",
        user: str = "ann",
        **more: Any,
    ) -> Reply:
        form = aiohttp.FormData()
        form.add_field("user", user)
        form.add_field("file", io.BytesIO(data), filename=name, content_type=media_type)
        return await self.call("POST", "/files/upload", data=form, **more)

    def _question(self, query: str, streaming: bool, more: dict[str, Any]) -> dict[str, Any]:
        """The request of a question; `inputs`, `user` and `files` go into its body."""
        body = {
            "inputs": {"query": query} | more.pop("inputs", {}),
            "response_mode": "streaming" if streaming else "blocking",
            "user": more.pop("user", "ann"),
        }
        if "files" in more:
            body["files"] = more.pop("files")
        return {"json": body, **more}

    def _open(self, method: str, path: str, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {more.pop('key', self.key)}"}
        if fault := more.pop("fault", ""):
            headers["X-Sandbox-Fault"] = fault
        headers |= more.pop("headers", {})
        return self.session.request(method, self.url + path, headers=headers, **more)


@asynccontextmanager
async def open_door(**settings: Any) -> AsyncIterator[Door]:
    """A sandbox on a free port, and a door to it."""
    async with (
        serve(Config(port=0, **settings)) as running,
        aiohttp.ClientSession() as session,
    ):
        yield Door(session, running.url)


async def first(events: AsyncGenerator[dict[str, Any], None], count: int) -> list[dict[str, Any]]:
    """The first events, then leave."""
    seen = []
    async with aclosing(events) as some:
        async for event in some:
            seen.append(event)
            if len(seen) == count:
                break
    return seen
