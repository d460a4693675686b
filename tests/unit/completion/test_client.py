"""The verbs of the client: what they send, and what they make of answers."""

import asyncio

import httpx
import pytest

from bot.completion import (
    AppUnavailable,
    CompletionError,
    Interrupted,
    InvalidInput,
    LocalFile,
    NoSpeech,
    NotFound,
    RemoteFile,
    ServiceFailed,
    Unreadable,
)
from tests.fakes.answer_listener import ASK, app, now, run_stream
from tests.fakes.completion_wire import (
    MESSAGE,
    MP3,
    OK,
    PNG,
    Given,
    Wire,
    audio,
    end,
    message,
    page,
    refused,
    stream,
    told,
)

RATE = f"POST /messages/{MESSAGE}/feedbacks"
SPEAK = "POST /text-to-audio"
UPLOAD = "POST /files/upload"
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt "


async def test_a_question_is_sent_with_key_user_and_files() -> None:
    wire = Wire()
    wire.on(ASK, stream(message("x"), end()))
    files = (LocalFile(id="f1"), RemoteFile(url="http://pictures/a.png"))
    async with app(wire) as api, api.stream({"query": "é\ud83d"}, user="ü", files=files) as answer:
        assert [event async for event in answer]
    request = wire.given[0].asked
    assert request is not None
    assert str(request.url) == "http://api/v1/completion-messages"
    assert request.headers["authorization"] == "Bearer app-key"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["accept-encoding"] == "identity"
    assert wire.given[0].body == {
        "inputs": {"query": "é\ud83d"},
        "response_mode": "streaming",
        "user": "ü",
        "files": [
            {"type": "image", "transfer_method": "local_file", "upload_file_id": "f1"},
            {"type": "image", "transfer_method": "remote_url", "url": "http://pictures/a.png"},
        ],
    }


async def test_a_whole_answer_is_asked_for_and_read() -> None:
    wire = Wire()
    wire.on(ASK, told({"answer": "<think>x</think>yes", "message_id": "m"}))
    async with app(wire) as api:
        completion = await api.complete({"query": "hi"}, user="u")
    assert (completion.answer, completion.message_id) == ("yes", "m")
    assert wire.given[0].body == {
        "inputs": {"query": "hi"},
        "response_mode": "blocking",
        "user": "u",
    }
    async with app(wire, show_reasoning=True) as api:
        assert (await api.complete({}, user="u")).answer == "<think>x</think>yes"


async def test_ratings_are_set_with_words_and_taken_back() -> None:
    wire = Wire()
    wire.on(RATE, told(OK), told(OK), refused(400, "invalid_param", "rating cannot be None"))
    async with app(wire) as api:
        await api.rate(MESSAGE, "like", user="u", content="go\0od")
        await api.rate(MESSAGE, None, user="u")
        await api.rate(MESSAGE, None, user="u")
        with pytest.raises(InvalidInput):
            await api.rate(MESSAGE, "dislike", user="u")
    assert [given.body for given in wire.given[:2]] == [
        {"rating": "like", "user": "u", "content": "good"},
        {"rating": None, "user": "u"},
    ]


@pytest.mark.parametrize("rating", ["like", None])
async def test_rating_an_answer_of_somebody_else_is_not_found(rating: str | None) -> None:
    wire = Wire()
    wire.on(RATE, refused(404, "not_found"))
    async with app(wire) as api:
        with pytest.raises(NotFound):
            await api.rate(MESSAGE, rating, user="u")  # type: ignore[arg-type]  # parametrised


async def test_an_id_is_one_segment_of_the_path_whatever_it_holds() -> None:
    wire = Wire()
    wire.on("POST /messages/../a b?/feedbacks", told(OK))
    async with app(wire) as api:
        await api.rate("../a b?", "like", user="u")
    request = wire.given[0].asked
    assert request is not None
    assert request.url.raw_path == b"/v1/messages/%2E%2E%2Fa%20b%3F/feedbacks"


@pytest.mark.parametrize(
    ("data", "name", "media_type", "sent_name", "sent_type"),
    [
        (PNG, "cat.png", "image/png", "cat.png", "image/png"),
        (PNG, "", "", "file.png", "image/png"),
        (PNG, "photo", "application/octet-stream", "photo.png", "image/png"),
        (PNG, "cat.jpg", "image/jpeg", "cat.png", "image/png"),
        (b"\xff\xd8\xff\xe0", "cat.JPEG", "", "cat.JPEG", "image/jpeg"),
        (b"\xff\xd8\xff\xe0", "a/b\\c:d.jpg", "", "a_b_c_d.jpg", "image/jpeg"),
        (b"text", "notes.txt", "text/plain", "notes.txt", "text/plain"),
        (b"", "", "", "file", "application/octet-stream"),
        (PNG, "x" * 300 + ".png", "", "x" * 196 + ".png", "image/png"),
    ],
)
async def test_an_upload_has_a_true_name_and_type(
    data: bytes, name: str, media_type: str, sent_name: str, sent_type: str
) -> None:
    wire = Wire()
    wire.on(UPLOAD, told({"id": "f", "name": sent_name}, 201), told({"id": "g"}, 200))
    async with app(wire) as api:
        assert (await api.upload(data, user="u", name=name, media_type=media_type)).id == "f"
        assert (await api.upload(data, user="u")).id == "g"
    request = wire.given[0].asked
    assert request is not None
    body = request.content
    assert f'name="file"; filename="{sent_name}"\r\nContent-Type: {sent_type}\r\n'.encode() in body
    assert b'name="user"\r\n\r\nu\r\n' in body
    assert data in body


