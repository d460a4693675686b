"""Is Telegram in place? What `check` finds out about every bot whose token is set."""

from collections.abc import AsyncIterator
from typing import TypeAlias
from urllib.parse import urlsplit

from adapters.telegram.account import API_URL, Account
from adapters.telegram.adapter import PATH
from adapters.telegram.errors import Unauthorized
from bot.compose.telegram import tokens
from bot.settings import Settings
from bot.surface import SurfaceError

PORTS = (None, 443, 80, 88, 8443)
"""To which Telegram brings updates; None is the scheme's own."""

Found: TypeAlias = tuple[str, str]
"""What was found, and what would mend it, "" where nothing has to be."""


async def examine(settings: Settings) -> AsyncIterator[Found]:
    """Ask Telegram about every bot, changing nothing; does not raise."""
    several = tokens(settings)
    for token in several:
        async with Account(token, api_url=settings.telegram_api_url) as account:
            try:
                async for found in _bot(settings, account, several=len(several) > 1):
                    yield found
            except Unauthorized:
                yield (
                    f"the token of bot {account.id} is refused",
                    "copy it from @BotFather into TELEGRAM_BOT_TOKEN again",
                )
            except SurfaceError as error:
                yield (
                    f"{settings.telegram_api_url}: {error}",
                    "check the network, and TELEGRAM_API_URL if it is set",
                )


async def _bot(settings: Settings, account: Account, *, several: bool) -> AsyncIterator[Found]:
    me = await account.calls.get_me()
    yield f"@{me.get('username')} ({account.id}): {_groups(me)}", ""
    info = await account.calls.webhook_info()
    told = str(info.get("url", ""))
    if settings.public_url is None:
        removed = "; its webhook is removed when serve begins" if told else ""
        yield f"updates are fetched, since PUBLIC_URL is not set{removed}", ""
        return
    path = f"{PATH}/{account.id}" if several else PATH
    yield door(settings.public_url.rstrip("/") + path, told, settings)
    if told and (error := info.get("last_error_message")):
        yield (
            f"Telegram could not bring an update: {_plain(error)}",
            "check that PUBLIC_URL leads to this server, with a certificate that browsers accept",
        )


def _groups(me: dict[str, object]) -> str:
    if me.get("can_join_groups") is False:
        return "it is not let into groups (@BotFather: /setjoingroups)"
    hears = (
        "hears everything in groups and answers what is meant for it"
        if me.get("can_read_all_group_messages")
        else "hears commands, replies and mentions in groups"
    )
    return f"{hears}; reactions there need it to be an administrator"


def door(wanted: str, told: str, settings: Settings) -> Found:
    """Whether Telegram can and does bring updates to `wanted`; `told` is where it brings them."""
    parts = urlsplit(wanted)
    ours = settings.telegram_api_url.rstrip("/") == API_URL
    if ours and (parts.scheme != "https" or parts.port not in PORTS):
        return (
            f"Telegram brings nothing to {parts.scheme}://{parts.netloc}",
            "set PUBLIC_URL to an https address on port 443, 80, 88 or 8443",
        )
    if told == wanted:
        return f"updates are brought to {wanted}", ""
    elsewhere = f", now to {urlsplit(told).netloc}" if told else ""
    return f"updates will be brought to {wanted} when serve begins{elsewhere}", ""


def _plain(text: object) -> str:
    """Printable and short: it comes from a server and goes to a terminal."""
    return "".join(c if c.isprintable() else " " for c in str(text))[:120]
