"""Calls against the strict server: voice, documents, and the files that people send."""

import pytest

from adapters.telegram.errors import VoiceForbidden
from bot.surface import Gone, TooLarge
from tests.fakes.telegram_line import OPUS, STOP, Mark, world


async def test_voice_note_arrives_with_its_length() -> None:
    there = world()
    await there.account.calls.send_voice(there.to, OPUS, seconds=3.4, markup=STOP)
    [answer] = there.seat.answers
    assert answer.medium is not None
    assert (answer.medium.kind, answer.medium.seconds) == ("voice", 3)
    assert answer.medium.data == OPUS


async def test_voice_that_a_person_refuses_is_told_apart_and_the_chat_goes_on() -> None:
    there = world()
    there.seat.person.blocks_voice = True
    with pytest.raises(VoiceForbidden):
        await there.account.calls.send_voice(there.to, OPUS, seconds=3)
    await there.account.calls.send_audio(
        there.to, b"ID3" + bytes(50), seconds=0, media_type="audio/mpeg", title="Answer"
    )
    assert there.seat.answers[0].medium is not None
    assert there.seat.answers[0].medium.kind == "audio"


async def test_document_keeps_its_name_and_type() -> None:
    there = world()
    await there.account.calls.send_document(
        there.to,
        'Ответ "1".md',
        b"# all",
        "text/markdown",
        caption="The rest",
        entities=[Mark("bold", 0, 3)],
        markup=STOP,
    )
    [answer] = there.seat.answers
    assert answer.medium is not None
    assert (answer.medium.name, answer.medium.media_type) == ('Ответ "1".md', "text/markdown")
    assert answer.readable == "**The** rest"


async def test_file_is_read_by_its_id_up_to_a_limit() -> None:
    there = world()
    photo = there.seat.photo(data=b"\xff\xd8\xff" + bytes(500))
    assert photo.medium is not None
    described = photo.medium.described
    assert isinstance(described, list)
    path, size = await there.account.calls.file_path(described[-1]["file_id"])
    assert size == 503
    assert await there.account.calls.download(path, limit=503) == photo.medium.data
    with pytest.raises(TooLarge):
        await there.account.calls.download(path, limit=502)


async def test_file_that_is_not_there_is_gone() -> None:
    there = world()
    with pytest.raises(Gone):
        await there.account.calls.file_path("nothing")
    for path in ("photos/nothing.jpg", "../../bot1/getMe"):
        with pytest.raises(Gone):
            await there.account.calls.download(path, limit=10)


async def test_file_that_telegram_does_not_hand_out_is_too_large() -> None:
    there = world()
    document = there.seat.send("document", bytes(20 * 2**20 + 1), name="a.png")
    assert document.medium is not None
    described = document.medium.described
    assert isinstance(described, dict)
    with pytest.raises(TooLarge):
        await there.account.calls.file_path(described["file_id"])
