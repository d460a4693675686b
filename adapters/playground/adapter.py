"""The playground as an adapter: a surface that listens, and the server of its page."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

from aiohttp import web

from adapters.playground import requests, serving, tabs
from adapters.playground.behaviour import BEHAVIOURS
from adapters.playground.calls import Calls
from adapters.playground.deeds import Deeds
from adapters.playground.delivery import Delivery
from adapters.playground.gate import Gate
from adapters.playground.guard import Guard, Handler, refusal
from adapters.playground.outbound import RoomSurface
from adapters.playground.room import Room
from adapters.playground.tabs import Tabs
from bot.surface import Accept, Slots

_BASE = "/playground/{token}"
_PATIENCE = 10.0  # seconds for the sandbox to take a fault
Deed = TypeVar("Deed", bound=requests.Deed)


class Playground(RoomSurface):
    """The room under `/playground/<token>/`.

    `path` is the room's journal, files lie beside it; None keeps all in memory. `behaviour` is
    that of a new room, a kept one goes on as it was. `site` gives what dresses the page, as the
    fields of `hello.app`, and must not raise. `faults` are the sandbox's, as name and words;
    `set_fault` switches one on, "" for none; without it there is no sandbox. `commands` are for
    the page's menu, `handle` is what the bot is called after an @. Raises RoomTaken, OSError.
    """

    def __init__(
        self,
        *,
        slots: Slots,
        token: str,
        path: Path | None = None,
        behaviour: str = "",
        site: tabs.Site = tabs.no_site,
        faults: Sequence[tuple[str, str]] = (),
        set_fault: Callable[[str], Awaitable[None]] | None = None,
        commands: Sequence[tuple[str, str]] = (),
        handle: str = "parley",
    ) -> None:
        room = Room(path, behaviour=behaviour)
        room.open()
        super().__init__(Calls(room, slots, Gate()))
        self._guard = Guard(token)
        self._deeds = Deeds(room, handle)
        self._delivery = Delivery(room)
        self._faults = frozenset(name for name, _ in faults)
        self._set_fault = set_fault
        self._tabs = Tabs(
            self.calls,
            site=site,
            faults=faults,
            commands=commands,
            handle=handle,
            sandbox=set_fault is not None,
        )

    async def run(self, accept: Accept) -> None:
        """Hand over what was left, until cancelled; then every tab's stream ends."""
        try:
            await self._delivery.run(accept)
        finally:
            self.room.close()

    def routes(self, accept: Accept) -> list[web.RouteDef]:
        return [
            self._get("", serving.to_page),
            self._get("/", serving.page),
            self._get("/events", self._tabs.follow),
            self._get("/file/{id:[0-9a-f]{32}}", serving.file(self.room)),
            self._get(r"/{name:[a-z0-9_-]+\.[a-z0-9]+}", serving.page),
            self._post("/upload", serving.upload(self.room)),
            *self._deed_routes(accept),
            self._post("/dismiss", self._dismiss),
            self._post("/behaviour", self._behave),
            self._post("/fault", self._fail),
            self._post("/people", self._join),
        ]

    async def missing(self) -> str:
        """The page comes to it: there is nothing to be deaf to."""
        return ""

    def _deed_routes(self, accept: Accept) -> list[web.RouteDef]:
        """What people do: each is done once for its id, and answered once the bot has it."""
        deeds = self._deeds

        def route(kind: type[Deed], act: Callable[[Deed], None]) -> web.RouteDef:
            async def answer(request: web.Request) -> web.StreamResponse:
                asked = await requests.read(request, kind)
                if not self.room.knows(asked.id):
                    act(asked)
                await self._delivery.hand_over(asked.id, accept)
                return web.json_response({"ok": True})

            return self._post(f"/{kind.__name__.lower()}", answer)

        return [
            route(requests.Send, deeds.say),
            route(requests.Edit, deeds.edit),
            route(requests.Delete, deeds.delete),
            route(requests.React, deeds.react),
            route(requests.Press, deeds.press),
            route(requests.Submit, deeds.submit),
        ]

    async def _dismiss(self, request: web.Request) -> web.StreamResponse:
        asked = await requests.read(request, requests.Dismiss)
        self.room.passing.close_form(asked.chat, asked.person, asked.form)
        return web.json_response({"ok": True})

    async def _behave(self, request: web.Request) -> web.StreamResponse:
        asked = await requests.read(request, requests.Name)
        if asked.name not in BEHAVIOURS:
            return refusal(400, "There is no such behaviour.")
        self.room.behave(asked.name)
        return web.json_response({"ok": True})

    async def _fail(self, request: web.Request) -> web.StreamResponse:
        asked = await requests.read(request, requests.Name)
        if self._set_fault is None or asked.name not in {"", *self._faults}:
            return refusal(400, "There is no such fault.")
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._set_fault(asked.name)
        except TimeoutError:
            return refusal(503, "The sandbox does not answer. Try again.")
        self._tabs.set_fault(asked.name)
        return web.json_response({"ok": True})

    async def _join(self, request: web.Request) -> web.StreamResponse:
        asked = await requests.read(request, requests.Name)
        person = self._deeds.join(asked.name)
        self._tabs.tell_people()
        return web.json_response({"ok": True, "id": person.id})

    def _get(self, path: str, handler: Handler) -> web.RouteDef:
        return web.get(_BASE + path, self._guard(handler))

    def _post(self, path: str, handler: Handler) -> web.RouteDef:
        return web.post(_BASE + path, self._guard(handler))
