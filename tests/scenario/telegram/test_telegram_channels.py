"""People who speak as a channel in a group: what they ask is the channel's."""

import pytest

from bot.phrases import of
from tests.fakes.bot_api import Group, Post, Seat
from tests.fakes.telegram_bot import House, answered
from tests.scenario.telegram.test_telegram_hidden import window

pytestmark = [
    pytest.mark.real_time,
    pytest.mark.asyncio(loop_scope="session"),
    # how updates come in makes no difference to this
    pytest.mark.parametrize("house", ["webhook"], indirect=True),
]

EN = of("en")
# who stands for channels, for old bots (Message.from)
CHANNEL_BOT = {"id": 136817688, "is_bot": True, "first_name": "Channel", "username": "Channel_Bot"}


def ask(seat: Seat, words: str, channel: Group) -> Post:
    """Say it as the channel."""
    told = {"id": channel.chat.id, "type": "channel", "title": "Tea news"}
    return seat.say(words, **{"from": CHANNEL_BOT, "sender_chat": told})


async def test_who_runs_the_channel_presses_its_buttons_where_the_bot_is_in_it(
    house: House,
) -> None:
    group, channel = house.group(), house.group(admin=True)
    editor, member = (group.seat(house.visit().person) for _ in range(2))
    channel.appoint(editor.person)
    channel.seat(member.person)
    ask(editor, "/ask n=400 d=0.02", channel)
    post = (await house.until(lambda: editor.answers))[-1]
    await house.until(lambda: "chunk" in post.text)

    assert await window(house, member.press(post, "⏹")) == EN.only_channel
    editor.press(post, "⏹")

    await house.until(lambda: EN.stopped in post.text)
    await house.until(lambda: not house.sandbox.running)


async def test_they_have_it_again_and_rate_it_as_the_channel(house: House) -> None:
    group, channel = house.group(), house.group(admin=True)
    editor = group.seat(house.visit().person)
    channel.appoint(editor.person)
    asked = ask(editor, "/ask n=3", channel)
    post = await answered(house, editor)

    editor.press(post, "👍")
    await house.thinks(channel, "like")
    editor.press(post, "↻")

    assert (await answered(house, editor, 2)).reply_to == asked.id


async def test_elsewhere_the_channel_is_told_what_to_write(house: House) -> None:
    group = house.group()
    editor = group.seat(house.visit().person)
    channel = house.telegram.group(house.telegram.bot("4200000099:another-bot-of-somebody-else"))
    channel.appoint(editor.person)
    ask(editor, "/ask n=3", channel)
    post = await answered(house, editor)

    assert await window(house, editor.press(post, "↻")) == EN.only_channel
    ask(editor, "/retry", channel)

    await answered(house, editor, 2)
