"""Pictures that people send along."""

import pytest

from bot.phrases import of
from tests.fakes.pictures import png
from tests.fakes.slack_bot import House, answered, told

pytestmark = [
    pytest.mark.real_time,
    pytest.mark.asyncio(loop_scope="session"),
    # how things come in makes no difference to this
    pytest.mark.parametrize("house", ["http"], indirect=True),
]

EN = of("en")


async def test_a_picture_is_looked_at(house: House) -> None:
    seat = house.visit()
    asked = seat.say("what is this?", files=[seat.file(png(40, 30, (200, 30, 30)))])
    post = await answered(house, seat, asked)
    assert "40 × 30" in post.readable


async def test_what_is_no_picture_or_lies_elsewhere_is_refused_kindly(house: House) -> None:
    seat = house.visit()
    away = seat.file(mode="external", url="https://evil.example/picture.png")
    seat.say("what is this?", files=[away])
    await told(house, seat, EN.file_unreadable)
    seat.say("what is this?", files=[seat.file(b"%PDF-1.4", "a.pdf", "application/pdf")])
    await house.until(lambda: len(seat.answers) > 1)
    clip = seat.file(b"\0" * 64, "audio_message.m4a", "audio/mp4", subtype="slack_audio")
    seat.say("", files=[clip])
    await told(house, seat, EN.sound_unheard)


async def test_a_missing_right_is_told_to_whoever_runs_the_bot(house: House) -> None:
    install = house.slack.installed(house.team.id)
    install.scopes -= {"files:read"}
    try:
        seat = house.visit()
        seat.say("what is this?", files=[seat.file(png(40, 30, (200, 30, 30)))])
        await told(house, seat, EN.picture_gone)
    finally:
        install.scopes = house.slack.app.scopes
    assert "files:read" in house.said
