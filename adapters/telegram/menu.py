"""What stands in the bot's menu and on its page: set only where it says something else."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from telegram import (
    BotCommandScope,
    BotCommandScopeAllGroupChats,
    BotCommandScopeChat,
    BotCommandScopeDefault,
)

from adapters.telegram.calls import Calls
from adapters.telegram.errors import Refused
from bot.surface import Forbidden

Menu = Mapping[str, Sequence[tuple[str, str]]]
"""By language ("" for every other): the commands in order, each with its few words."""

COMMANDS, WORDS = 100, 256
"""How many commands a menu holds, and how many characters are said about one."""

DESCRIPTION, SHORT = 512, 120  # characters

_NOT_IN_GROUPS: Final = ("start",)
"""It opens a private chat; in a group there is nothing to start."""


async def show_menu(
    calls: Calls, everybody: Menu, *, operators: Iterable[str] = (), operating: Menu | None = None
) -> None:
    """Set what is not yet as it should be. Raises SurfaceError; may then be called again.

    `operators` are user ids, whose private chats have the menu `operating`. Those who never wrote
    to the bot have no chat with it yet, and are passed over.
    """
    for language, commands in everybody.items():
        await _set(calls, BotCommandScopeDefault(), language, commands)
        shared = [command for command in commands if command[0] not in _NOT_IN_GROUPS]
        await _set(calls, BotCommandScopeAllGroupChats(), language, shared)
    for operator in operators:
        try:
            for language, commands in (operating or {}).items():
                await _set(calls, BotCommandScopeChat(int(operator)), language, commands)
        except (Forbidden, Refused):
            continue


async def describe(calls: Calls, descriptions: Mapping[str, str], *, short: bool = False) -> None:
    """Say by language what the bot is for, unless its owner has said so: words of theirs stay.

    Where a language has no words of its own, Telegram answers with those for every other.
    """
    ours = descriptions.get("", "")
    said = await calls.description("", short=short)
    if said not in ("", ours):
        return
    for language, words in descriptions.items():
        words = words[: SHORT if short else DESCRIPTION]
        there = await calls.description(language, short=short) if language else said
        if there in ("", ours) and there != words:
            await calls.set_description(language, words, short=short)


async def _set(
    calls: Calls, scope: BotCommandScope, language: str, commands: Sequence[tuple[str, str]]
) -> None:
    wanted = [(name, words[:WORDS]) for name, words in commands[:COMMANDS]]
    if await calls.get_commands(scope, language) != wanted:
        await calls.set_commands(scope, language, wanted)
