"""Fetching updates: nothing is confirmed before it is kept, and deafness does not last."""

import asyncio

import pytest
from structlog.testing import capture_logs

from adapters.telegram.account import Account
from adapters.telegram.updates import ALLOWED
from bot.events import Event, Message
from bot.surface import Busy, Unreachable
from tests.fakes.telegram_intake import OTHER, TOKEN, House, running


async def test_what_somebody_says_is_heard_at_once() -> None:
    async with running(House()) as house:
        assert await house.adapter.missing() == ""
        await asyncio.sleep(20)
        asked = house.telegram.clock()
        house.dm().say("What is tea?")
        await asyncio.sleep(0.01)
        assert house.texts == ["What is tea?"] and house.telegram.clock() - asked < 0.1
        assert house.telegram.violations() == []


async def test_it_is_told_once_as_whom_each_bot_hears_and_how() -> None:
    house = House(TOKEN, OTHER)
    with capture_logs() as logs:
        async with running(house, settled=200):
            pass
    assert [line for line in logs if line["log_level"] == "info"] == [
        {
            "event": "telegram is heard",
            "log_level": "info",
            "bot": bot,
            "name": f"@{name}",
            "by": "polling",
        }
        for bot, name in (("42", "bot0_bot"), ("43", "bot1_bot"))
    ]


async def test_who_has_to_wait_for_telegram_at_the_start_reads_when_it_is_heard() -> None:
    house = House()
    house.telegram.faults.add("502", times=30)
    with capture_logs() as logs:
        async with running(house, settled=300):
            pass
    words = [line["event"] for line in logs]
    assert words.count("Telegram does not answer") == 1
    assert words.count("telegram is heard") == 1 and "telegram is heard again" not in words


async def test_before_the_first_answer_it_says_that_nothing_is_heard() -> None:
    house = House()
    assert "not been reached" in await house.adapter.missing()
    house.telegram.faults.add("cut", "getMe", times=3)
    async with running(house, settled=1.5):
        assert await house.adapter.missing() == "Telegram does not answer (bot 42)"
        await asyncio.sleep(5)
        assert await house.adapter.missing() == ""


async def test_every_kind_that_is_read_is_asked_for() -> None:
    async with running(House()) as house:
        assert house.bots[0].allowed == frozenset(ALLOWED)


async def test_an_update_is_confirmed_only_when_it_is_kept() -> None:
    house = House()
    keep = asyncio.Event()

    async def slowly(_: Event) -> None:
        await keep.wait()

    house.refuse = slowly
    async with running(house):
        house.dm().say("What is tea?")
        await asyncio.sleep(300)
        assert len(house.telegram.pending(house.bots[0])) == 1
        keep.set()
        await asyncio.sleep(1)
        assert house.telegram.pending(house.bots[0]) == [] and house.texts == ["What is tea?"]


async def test_what_was_not_confirmed_comes_again_after_a_restart() -> None:
    house = House()

    async def never(_: Event) -> None:
        await asyncio.Event().wait()

    house.refuse = never
    async with running(house):
        house.dm().say("What is tea?")
        await asyncio.sleep(1)
    house.refuse = None
    async with running(house):
        assert house.texts == ["What is tea?"]


async def test_while_the_bot_is_busy_updates_wait_at_telegram() -> None:
    house = House()
    busy = True

    async def refuse(_: Event) -> None:
        if busy:
            raise Busy(7)

    house.refuse = refuse
    async with running(house):
        house.dm().say("What is tea?")
        await asyncio.sleep(20)
        assert house.accepted == {} and len(house.telegram.pending(house.bots[0])) == 1
        assert len(house.told) == 3, "tried every 7 s, as asked for"
        busy = False
        await asyncio.sleep(7)
        assert house.texts == ["What is tea?"]


async def test_a_chat_keeps_its_order_and_does_not_wait_for_others() -> None:
    house = House()
    ada, bob = house.dm("Ada"), house.dm("Bob")
    ada.say("a1")
    ada.say("a2")
    bob.say("b1")

    async def slow_for_ada(event: Event) -> None:
        if isinstance(event, Message) and event.text.startswith("a"):
            await asyncio.sleep(5)

    house.refuse = slow_for_ada
    async with running(house):
        assert house.texts == ["b1"]
        await asyncio.sleep(10)
        assert house.texts == ["b1", "a1", "a2"]


async def test_a_deaf_connection_is_given_up_and_replaced() -> None:
    async with running(House()) as house:
        [line] = house.lines
        opened = line.opened
        line.deaf = True
        await asyncio.sleep(49)  # the poll that was on its way ends as usual
        house.dm().say("first")
        await asyncio.sleep(1)
        house.dm("Bob").say("What is tea?")
        await asyncio.sleep(64.5)
        assert "does not answer" in await house.adapter.missing()
        await asyncio.sleep(10)
        assert house.texts[-1] == "What is tea?"
        assert await house.adapter.missing() == "" and line.opened > opened


async def test_outages_are_tried_ever_more_rarely_and_told_once() -> None:
    house = House()
    async with running(house):
        with capture_logs() as logs:
            house.telegram.faults.add("502", times=1000)
            house.dm().say("What is tea?")
            await asyncio.sleep(600)
            assert 20 < house.lines[0].asked < 100
            assert [line["event"] for line in logs] == ["Telegram does not answer"]
            house.telegram.faults.clear()
            await asyncio.sleep(31)
            assert house.texts == ["What is tea?"]
    assert [line["event"] for line in logs[1:]] == ["telegram is heard again"]
    assert logs[1]["after"] == pytest.approx(600, abs=31)