async def test_an_upload_without_an_id_is_unreadable() -> None:
    wire = Wire()
    wire.on(UPLOAD, told({"name": "x"}, 201))
    async with app(wire) as api:
        with pytest.raises(Unreadable):
            await api.upload(PNG, user="u")


# --- speech --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "media_type"),
    [
        (audio(MP3), "audio/mpeg"),
        (audio(WAV[:6], WAV[6:]), "audio/wav"),
        (audio(b"OggS\0"), "audio/ogg"),
        (audio(b"????", media_type="audio/x-new"), "audio/x-new"),
        (audio(WAV, media_type="application/octet-stream"), "audio/wav"),
    ],
)
async def test_speech_is_told_by_its_bytes(given: Given, media_type: str) -> None:
    wire = Wire()
    wire.on(SPEAK, given)
    async with app(wire) as api:
        speech = await api.speak(text="Hi\0", user="u")
    assert speech.media_type == media_type
    assert speech.data == b"".join(step for step in given.steps if isinstance(step, bytes))
    assert "data" not in repr(speech)
    assert given.body == {"text": "Hi", "user": "u"}


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (told(None), NoSpeech),
        (audio(b"null\n"), NoSpeech),
        (audio(), NoSpeech),
        (audio(b"", media_type=""), NoSpeech),
        (told({"result": "success"}), Unreadable),
        (page(), Unreadable),
        (page(500), ServiceFailed),
        (Given((PNG,), headers={"content-type": "image/png"}), Unreadable),
        (refused(400, "invalid_param", "TTS is not enabled"), InvalidInput),
        (refused(400, "provider_not_initialize"), AppUnavailable),
        (audio(MP3, b"x" * (20 * 1024 * 1024)), Unreadable),
    ],
)
async def test_no_speech_is_told_from_broken_speech(
    given: Given, kind: type[CompletionError]
) -> None:
    wire = Wire()
    wire.on(SPEAK, given)
    async with app(wire) as api:
        with pytest.raises(kind):
            await api.speak(message_id=MESSAGE, user="u")
    assert wire.given[0].body == {"message_id": MESSAGE, "user": "u"}


async def test_speech_that_breaks_off_is_not_taken_for_whole() -> None:
    wire = Wire()
    wire.on(SPEAK, Given((MP3, httpx.ReadError("reset")), headers={"content-type": "audio/mpeg"}))
    async with app(wire) as api:
        with pytest.raises(Interrupted):
            await api.speak(text="x", user="u")
    assert wire.times(SPEAK) == 1


# --- feedbacks -----------------------------------------------------------------------------------


def rows(*ids: int) -> Given:
    return told({"data": [{"id": str(number), "rating": "like"} for number in ids]})


async def ids(wire: Wire, pages: list[Given], page_size: int = 2) -> list[str]:
    wire.on("GET /app/feedbacks", *pages)
    async with app(wire) as api:
        return [feedback.id async for feedback in api.feedbacks(page_size=page_size)]


async def test_feedbacks_are_read_page_by_page_until_an_empty_one() -> None:
    wire = Wire()
    assert await ids(wire, [rows(1, 2), rows(3), rows()]) == ["1", "2", "3"]
    asked = [given.asked.url.query for given in wire.given if given.asked is not None]
    assert asked == [b"page=1&limit=2", b"page=2&limit=2", b"page=3&limit=2"]


async def test_rows_that_shift_between_pages_come_once() -> None:
    pages = [rows(9, 8), rows(8, 7), rows(9, 8), rows(6), rows()]
    assert await ids(Wire(), pages) == ["9", "8", "7", "6"]


async def test_a_listing_that_goes_in_circles_ends() -> None:
    wire = Wire()
    assert await ids(wire, [rows(1, 2)]) == ["1", "2"]
    assert wire.times("GET /app/feedbacks") == 4


@pytest.mark.parametrize("page_size", [0, 102])
async def test_a_page_the_api_would_refuse_is_not_asked_for(page_size: int) -> None:
    wire = Wire()
    with pytest.raises(ValueError, match="1 to 101"):
        await ids(wire, [rows()], page_size)
    assert wire.asked == []


async def test_feedbacks_of_another_shape_are_unreadable() -> None:
    with pytest.raises(Unreadable):
        await ids(Wire(), [told({"data": None})])


async def test_everything_long_shares_the_slots_and_nothing_short_waits_for_them() -> None:
    wire = Wire()
    wire.on(ASK, stream(message("x"), 10.0, end()))
    wire.on(SPEAK, audio(MP3))
    wire.on("GET /info", told({"name": "n"}))
    heard: list[int] = []
    async with app(wire, max_streams=1) as api, asyncio.TaskGroup() as group:
        group.create_task(run_stream(api))
        await asyncio.sleep(1)
        speaking = group.create_task(api.speak(text="x", user="v"))
        group.create_task(api.complete({}, user="w", waiting=heard.append)).add_done_callback(
            lambda task: task.exception()
        )
        await asyncio.sleep(1)
        assert (await api.info()).name == "n"
        assert now() == 2.0
        assert heard == [2]
        wire.on(ASK, told({"answer": "y"}))
        await speaking
        assert now() == 10.0
    assert heard == [2, 1, 0]
    assert wire.most_open <= 2
