"""The verbs of the client: what they send, what they make of answers, when they try again."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest

from bot.completion import (
    AppUnavailable,
    Busy,
    CompletionClient,
    CompletionError,
    FileRefused,
    Forbidden,
    GenerationFailed,
    Interrupted,
    InvalidInput,
    LocalFile,
    NoSpeech,
    NotFound,
    Patience,
    QuotaExceeded,
    RemoteFile,
    ServiceFailed,
    Unauthorized,
    Unreachable,
    Unreadable,
)
from tests.fakes.completion_wire import (
    MESSAGE,
    OK,
    TASK,
    Given,
    Wire,
    end,
    message,
    page,
    refused,
    stream,
    told,
)

ASK = "POST /completion-messages"
STOP = f"POST /completion-messages/{TASK}/stop"
RATE = f"POST /messages/{MESSAGE}/feedbacks"
SPEAK = "POST /text-to-audio"
UPLOAD = "POST /files/upload"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt "
MP3 = b"ID3\x04\x00\x00"

Ask = Callable[[CompletionClient], Awaitable[object]]


def now() -> float:
    return asyncio.get_running_loop().time()


def app(wire: Wire, **options: object) -> CompletionClient:
    return CompletionClient("http://api/v1/", "app-key", transport=wire.transport, **options)


def audio(*body: bytes, media_type: str = "audio/mpeg") -> Given:
    return Given(body, headers={"content-type": media_type})


async def run_stream(api: CompletionClient) -> str:
    async with api.stream({"query": "hi"}, user="u") as answer:
        async for _ in answer:
            pass
    return answer.text


ASKS: dict[str, tuple[str, Ask]] = {
    "stream": (ASK, run_stream),
    "complete": (ASK, lambda api: api.complete({"query": "hi"}, user="u")),
    "stop": (STOP, lambda api: api.stop(TASK, user="u")),
    "upload": (UPLOAD, lambda api: api.upload(PNG, user="u")),
    "rate": (RATE, lambda api: api.rate(MESSAGE, "like", user="u")),
    "speak": (SPEAK, lambda api: api.speak(text="hi", user="u")),
    "info": ("GET /info", lambda api: api.info()),
    "parameters": ("GET /parameters", lambda api: api.parameters()),
    "site": ("GET /site", lambda api: api.site()),
}
SAFE_TWICE = {"stop", "info", "parameters", "site"}
GOOD = {
    "stream": stream(message("x"), end()),
    "complete": told({"answer": "x"}),
    "upload": told({"id": "f"}, 201),
    "speak": audio(MP3),
}
every_verb = pytest.mark.parametrize("verb", ASKS)


# --- what is sent --------------------------------------------------------------------------------


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


# --- refusals and retries ------------------------------------------------------------------------


@every_verb
@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid_param", InvalidInput),
        (400, "app_unavailable", AppUnavailable),
        (400, "provider_quota_exceeded", QuotaExceeded),
        (400, "completion_request_error", GenerationFailed),
        (401, "unauthorized", Unauthorized),
        (403, "forbidden", Forbidden),
        (413, "file_too_large", FileRefused),
    ],
)
async def test_every_verb_raises_what_it_is_refused_with_at_once(
    verb: str, status: int, code: str, kind: type[CompletionError]
) -> None:
    wire = Wire()
    what, ask = ASKS[verb]
    wire.on(what, refused(status, code))
    async with app(wire) as api:
        with pytest.raises(kind):
            await ask(api)
    assert wire.times(what) == 1
    assert (now(), wire.open) == (0.0, 0)


@every_verb
async def test_a_request_that_never_left_is_sent_again(verb: str) -> None:
    wire = Wire()
    what, ask = ASKS[verb]
    lost = [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow")]
    wire.on(what, *lost, GOOD.get(verb, told(OK)))
    async with app(wire) as api:
        await ask(api)
        assert 0.75 <= now() <= 2.25, "half a second and a second, jittered"
    assert wire.times(what) == 3


@every_verb
async def test_three_times_unreachable_is_the_end(verb: str) -> None:
    wire = Wire()
    what, ask = ASKS[verb]
    wire.on(what, httpx.ConnectError("refused"))
    async with app(wire) as api:
        with pytest.raises(Unreachable) as caught:
            await ask(api)
    assert not caught.value.sent
    assert wire.times(what) == 3


@every_verb
@pytest.mark.parametrize(
    "fate",
    [
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("hung up"),
        httpx.ReadTimeout("slow"),
        httpx.WriteError("broken pipe"),
    ],
    ids=repr,
)
async def test_what_may_have_arrived_is_sent_again_only_where_that_is_harmless(
    verb: str, fate: Exception
) -> None:
    wire = Wire()
    what, ask = ASKS[verb]
    wire.on(what, fate)
    async with app(wire) as api:
        with pytest.raises(Unreachable) as caught:
            await ask(api)
    assert caught.value.sent
    assert wire.times(what) == (3 if verb in SAFE_TWICE else 1)


@every_verb
@pytest.mark.parametrize("status", [500, 502, 504])
async def test_a_failing_server_is_asked_again_only_where_that_is_harmless(
    verb: str, status: int
) -> None:
    wire = Wire()
    what, ask = ASKS[verb]
    wire.on(what, page(status))
    async with app(wire) as api:
        with pytest.raises(ServiceFailed):
            await ask(api)
    assert wire.times(what) == (3 if verb in SAFE_TWICE else 1)


@every_verb
async def test_a_busy_server_is_given_the_time_it_asks_for(verb: str) -> None:
    wire = Wire()
    what, ask = ASKS[verb]
    busy = refused(429, "too_many_requests", **{"retry-after": "4"})
    wire.on(what, busy, GOOD.get(verb, told(OK)))
    async with app(wire) as api:
        await ask(api)
        assert 4.0 <= now() <= 5.0
    assert wire.times(what) == 2


async def test_a_server_that_is_busy_for_long_is_not_waited_for() -> None:
    wire = Wire()
    wire.on(ASK, Given((b"error code: 1015",), 429, {"retry-after": "60"}))
    async with app(wire) as api:
        with pytest.raises(Busy) as caught:
            await run_stream(api)
    assert caught.value.retry_after == 60.0
    assert now() == 0.0


async def test_the_concurrency_limit_of_old_servers_is_waited_for_too() -> None:
    wire = Wire()
    words = "Too many requests. Please try again later. The current maximum is 1."
    wire.on(ASK, refused(400, "invalid_param", words), stream(message("x"), end()))
    async with app(wire) as api:
        assert await run_stream(api) == "x"


@every_verb
async def test_a_page_instead_of_an_answer_is_unreadable(verb: str) -> None:
    wire = Wire()
    what, ask = ASKS[verb]
    wire.on(what, page())
    async with app(wire) as api:
        with pytest.raises(Unreadable, match=r"/v1\.$"):
            await ask(api)


@every_verb
@pytest.mark.parametrize(
    ("location", "told_host"),
    [("https://other.example/v1?key=secret", "other.example"), ("/login", "another path")],
)
async def test_a_redirect_is_named_and_not_followed(
    verb: str, location: str, told_host: str
) -> None:
    wire = Wire()
    what, ask = ASKS[verb]
    wire.on(what, Given((), 307, {"location": location}))
    async with app(wire) as api:
        with pytest.raises(Unreadable, match=told_host) as caught:
            await ask(api)
    assert "secret" not in str(caught.value)
    assert wire.asked == [what]


async def test_a_status_that_means_nothing_here_is_unreadable() -> None:
    wire = Wire()
    wire.on("GET /info", Given((), 204))
    async with app(wire) as api:
        with pytest.raises(Unreadable):
            await api.info()


@pytest.mark.parametrize("value", [None, [], "x"])
async def test_json_of_another_shape_is_unreadable(value: object) -> None:
    wire = Wire()
    wire.on("GET /info", told(value))
    wire.on(ASK, told(value))
    async with app(wire) as api:
        with pytest.raises(Unreadable):
            await api.info()
        with pytest.raises(Unreadable):
            await api.complete({}, user="u")


async def test_broken_json_and_endless_json_are_unreadable() -> None:
    wire = Wire()
    json_headers = {"content-type": "application/json"}
    wire.on("GET /info", Given((b"{",), 200, json_headers))
    wire.on("GET /site", Given((b"[" + b"1," * 3_000_000,), 200, json_headers))
    async with app(wire) as api:
        with pytest.raises(Unreadable):
            await api.info()
        with pytest.raises(Unreadable, match="larger than"):
            await api.site()


async def test_only_the_beginning_of_an_endless_error_is_read() -> None:
    wire = Wire()
    endless = Given((b"x" * 70_000, 3600.0, b"y"), 500)
    wire.on(ASK, endless)
    async with app(wire) as api:
        with pytest.raises(ServiceFailed) as caught:
            await api.complete({}, user="u")
    assert now() == 0.0
    assert caught.value.detail.startswith("xxx")
    assert endless.closed


@pytest.mark.parametrize("fate", [httpx.ReadError("reset"), 3600.0], ids=repr)
async def test_a_refusal_counts_even_if_its_words_never_come(fate: Exception | float) -> None:
    wire = Wire()
    wire.on(ASK, Given((fate,), 401))
    async with app(wire) as api:
        with pytest.raises(Unauthorized):
            await api.complete({}, user="u")


async def test_a_blocking_answer_that_takes_too_long_names_the_way_out() -> None:
    wire = Wire()
    slow = told({"answer": "late"})
    slow.delay = 3600.0
    wire.on(ASK, slow)
    async with app(wire) as api:
        with pytest.raises(Unreachable, match="streaming") as caught:
            await api.complete({}, user="u")
    assert caught.value.sent
    assert now() == 100.0


async def test_a_body_that_stops_coming_is_broken_off() -> None:
    wire = Wire()
    wire.on(ASK, Given((b"{", 3600.0), 200, {"content-type": "application/json"}))
    async with app(wire) as api:
        with pytest.raises(Interrupted):
            await api.complete({}, user="u")
    assert (now(), wire.open) == (100.0, 0)


async def test_patience_can_be_chosen() -> None:
    wire = Wire()
    wire.on("GET /info", Given((3600.0,), 200, {"content-type": "application/json"}))
    async with app(wire, patience=Patience(short=1.0, backoff=0.0)) as api:
        with pytest.raises(Interrupted):
            await api.info()
    assert now() == 3.0


# --- slots ---------------------------------------------------------------------------------------


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


# --- construction --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "used"),
    [
        ("https://api.dify.ai/v1", "https://api.dify.ai/v1"),
        (" https://api.dify.ai/v1// ", "https://api.dify.ai/v1"),
        ("http://127.0.0.1:8787/v1", "http://127.0.0.1:8787/v1"),
        ("http://localhost/v1", "http://localhost/v1"),
        ("http://[::1]:5001/v1", "http://[::1]:5001/v1"),
        ("http://10.1.2.3/v1", "http://10.1.2.3/v1"),
        ("http://192.168.0.9/v1", "http://192.168.0.9/v1"),
        ("http://dify-api:5001/v1", "http://dify-api:5001/v1"),
        ("http://host.docker.internal/v1", "http://host.docker.internal/v1"),
    ],
)
def test_addresses_that_are_fine(address: str, used: str) -> None:
    api = CompletionClient(address, "app-key")
    assert repr(api) == f"CompletionClient({used!r})"


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://api.dify.ai/v1", "in the clear"),
        ("http://8.8.8.8/v1", "in the clear"),
        ("api.dify.ai/v1", "begins with https"),
        ("ftp://host/v1", "begins with https"),
        ("https://", "begins with https"),
        ("https://user:hunter2@host/v1", "host and path only"),
        ("https://host/v1?key=hunter2", "host and path only"),
        ("https://host:port/v1", "no address"),
        ("https://[::1/v1", "no address"),
        ("", "begins with https"),
    ],
)
def test_addresses_that_are_refused(address: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        CompletionClient(address, "app-key")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("key", ["", "app-secret\n", "app-secret\r\nX: y", "app-sécret", "a b"])
def test_a_key_no_header_can_carry_is_refused_without_its_words(key: str) -> None:
    with pytest.raises(ValueError, match="API key") as caught:
        CompletionClient("https://host/v1", key)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("user", ["", "x" * 256])
async def test_a_user_the_api_would_choke_on_is_refused_before_any_call(user: str) -> None:
    wire = Wire()
    async with app(wire) as api:
        with pytest.raises(ValueError, match="1 to 255"):
            api.stream({}, user=user)
        for verb in (
            api.complete({}, user=user),
            api.stop(TASK, user=user),
            api.upload(PNG, user=user),
            api.rate(MESSAGE, "like", user=user),
            api.speak(text="x", user=user),
        ):
            with pytest.raises(ValueError, match="1 to 255"):
                await verb
    assert wire.asked == []


async def test_the_key_is_nowhere_to_be_read() -> None:
    wire = Wire()
    wire.on("GET /info", httpx.ReadError("Bearer app-key"))
    async with app(wire, patience=Patience(backoff=0.0)) as api:
        assert "app-key" not in repr(api)
        with pytest.raises(Unreachable) as caught:
            await api.info()
    assert "app-key" not in repr(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
