"""Who administers a group: asked once in a while, within a budget, and not for ever."""

import asyncio

import pytest

from adapters.telegram import limits
from adapters.telegram.account import Account
from adapters.telegram.members import LASTS, PATIENCE
from adapters.telegram.outbound import TelegramSurface
from bot.pace import Pace
from bot.surface import RateLimited, Unreachable
from tests.fakes.telegram_intake import Line
from tests.fakes.telegram_stage import TOKEN, TelegramStage, place


async def test_it_is_told_what_somebody_is_in_a_group() -> None:
    stage = TelegramStage("group")
    group = stage.telegram.group(stage.bot)
    people = [stage.telegram.person(name) for name in ("Ada", "Bob", "Cat", "Dan")]
    seats = [group.appoint(people[0], hidden=True), group.appoint(people[1]), group.seat(people[2])]
    async with stage.account:
        found = [await stage.surface.standing(place(seat)) for seat in seats]
        assert found == ["hidden", "administrator", "member"]
        stranger = group.seat(people[3])
        group.chat.members.discard(people[3].id)
        assert await stage.surface.standing(place(stranger)) == "member"
        assert await stage.surface.standing(place(stage.dm)) == "member"
    assert stage.telegram.counted["getChatMember"] == 4


async def test_it_is_known_for_a_moment_and_then_asked_anew() -> None:
    stage = TelegramStage("group")
    ada = stage.group.person
    stage.group.chat.admins.add(ada.id)
    async with stage.account:
        for _ in range(3):
            assert await stage.surface.standing(place(stage.group)) == "administrator"
        assert stage.telegram.counted["getChatMember"] == 1
        stage.group.chat.admins.discard(ada.id)
        await asyncio.sleep(LASTS)
        assert await stage.surface.standing(place(stage.group)) == "member"


async def test_a_group_that_moved_is_asked_about_where_it_is() -> None:
    stage = TelegramStage("group")
    old = stage.telegram.group(stage.bot, kind="group")
    seat = old.appoint(stage.dm.person)
    new = old.migrate()
    stage.account.move(str(old.chat.id), str(new.chat.id))
    async with stage.account:
        assert await stage.surface.standing(place(seat)) == "administrator"
    assert not stage.telegram.violations()


async def test_nobody_waits_long_for_an_answer() -> None:
    stage = TelegramStage("group")
    stage.telegram.faults.add("silent", "getChatMember", times=1)
    stage.telegram.latency = 8.0
    async with stage.account:
        began = stage.telegram.clock()
        with pytest.raises(Unreachable):
            await stage.surface.standing(place(stage.group))
        assert stage.telegram.clock() == pytest.approx(began + PATIENCE)
        stage.telegram.latency = 0.0
        assert await stage.surface.standing(place(stage.group)) == "member"


async def test_many_questions_at_once_keep_within_their_budget() -> None:
    stage = TelegramStage("group")
    seats = [stage.telegram.group(stage.bot).seat(stage.dm.person) for _ in range(30)]
    async with stage.account:
        found = await asyncio.gather(
            *(stage.surface.standing(place(seat)) for seat in seats), return_exceptions=True
        )
    told = [one for one in found if one == "member"]
    most = limits.MEMBER_BURST + limits.MEMBER_RATE * PATIENCE
    assert limits.MEMBER_BURST < len(told) <= most
    assert all(isinstance(one, Unreachable) for one in found if one != "member")
    assert stage.telegram.counted["getChatMember"] == len(told)


async def test_a_429_keeps_everybody_quiet_and_nobody_waiting() -> None:
    stage = TelegramStage("group")
    line, pace = Line(stage.telegram), Pace()
    account = Account(TOKEN, request=line)
    surface = TelegramSurface({account.id: account}, pace)
    line.limited = 20
    async with account:
        with pytest.raises(RateLimited):
            await surface.standing(place(stage.group))
        line.limited = 0
        with pytest.raises(Unreachable):
            await surface.standing(place(stage.group))
        assert line.asked == 1
        await asyncio.sleep(20)
        assert await surface.standing(place(stage.group)) == "member"
