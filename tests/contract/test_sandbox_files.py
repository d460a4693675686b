"""Uploads, pictures in questions, links, and what survives a restart."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData, web

from tests.fakes.sandbox_door import Door, Reply, open_door

pytestmark = pytest.mark.real_time

VISION = "app-vision"


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with open_door(speed=50) as opened:
        opened.key = VISION
        yield opened


async def send_parts(door: Door, *parts: str, **more: Any) -> Reply:
    """A multipart body written by hand: each part is its headers after `form-data; `."""
    body = "".join(f"--B\r\nContent-Disposition: form-data; {part}\r\n" for part in parts)
    headers = {"Content-Type": "multipart/form-data; boundary=B"}
    return await door.call(
        "POST", "/files/upload", data=(body + "--B--\r\n").encode(), headers=headers, **more
    )


PNG = 'name="file"; filename="cat.png"\r\nContent-Type: image/png\r\n\r\nx'


async def test_a_file_without_a_user_belongs_to_the_shared_one(door: Door) -> None:
    owner = (await send_parts(door, PNG)).json["created_by"]
    assert (await door.get(f"/end-users/{owner}")).json["session_id"] == "DEFAULT-USER"


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        (('name="file"\r\n\r\nx',), "no_file_uploaded"),
        (
            ('name="other"; filename="a.png"\r\nContent-Type: image/png\r\n\r\nx',),
            "no_file_uploaded",
        ),
        ((PNG, PNG.replace('"file"', '"other"')), "too_many_files"),
        ((PNG.replace("cat.png", ""),), "filename_not_exists_error"),
        ((PNG.replace("cat.png", "a/b.png"),), "invalid_param"),
    ],
)
async def test_uploads_that_are_refused(door: Door, parts: tuple[str, ...], code: str) -> None:
    reply = await send_parts(door, *parts)
    assert (reply.status, reply.json["code"]) == (400, code)


async def test_the_first_of_two_files_of_one_name_is_kept(door: Door) -> None:
    reply = await send_parts(door, PNG, PNG.replace("cat.png", "dog.png"))
    assert (reply.status, reply.json["name"]) == (201, "cat.png")


@pytest.mark.parametrize(
    ("name", "media_type", "extension"),
    [
        ("a.EXE", "application/x-msdownload", "exe"),
        ("noname", "text/plain", ""),
        ('a:*?"<>|b.png', "image/png", "png"),
        ("voice.ogg", "audio/ogg", "ogg"),
    ],
)
async def test_any_kind_of_file_is_taken(
    door: Door, name: str, media_type: str, extension: str
) -> None:
    reply = await door.upload(b"", name=name, media_type=media_type)
    assert reply.status == 201
    assert (reply.json["extension"], reply.json["size"]) == (extension, 0)


async def test_a_name_too_long_is_cut(door: Door) -> None:
    assert (await door.upload(name="n" * 300 + ".png")).json["name"] == "n" * 200 + ".png"


@pytest.mark.parametrize(("name", "megabytes"), [("a.png", 10), ("a.pdf", 15)])
async def test_the_extension_decides_how_large_a_file_may_be(
    door: Door, name: str, megabytes: int
) -> None:
    assert (await door.upload(bytes(megabytes * 2**20), name=name)).status == 201
    assert (await door.upload(bytes(megabytes * 2**20 + 1), name=name)).refusal == (
        413,
        "file_too_large",
        "File size exceeded. {message}",
    )


async def test_a_field_without_end_is_the_proxys_to_refuse(door: Door) -> None:
    reply = await send_parts(door, f'name="user"\r\n\r\n{"u" * 70_000}', PNG)
    assert reply.status == 413
    assert b"nginx" in reply.body


@pytest.mark.unmeasured
async def test_a_form_of_countless_parts_is_the_proxys_to_refuse(door: Door) -> None:
    many = ['name="x"\r\n\r\ny'] * 999
    assert (await send_parts(door, *many, PNG)).status == 201
    assert (await send_parts(door, *many, PNG, PNG)).status == 413


async def test_names_that_are_not_utf_8_are_made_readable(door: Door) -> None:
    head = b'--B\r\nContent-Disposition: form-data; name="file"; filename="\xff.png"\r\n'
    reply = await door.call(
        "POST",
        "/files/upload",
        data=head + b"Content-Type: image/\xfe\r\n\r\nx\r\n--B--\r\n",
        headers={"Content-Type": "multipart/form-data; boundary=B"},
    )
    assert (reply.json["name"], reply.json["mime_type"]) == ("\ufffd.png", "image/\ufffd")


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"{}", "application/json"),
        (b"nonsense", "multipart/form-data; boundary=B"),
        (b"--B\r\n", "multipart/form-data; boundary=B"),
        (b"--B\r\nnothing\r\n\r\nx\r\n--B--", "multipart/form-data; boundary=B"),
        (b"x", "multipart/form-data"),
    ],
)
async def test_a_body_that_is_no_form_holds_no_file(
    door: Door, body: bytes, media_type: str
) -> None:
    reply = await door.call(
        "POST", "/files/upload", data=body, headers={"Content-Type": media_type}
    )
    assert reply.json["code"] == "no_file_uploaded"


async def test_a_form_within_the_form_is_not_followed(door: Door) -> None:
    inner = FormData()
    inner.add_field("x", b"y", filename="z")
    reply = await send_parts(
        door,
        'name="nest"\r\nContent-Type: multipart/mixed; boundary=C\r\n\r\n--C\r\n\r\nx\r\n--C--\r\n',
        PNG,
    )
    assert reply.json["code"] == "no_file_uploaded"


async def test_a_signed_link_opens_the_file_without_a_key(door: Door) -> None:
    link = (await door.upload(b"\x89PNG bytes")).json["source_url"]
    async with door.session.get(link) as response:
        assert response.headers["Content-Type"] == "application/octet-stream"
        assert await response.read() == b"\x89PNG bytes"
    for spoiled in (link[:-8], link.replace("timestamp=1", "timestamp=2"), link.split("?")[0]):
        async with door.session.get(spoiled) as response:
            assert (response.status, (await response.json())["code"]) == (404, "not_found")


async def test_a_preview_shows_what_a_message_used_to_its_own_app(door: Door) -> None:
    path = f"/files/{(file := (await door.upload()).json['id'])}/preview"
    assert (await door.get(path)).refusal == (
        404,
        "file_not_found",
        "File not found in message context",
    )
    await door.ask("n=1", files=[image(file)])
    shown = await door.get(path)
    assert (shown.body, shown.headers["Content-Type"]) == (b"\x89PNG", "image/png")
    saved = await door.get(path + "?as_attachment=true")
    assert saved.headers["Content-Type"] == "application/octet-stream"
    assert saved.headers["Content-Disposition"].startswith("attachment")
    assert (await door.get(path, key="app-plain")).refusal[:2] == (403, "file_access_denied")


def image(file_id: str = "", **other: object) -> dict[str, object]:
    entry: dict[str, object] = {"type": "image", "transfer_method": "local_file"}
    if file_id:
        entry["upload_file_id"] = file_id
    return entry | other


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (image(), "Invalid upload file id"),
        (image(upload_file_id=5), "Invalid upload file id format"),
        (image(str(uuid.uuid4())), "Invalid upload file"),
        (image(transfer_method="weird"), "'weird' is not a valid FileTransferMethod"),
        (image(transfer_method=[1]), "[1] is not a valid FileTransferMethod"),
    ],
)
async def test_files_that_are_no_good_are_refused(
    door: Door, entry: dict[str, object], message: str
) -> None:
    assert (await door.ask("x", files=[entry])).refusal == (400, "invalid_param", message)


async def test_a_file_must_be_called_an_image(door: Door) -> None:
    file = (await door.upload()).json["id"]
    for wrong in (image(file, type="document"), image(file, type=None)):
        assert (await door.ask("x", files=[wrong])).json["message"] == (
            "File validation failed for file: cat.png"
        )


async def test_entries_that_name_nothing_are_dropped(door: Door) -> None:
    files = [{}, {"type": "image"}, {"type": "image", "transfer_method": "remote_url"}]
    assert (await door.ask("n=1", files=files)).events[-1]["files"] is None


async def test_an_app_without_vision_ignores_files(door: Door) -> None:
    assert (await door.ask("n=1", files=[image("nope")], key="app-plain")).status == 200


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1/a.png",
        "http://example.invalid/a.png",
        "ftp://127.0.0.1/a",
        "http://[::",
        "http://a:x/",
        7,
    ],
)
async def test_nothing_beyond_this_machine_is_fetched(door: Door, url: object) -> None:
    reply = await door.ask("x", files=[image(transfer_method="remote_url", url=url)])
    assert reply.refusal == (400, "invalid_param", f"Reached maximum retries (3) for URL {url}")


async def test_a_picture_on_this_machine_is_fetched_within_limits(door: Door) -> None:
    async def small(_: web.Request) -> web.Response:
        return web.Response(body=b"\x89PNG", content_type="image/png")

    async def large(_: web.Request) -> web.Response:
        return web.Response(body=bytes(10 * 2**20 + 1), content_type="image/png")

    app = web.Application()
    app.add_routes([web.get("/small.png", small), web.get("/large.png", large)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://localhost:{runner.addresses[0][1]}"
    try:
        reply = await door.ask(
            "n=1", files=[image(transfer_method="remote_url", url=f"{base}/small.png")]
        )
        for url in (f"{base}/large.png", f"{base}/none.png", "http://127.0.0.1:1/refused.png"):
            refused = await door.ask("x", files=[image(transfer_method="remote_url", url=url)])
            assert refused.json["message"] == f"Reached maximum retries (3) for URL {url}"
    finally:
        await runner.cleanup()
    (shown,) = reply.events[-1]["files"]
    assert (shown["filename"], shown["size"], shown["url"]) == ("small.png", 4, f"{base}/small.png")


async def test_a_file_of_state_survives_a_restart(tmp_path: Path) -> None:
    path = str(tmp_path / "state.db")
    async with open_door(state_file=path) as door:
        door.key = VISION
        file = (await door.upload()).json["id"]
        message = (await door.ask("n=1")).events[0]["message_id"]
        rating = {"rating": "like", "user": "ann"}
        assert (await door.post(f"/messages/{message}/feedbacks", rating)).status == 200
    async with open_door(state_file=path) as door:
        door.key = VISION
        assert (await door.ask("n=1", files=[image(file)])).status == 200
        spoken = await door.post("/text-to-audio", {"message_id": message, "user": "ann"})
        assert spoken.headers["Content-Type"] == "audio/mpeg"
        (row,) = (await door.get("/app/feedbacks")).json["data"]
        assert (row["message_id"], row["rating"]) == (message, "like")
