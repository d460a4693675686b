"""Details in modals, the home page, and what is said to somebody who comes for the first time."""

import asyncio

import pytest

from bot.phrases import of
from tests.fakes.slack_api import Seat, View
from tests.fakes.slack_bot import House, answered, form, told

pytestmark = [
    pytest.mark.real_time,
    pytest.mark.asyncio(loop_scope="session"),
    # how things come in makes no difference to this
    pytest.mark.parametrize("house", ["http"], indirect=True),
]

EN = of("en")


async def test_details_are_filled_in_and_faults_are_shown_in_the_form(house: House) -> None:
    seat = house.channel()
    seat.command("inputs")
    modal = await form(house, seat)
    tone = next(label for label in modal.inputs if "Tone" in label)
    number = next(label for label in modal.inputs if "Sentences" in label)
    title = next(label for label in modal.inputs if "Title" in label)
    seat.submit({tone: "friendly", number: "many"})
    await house.until(lambda: modal.errors)
    seat.submit({tone: "friendly", title: "Doctor", number: "3"})
    await house.until(lambda: seat.modal is None)
    await told(house, seat, EN.inputs_saved)

    seat.command("inputs")

    modal = await form(house, seat)
    assert "friendly" in str(modal.body)
    assert "Doctor" in str(modal.body)


async def test_the_opening_statement_is_said_once_and_questions_are_suggested(
    house: House,
) -> None:
    seat = house.visit()
    seat.open_home("messages")
    await told(house, seat, "This is Parley's sandbox.")
    _, prompts = await house.until(lambda: seat.channel.prompts.get(""))
    assert prompts[0]["message"] == "Show me markdown."
    seat.open_home("messages")
    asked = seat.say("n=2")
    await answered(house, seat, asked)
    assert len([post for post in seat.answers if "sandbox" in post.readable]) == 1


async def test_a_legacy_chat_is_greeted_and_has_its_prompts(house: House) -> None:
    house.slack.app.events |= {"assistant_thread_started"}  # of an app made before agents
    seat = house.visit()
    root = seat.start_assistant_thread()
    await house.until(lambda: any("sandbox" in text for text in seat.shown(root)))
    await house.until(lambda: seat.channel.prompts.get(root.ts))


async def opened(house: House, seat: Seat) -> View:
    """The home page as it is published for this visit."""
    before = seat.home and seat.home.hash
    seat.open_home()

    def found() -> View | None:
        return seat.home if seat.home and seat.home.hash != before else None

    return await house.until(found)


async def test_the_home_page_shows_what_it_is_for_and_the_last_answers(house: House) -> None:
    seat = house.visit()
    asked = seat.say("n=3")
    await answered(house, seat, asked)
    home = await opened(house, seat)
    for _ in range(20):
        if EN.home_answers in home.readable:
            break
        await asyncio.sleep(0.1)  # what is on the screen is written down a moment later
        home = await opened(house, seat)
    assert "This is Parley's sandbox." in home.readable
    assert EN.home_answers in home.readable
    assert "chunk 0" in home.readable

    seat.press(home, EN.home_ask)

    await told(house, seat, "Show me markdown.")
