"""What leaves for all chats together, whatever happened between the slots and the calls."""

import asyncio

from adapters.telegram.outflow import MOST, Outflow
from adapters.telegram.shapes import To
from bot.live import LiveReply
from bot.surface import Outgoing
from tests.fakes.stage import Forgetful
from tests.fakes.telegram_line import World, world
from tests.fakes.telegram_stage import TelegramStage, place

PEOPLE = 60


def _seats(there: World) -> list[To]:
    seats = [there.telegram.private(there.telegram.person(), there.bot) for _ in range(PEOPLE)]
    return [To(chat=seat.chat.id) for seat in seats]


async def test_calls_that_were_held_up_do_not_leave_all_at_once() -> None:
    there = world()
    there.telegram.latency = 0.3
    async with asyncio.TaskGroup() as tasks:
        for to in _seats(there):
            tasks.create_task(there.account.calls.send_text(to, "a"))
    assert there.telegram.floods() == []
    assert there.telegram.counted["sendMessage"] == PEOPLE


async def test_drafts_do_not_wait_for_messages() -> None:
    there = world()
    there.telegram.latency = 0.3
    begun = asyncio.get_running_loop().time()
    async with asyncio.TaskGroup() as tasks:
        for to in _seats(there):
            tasks.create_task(there.account.calls.draft(to, 7, "a"))
    assert asyncio.get_running_loop().time() - begun < 1.0


async def test_bot_that_is_told_to_wait_waits_everywhere_and_then_says_everything() -> None:
    stage = TelegramStage("draft")
    telegram, bot = stage.telegram, stage.bot
    loop = asyncio.get_running_loop()
    telegram.flood.silence_bot(loop.time() + 5.0, bot.id)
    seats = [telegram.private(telegram.person(), bot) for _ in range(PEOPLE)]

    async def answer(number: int) -> None:
        where = place(seats[number])
        async with LiveReply(
            stage.surface, where, stage.pace, Forgetful(), who=str(number)
        ) as reply:
            await reply.finish(Outgoing(text=f"answer {number}"))

    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        for number in range(PEOPLE):
            tasks.create_task(answer(number))
    assert [seat.shown() for seat in seats] == [[f"answer {n}"] for n in range(PEOPLE)]
    assert len(telegram.floods()) < PEOPLE / 2  # it does not ask for every chat alone


async def test_a_call_given_up_leaves_its_room_to_others() -> None:
    outflow = Outflow()

    async def hang() -> None:
        async with outflow.flight():
            await asyncio.sleep(1000)

    async with asyncio.TaskGroup() as tasks:
        hanging = [tasks.create_task(hang()) for _ in range(MOST + 5)]
        await asyncio.sleep(3)
        for task in hanging:
            task.cancel()
    async with asyncio.timeout(1.5), outflow.flight():
        pass


async def test_two_chats_that_are_refused_say_nothing_about_the_bot() -> None:
    outflow = Outflow()
    assert [outflow.is_refused(chat) for chat in (1, 2, 1, 2)] == [False] * 4
    assert outflow.is_refused(3)
    await asyncio.sleep(2)
    assert not outflow.is_refused(1)
