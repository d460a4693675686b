"""Talk in Slack as people see it: the bot as a process, by HTTP and by Socket Mode."""

import pytest

from bot.phrases import of
from tests.fakes.slack_bot import House, answered, told

pytestmark = [pytest.mark.real_time, pytest.mark.asyncio(loop_scope="session")]

EN = of("en")
SHORT = "n=3"
# How things come in makes no difference to this.
over_http = pytest.mark.parametrize("house", ["http"], indirect=True)


async def test_a_short_answer_is_one_message_in_the_thread_of_the_question(house: House) -> None:
    seat = house.visit()
    asked = seat.say(SHORT)

    post = await answered(house, seat, asked)

    assert post.readable == "chunk 0 é😀. chunk 1 é😀. chunk 2 é😀."
    assert post.via == "chat.postMessage"
    assert post.buttons[:2] == ["👍", "👎"]
    assert len(seat.answers) == 1
    await house.until(lambda: not seat.status(asked))


@over_http
async def test_a_direct_thread_goes_on_without_a_mention(house: House) -> None:
    seat = house.visit()
    asked = seat.say(SHORT)
    await answered(house, seat, asked)
    seat.say("n=2", thread=asked)
    await answered(house, seat, asked, 2)
    assert len(seat.answers) == 2


async def test_in_a_channel_only_who_mentions_it_is_answered_once_and_in_a_thread(
    house: House,
) -> None:
    seat = house.channel()
    seat.say("nobody asks the bot")
    asked = seat.mention(SHORT)
    post = await answered(house, seat, asked)
    assert post.thread == asked.ts
    seat.say("thanks, all of you", thread=asked)

    seat.mention("n=2", thread=asked)

    await answered(house, seat, asked, 2)
    assert len(seat.answers) == 2


@over_http
async def test_an_edited_question_is_answered_anew_in_place(house: House) -> None:
    seat = house.visit()
    asked = seat.say(SHORT)
    post = await answered(house, seat, asked)

    seat.edit(asked, "n=5")

    await house.until(lambda: "chunk 4" in post.readable)
    seat.unfurl(asked)
    assert seat.answers == [post]


async def test_a_mention_is_edited_and_deleted(house: House) -> None:
    seat = house.channel()
    asked = seat.mention(SHORT)
    post = await answered(house, seat, asked)
    seat.edit(asked, "", wire=asked.text.replace("n=3", "n=400 d=0.02"))
    await house.until(lambda: house.sandbox.running)
    seat.delete(asked)
    await house.until(lambda: not house.sandbox.running)
    assert seat.answers in ([post], [])


@over_http
async def test_an_answer_is_written_once_more(house: House) -> None:
    seat = house.visit()
    asked = seat.say(SHORT)
    post = await answered(house, seat, asked)
    edits = post.edits
    seat.press(post, EN.button_regenerate)
    await house.until(lambda: post.edits > edits or len(seat.answers) > 1)
    await answered(house, seat, asked)


@over_http
async def test_other_bots_and_what_the_bot_says_itself_are_not_answered(house: House) -> None:
    robot = house.newcomer("Robot", is_bot=True)
    room = house.room(robot)
    ignored = room.seat(robot).mention("n=2")
    seat = room.seat(house.newcomer())
    await answered(house, seat, seat.mention("n=2"))
    assert seat.thread(ignored) == []


@over_http
async def test_what_people_type_reaches_the_app_as_they_typed_it(house: House) -> None:
    seat = house.visit()
    asked = seat.say('echo 1 < 2 & "three" https://example.org/a?b=1&c=2')
    await house.until(lambda: house.sandbox.writings)
    await answered(house, seat, asked)


@over_http
async def test_it_says_what_it_can_do(house: House) -> None:
    seat = house.visit()
    seat.command("help")
    post = await told(house, seat, "/ask")
    assert "/ask retry" in post.readable


@over_http
async def test_somebody_of_another_organisation_is_answered_as_who_they_are(house: House) -> None:
    partner = house.slack.team("Partner", install=False)
    guest = house.slack.person("Guest", team=partner)
    seat = house.room(guest, shared=True).seat(guest)
    post = await answered(house, seat, seat.mention(SHORT))
    seat.press(post, "👍")
    await house.thinks(seat, "like")
