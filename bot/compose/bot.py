"""The whole bot, put together in the order in which its parts need each other."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from bot import observe, phrases, web
from bot.completion import CompletionClient
from bot.completion.naps import MOMENT
from bot.compose.detail import DetailedLanes, DetailedPace, telling
from bot.compose.rules import rules
from bot.dispatch import Dispatcher
from bot.events import Event
from bot.lanes import Lanes
from bot.pace import Pace
from bot.service.app import App
from bot.service.cases import Service
from bot.service.running import Running
from bot.service.tools import Tools
from bot.settings import Settings
from bot.store import database, migrate
from bot.store.inbox import SqlInbox
from bot.store.store import Store, keeping
from bot.surface import Accept, Slots

Platforms = Callable[[Slots, Store], Sequence[web.Adapter]]
"""Makes the adapters that are switched on; they share the keeper of the budgets."""

_log = observe.get_logger("bot")


class Bot:
    """Everything between a platform's event and the last word of its answer."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        service: Service,
        adapters: Iterable[web.Adapter],
        running: Running,
        accept: Accept,
    ) -> None:
        self._running = running
        self._accept = accept
        self._dispatcher = dispatcher
        self._service = service
        self._adapters = tuple(adapters)

    async def run(self, told: Callable[[], Awaitable[None]]) -> None:
        """Work until `told` returns; then end what is open, within the grace time.

        Told once more, it waits for the grace time no longer.
        """
        async with asyncio.TaskGroup() as group:
            working = group.create_task(self._dispatcher.run(), name="lanes")
            aside = [
                group.create_task(adapter.run(self._accept), name=adapter.name)
                for adapter in self._adapters
            ]
            aside.append(group.create_task(self._service.run(), name="sweeps"))
            await told()
            if self._running:
                _log.warning("ending; told again, it ends at once", open_answers=len(self._running))
            aside.append(group.create_task(self._hurry(told), name="hurry"))
            await self._dispatcher.drain()
            await working
            for task in aside:
                task.cancel()

    async def _hurry(self, told: Callable[[], Awaitable[None]]) -> None:
        await told()
        self._dispatcher.hurry()


@contextlib.asynccontextmanager
async def assembled(
    settings: Settings, client: CompletionClient, platforms: Platforms, *, host: str, port: int
) -> AsyncIterator[tuple[Bot, int]]:
    """The bot with its server listening, and the port; it works while it is run.

    A SQLite database is brought to the newest schema; on PostgreSQL that is the release step's.
    Raises DatabaseError when the database cannot be used, OSError when the port is taken.
    """
    async with _kept(settings) as (store, inbox, database_checks):
        pace = (DetailedPace if observe.in_detail() else Pace)(resumes=True, beat=MOMENT)
        running = Running()
        adapters = platforms(pace, store)

        async def follow_up(event: Event) -> bool:
            return await dispatcher.follow_up(event)

        service = Service(
            Tools(
                completion=client,
                store=store,
                surfaces={adapter.name: adapter for adapter in adapters},
                pace=pace,
                app=App(client),
                running=running,
                accept=follow_up,
                phrases=phrases.of,
                rules=rules(settings),
            )
        )
        dispatcher = _dispatcher(settings, inbox, service)
        accept = telling(dispatcher.accept) if observe.in_detail() else dispatcher.accept
        routes = [route for each in adapters for route in each.routes(accept)]
        hearing = [adapter.missing for adapter in adapters]
        application = web.build((*database_checks, dispatcher.health, *hearing), routes)
        async with web.listening(application, host=host, port=port) as opened:
            yield Bot(dispatcher, service, adapters, running, accept), opened


def _dispatcher(settings: Settings, inbox: SqlInbox, service: Service) -> Dispatcher:
    return Dispatcher(
        (DetailedLanes if observe.in_detail() else Lanes)(inbox),
        service.handle,
        service.report,
        limit=settings.parley_inbox_limit,
        grace=settings.parley_grace,
        cut=service.cut,
        abandon=service.abandon,
    )


@contextlib.asynccontextmanager
async def _kept(settings: Settings) -> AsyncIterator[tuple[Store, SqlInbox, Sequence[web.Ready]]]:
    """What must survive a restart, and the checks of what carries it."""
    async with database.opened(settings.database_url.get_secret_value()) as engine:
        checks: list[web.Ready] = [partial(migrate.missing, engine)]
        if engine.dialect.name == "sqlite":
            await migrate.upgrade(engine)
            if database.forgets(engine):
                _log.warning("the database is in memory and forgets everything at the end")
            else:
                checks.append(web.file_stays(Path(str(engine.url.database))))
        elif missing := await migrate.missing(engine):
            _log.error("nothing can be done yet", missing=missing)
        async with keeping(engine) as (store, inbox):
            yield store, inbox, checks
