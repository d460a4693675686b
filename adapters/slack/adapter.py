"""Slack as an adapter: a surface that listens, for one workspace or for many."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial

from aiohttp import web

from adapters.slack.afterwards import Afterwards
from adapters.slack.aside import Aside
from adapters.slack.dispatching import Dispatching
from adapters.slack.door import Door
from adapters.slack.health import Health
from adapters.slack.hearing import Ear
from adapters.slack.home import Homes
from adapters.slack.install import Install
from adapters.slack.knowing import Knowing
from adapters.slack.opening import Forms
from adapters.slack.outbound import SlackSurface
from adapters.slack.page import Page
from adapters.slack.people import People
from adapters.slack.prompts import Pinned
from adapters.slack.socket_mode import SocketMode
from adapters.slack.workspace import Line, SingleWorkspace, Workspaces
from bot import observe
from bot.events import Place
from bot.surface import Accept, Outgoing, Slots, SurfaceError

_AGAIN = 30.0  # seconds; what failed in a way nobody thought of may fail again at once

_log = observe.get_logger(__name__)


class Slack(SlackSurface):
    """The app in every workspace of `workspaces`.

    With `app_token` what happens comes over sockets; else Slack brings it to `manifest.PATH`,
    signed with `signing_secret`. `external`: whether people of other organisations are answered.
    `line` is closed at the end of `run`. `install` is there where workspaces install the app.
    `resumes`: `slots` begin empty, as after another process.
    """

    def __init__(
        self,
        *,
        workspaces: Workspaces,
        slots: Slots,
        line: Line,
        signing_secret: str | None = None,
        app_token: str | None = None,
        external: bool = True,
        hardened: bool = False,
        page: Page | None = None,
        install: Install | None = None,
        resumes: bool = False,
    ) -> None:
        page = page or Page()
        self._opening = Forms(workspaces, page)
        super().__init__(
            workspaces, slots, hardened=hardened, page=page, forms=self._opening, resumes=resumes
        )
        self._line = line
        self._page = page
        self._install = install
        self._aside = Aside()
        self.ear = self._ear(external=external)
        dispatching = Dispatching(self.ear)
        self._sockets = SocketMode(line, app_token, dispatching) if app_token else None
        signed = signing_secret if not app_token else None
        self._door = Door(dispatching, signed) if signed else None
        self._single = workspaces if isinstance(workspaces, SingleWorkspace) else None
        self._health = Health("SLACK_BOT_TOKEN")
        if self._single is None:
            self._health.recover()

    def _ear(self, *, external: bool) -> Ear:
        afterwards = Afterwards(
            self._aside,
            stop=self.stopped,
            homes=Homes(self._workspaces, self._slots, self._page),
            pinned=Pinned(self._workspaces, self._slots, self._page),
            install=self._install,
        )
        people = People(self._aside)
        knowing = Knowing(people, external=external, turn_away=self._turn_away)
        return Ear(self._workspaces, knowing, self._opening, afterwards, self._page)

    async def run(self, accept: Accept) -> None:
        """Hear, until cancelled; then every connection is closed."""
        works: list[Callable[[], Awaitable[None]]] = [
            self._aside.run,
            self._opening.run,
            self._statuses.run,
        ]
        if self._single is not None:
            works.append(partial(self._meet, self._single))
        if self._sockets is not None:
            works.append(partial(self._sockets.run, accept))
        if self._install is not None:
            works.append(self._install.run)
        try:
            async with asyncio.TaskGroup() as group:
                for work in works:
                    group.create_task(_kept_up(work))
        finally:
            await self._line.aclose()

    def routes(self, accept: Accept) -> Sequence[web.RouteDef]:
        brought = self._door.routes(accept) if self._door else ()
        return [*brought, *(self._install.routes() if self._install else ())]

    async def missing(self) -> str:
        """Why nothing is heard, "" while it is."""
        told = [self._health.missing, self._sockets.missing if self._sockets else ""]
        return "; ".join(dict.fromkeys(one for one in told if one))

    async def _meet(self, workspace: SingleWorkspace) -> None:
        """Learn at once who the bot is: what comes first need not wait for it then."""
        while True:
            try:
                await workspace.identity()
            except (SurfaceError, TimeoutError) as error:
                await asyncio.sleep(self._health.fail(error))
            else:
                self._health.recover()
                return

    def _turn_away(self, place: Place) -> None:
        """Somebody of another organisation, where they are not answered, is told so if at all."""
        if words := self._page.words(place.user.language).external:
            self._aside.begin(partial(self._say_aside, place, words))

    async def _say_aside(self, place: Place, words: str) -> None:
        await self.post(replace(place, only_user=True), Outgoing(text=words, mine=True))


async def _kept_up(work: Callable[[], Awaitable[None]]) -> None:
    """What happens to one of them is nothing to the others."""
    while True:
        try:
            await work()
            return
        except Exception as error:  # whatever it is, the others go on
            _log.error("something for slack has failed", trace=observe.trace(error))
        await asyncio.sleep(_AGAIN)
