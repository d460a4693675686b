"""The menu: per language and scope, and only where it says something else."""

import asyncio

from telegram import BotCommandScopeDefault

from adapters.telegram.account import Account
from adapters.telegram.menu import Menu, describe, show_menu
from tests.fakes.bot_api import Bot, InMemoryRequest, Telegram

MENU: Menu = {
    "": [("start", "Begin"), ("ask", "Ask")],
    "de": [("start", "Beginnen"), ("ask", "Fragen")],
}
OPERATING: Menu = {"": [("ask", "Ask"), ("stats", "How it goes")]}


def world() -> tuple[Telegram, Bot, Account]:
    telegram = Telegram(asyncio.get_running_loop().time)
    bot = telegram.bot("42:secret")
    return telegram, bot, Account("42:secret", request=InMemoryRequest(telegram))


async def test_menu_is_set_for_every_language_and_scope() -> None:
    telegram, bot, account = world()
    operator = telegram.person("Grace")
    telegram.private(operator, bot)
    await show_menu(account.calls, MENU, operators=[str(operator.id)], operating=OPERATING)
    names = {
        where: [command["command"] for command in commands]
        for where, commands in bot.commands.items()
    }
    assert names == {
        ("default", ""): ["start", "ask"],
        ("default", "de"): ["start", "ask"],
        ("all_group_chats", ""): ["ask"],
        ("all_group_chats", "de"): ["ask"],
        (f"chat:{operator.id}", ""): ["ask", "stats"],
    }
    assert not telegram.violations()


async def test_menu_that_is_right_is_not_set_again() -> None:
    telegram, _, account = world()
    await show_menu(account.calls, MENU)
    await show_menu(account.calls, MENU)
    assert telegram.counted["setMyCommands"] == 4
    changed = {**MENU, "de": [("start", "Los"), ("ask", "Fragen")]}
    await show_menu(account.calls, changed)
    assert telegram.counted["setMyCommands"] == 5
    scope = BotCommandScopeDefault()
    assert await account.calls.get_commands(scope, "de") == [*changed["de"]]


async def test_operator_who_never_wrote_keeps_nobody_else_from_their_menu() -> None:
    telegram, bot, account = world()
    stranger, operator = telegram.person(), telegram.person()
    telegram.private(operator, bot)
    await show_menu(
        account.calls, {}, operators=[str(stranger.id), str(operator.id)], operating=OPERATING
    )
    assert list(bot.commands) == [(f"chat:{operator.id}", "")]


async def test_words_too_long_for_a_menu_are_cut() -> None:
    telegram, bot, account = world()
    for _ in range(2):
        await show_menu(account.calls, {"": [("ask", "w" * 300)]})
    [command, *_] = bot.commands["default", ""]
    assert len(command["description"]) == 256
    assert telegram.counted["setMyCommands"] == 2  # default, groups


async def test_bot_is_described_in_every_language_once() -> None:
    telegram, bot, account = world()
    words = {"": "Answers", "de": "Antwortet"}
    for _ in range(2):
        await describe(account.calls, words)
        await describe(account.calls, words, short=True)
    assert bot.words == {
        ("description", ""): "Answers",
        ("description", "de"): "Antwortet",
        ("short_description", ""): "Answers",
        ("short_description", "de"): "Antwortet",
    }
    assert telegram.counted["setMyDescription"] == 2


async def test_words_of_the_owner_stay() -> None:
    _, bot, account = world()
    bot.words["description", ""] = "Mine"
    await describe(account.calls, {"": "Answers", "de": "Antwortet"})
    assert bot.words == {("description", ""): "Mine"}
