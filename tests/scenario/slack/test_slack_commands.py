"""The slash command with its sub-words, and both shortcuts."""

import pytest

from bot.phrases import of
from tests.fakes.pictures import png
from tests.fakes.slack_bot import House, answered, form, told, whole

pytestmark = [pytest.mark.real_time, pytest.mark.asyncio(loop_scope="session")]

EN = of("en")
# How things come in makes no difference to this.
over_http = pytest.mark.parametrize("house", ["http"], indirect=True)


async def test_a_command_s_question_stands_in_the_channel_and_its_answer_below_it(
    house: House,
) -> None:
    seat = house.channel()
    seat.command("n=3")

    post = await answered(house, seat)

    root = seat.channel.posts[post.thread]
    assert "n=3" in root.readable
    assert not whole(root)
    assert post.readable == "chunk 0 é😀. chunk 1 é😀. chunk 2 é😀."


@over_http
@pytest.mark.parametrize("kind", ["private", "mpim"])
async def test_where_the_bot_is_not_it_answers_by_the_response_url(house: House, kind: str) -> None:
    seat = house.channel(kind=kind, bot=False)
    seat.command("n=3")

    await house.until(lambda: any("chunk 2" in text for text in seat.shown()))

    assert {post.via for post in seat.answers} == {"response_url"}


@over_http
async def test_a_long_answer_by_the_response_url_keeps_to_its_five_uses(house: House) -> None:
    seat = house.channel(kind="private", bot=False)
    words = " ".join(f"word{number}." for number in range(3000))
    seat.command(f"ECHO {words}")

    await house.until(lambda: any("word2999" in text for text in seat.shown()))

    assert len(seat.answers) <= 5
    shown = "".join("".join(seat.shown()).split())
    assert "".join(words.split()) in shown


@over_http
async def test_a_public_channel_needs_no_membership(house: House) -> None:
    seat = house.channel(bot=False)
    seat.command("n=3")
    post = await answered(house, seat)
    assert post.thread in seat.channel.posts


async def test_a_private_question_is_seen_by_the_asker_alone(house: House) -> None:
    seat = house.channel()
    seat.command("private n=3")

    await house.until(lambda: any("chunk 2" in post.readable for post in seat.ephemerals))

    assert seat.answers == []


@over_http
async def test_commands_without_a_thread_mean_the_latest_answer_in_the_channel(
    house: House,
) -> None:
    seat = house.channel()
    seat.command("n=3")
    await answered(house, seat)
    before = len(seat.channel.history)
    seat.command("retry")
    await house.until(lambda: len(seat.channel.history) > before)
    await answered(house, seat)
    seat.command("feedback too short")
    await told(house, seat, EN.rating_needed[:30])
    seat.command("voice")
    await house.until(lambda: any(post.files for post in seat.answers))


@over_http
async def test_answers_are_read_out_where_that_is_switched_on(house: House) -> None:
    seat = house.channel()
    seat.command("voice on")
    await told(house, seat, EN.voice_on.partition(".")[0])
    seat.command("n=2")
    post = await answered(house, seat)
    [note] = await house.until(lambda: [each for each in seat.answers if each.files])
    assert note.thread == post.thread
    seat.command("voice off")
    await told(house, seat, EN.voice_off.partition(".")[0])


@over_http
async def test_a_word_is_a_command_only_where_it_stands_alone(house: House) -> None:
    seat = house.channel()
    seat.command("stop")
    await told(house, seat, EN.nothing_to_stop)
    seat.command("retry")
    await told(house, seat, EN.nothing_to_retry)
    seat.command("stop the music")
    await told(house, seat, ": stop the music")


@over_http
@pytest.mark.parametrize("word", ["help", "about", "inputs", "forget"])
async def test_what_is_asked_of_the_bot_is_told(house: House, word: str) -> None:
    seat = house.channel()
    seat.command(word)
    await house.until(lambda: seat.answers or seat.ephemerals or seat.modal)


async def test_a_bare_command_opens_a_form_and_its_question_is_answered(house: House) -> None:
    seat = house.channel()
    seat.command()
    modal = await form(house, seat)
    seat.submit({next(iter(modal.inputs)): "n=3"})

    await answered(house, seat)

    assert seat.modal is None


@over_http
async def test_the_global_shortcut_asks_in_a_form_and_is_answered_in_the_messages_tab(
    house: House,
) -> None:
    seat = house.visit()
    seat.shortcut()
    modal = await form(house, seat)
    seat.submit({next(iter(modal.inputs)): "n=3"})

    await answered(house, seat)


@pytest.mark.parametrize("bot", [True, False])
async def test_the_message_shortcut_asks_about_a_message_with_its_pictures(
    house: House, bot: bool
) -> None:
    seat = house.channel(bot=bot)
    post = seat.say("What is to be seen here?", files=[seat.file(png(40, 30, (200, 30, 30)))])
    seat.ask_about(post)
    await house.until(lambda: any("picture" in each for each in seat.shown(post)))
