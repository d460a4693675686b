"""Telegram, as the settings want it; imported only where its token is set."""

from collections.abc import Mapping, Sequence

from adapters.telegram.adapter import Telegram
from adapters.telegram.page import Page
from bot.completion import CompletionClient, CompletionError, Parameters
from bot.phrases import LANGUAGES
from bot.service.about import commands
from bot.settings import Settings
from bot.surface import Slots

Menu = Mapping[str, Sequence[tuple[str, str]]]
"""The commands a chat's menu shows, with their words, by language."""

PLATFORM = "telegram"


def telegram(settings: Settings, client: CompletionClient, slots: Slots) -> Telegram:
    """The adapter for every bot whose token is set."""
    secret = settings.telegram_webhook_secret
    return Telegram(
        tokens=tokens(settings),
        slots=slots,
        api_url=settings.telegram_api_url,
        public_url=settings.public_url,
        secret=secret.get_secret_value() if secret else "",
        streaming=settings.parley_telegram_streaming,
        rich=settings.parley_telegram_rich,
        page=_page(settings, client),
    )


def tokens(settings: Settings) -> tuple[str, ...]:
    """Each bot's token once."""
    listed = settings.telegram_bot_token
    each = listed.get_secret_value().split(",") if listed else []
    return tuple(dict.fromkeys(token.strip() for token in each))


def _operators(settings: Settings) -> frozenset[str]:
    """The ids of the operators who are people of Telegram, bare."""
    listed = settings.parley_operators.split(",")
    bare = (one.removeprefix(f"{PLATFORM}:") for one in listed)
    return frozenset(one for one in bare if one.isdecimal())


def _page(settings: Settings, client: CompletionClient) -> Page:
    """What people see before they speak, as the app tells it at the start."""

    async def menus() -> tuple[Menu, Menu]:
        try:
            parameters = await client.parameters()
        except CompletionError:
            parameters = Parameters()
        # "" is every language there are no words in.
        languages = {"": LANGUAGES["en"], **LANGUAGES}
        everybody = {tag: commands(words, parameters) for tag, words in languages.items()}
        more = {
            tag: (*everybody[tag], ("stats", words.command_stats))
            for tag, words in languages.items()
        }
        return everybody, more

    async def descriptions() -> tuple[Mapping[str, str], Mapping[str, str]]:
        # The app's own words, in whatever language it has them, for everybody.
        try:
            words = (await client.site()).description.strip()
        except CompletionError:
            words = ""
        told = {"": words} if words else {}
        return told, told

    return Page(menus=menus, operators=_operators(settings), descriptions=descriptions)
