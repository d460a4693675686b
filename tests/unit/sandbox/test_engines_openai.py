import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from bot.sandbox.engines.openai import LONGEST_BODY, LONGEST_LINE, LONGEST_MESSAGE, OpenAIEngine
from bot.sandbox.writer import EngineUnavailable, Picture, Task, WriterFault, make_engine
from tests.fakes.openai_server import DONE, KEY, OpenAIServer, delta, openai_server

pytestmark = pytest.mark.real_time

HELLO = Task(prompt="Hello", inputs={})


@pytest.fixture
async def server() -> AsyncIterator[OpenAIServer]:
    async with openai_server() as fake:
        yield fake


@pytest.fixture
async def engine(server: OpenAIServer) -> AsyncIterator[OpenAIEngine]:
    made = OpenAIEngine(server.url, key=KEY, model="small", silence=0.2)
    yield made
    await made.close()


async def text_of(engine: OpenAIEngine, task: Task = HELLO) -> str:
    return "".join([piece async for piece in engine.write(task)])


async def test_pieces_arrive_as_they_are_streamed(engine: OpenAIEngine) -> None:
    assert [piece async for piece in engine.write(HELLO)] == ["Hel", "lo"]


async def test_engine_is_made_by_name(server: OpenAIServer) -> None:
    engine = await make_engine(
        "openai", upstream=f"{server.url}/", upstream_key=KEY, upstream_model="small"
    )
    assert isinstance(engine, OpenAIEngine)
    assert await text_of(engine) == "Hello"
    await engine.close()


async def test_inputs_and_passages_go_into_the_system_message(
    server: OpenAIServer, engine: OpenAIEngine
) -> None:
    task = Task(
        prompt="Write of tides",
        inputs={"tone": "formal", "topic": "tides", "big": "x" * 101, "none": None},
        passages=("The Moon pulls.",),
    )
    await text_of(engine, task)
    assert server.seen == [
        {
            "model": "small",
            "stream": True,
            "messages": [
                {
                    "role": "system",
                    "content": "tone: formal\nUse these passages where they help:\nThe Moon pulls.",
                },
                {"role": "user", "content": "Write of tides"},
            ],
        }
    ]


async def test_pictures_go_along_as_data_urls(server: OpenAIServer, engine: OpenAIEngine) -> None:
    picture = Picture(name="a.png", media_type="image/png", data=b"\x89PNG")
    await text_of(engine, Task(prompt="What is it?", inputs={}, pictures=(picture,)))
    assert server.seen[0]["messages"] == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is it?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
            ],
        }
    ]


async def test_separators_inside_of_strings_do_not_cut_events(
    server: OpenAIServer, engine: OpenAIEngine
) -> None:
    odd = "a\u2028b\u2029c\x85d 😀"
    whole = b": comment\r\n\r\nevent: x\n" + delta(odd).replace(b"\n", b"\r\n") + DONE
    server.chunks = [whole[at : at + 1] for at in range(len(whole))]
    assert await text_of(engine) == odd


async def test_reasoning_is_put_between_think_tags(
    server: OpenAIServer, engine: OpenAIEngine
) -> None:
    server.chunks = [
        delta(reasoning_content="Let me "),
        delta(reasoning="see."),
        delta("Yes."),
        DONE,
    ]
    assert await text_of(engine) == "<think>\nLet me see.\n</think>\nYes."


async def test_reasoning_without_an_answer_is_closed(
    server: OpenAIServer, engine: OpenAIEngine
) -> None:
    server.chunks = [delta(reasoning_content="Hm"), DONE]
    assert await text_of(engine) == "<think>\nHm\n</think>\n"


async def test_events_without_text_are_passed_over(
    server: OpenAIServer, engine: OpenAIEngine
) -> None:
    server.chunks = [b'data: {"choices": [], "usage": {}}\n\n', delta(""), delta("a"), DONE]
    assert [piece async for piece in engine.write(HELLO)] == ["a"]


async def test_stream_that_ends_with_a_reason_needs_no_done(
    server: OpenAIServer, engine: OpenAIEngine
) -> None:
    server.chunks = [delta("a", "stop")]
    assert await text_of(engine) == "a"


async def test_answer_of_a_server_that_does_not_stream_is_taken_whole(
    server: OpenAIServer, engine: OpenAIEngine
) -> None:
    async def whole(_: web.Request) -> web.StreamResponse:
        return web.json_response({"choices": [{"message": {"content": "All at once"}}]})

    server.reply = whole
    assert await text_of(engine) == "All at once"


async def test_closing_the_generator_closes_the_connection(
    server: OpenAIServer, engine: OpenAIEngine
) -> None:
    server.hold = True
    writing = engine.write(HELLO)
    assert await anext(writing) == "Hel"
    await writing.aclose()  # type: ignore[attr-defined] # an async generator behind its protocol
    async with asyncio.timeout(1):
        await server.left.wait()


