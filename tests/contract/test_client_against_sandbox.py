"""Every verb of the client against the local Completion API, and every fault it can show."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from bot.completion import (
    AppUnavailable,
    Busy,
    CompletionClient,
    CompletionError,
    Failed,
    FileRefused,
    Finished,
    Forbidden,
    GenerationFailed,
    InputFaults,
    Interrupted,
    InvalidInput,
    LocalFile,
    NoSpeech,
    NotFound,
    Patience,
    QuotaExceeded,
    RemoteFile,
    ServiceFailed,
    SpeechAdded,
    TextReplaced,
    Unauthorized,
    Unreadable,
    build_inputs,
    message_variable,
)
from bot.completion.stream import AnswerStream
from bot.sandbox import Config, serve

pytestmark = pytest.mark.real_time

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
# What is to come may take its time on a busy machine; what never comes is waited for less, by name.
PATIENT = Patience(busy=0.2, backoff=0.01)
SPEED = 50.0


@asynccontextmanager
async def sandbox(
    app: str = "app-plain", *, fault: str = "", patience: Patience = PATIENT, **settings: object
) -> AsyncIterator[CompletionClient]:
    config = Config(port=0, fault=fault, speed=SPEED, **settings)  # type: ignore[arg-type]  # by name
    async with (
        serve(config) as running,
        CompletionClient(running.url, app, patience=patience) as api,
    ):
        yield api


async def read(stream: AnswerStream) -> list[object]:
    async with stream:
        return [event async for event in stream]


async def ask(api: CompletionClient, query: str, user: str = "ann") -> AnswerStream:
    stream = api.stream({"query": query}, user=user)
    await read(stream)
    return stream


async def test_an_answer_streams_and_can_be_rated_and_voiced() -> None:
    async with sandbox("app-vision") as api:
        stream = await ask(api, "n=3")
        assert stream.text == "chunk 0 é😀. chunk 1 é😀. chunk 2 é😀. "
        assert stream.usage is not None
        assert stream.usage.total_tokens == 44
        assert stream.message_id is not None

        await api.rate(stream.message_id, "like", user="ann", content="good")
        await api.rate(stream.message_id, "dislike", user="ann")
        with pytest.raises(NotFound):
            await api.rate(stream.message_id, "like", user="bob")
        feedbacks = [feedback async for feedback in api.feedbacks()]
        assert [(one.message_id, one.rating) for one in feedbacks] == [
            (stream.message_id, "dislike")
        ]
        assert feedbacks[0].created_at is not None
        assert feedbacks[0].created_at.tzinfo is not None
        await api.rate(stream.message_id, None, user="ann")
        await api.rate(stream.message_id, None, user="ann")
        assert [feedback async for feedback in api.feedbacks()] == []

        speech = await api.speak(message_id=stream.message_id, user="ann")
        assert speech.media_type == "audio/mpeg"
        assert (await api.speak(text="hello", user="ann")).data


async def test_feedbacks_come_over_several_pages() -> None:
    async with sandbox() as api:
        for _ in range(5):
            stream = await ask(api, "n=1")
            await api.rate(stream.message_id or "", "like", user="ann")
        feedbacks = [feedback async for feedback in api.feedbacks(page_size=2)]
    assert len({feedback.id for feedback in feedbacks}) == 5


async def test_a_blocking_answer() -> None:
    async with sandbox() as api:
        completion = await api.complete({"query": "ECHO hi"}, user="ann")
    assert completion.answer == "ECHO<ECHO hi\n>"
    assert completion.usage is not None


async def test_what_an_app_says_about_itself() -> None:
    async with sandbox("app-vision") as api:
        assert (await api.info()).name == "vision"
        assert (await api.parameters()).vision
        assert (await api.site()).icon == "🤖"


async def test_a_form_is_filled_so_that_the_server_takes_it() -> None:
    async with sandbox("app-form") as api:
        parameters = await api.parameters()
        assert message_variable(parameters) == "query"
        inputs = build_inputs(parameters, {"query": "hi", "n": "3.5", "flag": "yes"})
        completion = await api.complete(inputs, user="ann")
        assert completion.answer
        with pytest.raises(InputFaults):
            build_inputs(parameters, {"query": "hi", "tone": "rude"})
        with pytest.raises(InvalidInput):
            await api.complete({"query": "hi", "tone": "rude"}, user="ann")


async def test_a_picture_goes_with_a_question_of_the_same_user_only() -> None:
    async with sandbox("app-vision") as api:
        uploaded = await api.upload(PNG, user="ann", name="cat.jpg")
        assert (uploaded.name, uploaded.mime_type) == ("cat.png", "image/png")
        picture = (LocalFile(id=uploaded.id),)
        stream = api.stream({"query": "n=1"}, user="ann", files=picture)
        assert any(isinstance(event, Finished) for event in await read(stream))
        assert "image" in stream.text
        with pytest.raises(InvalidInput):
            await read(api.stream({"query": "n=1"}, user="bob", files=picture))
        with pytest.raises(InvalidInput):
            nowhere = (RemoteFile(url="http://nowhere.invalid/a.png"),)
            await read(api.stream({"query": "n=1"}, user="ann", files=nowhere))


async def test_speech_comes_with_the_text_where_it_plays_by_itself() -> None:
    async with sandbox("app-autotts") as api:
        stream = api.stream({"query": "n=4"}, user="ann")
        events = await read(stream)
    spoken = [event.data for event in events if isinstance(event, SpeechAdded)]
    assert stream.speech == b"".join(spoken)
    assert len(spoken) > 1
    ended = [isinstance(event, Finished) for event in events].index(True)
    assert any(isinstance(event, SpeechAdded) for event in events[ended:])


async def test_a_failure_with_text_and_speech() -> None:
    async with sandbox("app-autotts") as api:
        stream = api.stream({"query": "n=5 err=InvokeRateLimitError at=4"}, user="ann")
        with pytest.raises(GenerationFailed) as caught:
            await read(stream)
    assert caught.value.text == stream.text != ""
    assert stream.speech


async def test_moderation_on_both_sides() -> None:
    async with sandbox("app-modin") as api:
        assert (await ask(api, "a badword")).text
    async with sandbox("app-modout") as api:
        stream = api.stream({"query": "n=4"}, user="ann")
        events = await read(stream)
    assert TextReplaced(text=stream.text) in events


async def test_a_stop_ends_the_answer_and_what_was_written_is_kept() -> None:
    async with sandbox("app-vision", patience=Patience()) as api:
        async with api.stream({"query": "n=200 d=2"}, user="ann") as stream:
            await anext(stream)
            await stream.stop()
            events = [event async for event in stream]
        assert isinstance(events[-1], Finished)
        assert events[-1].stopped
        assert events[-1].usage is not None, "the server ended it itself"
        assert 0 < len(stream.text) < 1000
        assert (await api.speak(message_id=stream.message_id, user="ann")).data


async def test_leaving_early_keeps_the_answer_at_the_server() -> None:
    async with sandbox("app-vision", patience=Patience()) as api:
        async with api.stream({"query": "n=200 d=2"}, user="ann") as stream:
            await anext(stream)
        assert (await api.speak(message_id=stream.message_id, user="ann")).data


async def test_stops_of_unknown_tasks_succeed_and_speech_of_unknown_answers_is_none() -> None:
    unknown = "03683219-15f2-4375-8b45-b74d4e5bad0c"
    async with sandbox("app-vision") as api:
        await api.stop(unknown, user="ann")
        with pytest.raises(NoSpeech):
            await api.speak(message_id=unknown, user="ann")
        with pytest.raises(NotFound):
            await api.rate(unknown, "like", user="ann")
        with pytest.raises(NotFound):
            await api.rate("no-uuid", "like", user="ann")


@pytest.mark.parametrize(
    ("app", "kind"),
    [
        ("app-nobody", Unauthorized),
        ("app-disabled", Forbidden),
        ("app-chat", AppUnavailable),
    ],
)
async def test_keys_that_do_not_answer(app: str, kind: type[CompletionError]) -> None:
    async with sandbox(app) as api:
        with pytest.raises(kind):
            await ask(api, "n=1")


async def test_a_site_that_is_not_there_is_forbidden() -> None:
    async with sandbox("app-nosite") as api:
        with pytest.raises(Forbidden):
            await api.site()


@pytest.mark.parametrize("status", [400, 429])
async def test_too_many_at_once_is_busy_by_any_status(status: int) -> None:
    async with (
        sandbox("app-limited", busy_status=status) as api,
        api.stream({"query": "n=50 d=0.5"}, user="ann") as stream,
    ):
        await anext(stream)
        with pytest.raises(Busy):
            await ask(api, "n=1")
        await stream.stop()
        assert [event async for event in stream]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("quota", QuotaExceeded),
        ("credentials", AppUnavailable),
        ("unsupported", AppUnavailable),
        ("unavailable", AppUnavailable),
        ("busy=100", Busy),
        ("busy400", Busy),
        ("unauthorized", Unauthorized),
        ("forbidden", Forbidden),
        ("404", NotFound),
        ("413", FileRefused),
        ("415", FileRefused),
        ("500", ServiceFailed),
        ("crash", ServiceFailed),
        ("502", ServiceFailed),
        ("503", ServiceFailed),
        ("504", ServiceFailed),
        ("cloudflare", Busy),
        ("html", Unreadable),
    ],
)
async def test_every_refusal_reaches_the_caller_as_its_error(
    fault: str, kind: type[CompletionError]
) -> None:
    async with sandbox(fault=fault) as api:
        for verb in (
            api.complete({"query": "n=1"}, user="ann"),
            ask(api, "n=1"),
            api.speak(text="x", user="ann"),
        ):
            with pytest.raises(kind):
                await verb


@pytest.mark.parametrize(
    ("fault", "reason", "patience"),
    [
        ("cut", "broken", PATIENT),
        ("unfinished", "eof", PATIENT),
        ("silence", "silence", replace(PATIENT, silence=0.4)),
        ("only-pings", "only pings", replace(PATIENT, only_pings=0.6)),
        ("garbled", "malformed", PATIENT),
    ],
)
async def test_every_broken_stream_is_interrupted(
    fault: str, reason: str, patience: Patience
) -> None:
    async with sandbox(fault=fault, patience=patience) as api:
        stream = api.stream({"query": "n=5"}, user="ann")
        with pytest.raises(Interrupted) as caught:
            await read(stream)
    assert caught.value.reason == reason
    assert caught.value.text == stream.text


@pytest.mark.parametrize(
    "fault", ["shredded", "buffered", "slow=1", "think", "details", "tts-after-end"]
)
async def test_odd_streams_give_the_same_text(fault: str) -> None:
    async with sandbox(fault=fault) as api:
        stream = await ask(api, "n=2")
    assert stream.text == "chunk 0 é😀. chunk 1 é😀. "


async def test_separators_stay_in_the_text() -> None:
    async with sandbox(fault="separators") as api:
        stream = await ask(api, "n=2")
    assert {"\u2028", "\u2029", "\u0085"} <= set(stream.text)


@pytest.mark.parametrize("fault", ["replaced", "replaced-twice"])
async def test_replacements(fault: str) -> None:
    async with sandbox(fault=fault) as api:
        stream = api.stream({"query": "n=4"}, user="ann")
        events = await read(stream)
    replacements = [event for event in events if isinstance(event, TextReplaced)]
    assert len(replacements) == (2 if fault == "replaced-twice" else 1)
    assert stream.text.startswith(replacements[-1].text)


@pytest.mark.parametrize("fault", ["error-first", "error-after-text"])
async def test_errors_within_a_stream(fault: str) -> None:
    async with sandbox(fault=fault) as api:
        stream = api.stream({"query": "n=5"}, user="ann")
        events = []
        with pytest.raises(GenerationFailed):
            async with stream:
                async for event in stream:
                    events.append(event)
    assert isinstance(events[-1], Failed)
    assert bool(stream.text) == (fault == "error-after-text")


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("no-audio", NoSpeech), ("empty-audio", NoSpeech), ("mute", ServiceFailed)],
)
async def test_speech_that_fails(fault: str, kind: type[CompletionError]) -> None:
    async with sandbox("app-vision", fault=fault) as api:
        with pytest.raises(kind):
            await api.speak(text="hi", user="ann")


async def test_wav_called_mpeg_is_wav() -> None:
    async with sandbox("app-vision", fault="wav-as-mp3") as api:
        assert (await api.speak(text="hi", user="ann")).media_type == "audio/wav"


async def test_a_server_deaf_to_stops_is_left() -> None:
    async with (
        sandbox(fault="deaf-stop", patience=replace(PATIENT, stop=0.4)) as api,
        api.stream({"query": "n=1000 d=1"}, user="ann") as stream,
    ):
        await anext(stream)
        began = asyncio.get_running_loop().time()
        await stream.stop()
        events = [event async for event in stream]
        assert asyncio.get_running_loop().time() - began < 5  # it would go on for twenty
    assert events[-1] == Finished(stopped=True)
