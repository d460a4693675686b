"""What the handlers of one server share."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiohttp import web

from bot.sandbox.access import app_of
from bot.sandbox.apps import App, Apps
from bot.sandbox.clock import Clock
from bot.sandbox.config import Config
from bot.sandbox.faults import HEADER, NONE, TOO_MANY, Chosen, choose, from_header, refuse
from bot.sandbox.generation import Generation
from bot.sandbox.replies import InvalidParam, Refusal
from bot.sandbox.state import EndUser, State
from bot.sandbox.writer import Engine


@dataclass(slots=True, kw_only=True)
class Room:
    config: Config
    apps: Apps
    state: State
    engine: Engine
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    running: dict[str, Generation] = field(default_factory=dict)  # by task id
    _streams: dict[str, int] = field(default_factory=dict)  # open generations by app id
    _armed: dict[str, Chosen] = field(default_factory=dict)  # speech faults by end user

    def clock(self) -> Clock:
        """A clock for one answer; sharing one would make strangers wait for each other."""
        return Clock(self.config.speed)

    def fault(self, request: web.Request) -> Chosen:
        """The fault of this request's header, else the configured one."""
        header = request.headers.get(HEADER)
        return choose(self.config.fault) if header is None else from_header(header)

    async def suffer(self, request: web.Request) -> None:
        """What a fault of any request does to this one: a refusal, or a wait.

        A configured fault spares what is only looked at, so that a client can still start.
        """
        if request.method == "POST" or HEADER in request.headers:
            fault = self.fault(request)
            if fault.at("any"):
                await self.hit(fault)

    async def hit(self, fault: Chosen) -> None:
        """Raise the refusal the fault stands for, or wait as it says."""
        refuse(fault)
        await self.clock().sleep(fault.value)

    def arm(self, end_user: EndUser, fault: Chosen) -> None:
        """Keep a fault for this person's next speech."""
        self._armed[end_user.id] = fault

    def armed(self, end_user: EndUser) -> Chosen:
        return self._armed.pop(end_user.id, NONE)

    @contextmanager
    def stream(self, app: App) -> Iterator[None]:
        """Hold one of the app's streams. Raises Refusal when all are taken."""
        held = self._streams.get(app.id, 0)
        if app.streams and held >= app.streams:
            message = TOO_MANY.format(app=app.id, limit=app.streams)
            if self.config.busy_status == 429:
                raise Refusal(429, "too_many_requests", message)
            raise InvalidParam(message)
        self._streams[app.id] = held + 1
        try:
            yield
        finally:
            self._streams[app.id] -= 1


ROOM = web.AppKey("room", Room)


def entered(request: web.Request) -> tuple[Room, App]:
    """The server's room and the app whose key opens it. Raises Refusal 401 or 403."""
    room = request.app[ROOM]
    return room, app_of(request, room.apps)
