"""What people think of answers in Slack: buttons, reactions, words."""

import pytest

from bot.phrases import of
from tests.fakes.slack_api import Post, Seat
from tests.fakes.slack_bot import House, answered, form, told

pytestmark = [
    pytest.mark.real_time,
    pytest.mark.asyncio(loop_scope="session"),
    # how things come in makes no difference to this
    pytest.mark.parametrize("house", ["socket"], indirect=True),
]

EN = of("en")


async def asked(house: House, seat: Seat) -> Post:
    if seat.channel.private:
        return await answered(house, seat, seat.say("n=2"))
    return await answered(house, seat, seat.mention("n=2"))


async def test_a_thumb_up_rates(house: House) -> None:
    seat = house.visit()
    post = await asked(house, seat)
    seat.press(post, "👍")
    await house.thinks(seat, "like")


async def test_a_thumb_down_opens_a_form_for_the_reason(house: House) -> None:
    seat = house.channel()
    post = await asked(house, seat)
    seat.press(post, "👎")
    modal = await form(house, seat)
    seat.submit({next(iter(modal.inputs)): "too short"})

    await house.thinks(seat, "dislike", "too short")
    await house.until(lambda: seat.modal is None)


async def test_reactions_rate_and_are_taken_back(house: House) -> None:
    seat = house.channel()
    post = await asked(house, seat)
    seat.react(post, "thumbsup::skin-tone-3")
    await house.thinks(seat, "like")
    seat.unreact(post, "thumbsup::skin-tone-3")
    await house.thinks(seat, None)
    seat.react(post, "moyai")  # means nothing


async def test_after_a_thumb_down_as_a_reaction_a_button_offers_the_form(house: House) -> None:
    seat = house.channel()
    post = await asked(house, seat)
    seat.react(post, "-1")
    note = await told(house, seat, EN.rating_ask_form)
    assert note.only == seat.person.id
    seat.press(note, EN.button_words)
    modal = await form(house, seat)
    seat.submit({next(iter(modal.inputs)): "wrong"})
    await house.thinks(seat, "dislike", "wrong")


async def test_only_the_asker_s_opinion_is_passed_on(house: House) -> None:
    seat = house.channel()
    other = house.slack.people[house.newcomer("Other").id]
    guest = type(seat)(seat.slack, seat.channel, other)
    seat.channel.members.add(other.id)
    post = await asked(house, seat)
    guest.press(post, "👎")
    seat.press(post, "👍")
    await house.thinks(seat, "like")
    assert await house.opinion(guest) == (None, None)


async def test_a_voice_note_can_be_rated_like_its_answer(house: House) -> None:
    seat = house.channel()
    post = await asked(house, seat)
    seat.press(post, EN.button_speak)
    note = (await house.until(lambda: [each for each in seat.answers if each.files]))[0]
    assert note.thread == post.thread
    assert note.files[0].name.endswith((".mp3", ".ogg"))
    assert len(note.files[0].data) > 500
    seat.react(note, "+1")
    await house.thinks(seat, "like")
