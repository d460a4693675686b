"""Telegram as an adapter: a surface that listens, for one bot or several."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial

from aiohttp import web
from telegram.request import BaseRequest

from adapters.telegram.account import API_URL, Account
from adapters.telegram.hearing import Ear
from adapters.telegram.outbound import TelegramSurface
from adapters.telegram.page import Page, dress
from adapters.telegram.polling import Polling
from adapters.telegram.webhook import Webhook, secret_of
from adapters.telegram.writing import Rich, Streaming
from bot import observe
from bot.surface import Accept, Slots

PATH = "/telegram/webhook"

_AGAIN = 30.0  # seconds; what failed in a way nobody thought of may fail again at once

_log = observe.get_logger(__name__)


class Telegram(TelegramSurface):
    """The bots with these tokens.

    With `public_url` Telegram brings updates there, under PATH, and under PATH with the bot's id
    when there are several; without it they are fetched. `secret` is what Telegram is to send along,
    "" for one of our own. What `page` leaves out stays as it is. `requests` makes other transports
    than our own. Raises ValueError for what is no token, and for two of one bot.
    """

    def __init__(
        self,
        *,
        tokens: Sequence[str],
        slots: Slots,
        api_url: str = API_URL,
        public_url: str | None = None,
        secret: str = "",
        streaming: Streaming = "auto",
        rich: Rich = "auto",
        page: Page | None = None,
        requests: Callable[[], BaseRequest | None] = lambda: None,
    ) -> None:
        made = {token: Account(token, api_url=api_url, request=requests()) for token in tokens}
        accounts = {account.id: account for account in made.values()}
        if len(accounts) < len(made):
            raise ValueError("two of the tokens are for the same bot")
        super().__init__(accounts, slots, streaming=streaming, rich=rich)
        self._page = page or Page()
        several = len(accounts) > 1
        self._doors: dict[str, Webhook] = {}
        self._polls: list[Polling] = []
        for token, account in made.items():
            ear = Ear(account, self.drafts)
            if public_url is None:
                self._polls.append(Polling(account, ear))
                continue
            path = f"{PATH}/{account.id}" if several else PATH
            url = public_url.rstrip("/") + path
            self._doors[path] = Webhook(account, ear, url=url, secret=secret or secret_of(token))

    async def run(self, accept: Accept) -> None:
        """Hear, until cancelled; then every connection is closed."""
        accept = self.quoting.noting(accept)
        async with AsyncExitStack() as stack:
            for account in self.accounts.values():
                await stack.enter_async_context(account)
            async with asyncio.TaskGroup() as group:
                for bot, account in self.accounts.items():
                    group.create_task(_kept_up(bot, partial(dress, account, self._page)))
                for intake in self.intakes:
                    group.create_task(_kept_up(intake.account.id, partial(intake.run, accept)))

    def routes(self, accept: Accept) -> Sequence[web.RouteDef]:
        noted = self.quoting.noting(accept)
        return [door.route(path, noted) for path, door in self._doors.items()]

    @property
    def intakes(self) -> Sequence[Polling | Webhook]:
        """Where each bot's updates come in."""
        return [*self._polls, *self._doors.values()]

    async def missing(self) -> str:
        """Why any of the bots hears nothing, "" while all do."""
        return "; ".join(intake.health.missing for intake in self.intakes if intake.health.missing)


async def _kept_up(bot: str, work: Callable[[], Awaitable[None]]) -> None:
    """What happens to one bot is nothing to the others."""
    while True:
        try:
            await work()
            return
        except Exception as error:  # whatever it is, the others go on
            _log.error("something for a bot has failed", bot=bot, trace=observe.trace(error))
        await asyncio.sleep(_AGAIN)
