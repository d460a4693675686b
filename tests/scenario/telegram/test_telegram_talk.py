"""Talk in Telegram as people see it: the bot as a process, polled and by webhook."""

from itertools import pairwise

import pytest

from bot.phrases import of
from tests.fakes.pictures import png
from tests.fakes.telegram_bot import House, answered, kinds, whole

pytestmark = [pytest.mark.real_time, pytest.mark.asyncio(loop_scope="session")]

EN = of("en")
LONG = "n=400 d=0.02"  # chunks, and seconds between them
SHORT = "n=3"


async def test_an_answer_thinks_grows_as_a_draft_and_ends_as_a_message(house: House) -> None:
    seat = house.visit()
    seat.say("n=60 d=0.06 wait=0.3")  # a bot that has just begun draws once a second

    post = await answered(house, seat)

    drafts = [shown.text for shown in seat.chat.history if shown.kind == "draft"]
    assert drafts[0] == "Thinking…"
    assert all(later.startswith(earlier) for earlier, later in pairwise(drafts[1:]))
    assert len(drafts) > 2
    assert post.text.startswith("chunk 0")
    assert post.text.endswith("chunk 59 é😀.")
    assert post.buttons == ["👍", "👎", "↻", "🔊"]
    assert seat.draft() is None
    assert not post.previewed


async def test_the_native_stop_of_a_draft_ends_the_answer_and_keeps_its_text(house: House) -> None:
    seat = house.visit()
    seat.say(LONG)
    await house.until(lambda: (draft := seat.draft()) and "chunk" in draft.text)

    seat.stop_generation()

    post = (await house.until(lambda: seat.answers))[-1]
    assert post.text.startswith("chunk 0")
    assert EN.stopped in post.text
    await house.until(lambda: not house.sandbox.running)


async def test_the_command_stops_as_well(house: House) -> None:
    seat = house.visit()
    seat.say(LONG)
    await house.until(lambda: (draft := seat.draft()) and "chunk" in draft.text)

    seat.say("/stop")

    post = (await house.until(lambda: seat.answers))[-1]
    assert EN.stopped in post.text


async def test_in_a_group_a_message_grows_by_edits_and_has_a_stop(house: House) -> None:
    seat = house.group().seat(house.visit().person)
    seat.say(f"/ask@{house.account.username} {LONG}")
    post = (await house.until(lambda: seat.answers))[-1]
    await house.until(lambda: "chunk" in post.text)
    assert post.buttons == [EN.button_stop]
    assert post.reply_to == seat.posts[0].id

    seat.press(post, "⏹")

    await house.until(lambda: EN.stopped in post.text)
    assert EN.button_stop not in post.buttons
    assert "draft" not in kinds(seat)


@pytest.mark.parametrize("way", ["mention", "reply", "command", "mention in capitals"])
async def test_in_a_group_it_answers_who_speaks_to_it(house: House, way: str) -> None:
    seat = house.group().seat(house.visit().person)
    name = house.account.username
    if way == "reply":
        seat.say("/help")
        posts = await house.until(lambda: seat.answers)
        seat.say(SHORT, reply_to=posts[-1])
    else:
        seat.say(
            {"mention": f"@{name} {SHORT}", "command": f"/ask {SHORT}"}.get(
                way, f"@{name.upper()} {SHORT}"
            )
        )

    assert (await answered(house, seat)).text.startswith(
        "No request came" if way == "reply" else "chunk 0 é😀. chunk 1 é😀. chunk 2 é😀."
    )


async def test_in_a_group_it_leaves_alone_what_is_not_for_it(house: House) -> None:
    seat = house.group(admin=True).seat(house.visit().person)  # an administrator hears everything
    robot = house.telegram.person("Robo", is_bot=True)
    other = seat.telegram.group(house.account, admin=True)
    seat.say("n=1")
    seat.say("/ask@other_bot n=1")
    seat.say("@other_bot n=1")
    other.seat(robot).say(f"@{house.account.username} n=1")
    seat.say(f"@{house.account.username} {SHORT}")

    await answered(house, seat)

    assert len(seat.answers) == 1
    assert other.seat(robot).answers == []


async def test_an_answer_stays_in_the_topic_it_was_asked_in(house: House) -> None:
    forum = house.group(forum=True)
    seat, topic = forum.seat(house.visit().person), forum.topic()
    seat.say(f"/ask {SHORT}", thread=topic)

    assert (await answered(house, seat)).thread == topic


async def test_an_anonymous_administrator_is_answered(house: House) -> None:
    seat = house.group().appoint(house.visit().person, hidden=True)
    seat.say(f"/ask {SHORT}")

    assert (await answered(house, seat)).text.startswith("chunk 0")


