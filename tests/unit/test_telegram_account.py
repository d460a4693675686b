"""One bot of the account: who it is, and what it hears."""

import pytest

from adapters.telegram.account import Account
from adapters.telegram.errors import Conflict, Unauthorized
from bot.surface import Expired
from tests.fakes.telegram_line import STOP, world


async def test_method_unknown_to_a_server_that_never_knew_the_bot_is_a_wrong_token() -> None:
    there = world(api="9.2")
    with pytest.raises(Unauthorized):
        await there.account.calls.draft(there.to, 7, "a")
    assert there.account.features.draft


async def test_bot_learns_its_name() -> None:
    there = world()
    await there.account.meet()
    assert there.account.username == "parley_bot"


@pytest.mark.parametrize("token", ["43:somebody-elses", "42:wrong"])
async def test_wrong_token_is_told(token: str) -> None:
    there = world()
    account = Account(token, request=there.line)
    with pytest.raises(Unauthorized):
        await account.meet()


async def test_updates_come_as_they_are() -> None:
    there = world()
    there.seat.say("hi")
    calls = there.account.calls
    [update] = await calls.get_updates(0, timeout=0, allowed=["message"])
    assert isinstance(update["message"], dict)
    assert update["message"]["text"] == "hi"
    number = update["update_id"]
    assert isinstance(number, int)
    assert await calls.get_updates(number + 1, timeout=50, allowed=["message"]) == []


async def test_second_poller_is_told() -> None:
    there = world()
    calls = there.account.calls
    await calls.set_webhook(
        "https://x.test/hook", secret="s", allowed=["message"], max_connections=9
    )
    assert (await calls.webhook_info())["url"] == "https://x.test/hook"
    with pytest.raises(Conflict):
        await calls.get_updates(0, timeout=0, allowed=["message"])
    await calls.delete_webhook()
    assert (await calls.webhook_info())["url"] == ""


async def test_button_press_is_answered_until_it_is_too_old() -> None:
    there = world()
    await there.account.calls.send_text(there.to, "a", markup=STOP)
    query = there.seat.press(there.seat.answers[0], "⏹")
    await there.account.calls.answer_callback(query)
    assert there.bot.answered == [query]
    with pytest.raises(Expired):
        await there.account.calls.answer_callback(query)


async def test_account_goes_on_after_its_polling_connection_was_renewed() -> None:
    there = world()
    async with there.account as account:
        await account.renew()
        assert await account.calls.get_updates(0, timeout=0, allowed=["message"]) == []


async def test_repr_shows_the_bot_and_nothing_else() -> None:
    assert repr(world().account) == "Account(42)"


@pytest.mark.parametrize(
    "token", ["", "secret", "42:", ":secret", "4²:secret", "42:se/cret", "42:se cret", "x42:secret"]
)
def test_what_cannot_be_a_token_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(ValueError, match="@BotFather") as refused:
        Account(token)
    assert "secret" not in str(refused.value)
