"""Details that an app asks for, filled in by buttons and replies."""

import pytest

from bot.phrases import of
from tests.fakes.bot_api import Post, Seat
from tests.fakes.telegram_bot import House, answered, told

pytestmark = [
    pytest.mark.real_time,
    pytest.mark.asyncio(loop_scope="session"),
    # how updates come in makes no difference to this
    pytest.mark.parametrize("house", ["webhook"], indirect=True),
]

EN = of("en")


async def offered(house: House, seat: Seat, label: str) -> Post:
    """The message with this button, once it is there."""
    found = await house.until(
        lambda: [post for post in seat.answers if any(label in each for each in post.buttons)]
    )
    return found[-1]


async def begun(house: House, seat: Seat) -> None:
    """The details are on the screen, and all of them are gone through."""
    seat.say("/inputs")
    post = await told(house, seat, EN.inputs_list)
    seat.press(post, EN.button_all)


async def test_details_are_gone_through_by_buttons_and_replies(house: House) -> None:
    seat = house.visit()
    await begun(house, seat)
    seat.press(await offered(house, seat, "friendly"), "friendly")
    title = await told(house, seat, EN.inputs_write.format(label="Title").replace("*", ""))
    seat.say("Doctor", reply_to=title)
    await told(house, seat, "Sentences in a summary: please send")
    seat.press(await offered(house, seat, EN.button_skip), EN.button_skip)
    seat.press(await offered(house, seat, EN.button_yes), EN.button_yes)

    await told(house, seat, EN.inputs_saved)
    seat.say("/inputs")
    await house.until(lambda: "friendly" in seat.shown()[-1] and "Doctor" in seat.shown()[-1])


async def test_one_step_back_and_out(house: House) -> None:
    seat = house.visit()
    await begun(house, seat)
    seat.press(await offered(house, seat, "formal"), "formal")
    seat.press(await offered(house, seat, EN.button_back), EN.button_back)
    await house.until(lambda: "Tone: formal" not in seat.shown())
    seat.press(await offered(house, seat, "friendly"), EN.button_cancel)

    await house.until(lambda: not any("friendly" in str(post.buttons) for post in seat.answers))


async def test_details_in_one_line_with_the_question(house: House) -> None:
    seat = house.visit()
    seat.say("/ask tone=formal title=Doctor n=2")

    assert (await answered(house, seat)).text == "chunk 0 é😀. chunk 1 é😀."


async def test_a_form_of_somebody_else_cannot_be_pressed(house: House) -> None:
    group = house.group()
    asker, other = (group.seat(house.visit().person) for _ in range(2))
    asker.say(f"/inputs@{house.account.username}")
    post = await told(house, asker, EN.inputs_list)
    before = list(post.buttons)

    query = other.press(post, EN.button_all)

    await house.until(lambda: query in house.account.answered)
    asker.say(f"/help@{house.account.username}")
    await told(house, asker, EN.command_forget)
    assert post.buttons == before
    assert not any("Tone" in text and "choose" in text for text in asker.shown())
