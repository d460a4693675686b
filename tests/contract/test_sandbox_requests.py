"""Keys, bodies and inputs: refused in the words and the order of the recorded server."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from yarl import URL

from tests.fakes.sandbox_door import Door, open_door

pytestmark = pytest.mark.real_time


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with open_door() as opened:
        yield opened


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("", "Authorization header must be provided and start with 'Bearer'"),
        ("Bearer", "Authorization header must be provided and start with 'Bearer'"),
        ("Basic app-plain", "Authorization scheme must be 'Bearer'"),
        ("Bearer app-plai", "Access token is invalid"),
        ("Bearer app-plain2", "Access token is invalid"),
        ("Bearer äpp", "Access token is invalid"),
    ],
)
async def test_a_request_without_a_good_key_is_refused(
    door: Door, header: str, message: str
) -> None:
    reply = await door.get("/info", headers={"Authorization": header})
    assert reply.refusal == (401, "unauthorized", message)
    assert reply.headers["WWW-Authenticate"] == 'Bearer realm="api"'


async def test_the_scheme_may_be_written_small(door: Door) -> None:
    reply = await door.get("/info", headers={"Authorization": "bearer  app-plain"})
    assert reply.json["name"] == "plain"


async def test_every_answer_says_which_server_it_is(door: Door) -> None:
    for reply in (await door.get("/info"), await door.get("/nope"), await door.ask("n=1")):
        assert reply.headers["X-Version"] == "1.14.1"
        assert reply.headers["X-Env"] == "PRODUCTION"
        assert reply.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    "path",
    ["/info/", "/nope", "/messages/42/feedbacks", "/files/x/preview", "/end-users/x", "//info"],
)
async def test_a_path_the_api_does_not_have_is_a_page(door: Door, path: str) -> None:
    reply = await door.get(path)
    assert reply.status == 404
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    assert reply.body.startswith(b"<!doctype html>")


async def test_a_wrong_method_is_refused_in_json(door: Door) -> None:
    reply = await door.post("/info", {})
    assert reply.refusal == (
        405,
        "method_not_allowed",
        "The method is not allowed for the requested URL.",
    )
    assert "GET" in reply.headers["Allow"]


@pytest.mark.parametrize("body", [b"[]", b"null", b"5", b'"text"', b'{"user": "\\ud800"}'])
async def test_dify_trips_over_json_that_is_no_sound_object(door: Door, body: bytes) -> None:
    reply = await door.post(
        "/completion-messages", data=body, headers={"Content-Type": "application/json"}
    )
    assert reply.status == 500
    assert list(reply.json.items()) == [
        ("message", "Internal Server Error"),
        ("code", "unknown"),
        ("status", 500),
    ]


@pytest.mark.parametrize("body", [b"", b"{", b'{"a":1}x', b"\xff", b'{"a": ' + b"1" * 5000 + b"}"])
async def test_what_is_not_json_is_a_bad_request(door: Door, body: bytes) -> None:
    reply = await door.post(
        "/completion-messages", data=body, headers={"Content-Type": "application/vnd.x+json"}
    )
    assert reply.status == 400
    assert reply.json["code"] == "bad_request"


async def test_nesting_without_end_does_no_harm(door: Door) -> None:
    deep = b'{"inputs":' + b"[" * 200_000 + b"]" * 200_000 + b',"user":"ann"}'
    reply = await door.post(
        "/completion-messages", data=deep, headers={"Content-Type": "application/json"}
    )
    assert reply.json["code"] == "unknown"


async def test_a_body_beyond_the_limit_is_the_proxys_to_refuse(door: Door) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(16):
            yield bytes(2**20)

    reply = await door.post(
        "/completion-messages", data=endless(), headers={"Content-Type": "application/json"}
    )
    assert reply.status == 413
    assert b"nginx" in reply.body


@pytest.mark.parametrize("user", [None, "", 0, [], False])
async def test_a_question_needs_a_user(door: Door, user: object) -> None:
    assert (await door.ask("n=1", user=user)).refusal == (
        400,
        "invalid_param",
        "Arg user must be provided.",
    )


async def test_any_user_is_taken_as_text_up_to_its_limit(door: Door) -> None:
    assert (await door.ask("n=1", user=123)).status == 200
    assert (await door.ask("n=1", user="ü" * 255)).status == 200
    assert (await door.ask("n=1", user="u" * 256)).json["code"] == "unknown"
    assert (await door.ask("n=1", user="a\x00b")).json["code"] == "invalid_param"


async def test_the_user_is_asked_for_before_the_app_is_looked_at(door: Door) -> None:
    assert (await door.ask("x", key="app-chat", user="")).json["code"] == "invalid_param"
    assert (await door.ask("x", key="app-chat")).json["code"] == "app_unavailable"
    assert (await door.stop("x", key="app-chat")).json["code"] == "app_unavailable"


async def test_types_are_refused_in_the_recorded_wording(door: Door) -> None:
    reply = await door.post(
        "/completion-messages", {"inputs": [], "query": 5, "files": {}, "user": "ann"}
    )
    assert reply.json["message"] == (
        "3 validation errors for CompletionRequestPayload\n"
        "inputs\n  Input should be a valid dictionary [type=dict_type, input_value=[], "
        "input_type=list]\n    For further information visit "
        "https://errors.pydantic.dev/2.12/v/dict_type\n"
        "query\n  Input should be a valid string [type=string_type, input_value=5, "
        "input_type=int]\n    For further information visit "
        "https://errors.pydantic.dev/2.12/v/string_type\n"
        "files\n  Input should be a valid list [type=list_type, input_value={}, "
        "input_type=dict]\n    For further information visit "
        "https://errors.pydantic.dev/2.12/v/list_type"
    )


async def echo(door: Door, **inputs: object) -> str:
    reply = await door.ask("ECHO", streaming=False, key="app-form", inputs=inputs)
    assert reply.status == 200, reply.body
    return str(reply.json["answer"]).removeprefix("ECHO<ECHO ").removesuffix("\n>")


async def test_what_nobody_filled_reaches_the_prompt_as_none(door: Door) -> None:
    assert await echo(door) == "title=None tone=None n=None flag=None"
    assert await echo(door, title=None, tone=None) == "title=None tone=None n=None flag=None"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"title": ""}, "title= tone=None n=None flag=None"),
        ({"title": "0123456789"}, "title=0123456789 tone=None n=None flag=None"),
        ({"title": "a\x00b"}, "title=ab tone=None n=None flag=None"),
        ({"title": "{{tone}}"}, "title={tone} tone=None n=None flag=None"),
        ({"tone": "casual"}, "title=None tone=casual n=None flag=None"),
        ({"n": "3.5"}, "title=None tone=None n=3.5 flag=None"),
        ({"n": "4"}, "title=None tone=None n=4 flag=None"),
        ({"n": 5}, "title=None tone=None n=5 flag=None"),
        ({"n": " "}, "title=None tone=None n=None flag=None"),
        ({"flag": "Yes"}, "title=None tone=None n=None flag=True"),
        ({"flag": 0}, "title=None tone=None n=None flag=False"),
        ({"flag": "maybe"}, "title=None tone=None n=None flag=maybe"),
        ({"unknown": "x"}, "title=None tone=None n=None flag=None"),
    ],
)
async def test_inputs_reach_the_prompt(door: Door, given: dict[str, Any], shown: str) -> None:
    assert await echo(door, **given) == shown


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"query": None}, "query is required in input form"),
        ({"query": 5}, "(type 'paragraph') query in input form must be a string"),
        ({"title": {}}, "(type 'text-input') title in input form must be a string"),
        ({"title": "01234567890"}, "title in input form must be less than 10 characters"),
        ({"tone": ""}, "tone in input form must be one of the following: ['formal', 'casual']"),
        ({"n": "abc"}, "n in input form must be a valid number"),
    ],
)
async def test_inputs_that_do_not_fit_are_refused_before_a_stream(
    door: Door, given: dict[str, Any], message: str
) -> None:
    reply = await door.ask("x", key="app-form", inputs=given)
    assert reply.refusal == (400, "invalid_param", message)


async def test_a_number_that_is_a_list_trips_dify(door: Door) -> None:
    assert (await door.ask("x", key="app-form", inputs={"n": [1]})).json["code"] == "unknown"


async def test_a_blank_question_passes_and_blocking_is_the_default(door: Door) -> None:
    reply = await door.post("/completion-messages", {"inputs": {"query": " "}, "user": "ann"})
    assert reply.json["mode"] == "completion"


async def test_an_end_user_can_be_looked_up_by_its_own_app(door: Door) -> None:
    owner = (await door.upload(user="bob")).json["created_by"]
    found = (await door.get(f"/end-users/{owner.upper()}")).json
    assert (found["id"], found["external_user_id"], found["type"]) == (owner, "bob", "service-api")
    assert "T" in found["created_at"] and "+" not in found["created_at"]
    other = await door.get(f"/end-users/{owner}", key="app-form")
    assert other.refusal[:2] == (404, "end_user_not_found")


async def test_a_host_that_is_no_text_spoils_nothing(door: Door) -> None:
    address = URL(door.url)
    reader, writer = await asyncio.open_connection(address.host, address.port)
    file = (await door.upload(user="ann", key="app-vision")).json["id"]
    body = json.dumps(
        {
            "inputs": {"query": "n=1"},
            "user": "ann",
            "response_mode": "streaming",
            "files": [{"type": "image", "transfer_method": "local_file", "upload_file_id": file}],
        }
    ).encode()
    writer.write(
        b"POST /v1/completion-messages HTTP/1.1\r\nHost: \xff\r\nConnection: close\r\n"
        b"Authorization: Bearer app-vision\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    )
    answer = await reader.read()
    writer.close()
    assert '"url":"http://\ufffd/files/' in answer.decode()


@pytest.mark.parametrize("body", [b"{nope", gzip.compress(b'{"text": ""}', mtime=0)])
async def test_a_packed_body_is_not_unpacked(door: Door, body: bytes) -> None:
    packed = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    reply = await door.call("POST", "/text-to-audio", data=body, headers=packed)
    assert reply.refusal[:2] == (400, "bad_request")


async def test_the_front_page_names_keys_and_faults(door: Door) -> None:
    async with door.session.get(door.url.removesuffix("/v1") + "/") as response:
        page = await response.text()
    assert "app-sandbox" in page and "/shredded" not in page and "shredded" in page
    assert f"{door.url}," in page
    assert "in questions: unspeakable" in page