@pytest.mark.parametrize(
    ("chunks", "words"),
    [
        ([delta("a")], "broke off before"),
        ([], "broke off before"),
        ([delta("a"), b"data: {nonsense\n\n"], "cannot be read"),
        ([b"data: []\n\n"], "cannot be read"),
        ([b"data: " + b"[" * 100_000 + b"\n\n"], "cannot be read"),
        ([b'data: {"error": {"message": "overloaded"}}\n\n'], "failed: overloaded"),
        ([b"data: " + b"x" * (LONGEST_LINE + 1)], "line without end"),
    ],
)
async def test_broken_streams_are_faults(
    server: OpenAIServer, engine: OpenAIEngine, chunks: list[bytes], words: str
) -> None:
    server.chunks = chunks
    with pytest.raises(WriterFault, match=words):
        await text_of(engine)


async def test_cut_connection_is_a_fault(server: OpenAIServer, engine: OpenAIEngine) -> None:
    server.cut = True
    server.chunks = [delta("a")]
    with pytest.raises(WriterFault, match="broke off"):
        await text_of(engine)


async def test_silence_is_given_up(server: OpenAIServer, engine: OpenAIEngine) -> None:
    server.hold = True
    server.chunks = [delta("a")]
    with pytest.raises(WriterFault, match="fell silent"):
        await text_of(engine)


async def test_unreachable_upstream_is_a_fault() -> None:
    engine = OpenAIEngine("http://127.0.0.1:1/v1", key="", model="small")
    with pytest.raises(WriterFault, match="cannot be reached"):
        await text_of(engine)
    await engine.close()


async def test_wrong_key_is_refused_and_appears_nowhere(server: OpenAIServer) -> None:
    wrong = "secret-of-another-kind"
    engine = OpenAIEngine(server.url, key=wrong, model="small")
    with pytest.raises(WriterFault, match="status 401: Incorrect API key provided") as caught:
        await text_of(engine)
    assert wrong not in caught.value.message
    assert wrong not in repr(engine)
    await engine.close()


async def test_without_a_key_no_authorization_is_sent(server: OpenAIServer) -> None:
    engine = OpenAIEngine(server.url, key="", model="small")
    with pytest.raises(WriterFault, match="provided: None"):
        await text_of(engine)
    await engine.close()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('{"error": "model not\\nfound"}', ": model not found"),
        ('{"detail": "try gsk_abcdef123456 again"}', ": try [key] again"),
        ("<html>502</html>", "."),
        ('{"error": {"code": 5}}', "."),
        (json.dumps({"message": "x" * 1000}), ": " + "x" * LONGEST_MESSAGE),
    ],
)
async def test_refusals_are_told_in_one_safe_line(
    server: OpenAIServer, engine: OpenAIEngine, body: str, message: str
) -> None:
    async def refuse(_: web.Request) -> web.StreamResponse:
        return web.Response(status=429, text=body)

    server.reply = refuse
    with pytest.raises(WriterFault) as caught:
        await text_of(engine)
    assert caught.value.message == f"The upstream refused with status 429{message}"


async def test_redirect_is_not_followed(server: OpenAIServer, engine: OpenAIEngine) -> None:
    async def elsewhere(_: web.Request) -> web.StreamResponse:
        raise web.HTTPTemporaryRedirect("http://127.0.0.1:1/")

    server.reply = elsewhere
    with pytest.raises(WriterFault, match="status 307"):
        await text_of(engine)


async def test_endless_body_is_not_read_to_its_end(
    server: OpenAIServer, engine: OpenAIEngine
) -> None:
    async def flood(_: web.Request) -> web.StreamResponse:
        return web.Response(body=b"x" * (LONGEST_BODY + 1), content_type="application/json")

    server.reply = flood
    with pytest.raises(WriterFault, match="more than an answer"):
        await text_of(engine)


@pytest.mark.parametrize(
    ("upstream", "key", "model", "words"),
    [
        ("", "", "m", "no web address"),
        ("ftp://host", "", "m", "no web address"),
        ("http://[", "", "m", "no web address"),
        ("http://user:pass@host/v1", "", "m", "more than an address"),
        ("http://host/v1?key=1", "", "m", "more than an address"),
        ("http://host/v1", "", "", "Name the model"),
        ("http://host/v1", "a\nb", "m", "no key can have"),
    ],
)
async def test_unusable_settings_are_named(upstream: str, key: str, model: str, words: str) -> None:
    with pytest.raises(EngineUnavailable, match=words):
        await make_engine("openai", upstream=upstream, upstream_key=key, upstream_model=model)


async def test_shape_is_enforced_by_the_fake(server: OpenAIServer) -> None:
    engine = OpenAIEngine(server.url, key=KEY, model="small")
    bad = Picture(name="", media_type="text/plain", data=b"x")
    with pytest.raises(WriterFault, match="status 400: model, messages and stream"):
        await text_of(engine, Task(prompt="", inputs={}, pictures=(bad,)))
    await engine.close()
