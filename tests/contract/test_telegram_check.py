"""What `check` says about Telegram, asked of a Bot API server over a socket."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import SecretStr

from adapters.telegram.account import Account
from bot.compose.telegram_check import door, examine
from bot.settings import Settings
from tests.fakes.bot_api import Telegram, serve

pytestmark = pytest.mark.real_time
TOKEN = "42:" + "secret_" * 5


@dataclass
class There:
    url: str
    telegram: Telegram

    async def findings(self, **changes: Any) -> list[tuple[str, str]]:
        values = {"TELEGRAM_API_URL": self.url, "TELEGRAM_BOT_TOKEN": SecretStr(TOKEN), **changes}
        return [found async for found in examine(Settings(_env_file=None, **values))]


@pytest.fixture
async def there() -> AsyncIterator[There]:
    telegram = Telegram()
    telegram.bot(TOKEN, "parley_bot")
    async with serve(telegram) as served:
        yield There(served.url, telegram)


async def test_a_bot_that_fetches_its_updates_is_in_place(there: There) -> None:
    (who, cure), (how, another) = await there.findings()
    assert who.startswith("@parley_bot (42): hears commands, replies and mentions in groups")
    assert "administrator" in who
    assert how == "updates are fetched, since PUBLIC_URL is not set"
    assert cure == another == ""


async def test_a_token_that_is_refused_is_named_by_its_bot_alone(there: There) -> None:
    [(words, cure)] = await there.findings(TELEGRAM_BOT_TOKEN=SecretStr("43:" + "wrong_" * 6))
    assert words == "the token of bot 43 is refused"
    assert "TELEGRAM_BOT_TOKEN" in cure and "wrong" not in words + cure


async def test_several_bots_are_each_looked_at(there: There) -> None:
    both = SecretStr(f"{TOKEN}, 43:{'wrong_' * 6}")
    found = await there.findings(TELEGRAM_BOT_TOKEN=both, PUBLIC_URL="https://bot.example.com")
    assert [bool(cure) for _, cure in found] == [False, False, True]
    assert "https://bot.example.com/telegram/webhook/42" in found[1][0]


async def test_a_server_that_does_not_answer_is_told(there: There) -> None:
    [(words, cure)] = await there.findings(TELEGRAM_API_URL="http://127.0.0.1:1")
    assert words.startswith("http://127.0.0.1:1: ")
    assert "TELEGRAM_API_URL" in cure


async def test_why_telegram_cannot_bring_updates_is_passed_on(there: There) -> None:
    bot = there.telegram.bots[TOKEN]
    url = "https://bot.example.com/telegram/webhook"
    async with Account(TOKEN, api_url=there.url) as account:
        await account.calls.set_webhook(url, secret="word", allowed=["message"], max_connections=9)
    assert bot.webhook is not None
    bot.webhook.last_error = "SSL error\n{certificate}"
    found = await there.findings(PUBLIC_URL="https://bot.example.com/")
    assert found[1] == ("updates are brought to https://bot.example.com/telegram/webhook", "")
    assert found[2][0] == "Telegram could not bring an update: SSL error {certificate}"
    assert "PUBLIC_URL" in found[2][1]


def test_an_address_telegram_does_not_reach_is_told() -> None:
    settings = Settings(_env_file=None, PUBLIC_URL="https://bot.example.com:8080")
    words, cure = door("https://bot.example.com:8080/telegram/webhook", "", settings)
    assert "https://bot.example.com:8080" in words and "https address on port 443" in cure
