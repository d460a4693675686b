"""A group that becomes a supergroup: what was said there goes on being known."""

import pytest

from bot.phrases import of
from tests.fakes.bot_api import Group, Post, Seat
from tests.fakes.telegram_bot import House, answered, told, whole

pytestmark = [pytest.mark.real_time, pytest.mark.asyncio(loop_scope="session")]

EN = of("en")
SHORT = "n=3"


async def moved(house: House, *, question: str = SHORT) -> tuple[Group, Seat, Post]:
    """A group with an answer in it that has become a supergroup: both, and the old answer."""
    old = house.telegram.group(house.account, kind="group")
    seat = old.seat(house.visit().person)
    seat.say(f"/ask {question}")
    post = await answered(house, seat)
    new = old.migrate().seat(seat.person)
    new.say("/voice on")
    await told(house, new, "Every answer here is now read out")
    return old, new, post


async def test_the_last_question_is_repeated_in_the_new_group(house: House) -> None:
    _, new, _ = await moved(house)
    new.say("/voice off")
    await told(house, new, "no longer read out")

    new.say("/retry")

    assert (await answered(house, new)).text.startswith("chunk 0 é😀. chunk 1")


async def test_a_button_left_behind_works_and_touches_nothing_else(house: House) -> None:
    old, new, post = await moved(house)
    before = post.text

    old.seat(new.person).press(post, "👍")

    await house.thinks(new, "like")
    old.seat(new.person).press(post, "↻")
    again = await answered(house, new)
    assert again.text.startswith("chunk 0") and post.text == before
    assert all(one.edits == 0 for one in new.answers if not whole(one))


async def test_an_answer_being_written_goes_on_in_the_new_group(house: House) -> None:
    old = house.telegram.group(house.account, kind="group")
    seat = old.seat(house.visit().person)
    seat.say("/ask n=60 d=0.05")
    post = (await house.until(lambda: seat.answers))[-1]
    await house.until(lambda: "chunk" in post.text)

    new = old.migrate().seat(seat.person)

    assert (await answered(house, new)).text.endswith("chunk 59 é😀.")
    new.say("/feedback Lovely")
    await told(house, new, "Your words are kept")
