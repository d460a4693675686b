"""Whatever is sent, the answer has one of the API's shapes, and nothing is logged as a crash."""

import asyncio
import json
import logging
import re
from collections.abc import Iterator
from urllib.parse import quote

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.sandbox import Config, serve

pytestmark = pytest.mark.real_time

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=8,
)
ENTRY = st.dictionaries(
    st.sampled_from(["type", "transfer_method", "upload_file_id", "url"]),
    st.sampled_from(["image", "local_file", "remote_url", "tool_file", "x", "", None, 5, [], {}])
    | st.text(max_size=10),
)
QUESTION = st.fixed_dictionaries(
    {
        "inputs": st.fixed_dictionaries(
            {},
            optional={
                "query": st.sampled_from(["n=1", "ECHO x", "/quota", "/busy=1e9"]) | JSON,
                "title": JSON, "tone": JSON, "n": JSON, "flag": JSON,
            },
        )
        | JSON,
        "user": st.sampled_from(["ann", 5]) | JSON,
    },
    optional={
        "files": st.lists(ENTRY, max_size=5) | JSON,
        "response_mode": st.sampled_from(["blocking", "streaming"]) | JSON,
        "rating": st.sampled_from(["like", None]) | JSON,
        "message_id": JSON, "text": JSON, "voice": JSON,
    },
)  # fmt: skip
# What a stream may be: text, replacements and pings, one end, then perhaps speech and its end.
LETTERS = {
    "message": "m", "message_replace": "r", "ping": "p", "message_end": "e", "error": "e",
    "tts_message": "t", "tts_message_end": "T",
}  # fmt: skip
GRAMMAR = re.compile(r"[mrpt]*e([tp]*T)?")

PATHS = (
    "/v1/completion-messages",
    "/v1/completion-messages/x/stop",
    "/v1/text-to-audio",
    "/v1/messages/00000000-0000-4000-8000-000000000000/feedbacks",
)
KEYS = ("app-form", "app-vision", "app-autotts")


class Sandbox:
    """One server, on a loop of its own, for many examples."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._server = serve(Config(port=0, speed=1000))
        self.url = self._runner.run(self._server.__aenter__()).url.removesuffix("/v1")

    def close(self) -> None:
        self._runner.run(self._server.__aexit__(None, None, None))
        self._runner.close()

    def send(
        self, method: str, path: str, headers: dict[str, str], data: bytes = b""
    ) -> tuple[int, str, bytes]:
        async def send() -> tuple[int, str, bytes]:
            async with (
                aiohttp.ClientSession() as session,
                session.request(method, self.url + path, data=data, headers=headers) as response,
            ):
                return response.status, response.content_type, await response.read()

        return self._runner.run(send())


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    opened = Sandbox()
    yield opened
    opened.close()


def assert_shaped(answer: tuple[int, str, bytes]) -> None:
    status, media_type, body = answer
    if media_type == "application/json" and status >= 400:
        assert set(json.loads(body)) == {"code", "message", "status"}
        assert json.loads(body)["status"] == status
    elif media_type == "text/event-stream":
        assert GRAMMAR.fullmatch("".join(LETTERS[kind] for kind in kinds(body)))
    else:
        assert media_type in ("application/json", "text/html", "audio/mpeg")


def kinds(body: bytes) -> list[str]:
    return [
        "ping" if part == b"event: ping" else json.loads(part.removeprefix(b"data: "))["event"]
        for part in body.split(b"\n\n")[:-1]
    ]


FEW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@FEW
@given(body=QUESTION | JSON, path=st.sampled_from(PATHS), key=st.sampled_from(KEYS))
def test_junk_in_json_is_answered_in_shape(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture, body: object, path: str, key: str
) -> None:
    with caplog.at_level(logging.ERROR):
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        assert_shaped(sandbox.send("POST", path, headers, json.dumps(body).encode()))
    assert not caplog.records


LINE = st.binary(max_size=12).map(lambda line: line.replace(b"\n", b""))
FORM = st.lists(
    LINE
    | st.sampled_from(
        [
            b"--B", b"--B--", b"", b"x",
            b'Content-Disposition: form-data; name="file"; filename="a.png"',
            b'Content-Disposition: form-data; name="user"',
            b"Content-Disposition: form-data; name*=utf-8''%ff; filename*=x",
            b"Content-Type: image/png", b"Content-Type: multipart/mixed; boundary=C", b"--C",
            b"Content-Transfer-Encoding: base64", b"Content-Encoding: gzip",
            b"Content-Length: 99", b"Content-Length: x",
        ]
    ),
    max_size=12,
).map(lambda lines: b"--B\r\n" + b"\r\n".join(lines) + b"\r\n--B--\r\n")  # fmt: skip


@pytest.mark.filterwarnings("ignore::aiohttp.BadContentDispositionParam")
@pytest.mark.filterwarnings("ignore::aiohttp.BadContentDispositionHeader")
@FEW
@given(body=FORM)
def test_junk_in_a_form_is_answered_in_shape(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture, body: bytes
) -> None:
    with caplog.at_level(logging.ERROR):
        headers = {
            "Authorization": "Bearer app-vision",
            "Content-Type": "multipart/form-data; boundary=B",
        }
        assert_shaped(sandbox.send("POST", "/v1/files/upload", headers, body))
    assert not caplog.records


@FEW
@given(
    header=st.text(
        st.characters(min_codepoint=33, max_codepoint=255, categories=["L", "N", "P", "S"]),
        min_size=1,
        max_size=20,
    ),
    query=st.text(max_size=20),
)
def test_junk_in_headers_and_queries_is_answered_in_shape(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture, header: str, query: str
) -> None:
    with caplog.at_level(logging.ERROR):
        path = f"/v1/app/feedbacks?page={quote(query)}&limit=%ff"
        key = {"Authorization": "Bearer app-plain"}
        assert_shaped(sandbox.send("GET", path, key | {"X-Sandbox-Fault": header}))
        assert_shaped(sandbox.send("GET", path, {"Authorization": f"Bearer {header}"}))
        link = f"/files/00000000-0000-4000-8000-000000000000/file-preview?sign={quote(query)}"
        assert_shaped(sandbox.send("GET", link, {}))
    assert not caplog.records


WORDS = st.lists(
    st.sampled_from(
        [
            "n=0", "n=7", "n=40", "d=0.1", "d=3", "wait=12", "err=quota", "err=x", "at=3",
            "badword",
        ]
    ),
    max_size=5,
)  # fmt: skip
FAULTS = st.sampled_from(
    ["", "/replaced ", "/replaced-twice ", "/error-after-text ", "/think ", "/tts-after-end "]
)


@FEW
@given(
    words=WORDS,
    fault=FAULTS,
    key=st.sampled_from(["app-plain", "app-autotts", "app-modin", "app-modout"]),
)
def test_whatever_happens_the_events_keep_their_order(
    sandbox: Sandbox, words: list[str], fault: str, key: str
) -> None:
    body = {
        "inputs": {"query": fault + " ".join(words)},
        "user": "ann",
        "response_mode": "streaming",
    }
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    answer = sandbox.send("POST", PATHS[0], headers, json.dumps(body).encode())
    assert answer[1] == "text/event-stream"
    assert_shaped(answer)
