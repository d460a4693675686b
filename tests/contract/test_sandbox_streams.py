"""What a stream holds, in which order, and how it ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from bot.sandbox.faults import QUESTION
from bot.sandbox.writer import Engine, Task, WriterFault
from tests.fakes.sandbox_door import Door, Reply, first, open_door

pytestmark = pytest.mark.real_time


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with open_door(speed=50) as opened:
        yield opened


class Clerk:
    """An engine that writes what it is told, and remembers what it was asked."""

    name = "clerk"

    def __init__(self, *pieces: str, fault: str = "") -> None:
        self.pieces = pieces
        self.fault = fault
        self.tasks: list[Task] = []
        self.left = asyncio.Event()
        self.closed = False

    async def write(self, task: Task) -> AsyncIterator[str]:
        self.tasks.append(task)
        try:
            for piece in self.pieces:
                yield piece
            if self.fault:
                raise WriterFault(self.fault)
            if not self.pieces:
                await asyncio.Event().wait()
        finally:
            self.left.set()

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
def employ(monkeypatch: pytest.MonkeyPatch) -> "Employ":
    return Employ(monkeypatch)


class Employ:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def __call__(self, clerk: Clerk) -> Clerk:
        async def make_engine(name: str, **_: str) -> Engine:
            return clerk

        self._monkeypatch.setattr("bot.sandbox.app.make_engine", make_engine)
        return clerk


def unspoken(reply: Reply) -> list[str]:
    """The kinds of events without those of the speech, which this app always adds."""
    return [kind for kind in reply.kinds if not kind.startswith("tts_")]


async def test_the_engine_gets_prompt_inputs_pictures_and_passages(employ: Employ) -> None:
    clerk = employ(Clerk("one ", "two"))
    async with open_door() as door:
        door.key = "app-sandbox"
        picture = (await door.upload(b"\x89PNG cat")).json["id"]
        reply = await door.ask(
            "How do I stop an answer with the stop button?",
            inputs={"tone": "formal", "bullets": "yes"},
            files=[{"type": "image", "transfer_method": "local_file", "upload_file_id": picture}],
        )
    (task,) = clerk.tasks
    assert reply.text == "one two"
    assert task.prompt == "How do I stop an answer with the stop button?"
    assert task.inputs["tone"] == "formal" and task.inputs["bullets"] is True
    assert task.pictures[0].data == b"\x89PNG cat"
    metadata = reply.events[reply.kinds.index("message_end")]["metadata"]
    sources = metadata["retriever_resources"]
    assert task.passages == tuple(source["content"] for source in sources) != ()
    assert sources[0]["position"] == 1 and 0 < sources[0]["score"] <= 1
    usage = metadata["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"]) == (10, 2)
    assert usage["completion_price"] == "0.0000200"
    assert clerk.closed


async def test_an_engine_that_fails_is_an_error_event_or_a_refusal(employ: Employ) -> None:
    employ(Clerk("one ", fault="no paper left"))
    async with open_door() as door:
        reply = await door.ask("write", key="app-sandbox")
        assert unspoken(reply) == ["message", "error"]
        failure = reply.events[reply.kinds.index("error")]
        assert "task_id" not in failure
        assert failure["code"] == "completion_request_error"
        whole = await door.ask("write", key="app-sandbox", streaming=False)
        assert whole.refusal == (400, "completion_request_error", "no paper left")


async def test_who_leaves_stops_the_engine_and_the_answer_stays_empty(employ: Employ) -> None:
    clerk = employ(Clerk())
    async with open_door(speed=100) as door:
        events = door.follow("write", key="app-sandbox")
        assert await first(events, 1) == [{"event": "ping"}]
        async with asyncio.timeout(5):
            await clerk.left.wait()


async def test_who_leaves_keeps_a_message_without_an_answer(door: Door) -> None:
    (event,) = await first(door.follow("n=50 d=1", key="app-vision"), 1)
    message = event["message_id"]
    spoken = await door.post("/text-to-audio", {"message_id": message}, key="app-vision")
    assert spoken.body == b"null\n"
    rated = await door.post(
        f"/messages/{message}/feedbacks", {"rating": "like", "user": "ann"}, key="app-vision"
    )
    assert rated.status == 200


async def test_who_leaves_frees_the_apps_only_stream_at_once(door: Door) -> None:
    await first(door.follow("n=50 d=20", key="app-limited"), 1)
    for _ in range(200):  # the server notices within milliseconds, not at the next ping
        reply = await door.ask("n=1", key="app-limited")
        if reply.status == 200:
            break
        await asyncio.sleep(0.01)
    assert reply.status == 200


async def test_too_many_streams_are_refused_with_429_where_configured() -> None:
    async with (
        open_door(busy_status=429, speed=50) as door,
        aclosing(door.follow("n=9 d=5", key="app-limited")) as events,
    ):
        await anext(events)
        status, code, message = (await door.ask("x", key="app-limited")).refusal
    assert (status, code) == (429, "too_many_requests")
    assert message.startswith("Too many requests. Please try again later.")


async def test_pings_come_every_ten_seconds_while_text_flows(door: Door) -> None:
    kinds = (await door.ask("n=11 d=2.2")).kinds
    assert kinds.count("ping") == 2
    assert kinds[5:7] == ["ping", "message"] or kinds[4:6] == ["message", "ping"]


async def test_one_event_is_one_chunk(door: Door) -> None:
    reply = await door.ask("n=5 d=0.5")
    assert [chunk.count(b"\n\n") for chunk in reply.chunks] == [1] * 7


async def test_a_stop_by_somebody_else_changes_nothing(door: Door) -> None:
    seen = []
    async with aclosing(door.follow("n=4 d=2")) as events:
        async for event in events:
            if not seen:
                assert (await door.stop(event["task_id"], user="bob")).status == 200
                assert (await door.stop("garbage")).json == {"result": "success"}
            seen.append(event["event"])
    assert seen == ["message"] * 5 + ["message_end"]


async def test_a_stop_keeps_what_was_written(door: Door) -> None:
    seen = []
    async with aclosing(door.follow("n=9 d=5", key="app-vision")) as events:
        async for event in events:
            if not seen:
                for _ in "twice":
                    assert (await door.stop(event["task_id"], key="app-vision")).status == 200
            seen.append(event)
    assert [event["event"] for event in seen][-1] == "message_end"
    assert len(seen) <= 3
    assert seen[-1]["metadata"]["usage"]["total_price"] == "0E-7"
    spoken = await door.post(
        "/text-to-audio", {"message_id": seen[0]["message_id"]}, key="app-vision"
    )
    assert spoken.headers["Content-Type"] == "audio/mpeg"


async def test_a_stop_ends_a_silent_run_within_a_second(door: Door) -> None:
    seen = []
    async with aclosing(door.follow("n=2 d=3000")) as events:
        async for event in events:
            if not seen:
                await door.stop(event["task_id"])
            seen.append(event["event"])
    assert seen == ["message", "message_end"]


@pytest.mark.parametrize("how", ["prompt", "header"])
async def test_a_deaf_stop_succeeds_and_a_slow_one_takes_its_time(door: Door, how: str) -> None:
    # The slow one comes after two chunks; a busy machine may take it for some more.
    for fault, last, expected in (("deaf-stop", 4, 5), ("slow-stop=4", 20, 20)):
        word, header = (f"/{fault} ", "") if how == "prompt" else ("", fault)
        seen = []
        async with aclosing(door.follow(f"{word}n={last} d=2")) as events:
            async for event in events:
                if not seen:
                    assert (await door.stop(event["task_id"], fault=header)).status == 200
                seen.append(event["event"])
        assert seen[-1] == "message_end"
        assert 2 < seen.count("message") <= expected


async def test_a_run_beyond_the_limit_ends_like_a_stopped_one() -> None:
    async with open_door(speed=4000) as door:
        reply = await door.ask("n=2 d=3000")
        assert set(reply.kinds[1:-1]) == {"ping"}
        assert reply.kinds[-1] == "message_end"
        assert reply.events[-1]["metadata"]["usage"]["total_tokens"] == 0
        whole = await door.ask("n=2 d=3000", streaming=False)
        assert whole.json["answer"] == "chunk 0 é😀. "


async def test_moderated_inputs_get_the_preset_answer_in_one_piece_too(door: Door) -> None:
    whole = (await door.ask("a BADWORD", key="app-modin", streaming=False)).json
    assert whole["answer"] == "INPUT BLOCKED"
    assert whole["metadata"]["usage"]["total_price"] == "0.0"


async def test_moderated_outputs_are_replaced_in_one_piece_too(door: Door) -> None:
    whole = (await door.ask("n=3", key="app-modout", streaming=False)).json
    assert whole["answer"] == "OUTPUT BLOCKED"
    fine = (await door.ask("ECHO hi", key="app-modout")).events
    assert [event["event"] for event in fine] == ["message", "message", "message_end"]


async def test_long_text_that_breaks_no_rule_is_left_alone(door: Door) -> None:
    reply = await door.ask(f"ECHO {'fine ' * 100}", key="app-modout")
    assert "message_replace" not in reply.kinds
    slow = await door.ask("n=40 d=0.1", key="app-sandbox")
    assert "message_replace" not in slow.kinds


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("quota", 400, "provider_quota_exceeded"),
        ("credentials", 400, "provider_not_initialize"),
        ("unsupported", 400, "model_currently_not_support"),
        ("internal", 500, "internal_server_error"),
        ("InvokeConnectionError", 400, "completion_request_error"),
    ],
)
async def test_a_models_failure_has_its_code_in_both_modes(
    door: Door, kind: str, status: int, code: str
) -> None:
    event = (await door.ask(f"n=1 err={kind} at=1")).events[-1]
    assert (event["event"], event["status"], event["code"]) == ("error", status, code)
    assert (await door.ask(f"err={kind}", streaming=False)).refusal[:2] == (status, code)


async def test_a_faults_word_alone_is_asked_with_a_question_of_its_own(employ: Employ) -> None:
    clerk = employ(Clerk("one ", "two"))
    async with open_door() as door:
        whole = await door.ask("/think ", streaming=False, key="app-sandbox")
    assert whole.json["answer"].startswith("<think>")
    assert clerk.tasks[0].prompt == QUESTION


async def test_a_word_can_be_made_to_take_its_time(employ: Employ) -> None:
    employ(Clerk("one ", "two"))
    async with open_door(word_delay=0.1) as door:
        started = asyncio.get_running_loop().time()
        assert (await door.ask("write", key="app-sandbox")).text == "one two"
        assert asyncio.get_running_loop().time() - started >= 0.2


async def test_speech_that_stays_away_does_not_hold_the_stream_open(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def say(*_: object, **__: object) -> bytes:
        await asyncio.Event().wait()
        return b""

    monkeypatch.setattr("bot.sandbox.speaking.say", say)
    kinds = (await door.ask("n=3", key="app-autotts")).kinds
    assert kinds[-2:] == ["message_end", "tts_message_end"]
