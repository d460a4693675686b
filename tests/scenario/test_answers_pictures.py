"""Questions with pictures: what goes along, what is refused, what is asked for first."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bot.events import Quote
from tests.fakes.bench import EN, GROUP, wired
from tests.fakes.completion_wire import PNG, Wire, end, message, refused, stream, told

pytestmark = pytest.mark.real_time
ASK = "POST /completion-messages"
UPLOAD = "POST /files/upload"
QUERY = {"paragraph": {"label": "Q", "variable": "query", "required": True}}
IMAGE = {"enabled": True, "number_limits": 2, "transfer_methods": ["remote_url", "local_file"]}
SEES = {
    "user_input_form": [QUERY],
    "file_upload": {"image": IMAGE},
    "system_parameters": {"image_file_size_limit": 1},
}
JPG = b"\xff\xd8\xff\xe0" + b"\0" * 20


def files(body: object) -> object:
    assert isinstance(body, dict)
    return body.get("files")


def local(id: str) -> dict[str, str]:
    return {"type": "image", "transfer_method": "local_file", "upload_file_id": id}


async def test_pictures_are_uploaded_with_the_type_their_bytes_have(tmp_path: Path) -> None:
    wire = Wire()
    uploaded = told({"id": "cat"}, 201)
    wire.on(UPLOAD, uploaded)
    given = stream(message("A cat."), end())
    wire.on(ASK, given)
    async with wired(tmp_path, wire, parameters=SEES) as bench:
        lying = bench.picture("cat", JPG, "image/png")
        await bench.do(bench.message("What?", files=(lying,)))
        answer = await bench.latest()
    assert files(given.body) == [local("cat")]
    assert uploaded.asked is not None
    sent = uploaded.asked.content
    assert b'filename="picture.jpg"' in sent
    assert b"Content-Type: image/jpeg" in sent
    assert [one.id for one in answer.uploads] == ["cat"]
    assert bench.screen.statuses[:2] in ([EN.thinking, EN.looking], [EN.looking, EN.thinking])


@pytest.mark.parametrize(
    ("data", "media_type", "count", "sentence"),
    [
        (PNG, "image/png", 3, EN.pictures_too_many.format(limit=2)),
        (b"ID3" + PNG, "audio/mpeg", 1, EN.sound_unheard),
        (PNG, "video/mp4", 1, EN.file_unreadable),
        (b"", "application/x-telegram-poll", 1, EN.file_unreadable),
        (b"PK", "application/zip", 1, EN.file_unreadable),
        (PNG + b"\0" * 1024 * 1024, "image/png", 1, EN.picture_too_large.format(limit=1)),
    ],
    ids=["many", "audio", "film", "poll", "zip", "large"],
)
async def test_what_can_be_seen_before_reading_is_refused_at_once(
    tmp_path: Path, data: bytes, media_type: str, count: int, sentence: str
) -> None:
    wire = Wire()
    async with wired(tmp_path, wire, parameters=SEES) as bench:
        some = tuple(bench.picture(f"p{n}", data, media_type) for n in range(count))
        await bench.do(bench.message("What?", files=some))
    assert bench.screen.texts == [sentence]
    assert wire.times(UPLOAD) == wire.times(ASK) == 0


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"%PDF-1.7 and more", EN.picture_wrong_type),
        (PNG + b"\0" * 1024 * 1024, EN.picture_too_large.format(limit=1)),
        (None, EN.picture_gone),
    ],
    ids=["no picture", "larger than told", "gone"],
)
async def test_what_only_reading_tells_is_refused_before_any_upload(
    tmp_path: Path, data: bytes | None, sentence: str
) -> None:
    wire = Wire()
    async with wired(tmp_path, wire, parameters=SEES) as bench:
        fine = bench.picture("fine", PNG)
        bad = replace(bench.picture("bad", data or b""), size=0)
        if data is None:
            del bench.screen.files["bad"]
        await bench.do(bench.message("What?", files=(fine, bad)))
        assert (await bench.latest()).outcome == "failed"
    [bubble] = bench.screen.bubbles
    assert (bubble.message.text, bubble.message.buttons) == (sentence, ())
    assert wire.times(UPLOAD) == wire.times(ASK) == 0


async def test_an_upload_that_fails_can_be_tried_again(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(UPLOAD, refused(503, "s3_connection_failed"), told({"id": "cat"}, 201))
    wire.on(ASK, stream(message("A cat."), end()))
    async with wired(tmp_path, wire, parameters=SEES) as bench:
        await bench.do(bench.message("What?", files=(bench.picture("cat", PNG),)))
        assert bench.screen.texts == [EN.service_failed]
        await bench.do(bench.press("regenerate", bench.screen.bubbles[0]))
    assert bench.screen.texts == ["A cat."]


async def test_an_app_without_eyes_answers_the_words_and_says_so(tmp_path: Path) -> None:
    wire = Wire()
    given = stream(message("Hello"), end())
    wire.on(ASK, given)
    async with wired(tmp_path, wire) as bench:
        await bench.do(bench.message("Hi", files=(bench.picture("cat", PNG),)))
        await bench.do(bench.message("", files=(bench.picture("cat", PNG),)))
    assert bench.screen.texts == [
        EN.pictures_unseen_words_answered,
        "Hello",
        EN.pictures_unseen,
    ]
    assert files(given.body) is None


async def test_a_photo_without_words_waits_for_its_question(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(UPLOAD, told({"id": "cat"}, 201))
    first, second = stream(message("A cat."), end()), stream(message("Hello"), end())
    wire.on(ASK, first, second)
    async with wired(tmp_path, wire, parameters=SEES) as bench:
        photo = bench.message("", files=(bench.picture("cat", PNG),))
        await bench.do(photo)
        await bench.do(photo, attempts=1)
        assert bench.screen.texts == [EN.picture_what_to_do]
        await bench.do(bench.message("What is it?"))
        await bench.do(bench.message("Hi"))
    assert files(first.body) == [local("cat")]
    assert files(second.body) is None
    assert bench.screen.texts[1:] == ["A cat.", "Hello"]


async def test_photos_sent_one_by_one_are_asked_about_once(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(UPLOAD, told({"id": "a"}, 201), told({"id": "b"}, 201))
    given = stream(message("Cats."), end())
    wire.on(ASK, given)
    async with wired(tmp_path, wire, parameters=SEES) as bench:
        await bench.do(bench.message("", files=(bench.picture("a", PNG),)))
        await bench.do(bench.message("", files=(bench.picture("b", PNG),)))
        await bench.do(bench.message("What are they?"))
    assert bench.screen.texts == [EN.picture_what_to_do, "Cats."]
    body = given.body
    assert isinstance(body, dict)
    assert len(body["files"]) == 2


async def test_a_kept_photo_is_forgotten_after_an_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.service.pictures.KEPT", -1.0)
    wire = Wire()
    given = stream(message("Hello"), end())
    wire.on(ASK, given)
    async with wired(tmp_path, wire, parameters=SEES) as bench:
        await bench.do(bench.message("", files=(bench.picture("cat", PNG),)))
        await bench.do(bench.message("Hi"))
    assert files(given.body) is None


async def test_among_several_people_only_a_reply_is_the_photos_question(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(UPLOAD, told({"id": "cat"}, 201))
    first, second = stream(message("Hello"), end()), stream(message("A cat."), end())
    wire.on(ASK, first, second)
    async with wired(tmp_path, wire, parameters=SEES) as bench:
        await bench.do(bench.message("", files=(bench.picture("cat", PNG),), chat=GROUP))
        [prompt] = bench.screen.bubbles
        assert prompt.message.text == EN.picture_what_to_do_group
        await bench.do(bench.message("Hi", chat=GROUP))
        about = Quote(ref=prompt.ref, text=prompt.message.text)
        await bench.do(bench.message("What is it?", quoted=about, chat=GROUP))
    assert files(first.body) is None
    assert files(second.body) == [local("cat")]
    body = second.body
    assert isinstance(body, dict)
    assert body["inputs"] == {"query": "What is it?"}


async def test_a_question_in_reply_to_a_photo_is_about_it(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(UPLOAD, told({"id": "cat"}, 201))
    given = stream(message("A cat."), end())
    wire.on(ASK, given)
    async with wired(tmp_path, wire, parameters=SEES) as bench:
        quote = Quote(ref=bench.ref("photo"), files=(bench.picture("cat", PNG),))
        await bench.do(bench.message("What?", quoted=quote))
    assert files(given.body) == [local("cat")]


async def test_an_album_is_one_request(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(UPLOAD, told({"id": "a"}, 201), told({"id": "b"}, 201))
    given = stream(message("Cats."), end())
    wire.on(ASK, given)
    async with wired(tmp_path, wire, parameters=SEES) as bench:
        head = bench.message("What?", files=(bench.picture("a", PNG),), album="7")
        tail = bench.message("", files=(bench.picture("b", PNG),), album="7")
        merged = replace(head, files=head.files + tail.files)
        await bench.do(merged, parts=(head, tail))
        assert len(await bench.store.questions_of(head.id)) == 3  # the album itself among them
    body = given.body
    assert isinstance(body, dict)
    assert len(body["files"]) == 2
    assert bench.screen.texts == ["Cats."]


async def test_a_link_to_a_picture_is_fetched_by_the_api(tmp_path: Path) -> None:
    wire = Wire()
    given = stream(message("A cat."), end())
    wire.on(ASK, given)
    link = "https://example.org/cat.png?size=1"
    async with wired(tmp_path, wire, parameters=SEES) as bench:
        await bench.do(bench.message(f"What is {link} ?"))
    remote = {"type": "image", "transfer_method": "remote_url", "url": link}
    assert files(given.body) == [remote]


async def test_a_link_the_api_cannot_fetch_stays_what_it_is_in_the_text(tmp_path: Path) -> None:
    wire = Wire()
    given = stream(message("No idea."), end())
    wire.on(ASK, refused(400, "invalid_param"), given)
    async with wired(tmp_path, wire, parameters=SEES) as bench:
        await bench.do(bench.message("What is https://example.org/cat.png ?"))
    assert files(given.body) is None
    assert bench.screen.texts == ["No idea."]


async def test_a_stop_while_pictures_are_looked_at_asks_nothing(tmp_path: Path) -> None:
    wire = Wire()
    slow = told({"id": "cat"}, 201)
    slow.delay = 0.3
    wire.on(UPLOAD, slow)
    async with wired(tmp_path, wire, parameters=SEES) as bench, asyncio.TaskGroup() as group:
        group.create_task(bench.do(bench.message("What?", files=(bench.picture("cat", PNG),))))
        await bench.until(lambda: wire.times(UPLOAD))
        await bench.do(bench.command("stop"))
        await bench.until(lambda: bench.screen.texts == [f"*{EN.stopped_unwritten}*"])
    assert wire.times(ASK) == 0
