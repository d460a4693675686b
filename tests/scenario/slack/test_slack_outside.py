"""Forms where the bot is no member: what is sent with them is answered all the same."""

import pytest

from bot.phrases import of
from tests.fakes.slack_api import Seat
from tests.fakes.slack_bot import House

pytestmark = [
    pytest.mark.real_time,
    pytest.mark.asyncio(loop_scope="session"),
    # how things come in makes no difference to this
    pytest.mark.parametrize("house", ["http"], indirect=True),
]

EN = of("en")


def outside(house: House) -> Seat:
    """Somebody in a channel that the bot is not in."""
    room = house.room(kind="private")
    room.remove()
    return room.seat(house.newcomer())


async def test_a_question_asked_by_a_form_is_answered_by_its_command(house: House) -> None:
    seat = outside(house)
    seat.command("")
    await house.until(lambda: seat.modal)
    seat.submit({"Query": "n=3"})
    await house.until(lambda: any("chunk 2" in post.readable for post in seat.posts))


async def test_details_are_settled_with_an_answer_for_the_person_alone(house: House) -> None:
    seat = outside(house)
    seat.command("inputs")
    await house.until(lambda: seat.modal)
    seat.submit({"Tone": "formal"})
    saved = EN.inputs_saved
    await house.until(lambda: any(saved in post.readable for post in seat.ephemerals))
    assert seat.answers == []
