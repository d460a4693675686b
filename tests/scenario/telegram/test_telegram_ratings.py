"""What people think of answers in Telegram: buttons, reactions, words."""

import pytest

from bot.phrases import of
from tests.fakes.bot_api import Post, Seat
from tests.fakes.telegram_bot import House, answered, told

pytestmark = [pytest.mark.real_time, pytest.mark.asyncio(loop_scope="session")]

EN = of("en")


async def asked(house: House, seat: Seat, where: str = "") -> Post:
    seat.say(f"{where}n=2")
    return await answered(house, seat)


async def test_a_button_rates_and_is_marked_and_pressed_again_takes_it_back(house: House) -> None:
    seat = house.visit()
    post = await asked(house, seat)
    seat.press(post, "👍")
    await house.thinks(seat, "like")
    await house.until(lambda: post.buttons[0] != "👍")

    seat.press(post, "👍")

    await house.until(lambda: post.buttons[0] == "👍")
    await house.thinks(seat, None)


async def test_reactions_rate_change_and_are_taken_back(house: House) -> None:
    seat = house.visit()
    post = await asked(house, seat)
    for emoji, rating in ((["❤️"], "like"), (["👎🏽"], "dislike"), ([], None), (["🔥"], "like")):
        seat.react(post, *emoji)
        await house.thinks(seat, rating)

    seat.react(post, "🗿")  # means nothing
    await house.thinks(seat, None)


async def test_after_a_thumb_down_a_reply_is_opened_for_the_reason(house: House) -> None:
    seat = house.visit()
    post = await asked(house, seat)
    seat.press(post, "👎")
    note = await told(house, seat, EN.rating_ask_words)
    assert note.asks
    assert note.markup["input_field_placeholder"] == EN.rating_ask_hint

    seat.say("too short", reply_to=note)

    await told(house, seat, EN.rating_thanks)
    await house.thinks(seat, "dislike", "too short")


async def test_in_a_group_reactions_count_once_the_bot_is_an_administrator(house: House) -> None:
    group = house.group()
    seat = group.seat(house.visit().person)
    post = await asked(house, seat, "/ask ")
    seat.react(post, "👍")
    group.promote(house.account, seat.person)
    seat.react(post, "👎")

    await house.thinks(seat, "dislike")


async def test_only_the_asker_s_opinion_of_an_answer_is_passed_on(house: House) -> None:
    group = house.group(admin=True)
    asker, other = (group.seat(house.visit().person) for _ in range(2))
    post = await asked(house, asker, "/ask ")
    other.press(post, "👎")
    asker.press(post, "👍")

    await house.thinks(asker, "like")
    assert await house.opinion(other) == (None, None)
