"""Open tabs: each hears how everything stands, and from then on what changes."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
from aiohttp import web

from adapters.playground import view
from adapters.playground.behaviour import BEHAVIOURS
from adapters.playground.calls import Calls
from adapters.playground.guard import HEADERS, refusal

_BEAT = 15.0  # seconds of silence after which a line says that the stream is alive
_MOST = 64  # tabs
_PATIENCE = 3.0  # seconds for what dresses the page; it opens undressed otherwise
_SLOW = 30.0  # seconds a tab may take to read what it was sent
# A frame is rendered when a tab takes it. One long list is rendered anew with every word, so that
# frames get fewer instead of the bot getting slower: a fifth of the time at most.
_MUCH = 0.002  # seconds
_REST = 4
_SIGNS = "👍 👎 ❤ 🎉 😁 🤔 🔥 👏".split()  # noqa: SIM905 - eight signs, one line
_DRESS = (
    "title icon icon_background color inverted description copyright disclaimer privacy placeholder"
)

Site = Callable[[], Awaitable[Mapping[str, object]]]


async def no_site() -> Mapping[str, object]:
    return {}


class Tabs:
    """The streams of operations; `sandbox` is whether faults can be had."""

    def __init__(
        self,
        calls: Calls,
        *,
        site: Site,
        faults: Sequence[tuple[str, str]],
        commands: Sequence[tuple[str, str]],
        handle: str,
        sandbox: bool,
    ) -> None:
        self._calls = calls
        self._room = calls.room
        self._site = site
        self._faults = [{"name": name, "words": words} for name, words in faults]
        self._commands = [{"name": name, "words": words} for name, words in commands]
        self._handle = handle
        self._sandbox = sandbox
        self._fault = ""
        self._open = 0

    def set_fault(self, name: str) -> None:
        self._fault = name
        self._room.feed.publish({"op": "fault", "fault": name})

    def tell_people(self) -> None:
        self._room.feed.publish({"op": "people", **self._people()})

    async def follow(self, request: web.Request) -> web.StreamResponse:
        """One tab's stream, from `Last-Event-ID` or `after` on where that is still known."""
        if self._open >= _MOST:
            return refusal(503, "Too many tabs are open. Close one.", wait=_BEAT)
        told = request.headers.get("Last-Event-ID") or request.query.get("after", "")
        response = web.StreamResponse(headers=HEADERS | {"Content-Type": "text/event-stream"})
        await response.prepare(request)
        self._open += 1
        try:
            await self._tell(response, int(told) if told.isdecimal() and len(told) < 20 else -1)
        except (ConnectionError, TimeoutError):
            pass  # the tab is closed or asleep; it comes again from where it was
        finally:
            self._open -= 1
        return response

    async def _tell(self, response: web.StreamResponse, at: int) -> None:
        feed = self._room.feed
        while not feed.closed:
            started = time.perf_counter()
            missed = feed.since(at)
            if missed is None:
                at, lines = await self._hello()
            else:
                at, lines = feed.last, [_line(number, data) for number, data in missed]
            spent = time.perf_counter() - started
            async with asyncio.timeout(_SLOW):
                for line in lines:
                    await response.write(line)
            if spent > _MUCH:
                await asyncio.sleep(spent * _REST)
            if not await feed.wait(at, most=_BEAT):
                async with asyncio.timeout(_SLOW):
                    await response.write(b": still here\n\n")

    async def _hello(self) -> tuple[int, list[bytes]]:
        app = await self._app()
        await asyncio.to_thread(self._render)
        room, feed = self._room, self._room.feed
        self._room.title = str(app["title"])
        operation = {
            "op": "hello",
            "seq": feed.last,
            "app": app,
            **self._people(),
            "behaviours": list(BEHAVIOURS),
            "behaviour": room.behaviour.name,
            "capabilities": view.capabilities(room.behaviour),
            "faults": self._faults,
            "fault": self._fault,
            "messages": [
                room.message(post)["message"]
                for post in (*room.posts.values(), *room.passing.drafts.values())
            ],
            "calls": list(self._calls.recent),
            "sandbox": self._sandbox,
            "mention": f"@{self._handle}",
            "reactions": _SIGNS,
        }
        if self._commands:
            operation["commands"] = self._commands
        operations = [operation, *room.passing.operations()]
        return feed.last, [_line(feed.last, msgspec.json.encode(each)) for each in operations]

    async def _app(self) -> dict[str, object]:
        try:
            async with asyncio.timeout(_PATIENCE):
                site = await self._site()
        except TimeoutError:
            site = {}
        dress = {name: site.get(name) or "" for name in _DRESS.split()}
        # A remote picture is nothing this page would load.
        fixed = {"inverted": bool(dress["inverted"]), "icon_url": ""}
        return dress | fixed | {"title": dress["title"] or "Parley"}

    def _render(self) -> None:
        """Before the loop needs it: a long history takes a moment."""
        for post in list(self._room.posts.values()):
            self._room.html(post)

    def _people(self) -> dict[str, object]:
        people = self._room.people.values()
        return {
            "people": [
                {"id": each.id, "name": each.name, "language": each.language} for each in people
            ],
            "chats": view.chats(people),
        }


def _line(number: int, data: bytes) -> bytes:
    return b"id: %d\ndata: %s\n\n" % (number, data)