async def test_a_photo_with_a_caption_is_looked_at(house: House) -> None:
    seat = house.visit()
    seat.photo("n=2", png(8, 8, (9, 9, 9)))

    assert (await answered(house, seat)).text.startswith("content-types:image,text")


async def test_an_album_is_one_question_with_its_captions_joined(house: House) -> None:
    seat = house.visit()
    before = len(house.sandbox.writings)
    seat.album([png(8, 8, (at, 9, 9)) for at in range(3)], caption="n=2")

    assert (await answered(house, seat)).text.startswith("content-types:image,text")
    assert len(house.sandbox.writings) == before + 1
    assert len(seat.answers) == 1


@pytest.mark.parametrize("kind", ["document", "sticker"])
async def test_pictures_come_in_other_shapes_too(house: House, kind: str) -> None:
    seat = house.visit()
    picture = png(8, 8, (9, 9, 9))
    if kind == "document":
        seat.send("document", picture, name="a.png", media_type="image/png", caption="n=2")
    else:
        sticker = seat.send("sticker", picture, media_type="image/webp")
        seat.say("n=2", reply_to=sticker)

    await house.until(lambda: any("content-types:image" in text for text in seat.shown()))


async def test_a_question_about_a_photo_is_a_reply_to_it(house: House) -> None:
    seat = house.visit()
    photo = seat.photo("", png(8, 8, (9, 9, 9)))
    await house.until(lambda: seat.answers)  # what to do with it, it asks
    seat.say("n=2", reply_to=photo)

    await house.until(lambda: any("content-types:image" in text for text in seat.shown()))


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("voice", EN.sound_unheard),
        ("audio", EN.sound_unheard),
        ("video", EN.file_unreadable),
        ("document", EN.file_unreadable),
    ],
)
async def test_what_cannot_be_read_gets_one_kind_sentence(
    house: House, kind: str, said: str
) -> None:
    seat = house.visit()
    seat.send(kind, name="a.zip", media_type={"document": "application/zip"}.get(kind, ""))

    await house.until(lambda: seat.answers)
    assert seat.shown() == [said]


async def test_an_edited_question_is_answered_anew_in_place(house: House) -> None:
    seat = house.visit()
    question = seat.say(SHORT)
    post = await answered(house, seat)

    seat.edit(question, "n=5")

    await house.until(lambda: post.text.endswith("chunk 4 é😀.") and whole(post))
    assert len(seat.answers) == 1


async def test_a_block_in_the_middle_ends_the_answer_quietly(house: House) -> None:
    seat = house.visit()
    seat.say(LONG)
    await house.until(lambda: (draft := seat.draft()) and "chunk" in draft.text)

    seat.block()

    await house.until(lambda: not house.sandbox.running)
    seat.unblock()
    seat.say(SHORT)
    await answered(house, seat)
    assert seat.shown() == ["chunk 0 é😀. chunk 1 é😀. chunk 2 é😀."]


async def test_who_comes_back_after_a_block_has_the_last_question_repeated(house: House) -> None:
    seat = house.visit()
    seat.say("n=100 d=0.02")
    await house.until(lambda: (draft := seat.draft()) and "chunk" in draft.text)
    seat.block()
    await house.until(lambda: not house.sandbox.running)
    seat.unblock()

    seat.say("/retry")

    assert (await answered(house, seat)).text.endswith("chunk 99 é😀.")
    assert len(seat.answers) == 1


async def test_a_deleted_message_ends_its_answer_quietly(house: House) -> None:
    seat = house.group().seat(house.visit().person)
    seat.say(f"/ask {LONG}")
    post = (await house.until(lambda: seat.answers))[-1]

    seat.delete(post)

    await house.until(lambda: not house.sandbox.running)
    seat.say(f"/ask {SHORT}")
    await answered(house, seat)
    assert seat.shown() == ["chunk 0 é😀. chunk 1 é😀. chunk 2 é😀."]


async def test_again_gives_another_answer(house: House) -> None:
    seat = house.visit()
    seat.say(SHORT)
    post = await answered(house, seat)

    seat.press(post, "↻")

    await answered(house, seat, 2)


async def test_every_press_is_acknowledged_and_forged_ones_do_nothing(house: House) -> None:
    seat, stranger = house.visit(), house.visit("Mallory")
    seat.say(SHORT)
    post = await answered(house, seat)
    history = len(seat.chat.history)

    queries = [seat.press(post, "", data=data) for data in ("stop:" + "9" * 30, "x", "\0:", "a:b")]

    await house.until(lambda: set(queries) <= set(house.account.answered))
    assert len(seat.chat.history) == history
    assert stranger.answers == []
