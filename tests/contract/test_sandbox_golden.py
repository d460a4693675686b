"""The sandbox answers all 57 recorded exchanges as Dify 1.14.1 did."""

import asyncio
import io
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.sandbox import Config, serve

pytestmark = pytest.mark.real_time

GOLDEN = Path(__file__).parents[1] / "golden" / "dify-1.14.1.json"
RECORDS: list[dict[str, Any]] = json.loads(GOLDEN.read_text())["records"]

QUICK = 20.0  # the model is silent for eleven seconds once
STEADY = 2.0  # where a second request must come while a stream is open

# Recorded on a second connection while the named stream was open.
PAIRS = {"stop_ok": "stream_stopped", "concurrency_second": "concurrency_first"}

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4"
    "890000000d49444154789c63f8cfc0f01f0005000201a5f645400000000049454e44ae426082"
)
UPLOADS = {
    "upload_ok": 'name="file"; filename="cat.png"\r\nContent-Type: image/png',
    "upload_no_file": 'name="other"',
    "upload_too_large": 'name="file"; filename="big.png"\r\nContent-Type: image/png',
    "upload_no_mime": 'name="file"; filename="cat.png"',
}


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes
    chunks: list[bytes] = field(default_factory=list)


class Replay:
    """Sends recorded requests, with the ids of this run in place of the recorded ones."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url.removesuffix("/v1")
        self._ids: dict[str, str] = {}

    async def send(
        self, record: dict[str, Any], meet: Callable[[], Any] | None = None, after: int = 0
    ) -> Answer:
        """Send it; `meet` is awaited when `after` events have come."""
        request = record["request"]
        headers = {}
        if record["app"] != "none":
            headers["Authorization"] = f"Bearer app-{record['app']}"
        if request["content_type"]:
            headers["Content-Type"] = request["content_type"]
        async with self._session.request(
            request["method"],
            self._url + self._now(request["path"]),
            data=io.BytesIO(self._body(record) or b""),
            headers=headers,
        ) as response:
            chunks: list[bytes] = []
            async for chunk in response.content.iter_any():
                chunks.append(chunk)
                if meet is not None and b"".join(chunks).count(b"\n\n") >= after:
                    self._learn(record, b"".join(chunks))
                    await meet()
                    meet = None
            body = b"".join(chunks)
            self._learn(record, body)
            return Answer(response.status, response.headers, body, chunks)

    def _body(self, record: dict[str, Any]) -> bytes | None:
        request = record["request"]
        if record["name"] in UPLOADS:
            data = bytes(11 * 2**20) if record["name"] == "upload_too_large" else PNG
            head = UPLOADS[record["name"]].encode()
            user = b'--B\r\nContent-Disposition: form-data; name="user"\r\n\r\ng1\r\n'
            part = b"--B\r\nContent-Disposition: form-data; " + head + b"\r\n\r\n" + data
            return user + part + b"\r\n--B--\r\n"
        if record["name"] in ("err_not_json", "err_bad_json"):
            return b"{nope"
        return None if request["json"] is None else self._now(json.dumps(request["json"])).encode()

    def _now(self, text: str) -> str:
        return re.sub(r"[0-9a-f-]{36}", lambda found: self._ids.get(found[0], found[0]), text)

    def _learn(self, record: dict[str, Any], body: bytes) -> None:
        """Pair the ids of the recorded answer with those of this one, in order."""
        old = re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", record["body"]["text"])
        new = re.findall(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", body)
        for was, now in zip(old, new, strict=False):
            self._ids.setdefault(was, now.decode())


def events(body: str) -> list[Any]:
    """The stream's events; a ping is its own line."""
    parts = body.split("\n\n")
    assert parts.pop() == ""
    return [json.loads(part[6:]) if part.startswith("data: ") else part for part in parts]


def shape(value: object) -> object:
    """Types and keys, keys in their order."""
    if isinstance(value, dict):
        return [(key, shape(entry)) for key, entry in value.items()]
    if isinstance(value, list):
        return [shape(entry) for entry in value]
    return type(value)


def signature(text: str) -> str:
    """The text with what differs from run to run made equal."""
    text = re.sub(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", text)
    text = re.sub(r"127\.0\.0\.1:\d+", "HOST", text)
    text = re.sub(r"(timestamp=|\"created_at\": ?|\"latency\": ?)[0-9.e-]+", r"\1N", text)
    text = re.sub(r"nonce=[0-9a-f]{32}", "nonce=N", text)
    text = re.sub(r"sign=[A-Za-z0-9_-]+%3D", "sign=S", text)
    text = re.sub(r"\"20\d\d-\d\d-\d\dT[0-9:.]+\"", "DATE", text)
    return re.sub(r"(\"audio\": ?)\"[A-Za-z0-9+/=]+\"", r"\1AUDIO", text)


def assert_same(record: dict[str, Any], answer: Answer) -> None:
    name, recorded = record["name"], record["body"]["text"]
    assert answer.status == record["status"], name
    for header in ("Content-Type", "WWW-Authenticate", "X-Version", "Transfer-Encoding"):
        assert answer.headers.get(header) == record["headers"].get(header.lower()), (name, header)
    if name in ("tts_text", "tts_message"):
        assert len(answer.chunks) >= 1
        assert answer.body.startswith(b"\xff\xfb")
        return
    body = answer.body.decode()
    if name == "app_feedbacks":  # the recorded app had a past
        ours, theirs = json.loads(body)["data"], json.loads(recorded)["data"]
        assert shape(ours[:1]) == shape(theirs[:1])
        return
    if answer.headers["Content-Type"].startswith("text/event-stream"):
        kinds = [event if isinstance(event, str) else event["event"] for event in events(body)]
        assert kinds == [
            event if isinstance(event, str) else event["event"] for event in events(recorded)
        ], name
        assert [shape(event) for event in events(body)] == [
            shape(event) for event in events(recorded)
        ], name
    elif answer.headers["Content-Type"].startswith("application/json"):
        assert shape(json.loads(body)) == shape(json.loads(recorded)), name
    assert signature(body) == signature(recorded), name


@pytest.fixture
async def quick() -> AsyncIterator[Replay]:
    async with serve(Config(port=0, speed=QUICK)) as running, aiohttp.ClientSession() as session:
        yield Replay(session, running.url)


@pytest.fixture
async def steady() -> AsyncIterator[Replay]:
    async with serve(Config(port=0, speed=STEADY)) as running, aiohttp.ClientSession() as session:
        yield Replay(session, running.url)


async def test_every_recorded_exchange_is_answered_as_it_was_recorded(
    quick: Replay, steady: Replay
) -> None:
    by_name = {record["name"]: record for record in RECORDS}
    compared = []

    async def pair(second: str, first: str, after: int) -> None:
        async def meet() -> None:
            assert_same(by_name[second], await steady.send(by_name[second]))

        assert_same(by_name[first], await steady.send(by_name[first], meet, after))
        compared.extend((second, first))

    async def others() -> None:
        for record in RECORDS:
            if record["name"] not in (*PAIRS, *PAIRS.values()):
                assert_same(record, await quick.send(record))
                compared.append(record["name"])

    async with asyncio.TaskGroup() as group:
        group.create_task(others())
        group.create_task(pair("stop_ok", "stream_stopped", 3))
        group.create_task(pair("concurrency_second", "concurrency_first", 1))
    assert sorted(compared) == sorted(by_name)
    assert len(compared) == 57
