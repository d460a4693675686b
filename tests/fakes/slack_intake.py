"""The adapter for Slack with everything it hears from, and what it hands in."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from adapters.slack.adapter import Slack as Adapter
from adapters.slack.hearing import Kind, Reply
from adapters.slack.page import Page
from adapters.slack.workspace import Line, SingleWorkspace
from bot.events import Event
from bot.pace import Pace
from tests.fakes.slack_api import Slack
from tests.fakes.slack_api.payloads import Delivery
from tests.fakes.slack_line import Inside

KINDS: dict[str, Kind] = {"events": "event", "commands": "command", "interactive": "interaction"}

E = TypeVar("E")


class Noting(Adapter):
    """Notes the stops that it is told of."""

    def __init__(self, stops: "list[tuple[str, str, str, tuple[str, ...]]]", **about: Any) -> None:
        self._stops = stops
        super().__init__(**about)

    def stopped(self, team: str, channel: str, thread: str, streaming: Sequence[str]) -> None:
        self._stops.append((team, channel, thread, tuple(streaming)))
        super().stopped(team, channel, thread, streaming)


class House:
    """One workspace, and the adapter in memory; what it hands in is in `accepted`."""

    def __init__(
        self,
        slack: Slack | None = None,
        *,
        external: bool = True,
        page: Page | None = None,
        install: object = None,
    ) -> None:
        self.slack = slack or Slack(clock=asyncio.get_running_loop().time)
        self.team = next(iter(self.slack.teams.values()), None) or self.slack.team()
        self.bot = self.slack.installed(self.team.id).bot_user
        self.wire = Inside(self.slack)
        line = Line(transport=self.wire)
        self.workspaces = SingleWorkspace(self.slack.installed(self.team.id).token, line)
        self.stopped: list[tuple[str, str, str, tuple[str, ...]]] = []
        self.adapter = Noting(
            self.stopped,
            workspaces=self.workspaces,
            slots=Pace(),
            line=line,
            signing_secret=self.slack.app.signing_secret,
            external=external,
            page=page,
            install=install,
        )
        self.accepted: list[Event] = []
        self.refuse: Callable[[Event], Awaitable[None]] | None = None

    async def accept(self, event: Event) -> bool:
        if self.refuse is not None:
            await self.refuse(event)
        new = all(event.id != known.id for known in self.accepted)
        if new:
            self.accepted.append(event)
        return new

    async def hear(self) -> list[Reply]:
        """Everything that people have done since, and what Slack is answered."""
        replies = []
        while self.slack.outbox:
            replies.append(await self.take(self.slack.outbox.pop(0)))
        return replies

    async def take(self, delivery: Delivery) -> Reply:
        return await self.adapter.ear.hear(KINDS[delivery.kind], delivery.payload, self.accept)

    async def heard(self, kind: type[E]) -> E:
        """The one event, of this kind, that came of what people have done since."""
        before = len(self.accepted)
        await self.hear()
        [event] = self.accepted[before:]
        assert isinstance(event, kind), event
        return event


@asynccontextmanager
async def running(house: House) -> AsyncIterator[House]:
    task = asyncio.create_task(house.adapter.run(house.accept))
    await asyncio.sleep(0)
    try:
        yield house
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
