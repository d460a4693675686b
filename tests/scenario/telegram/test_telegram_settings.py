"""Servers that know less, and what can be set about how answers look."""

from pathlib import Path

import pytest

from bot.phrases import of
from tests.fakes.nursery import Nursery
from tests.fakes.telegram_bot import answered, kinds, telegram_bot, told

pytestmark = pytest.mark.real_time

EN = of("en")
TABLE = "ECHO\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"


async def test_an_old_server_is_asked_once_for_what_it_does_not_know(
    nursery: Nursery, tmp_path: Path
) -> None:
    async with telegram_bot(nursery, tmp_path, api="9.4") as house:
        first, second = house.visit(), house.visit()
        for seat in (first, second):
            seat.say(TABLE)
            post = await answered(house, seat)
            assert post.html == ""
            assert "a" in post.text
            seat.say("n=60 d=0.02")
            await answered(house, seat, 2)
            assert "draft" not in kinds(seat)
        unknown = [no.method for no in house.telegram.refusals if no.code == 404]
        assert sorted(unknown) == sorted(set(unknown))


async def test_growing_and_rich_text_can_be_set(nursery: Nursery, tmp_path: Path) -> None:
    settings = {"PARLEY_TELEGRAM_STREAMING": "edit", "PARLEY_TELEGRAM_RICH": "never"}
    async with telegram_bot(nursery, tmp_path, **settings) as house:
        seat = house.visit()
        seat.say("n=100 d=0.02")
        post = (await house.until(lambda: seat.answers))[-1]
        assert any("⏹" in label for label in post.buttons)
        await answered(house, seat)
        seat.say(TABLE)
        assert (await answered(house, seat, 2)).html == ""
        assert not house.telegram.counted["sendMessageDraft"]
        assert house.telegram.violations() == []


async def test_an_answer_lands_though_telegram_fails_inside(
    nursery: Nursery, tmp_path: Path
) -> None:
    async with telegram_bot(nursery, tmp_path, "webhook") as house:
        seat = house.visit()
        for method in ("sendMessageDraft", "sendMessage"):
            house.telegram.faults.add("500", method)
            house.telegram.faults.add("cut", "sendMessageDraft")
        seat.say("n=2")
        assert (await answered(house, seat)).text.startswith("chunk 0")
        assert len(seat.answers) == 1


async def test_who_may_have_missed_an_answer_is_told_and_can_have_it_again(
    nursery: Nursery, tmp_path: Path
) -> None:
    async with telegram_bot(nursery, tmp_path) as house:
        seat = house.visit()
        house.telegram.faults.add("cut", "sendMessage")  # it may have been posted before that
        seat.say("n=2")
        note = await told(house, seat, EN.maybe_incomplete)
        seat.press(note, "↻")
        assert (await answered(house, seat)).text.startswith("chunk 0")


async def test_who_may_have_missed_an_answer_is_told_once_telegram_can_be_reached_again(
    nursery: Nursery, tmp_path: Path
) -> None:
    async with telegram_bot(nursery, tmp_path) as house:
        telegram, seat = house.telegram, house.visit()
        for method in ("sendMessageDraft", "sendChatAction", "sendMessage"):
            telegram.faults.add("502", method, times=1000)
        seat.say("n=2")
        await house.until(lambda: "to be done again" in house.said)  # neither answer nor line
        telegram.faults.clear()
        note = await told(house, seat, EN.maybe_incomplete)
        seat.press(note, "↻")
        assert (await answered(house, seat)).text.startswith("chunk 0")
        assert len(seat.answers) == 1  # it takes the place of the line


async def test_a_flood_is_waited_for_and_the_last_word_still_lands(
    nursery: Nursery, tmp_path: Path
) -> None:
    async with telegram_bot(nursery, tmp_path) as house:
        telegram, seat = house.telegram, house.visit()
        telegram.flood.silence(telegram.clock() + 2, house.account.id, seat.chat.id)
        seat.say("n=20 d=0.02")
        post = await answered(house, seat)
        assert post.text.endswith("chunk 19 é😀.")
        # one refusal of each kind told the bot to be quiet, and it was
        assert len(telegram.floods()) <= 3


async def test_a_group_that_moves_is_followed(nursery: Nursery, tmp_path: Path) -> None:
    async with telegram_bot(nursery, tmp_path) as house:
        old = house.telegram.group(house.account, kind="group")
        person = house.telegram.person("Ada")
        seat = old.seat(person)
        seat.say("/ask n=200 d=0.02")
        await house.until(lambda: seat.answers)
        new = old.migrate().seat(person)
        new.say("/ask n=2")
        await answered(house, new, 2, within=30)
        ends = {post.text.split()[-2] for post in new.answers}
        assert ends == {"1", "199"}
