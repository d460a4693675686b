"""What is done with an update besides keeping it, and what one update can break."""

import asyncio
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from adapters.telegram.page import Page
from bot.events import Action, Event, Message, Moved
from bot.surface import Outgoing
from tests.fakes.bot_api import Post, Seat
from tests.fakes.telegram_intake import TOKEN, House, running


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


ONLY = Outgoing(text="Only Ada can do this.", mine=True)


@pytest.mark.parametrize("late", [False, True])
async def test_whoever_presses_what_is_not_theirs_hears_so_alone_or_by_name(late: bool) -> None:
    async with running(House()) as house:
        seat, post = answer_in_a_group(house)

        async def tell(event: Event) -> None:
            if isinstance(event, Action):
                await asyncio.sleep(late)
                alone = house.adapter.capabilities(event.place).private_replies
                assert alone is not late
                await house.adapter.post(replace(event.place, only_user=alone), ONLY)

        async with asyncio.TaskGroup() as group:

            async def begin(event: Event) -> None:
                group.create_task(tell(event))

            house.refuse = begin
            press = seat.press(post, "👍")
            await asyncio.sleep(5)
        [bot] = house.bots[:1]
        assert bot.answered == [press]
        assert bot.windows == ({} if late else {press: "Only Ada can do this."})
        told = [(said.text, said.reply_to) for said in seat.answers[1:]]
        assert told == ([("Bo\nOnly Ada can do this.", post.id)] if late else [])


async def test_a_press_nobody_has_words_for_is_acknowledged_soon() -> None:
    async with running(House()) as house:
        seat, post = answer_in_a_group(house)
        press = seat.press(post, "👍")
        await asyncio.sleep(1)
        assert house.bots[0].answered == [press] and not house.bots[0].windows


def answer_in_a_group(house: House) -> tuple[Seat, Post]:
    """Bo's seat, and the bot's answer to a question of Ada's."""
    group = house.telegram.group(house.bots[0])
    ada, bo = (group.seat(house.telegram.person(name)) for name in ("Ada", "Bo"))
    question = ada.say("/ask tea")
    keys = {"inline_keyboard": [[{"text": "👍", "callback_data": "like:a"}]]}
    answer = {"chat_id": group.chat.id, "text": "Tea", "reply_markup": keys}
    house.telegram.call(
        TOKEN, "sendMessage", answer | {"reply_parameters": {"message_id": question.id}}
    )
    return bo, ada.answers[0]


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
        for _ in range(1010):  # so many that the first are forgotten
            seat.album([b"6"], "@bot0_bot and this?")
        await asyncio.sleep(1)
        parts = [event for event in house.accepted.values() if isinstance(event, Message)]
        assert [part.text for part in parts[:3]] == ["which is best?", "", ""]
        assert len({part.album for part in parts[:3]}) == 1 and len(parts) == 1013


async def test_the_stop_of_a_draft_is_kept_before_the_draft_hears_of_it() -> None:
    async with running(House()) as house:
        ada = house.dm()
        drafts = house.adapter.drafts
        heard: list[tuple[str, str, int]] = []

        def stopped(chat: str, thread: str, draft_id: int) -> bool:
            assert [e.name for e in house.accepted.values() if isinstance(e, Action)] == ["stop"]
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


async def test_before_help_in_a_group_it_finds_out_what_the_bot_is_there() -> None:
    async with running(House()) as house:
        account, bot = house.adapter.accounts["42"], house.bots[0]
        administered, joined = house.telegram.group(bot, admin=True), house.telegram.group(bot)
        for group in (administered, joined):
            seat = group.seat(house.telegram.person("Ada"))
            seat.say("/help")
            seat.say("/help")
        await asyncio.sleep(1)
        assert account.administers(str(administered.chat.id))
        assert not account.administers(str(joined.chat.id))
        assert house.telegram.counted["getChatMember"] == 2 and len(house.accepted) == 4


async def test_help_does_not_wait_long_for_that_and_nothing_else_does() -> None:
    async with running(House()) as house:
        seat = house.telegram.group(house.bots[0]).seat(house.telegram.person("Ada"))
        house.telegram.faults.add("silent", "getChatMember", times=10)
        house.telegram.latency = 8.0
        seat.say("/stop")
        await asyncio.sleep(4.1)
        assert len(house.accepted) == 1
        seat.say("/help")
        await asyncio.sleep(8 + 2.1)
        assert len(house.accepted) == 2


async def test_a_group_that_becomes_another_is_followed() -> None:
    async with running(House()) as house:
        group = house.telegram.group(house.bots[0], kind="group", admin=True)
        group.seat(house.telegram.person("Ada"))
        account = house.adapter.accounts["42"]
        account.set_administers(str(group.chat.id), True)
        new = group.migrate()
        await asyncio.sleep(1)
        [moved] = house.accepted.values()
        assert isinstance(moved, Moved)
        assert (moved.place.chat.id, moved.old) == (str(new.chat.id), str(group.chat.id))
        account.set_administers(str(new.chat.id), True)
        assert account.administers(str(group.chat.id)), "the old name means the new group"


async def test_a_button_that_a_group_left_behind_is_pressed_in_the_group_of_today() -> None:
    async with running(House()) as house:
        group = house.telegram.group(house.bots[0], kind="group")
        seat = group.seat(house.telegram.person("Ada"))
        keys = {"inline_keyboard": [[{"text": "Again", "callback_data": "regenerate:a"}]]}
        post = house.telegram.post(group.chat, house.bots[0].id, text="Tea", markup=keys)
        new = group.migrate()
        await asyncio.sleep(1)
        seat.press(post, "Again")
        await asyncio.sleep(1)
        pressed = [*house.accepted.values()][-1]
        assert isinstance(pressed, Action) and pressed.place.chat.id == str(new.chat.id)
        assert (pressed.ref.chat, pressed.ref.id) == (str(group.chat.id), str(post.id))


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
