"""The bot's menu and its own page, brought up to date once at every start."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from adapters.telegram.account import Account
from adapters.telegram.menu import Menu, describe, show_menu
from bot import observe
from bot.surface import RateLimited, SurfaceError

PAUSES: Final = (5.0, 30.0, 120.0, 600.0)
"""Seconds between tries, the last for all that follow: an old menu is no misfortune."""
PATIENCE: Final = 120.0
"""Seconds for one try: two languages, three scopes and an operator or two are twenty calls."""

_log = observe.get_logger(__name__)

Descriptions = tuple[Mapping[str, str], Mapping[str, str]]


async def _no_menus() -> tuple[Menu, Menu]:
    return {}, {}


async def _no_descriptions() -> Descriptions:
    return {}, {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What is shown before anybody speaks; the functions are asked at the start and do not raise.

    `menus` gives everybody's menu and that of the `operators`, who are user ids. `descriptions`
    gives, by language, what an empty chat says and what the bot's profile says.
    """

    menus: Callable[[], Awaitable[tuple[Menu, Menu]]] = _no_menus
    operators: frozenset[str] = field(default=frozenset(), repr=False)
    descriptions: Callable[[], Awaitable[Descriptions]] = _no_descriptions


async def dress(account: Account, page: Page) -> None:
    """Bring it up to date; returns when it is."""
    tried = 0
    while True:
        pause = PAUSES[min(tried, len(PAUSES) - 1)]
        try:
            async with asyncio.timeout(PATIENCE):
                await _dress(account, page)
            return
        except RateLimited as limited:
            pause = max(pause, limited.retry_after)
        except (SurfaceError, TimeoutError) as error:
            _log.info("the menu is not set yet", bot=account.id, error=type(error).__name__)
        tried += 1
        await asyncio.sleep(pause)


async def _dress(account: Account, page: Page) -> None:
    everybody, operating = await page.menus()
    await show_menu(account.calls, everybody, operators=page.operators, operating=operating)
    long, short = await page.descriptions()
    for words, is_short in ((long, False), (short, True)):
        if words:
            await describe(account.calls, words, short=is_short)
