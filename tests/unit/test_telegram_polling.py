"""Fetching updates: nothing is confirmed before it is kept, and deafness does not last."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs
from telegram.request import RequestData

from adapters.telegram.account import Account
from adapters.telegram.adapter import Telegram
from adapters.telegram.page import Page
from adapters.telegram.updates import ALLOWED
from bot.events import Action, Command, Event, Message
from bot.pace import Pace
from bot.surface import Busy
from tests.fakes import bot_api
from tests.fakes.bot_api import InMemoryRequest, Seat

TOKEN, OTHER = "42:secret-of-the-bot", "43:secret-of-the-other"


class Line(InMemoryRequest):
    """A transport that can fall silent, and then stays so until it is opened anew."""

    def __init__(self, telegram: bot_api.Telegram) -> None:
        super().__init__(telegram)
        self.deaf = False
        self.opened = 0
        self.asked = 0
        self.limited = 0

    async def initialize(self) -> None:
        await super().initialize()
        self.opened += 1
        self.deaf = False

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *more: Any
    ) -> tuple[int, bytes]:
        self.asked += 1
        if self.deaf and url.endswith("getUpdates"):
            await asyncio.Event().wait()
        if self.limited:
            body = {"ok": False, "error_code": 429, "description": "Too Many Requests"}
            return 429, json.dumps(body | {"parameters": {"retry_after": self.limited}}).encode()
        return await super().do_request(url, method, request_data, *more)


class House:
    """The adapter before a Bot API server, and what is accepted from it."""

    def __init__(self, *tokens: str, page: Page | None = None) -> None:
        self.telegram = bot_api.Telegram(asyncio.get_running_loop().time)
        self.bots = [
            self.telegram.bot(token, f"bot{at}_bot") for at, token in enumerate((TOKEN, OTHER))
        ]
        self.lines: list[Line] = []
        self.adapter = Telegram(
            tokens=tokens or (TOKEN,), slots=Pace(), requests=self._line, page=page
        )
        self.accepted: dict[str, Event] = {}
        self.told: list[str] = []
        self.refuse: Callable[[Event], Awaitable[None]] | None = None

    def _line(self) -> Line:
        self.lines.append(Line(self.telegram))
        return self.lines[-1]

    async def accept(self, event: Event) -> bool:
        self.told.append(event.id)
        if self.refuse is not None:
            await self.refuse(event)
        new = event.id not in self.accepted
        self.accepted[event.id] = event
        return new

    @property
    def texts(self) -> list[str]:
        events = self.accepted.values()
        return [event.text for event in events if isinstance(event, Message)]

    def dm(self, name: str = "Ada", bot: int = 0) -> Seat:
        return self.telegram.private(self.telegram.person(name), self.bots[bot])


@asynccontextmanager
async def running(house: House, *, settled: float = 1.0) -> AsyncIterator[House]:
    """The adapter at work; as many seconds as it gets before anything happens."""
    task = asyncio.create_task(house.adapter.run(house.accept))
    try:
        await asyncio.sleep(settled)
        yield house
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_what_somebody_says_is_heard_at_once() -> None:
    async with running(House()) as house:
        assert await house.adapter.missing() == ""
        await asyncio.sleep(20)
        asked = house.telegram.clock()
        house.dm().say("What is tea?")
        await asyncio.sleep(0.01)
        assert house.texts == ["What is tea?"] and house.telegram.clock() - asked < 0.1
        assert house.telegram.violations() == []


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


async def test_what_cannot_be_read_is_let_go_and_told_without_its_words() -> None:
    house = House()
    ada = house.dm()
    house.telegram.emit(house.bots[0], "message", {"text": "My secret", "chat": 7}, "x")
    ada.say("What is tea?")
    with capture_logs() as logs:
        async with running(house):
            assert house.texts == ["What is tea?"]
            assert house.telegram.pending(house.bots[0]) == []
    assert [line["event"] for line in logs].count("an update cannot be read") == 1
    assert "My secret" not in str(logs)


async def test_a_fault_of_our_own_with_one_update_stops_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house = House()
    house.dm().say("What is tea?")

    def broken(*_: object) -> object:
        raise KeyError("My secret")

    with capture_logs() as logs, monkeypatch.context() as patched:
        patched.setattr("adapters.telegram.content.words", broken)
        async with running(house):
            assert house.telegram.pending(house.bots[0]) == []
    assert "an update cannot be read" in [line["event"] for line in logs]
    assert "My secret" not in str(logs)


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
    with capture_logs() as logs:
        async with running(house):
            house.telegram.faults.add("502", times=1000)
            house.dm().say("What is tea?")
            await asyncio.sleep(600)
            assert 20 < house.lines[0].asked < 100
            house.telegram.faults.clear()
            await asyncio.sleep(31)
            assert house.texts == ["What is tea?"]
    words = [line["event"] for line in logs]
    assert words.count("Telegram does not answer") == 1
    assert words.count("telegram is heard again") == 1


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


async def test_an_event_that_breaks_something_is_tried_again_and_then_given_up() -> None:
    house = House()

    async def broken(event: Event) -> None:
        if isinstance(event, Message) and event.text == "My secret":
            raise ZeroDivisionError("My secret")

    house.refuse = broken
    ada, bob = house.dm("Ada"), house.dm("Bob")
    ada.say("My secret")
    ada.say("And then?")
    bob.say("What is tea?")
    with capture_logs() as logs:
        async with running(house):
            assert house.texts == ["What is tea?"]
            await asyncio.sleep(3)
            assert house.texts == ["What is tea?", "And then?"]
            assert house.telegram.pending(house.bots[0]) == []
    told = [line for line in logs if line["event"] == "an event cannot be kept"]
    assert len(told) == 3 and "My secret" not in str(logs)


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


async def test_of_very_many_presses_at_once_some_are_not_acknowledged() -> None:
    async with running(House()) as house:
        house.telegram.latency = 8.0
        for number in range(150):
            query: dict[str, object] = {
                "id": str(number),
                "from": {"id": number, "is_bot": False, "first_name": "Ada"},
                "data": "like:a",
            }
            house.bots[0].open_queries[str(number)] = house.telegram.clock()
            house.telegram.emit(house.bots[0], "callback_query", query, f"user:{number}")
        await asyncio.sleep(60)
        assert 100 <= len(house.bots[0].answered) <= 150
        assert house.telegram.pending(house.bots[0]) == []


async def test_a_press_is_acknowledged_without_keeping_anybody_waiting() -> None:
    async with running(House()) as house:
        ada = house.dm()
        house.telegram.call(
            TOKEN,
            "sendMessage",
            {
                "chat_id": ada.chat.id,
                "text": "Tea",
                "reply_markup": {"inline_keyboard": [[{"text": "👍", "callback_data": "like:a"}]]},
            },
        )
        house.telegram.latency = 4.0
        press = ada.press(ada.answers[0], "👍")
        forged = ada.press(ada.answers[0], "", data="rm -rf /")
        await asyncio.sleep(60)
        ada.say("And coffee?")
        await asyncio.sleep(8)
        assert sorted(house.bots[0].answered) == [press, forged]
        assert house.texts == ["And coffee?"]
        assert [e.name for e in house.accepted.values() if isinstance(e, Action)] == ["like"]


async def test_a_press_that_cannot_be_acknowledged_is_heard_all_the_same() -> None:
    async with running(House()) as house:
        query: dict[str, object] = {
            "id": "unknown",
            "from": {"id": 1, "is_bot": False, "first_name": "Ada"},
            "message": {"message_id": 1, "date": 0, "chat": {"id": 1, "type": "private"}},
            "data": "like:a",
        }
        house.telegram.emit(house.bots[0], "callback_query", query, "x")
        await asyncio.sleep(20)
        assert len(house.accepted) == 1 and await house.adapter.missing() == ""


async def test_an_album_for_the_bot_in_a_group_is_heard_whole() -> None:
    async with running(House()) as house:
        house.bots[0].reads_groups = True
        seat = house.telegram.group(house.bots[0]).seat(house.telegram.person("Ada"))
        seat.album([b"1", b"2", b"3"], "@bot0_bot which is best?")
        seat.album([b"4", b"5"], "Nice ones")
        await asyncio.sleep(1)
        for _ in range(260):  # so many that the first are forgotten
            seat.album([b"6"], "@bot0_bot and this?")
        await asyncio.sleep(1)
        parts = [event for event in house.accepted.values() if isinstance(event, Message)]
        assert [part.text for part in parts[:3]] == ["which is best?", "", ""]
        assert len({part.album for part in parts[:3]}) == 1 and len(parts) == 263


async def test_the_stop_of_a_draft_is_kept_before_the_draft_hears_of_it() -> None:
    async with running(House()) as house:
        ada = house.dm()
        drafts = house.adapter.drafts
        heard: list[tuple[str, str, int]] = []

        def stopped(chat: str, thread: str, draft_id: int) -> bool:
            assert [e.name for e in house.accepted.values() if isinstance(e, Command)] == ["stop"]
            heard.append((chat, thread, draft_id))
            return True

        drafts.stopped = stopped  # type: ignore[method-assign]  # a witness
        body: dict[str, object] = {"chat_id": ada.chat.id, "draft_id": 77, "text": "Tea"}
        house.telegram.call(TOKEN, "sendMessageDraft", body | {"can_stop": True})
        ada.stop_generation()
        await asyncio.sleep(1)
        assert heard == [(str(ada.chat.id), "", 77)]


async def test_who_blocks_the_bot_is_dead_until_heard_of_again() -> None:
    async with running(House()) as house:
        ada = house.dm()
        account = house.adapter.accounts["42"]
        ada.block()
        await asyncio.sleep(1)
        assert account.is_dead(str(ada.chat.id)) and house.accepted == {}
        ada.unblock()
        await asyncio.sleep(1)
        assert not account.is_dead(str(ada.chat.id))


async def test_what_the_bot_is_in_a_group_is_learned() -> None:
    async with running(House()) as house:
        group = house.telegram.group(house.bots[0])
        ada = house.telegram.person("Ada")
        group.seat(ada)
        account, chat = house.adapter.accounts["42"], str(group.chat.id)
        group.promote(house.bots[0], ada)
        await asyncio.sleep(1)
        assert account.administers(chat)
        group.demote(house.bots[0], ada)
        await asyncio.sleep(1)
        assert not account.administers(chat)
        group.kick(house.bots[0], ada)
        await asyncio.sleep(1)
        assert account.is_dead(chat)


async def test_a_group_that_becomes_another_is_followed() -> None:
    async with running(House()) as house:
        group = house.telegram.group(house.bots[0], kind="group", admin=True)
        group.seat(house.telegram.person("Ada"))
        account = house.adapter.accounts["42"]
        account.set_administers(str(group.chat.id), True)
        new = group.migrate()
        await asyncio.sleep(1)
        account.set_administers(str(new.chat.id), True)
        assert account.administers(str(group.chat.id)), "the old name means the new group"


async def test_menu_and_profile_are_set_at_the_start_and_not_again() -> None:
    async def menus() -> tuple[dict[str, list[tuple[str, str]]], dict[str, list[tuple[str, str]]]]:
        everybody = [("ask", "ask something")]
        return {"": everybody}, {"": [*everybody, ("stats", "figures")]}

    async def descriptions() -> tuple[dict[str, str], dict[str, str]]:
        return {"": "Knows all about tea."}, {"": "Tea"}

    page = Page(menus=menus, operators=frozenset({"1001"}), descriptions=descriptions)
    house = House(page=page)
    house.dm()  # the operator, 1001
    house.telegram.faults.add("500", "setMyCommands", times=3)
    with capture_logs() as logs:
        async with running(house, settled=60):
            bot = house.bots[0]
            names = {tuple(c["command"] for c in menu) for menu in bot.commands.values()}
            assert names == {("ask",), ("ask", "stats")}
            assert sorted(bot.words.values()) == ["Knows all about tea.", "Tea"]
    assert "the menu is not set yet" in [line["event"] for line in logs]
    before = house.telegram.counted["setMyCommands"], house.telegram.counted["setMyDescription"]
    async with running(house, settled=60):
        after = house.telegram.counted["setMyCommands"], house.telegram.counted["setMyDescription"]
        assert before == after
