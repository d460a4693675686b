"""What is done with a payload, however it came: kept as an event, and minded besides."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, Literal

from adapters.slack import commands, deeds, heard, inbound, routing
from adapters.slack.afterwards import Afterwards
from adapters.slack.errors import Refused
from adapters.slack.heard import Heard, Me, Unreadable
from adapters.slack.interaction import Interaction
from adapters.slack.knowing import Knowing
from adapters.slack.opening import Forms
from adapters.slack.page import Page
from adapters.slack.remembered import Remembered
from adapters.slack.routing import Route
from adapters.slack.workspace import Workspace, Workspaces
from bot import observe
from bot.events import Action, Command, Event, Submission
from bot.surface import Accept, Busy, Forbidden, SurfaceError

Kind = Literal["event", "command", "interaction"]
"""The three ways in which Slack tells something."""

Reply = Mapping[str, object] | None
"""What Slack is to show at once to whom it came from, None for nothing."""

MEETING: Final = 2.0
"""Seconds for learning who the bot is in a workspace; Slack waits 3 in all."""
TRIES: Final = 3
"""Times that an event is tried which breaks something: a database that is away makes the bot Busy,
so what is left is the event's own doing."""
MOST: Final = 1000  # events that failed, which matter for minutes
PAUSE: Final = 1.0  # seconds before it is tried again

_READERS: Final = {
    "event": inbound.parse,
    "command": commands.parse,
    "interaction": deeds.parse,
}

_log = observe.get_logger(__name__)


class Ear:
    """Takes in what happens in all workspaces."""

    def __init__(
        self,
        workspaces: Workspaces,
        knowing: Knowing,
        forms: Forms,
        afterwards: Afterwards,
        page: Page,
    ) -> None:
        self._workspaces = workspaces
        self._knowing = knowing
        self._forms = forms
        self._afterwards = afterwards
        self._page = page
        self._failures: Remembered[str, int] = Remembered(MOST)

    async def hear(self, kind: Kind, payload: object, accept: Accept) -> Reply:
        """Take it in; what was taken before changes nothing.

        Raises Unreadable for what Slack does not send, and Busy, with nothing kept.
        """
        told = heard.mapping(payload)
        route = routing.route(told)
        if not (route.team or route.enterprise):
            raise Unreadable("from nowhere")
        try:
            return await self._hear(kind, told, route, accept)
        except Busy:
            if (words := self._regret(kind, told, route)) is not None:
                return words
            raise

    async def _hear(
        self, kind: Kind, told: Mapping[str, object], route: Route, accept: Accept
    ) -> Reply:
        if kind == "event" and inbound.is_farewell(told):
            # The workspace is not asked who the bot is there: it is nobody any more.
            await self._afterwards.leave(route, self._read(kind, told, Me(team=route.team), {}))
            return None
        workspace = await self._workspace(route)
        if workspace is None:
            return None
        me = Me(
            team=workspace.team,
            user=workspace.bot_user or route.bot,
            enterprise=route.enterprise,
        )
        names = await self._knowing.names(workspace, inbound.mentioned(told, me))
        found = self._read(kind, told, me, names)
        if found.submitted:
            return await self._submitted(me, told, accept)
        found = await self._knowing.complete(workspace, me, found)
        await self._take(found, accept)
        return None

    def _read(
        self, kind: Kind, told: Mapping[str, object], me: Me, names: Mapping[str, str]
    ) -> Heard:
        """Nothing that one person sends may keep out everybody else."""
        try:
            return _READERS[kind](told, me, names=names, now=datetime.now(UTC))
        except Unreadable:
            raise
        except Exception as error:
            _log.error("a payload cannot be read", team=me.team, trace=observe.trace(error))
            raise Unreadable(type(error).__name__) from None

    async def _workspace(self, route: Route) -> Workspace | None:
        """None where the bot is not installed; what comes from there is nobody's."""
        try:
            async with asyncio.timeout(MEETING):
                return await self._workspaces.of(route.team, route.enterprise)
        except Forbidden:
            _log.info("something came from where the app is not installed", team=route.team)
            return None
        except (SurfaceError, TimeoutError) as error:
            why = error.code if isinstance(error, Refused) else type(error).__name__
            _log.warning("a workspace cannot be met", team=route.team, error=why)
            raise Busy from None

    async def _take(self, found: Heard, accept: Accept) -> None:
        for event in (found.event, found.otherwise):
            if event is None:
                continue
            if may_open_form(event):
                self._forms.expect(event.place)
            if await self._kept(event, accept):
                break
        self._afterwards.mind(found)

    async def _submitted(self, me: Me, told: Mapping[str, object], accept: Accept) -> Reply:
        submitted = self._forms.submitted(told)
        if submitted.values is None or submitted.place is None:
            return submitted.body
        deed = deeds.submission(told)
        interaction = Interaction(
            kind=submitted.kind, trigger=deed.trigger, response_url=submitted.response_url
        )
        now = datetime.now(UTC)
        event = Submission(
            id=heard.happening(me, "view", deed.trigger, now),
            place=replace(submitted.place, interaction=interaction.packed()),
            at=now,
            form=submitted.form,
            values=submitted.values,
        )
        if submitted.place.user.id == deed.user.id:  # it went to one person, who alone can send it
            await self._kept(event, accept)
            self._afterwards.refresh(event.place)
        return submitted.body

    async def _kept(self, event: Event, accept: Accept) -> bool:
        """Whether `event` is news; it is given up when keeping fails TRIES times by our fault."""
        try:
            return await accept(event)
        except Busy:
            raise
        except Exception as error:  # it comes again, and all the others go on
            _log.error("an event cannot be kept", trace=observe.trace(error))
            failures = (self._failures.get(event.id) or 0) + 1
            if failures >= TRIES:
                return True
            self._failures.put(event.id, failures)
            raise Busy(PAUSE) from None

    def _regret(self, kind: Kind, told: Mapping[str, object], route: Route) -> Reply:
        """What somebody sees whose deed cannot be kept and does not come again by itself."""
        words = self._page.words(self._knowing.language(route.team, deeds.doer(told))).busy
        if kind == "command":
            return {"response_type": "ephemeral", "text": words}
        if told.get("type") == "view_submission" and (field := deeds.first_field(told)):
            return {"response_action": "errors", "errors": {field: words}}
        return None


def may_open_form(event: Event) -> bool:
    """Whether a form surely comes for it, so that a window may be held open for it."""
    if not event.place.interaction:
        return False
    if isinstance(event, Command):
        bare = event.name == "ask" and not (event.text or event.files or event.quoted)
        return bare or event.name == "inputs"
    return isinstance(event, Action) and event.name == "inputs"