async def test_an_outage_that_a_call_meets_first_is_told_once_as_well() -> None:
    house = House()
    async with running(house, settled=20):
        account = house.adapter.accounts["42"]
        with capture_logs() as logs:
            house.telegram.faults.add("502", times=1000)
            for _ in range(3):
                with pytest.raises(Unreachable):
                    await account.calls.webhook_info()
            await asyncio.sleep(100)  # the poll comes back, and finds the same
            assert [line["event"] for line in logs] == ["Telegram does not answer"]
            house.telegram.faults.clear()
            await account.calls.webhook_info()
            assert len(logs) == 1, "while nothing is heard it is not over"
            await asyncio.sleep(31)
    assert [line["event"] for line in logs[1:]] == ["telegram is heard again"]


async def test_an_outage_between_two_polls_is_over_with_the_next_call() -> None:
    house = House()
    async with running(house, settled=20):
        account = house.adapter.accounts["42"]
        with capture_logs() as logs:
            for _ in range(2):
                house.telegram.faults.add("502", "getWebhookInfo", times=3)
                with pytest.raises(Unreachable):
                    await account.calls.webhook_info()
                await account.calls.webhook_info()
    words = ["Telegram does not answer", "telegram is heard again"]
    assert [line["event"] for line in logs] == words * 2


async def test_a_webhook_that_is_set_is_taken_away_first() -> None:
    house = House()
    house.telegram.call(TOKEN, "setWebhook", {"url": "https://elsewhere.example.com/"})
    house.dm().say("What is tea?")
    async with running(house):
        assert house.bots[0].webhook is None and house.texts == ["What is tea?"]
        assert house.telegram.violations() == []
        await asyncio.sleep(10)
        house.telegram.call(TOKEN, "setWebhook", {"url": "https://elsewhere.example.com/"})
        await asyncio.sleep(130)
        assert house.bots[0].webhook is None, "somebody may set it later as well"


async def test_another_program_with_the_same_token_is_named() -> None:
    with capture_logs() as logs:
        async with running(House()) as house:
            house.telegram.call(TOKEN, "getUpdates", {"timeout": 0})
            house.bots[0].polls += 1  # a poll of somebody else's ends ours
            house.telegram.changed()
            await asyncio.sleep(1)
            missing = await house.adapter.missing()
            assert missing.startswith("another program receives this bot's updates")
            await asyncio.sleep(31)
            assert await house.adapter.missing() == ""
    assert [line for line in logs if line["log_level"] == "error"]


async def test_a_wrong_token_is_named_by_its_setting_and_stops_no_other_bot() -> None:
    wrong = "44:not-a-token"
    house = House(TOKEN, wrong)
    with capture_logs() as logs:
        async with running(house):
            house.dm().say("What is tea?")
            await asyncio.sleep(600)
            assert house.texts == ["What is tea?"]
            missing = await house.adapter.missing()
            assert "TELEGRAM_BOT_TOKEN" in missing and "(bot 44)" in missing
            assert wrong not in missing
            assert house.telegram.counted["getMe"] < 15
    errors = [line for line in logs if line["log_level"] == "error"]
    assert len(errors) == 1 and "TELEGRAM_BOT_TOKEN" in errors[0]["event"]
    assert wrong not in str(logs)


async def test_two_tokens_of_one_bot_are_refused_and_not_shown() -> None:
    with pytest.raises(ValueError, match="two of the tokens") as refused:
        House(TOKEN, "42:another-secret")
    assert "secret" not in str(refused.value)


async def test_a_token_is_shown_nowhere() -> None:
    house = House(TOKEN, OTHER)
    house.telegram.faults.add("cut", times=7)
    with capture_logs() as logs:
        async with running(house, settled=20):
            shown = [repr(house.adapter), repr(vars(house.adapter)), await house.adapter.missing()]
            parts = (*house.adapter.accounts.values(), *house.adapter.intakes)
            shown += [repr(vars(part)) for part in parts]
    assert logs and "secret-of" not in str(logs) + "".join(shown)


async def test_several_bots_hear_each_its_own() -> None:
    async with running(House(TOKEN, OTHER)) as house:
        house.dm("Ada", 0).say("to the first")
        house.dm("Bob", 1).say("to the second")
        await asyncio.sleep(1)
        heard = {event.place.chat.workspace: event for event in house.accepted.values()}
        assert sorted(heard) == ["42", "43"] and len(house.texts) == 2


async def test_a_fault_nobody_thought_of_stops_one_bot_for_a_while_and_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house = House(TOKEN, OTHER)
    meet = Account.meet

    async def broken(account: Account) -> None:
        if account.id == "42":
            raise ZeroDivisionError
        await meet(account)

    house.dm("Ada", 0).say("to the first")
    house.dm("Bob", 1).say("to the second")
    with capture_logs() as logs, monkeypatch.context() as patched:
        patched.setattr(Account, "meet", broken)
        async with running(house):
            assert house.texts == ["to the second"]
            patched.undo()
            await asyncio.sleep(31)
            assert house.texts == ["to the second", "to the first"]
    assert "something for a bot has failed" in [line["event"] for line in logs]


async def test_a_server_that_names_no_updates_is_not_asked_without_end() -> None:
    house = House()
    house.telegram.emit(house.bots[0], "message", {}, "x")
    house.bots[0].queue[0].update.clear()
    async with running(house, settled=120):
        assert house.lines[0].asked < 30
        assert "does not answer" in await house.adapter.missing()


async def test_when_telegram_wants_quiet_it_gets_it() -> None:
    async with running(House()) as house:
        [line] = house.lines
        line.limited = 137
        await asyncio.sleep(60)
        asked = line.asked
        assert "left alone" in await house.adapter.missing()
        await asyncio.sleep(70)
        assert line.asked == asked
        line.limited = 0
        await asyncio.sleep(70)
        assert await house.adapter.missing() == ""
