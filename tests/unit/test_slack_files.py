"""People's files, uploads and hooks: where the token goes, and where it never does."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from adapters.slack.errors import Lost, NotSent, Overlong, Refused
from adapters.slack.files import Files
from bot.surface import (
    Expired,
    Forbidden,
    Gone,
    RateLimited,
    SurfaceError,
    TooLarge,
    Unreachable,
)
from tests.fakes.slack_line import TOKEN, Scripted, Told, calls

API = "https://slack.com/api/"
LOCAL = "http://localhost:8082/api/"
PHOTO = "https://files.slack.com/files-pri/T1-F1/download/a.png"
PNG = (200, {"Content-Type": "image/png"}, b"\x89PNG")
LOGIN = (200, {"Content-Type": "text/html; charset=utf-8"}, b"<!DOCTYPE html><title>Sign in")
HOOK = "https://hooks.slack.com/commands/T1/2/sesame"
PLACE = "https://files.slack.com/upload/v1/sesame"


def files(script: Scripted, api_url: str = API) -> Files:
    return Files(script, api_url=api_url)


def served(url: str, *pages: Told) -> Scripted:
    script = Scripted()
    script.serve(url, *pages)
    return script


async def test_photo_is_read_with_the_token() -> None:
    script = served(PHOTO, PNG)
    assert await files(script).read(PHOTO, TOKEN, limit=9) == b"\x89PNG"
    assert script.asked == [(PHOTO, TOKEN)]


FOREIGN = [
    "http://files.slack.com/a",
    "https://files.slack.com:8443/a",
    "https://files.slack.com.evil.org/a",
    "https://evil.org/files.slack.com",
    "https://evilslack.com/a",
    "https://slack.com@evil.org/a",
    "https://a:b@files.slack.com/a",
    "https://evil.org\\@files.slack.com/a",
    "https://evil.org#@files.slack.com/a",
    "https://evil.org?@files.slack.com/a",
    "//files.slack.com/a",
    "files.slack.com/a",
    "file:///etc/passwd",
    "https://[",
    "",
]


@pytest.mark.parametrize("url", FOREIGN)
async def test_token_goes_to_slack_alone(url: str) -> None:
    script = served(url, PNG)
    for api_url in (API, LOCAL):
        with pytest.raises(Forbidden):
            await files(script, api_url).read(url, TOKEN, limit=9)
        with pytest.raises(Refused):
            await files(script, api_url).bring(url, b"a")
        with pytest.raises(Expired):
            await files(script, api_url).respond(url, b"{}")
    assert (script.asked, script.brought) == ([], [])


@pytest.mark.parametrize(
    ("url", "goes"),
    [
        ("http://localhost:8082/files/a", True),
        ("http://LOCALHOST:8082/files/a", True),
        ("https://files.slack.com/a", True),
        ("http://localhost:8083/files/a", False),
        ("https://localhost:8082/files/a", False),
        ("http://files.localhost:8082/a", False),
        ("http://localhost.evil.org:8082/a", False),
        ("http://localhost/a", False),
    ],
)
async def test_other_host_of_the_api_is_meant_exactly(url: str, goes: bool) -> None:
    script = served(url, PNG)
    try:
        await files(script, LOCAL).read(url, TOKEN, limit=9)
    except Forbidden:
        assert not goes
    assert bool(script.asked) is goes


@settings(max_examples=60)
@given(st.text(max_size=30), st.sampled_from(["", "https://", "https://files.slack.com", "http:"]))
def test_any_address_is_read_or_refused(rest: str, start: str) -> None:
    script = Scripted()

    async def read() -> None:
        with pytest.raises((Gone, Forbidden)):
            await files(script).read(start + rest, TOKEN, limit=9)

    asyncio.run(read())
    assert all(
        asked.startswith("https://") and ".slack.com" in asked.split("/")[2]
        for asked, _ in script.asked
    )


async def test_redirects_are_followed_on_the_same_host_three_times() -> None:
    script = Scripted()
    for step in range(4):
        there = (302, {"Location": f"/{step + 1}"}, b"")
        script.serve(f"https://files.slack.com/{step}", there)
    script.serve("https://files.slack.com/4", PNG)
    assert await files(script).read("https://files.slack.com/1", TOKEN, limit=9) == b"\x89PNG"
    with pytest.raises(Gone):
        await files(script).read("https://files.slack.com/0", TOKEN, limit=9)


@pytest.mark.parametrize(
    "onwards",
    [
        "https://evil.org/a",
        "https://acme.slack.com/?redir=a",
        "http://files.slack.com/a",
        "//evil.org/a",
        "https://[",
        "",
    ],
)
async def test_redirect_elsewhere_takes_no_token_along(onwards: str) -> None:
    script = served("https://files.slack.com/a", (302, {"location": onwards}, b""))
    script.serve(onwards, PNG)
    with pytest.raises((Forbidden, Gone)):
        await files(script).read("https://files.slack.com/a", TOKEN, limit=9)
    assert {url for url, _ in script.asked} == {"https://files.slack.com/a"}


@pytest.mark.parametrize(
    "page",
    [
        LOGIN,
        (200, {}, b"  \n<!doctype HTML>"),
        (200, {"Content-Type": "image/png"}, b"<html lang=en>"),
        (302, {"Location": "https://acme.slack.com/?redir=a"}, b""),
        (403, {}, b""),
        (401, {}, b""),
    ],
)
async def test_login_page_is_no_file_and_the_owner_is_told_the_scope_once(page: Told) -> None:
    script = served(PHOTO, page)
    ours = files(script)
    with capture_logs() as lines:
        for _ in range(2):
            with pytest.raises(Forbidden):
                await ours.read(PHOTO, TOKEN, limit=99, team="T1")
    [line] = lines
    assert line["team"] == "T1"
    assert "files:read" in str(line["hint"])


async def test_page_that_somebody_uploaded_is_a_file() -> None:
    kept = {"Content-Type": "text/html", "content-disposition": "attachment; filename=a.html"}
    script = served(PHOTO, (200, kept, b"<html>"))
    assert await files(script).read(PHOTO, TOKEN, limit=99) == b"<html>"


@pytest.mark.parametrize(
    ("page", "meaning"),
    [
        ((404, {}, b""), Gone),
        ((410, {}, b""), Gone),
        ((429, {"Retry-After": "3"}, b""), RateLimited),
        ((503, {}, b""), Unreachable),
        ((204, {}, b""), Unreachable),
        (Overlong("the answer is too long"), TooLarge),
        (NotSent("no connection"), Unreachable),
        (Lost("no answer"), Unreachable),
    ],
)
async def test_file_that_does_not_come_means(page: Told, meaning: type[SurfaceError]) -> None:
    script = served(PHOTO, page)
    with pytest.raises(meaning) as failed:
        await files(script).read(PHOTO, TOKEN, limit=9)
    assert not (isinstance(failed.value, Unreachable) and failed.value.sent)
    again = meaning is Unreachable and page != (204, {}, b"")
    assert len(script.asked) == (3 if again else 1)


async def test_reading_that_broke_off_is_begun_again() -> None:
    script = served(PHOTO, Lost("no answer"), (502, {}, b""), PNG)
    assert await files(script).read(PHOTO, TOKEN, limit=9) == b"\x89PNG"


async def test_few_files_are_read_at_once_and_waiting_ends() -> None:
    script = served(PHOTO, PNG)
    reading, most = 0, 0
    inner = script.get

    async def slow(url: str, *, token: str, limit: int, timeout: float) -> object:
        nonlocal reading, most
        reading += 1
        most = max(most, reading)
        await asyncio.sleep(20)
        reading -= 1
        return await inner(url, token=token, limit=limit, timeout=timeout)

    script.get = slow  # type: ignore[method-assign,assignment]  # the same, later
    ours = files(script)
    read = [ours.read(PHOTO, TOKEN, limit=9) for _ in range(10)]
    results = await asyncio.gather(*read, return_exceptions=True)
    assert most == 4
    assert [isinstance(result, bytes) for result in results].count(True) == 8
    assert isinstance(results[-1], Unreachable)


# Files that events only name


@pytest.mark.parametrize(
    ("about", "meaning"),
    [
        ({"mode": "external", "url_private": "https://drive.test/a"}, Forbidden),
        ({"is_external": True, "url_private": PHOTO}, Forbidden),
        ({"file_access": "access_denied", "url_private": PHOTO}, Forbidden),
        ({"url_private": "https://drive.test/a"}, Forbidden),
        ({"mode": "tombstone", "url_private": PHOTO}, Gone),
        ({"mode": "hidden_by_limit"}, Gone),
        ({"file_access": "file_not_found", "url_private": PHOTO}, Gone),
        ({}, Gone),
        ({"url_private": PHOTO, "size": 10}, TooLarge),
    ],
)
async def test_file_that_cannot_be_had_means(
    about: dict[str, object], meaning: type[SurfaceError]
) -> None:
    script, ours = calls([{"file": about}])
    script.serve(PHOTO, PNG)
    with pytest.raises(meaning):
        await ours.read_file("F1", "", limit=9)
    assert script.asked == []


async def test_file_is_asked_for_where_the_event_does_not_tell_its_address() -> None:
    script, ours = calls([{"file": {"url_private_download": PHOTO, "size": 4}}])
    script.serve(PHOTO, PNG)
    assert await ours.read_file("F1", "", limit=4) == b"\x89PNG"
    assert await ours.read_file("F1", PHOTO, limit=4) == b"\x89PNG"
    assert script.methods == ["files.info"]


async def test_missing_scope_to_ask_for_a_file_is_no_right_to_read_it() -> None:
    _, ours = calls(["missing_scope"])
    with pytest.raises(Forbidden):
        await ours.read_file("F1", "", limit=9)


# Uploads and hooks


@pytest.mark.parametrize(
    ("page", "meaning"),
    [
        ((429, {}, b""), RateLimited),
        ((413, {}, b""), TooLarge),
        ((500, {}, b""), Unreachable),
        ((400, {}, b"bad"), Refused),
        (NotSent("no connection"), Unreachable),
        (Lost("no answer"), Unreachable),
    ],
)
async def test_bytes_that_do_not_arrive_mean(page: Told, meaning: type[SurfaceError]) -> None:
    with pytest.raises(meaning) as failed:
        await files(served(PLACE, page)).bring(PLACE, b"abc")
    # Nobody sees what was brought before it is shared.
    assert not (isinstance(failed.value, Unreachable) and failed.value.sent)


async def test_bytes_are_brought_again_when_the_line_broke() -> None:
    script = served(PLACE, Lost("no answer"), (200, {}, b"OK - 3"))
    await files(script).bring(PLACE, b"abc")
    assert script.brought == [(PLACE, b"abc")] * 2


@pytest.mark.parametrize(
    ("page", "meaning"),
    [
        ((404, {}, b"used_url"), Expired),
        ((404, {}, b""), Expired),
        ((200, {}, b'{"ok":false,"error":"expired_url"}'), Expired),
        ((200, {}, b'{"ok": false,"error":"invalid_blocks"}'), Refused),
        ((400, {}, b"invalid_payload"), Refused),
        ((404, {}, b"no_service"), Expired),
        ((410, {}, b"channel_is_archived"), Forbidden),
        ((403, {}, b"action_prohibited"), Forbidden),
        ((200, {}, b"<html>sesame"), Refused),
        ((302, {}, b""), Refused),
        ((429, {"Retry-After": "2"}, b""), RateLimited),
        ((500, {}, b"rollup_error"), Unreachable),
        (NotSent("no connection"), Unreachable),
        (Lost("no answer"), Unreachable),
    ],
)
async def test_hook_that_says_no_means(page: Told, meaning: type[SurfaceError]) -> None:
    script = served(HOOK, page)
    with pytest.raises(meaning) as failed:
        await files(script).respond(HOOK, b"{}")
    never_left = isinstance(page, NotSent)
    if isinstance(failed.value, Unreachable):
        assert failed.value.sent is not never_left
    assert len(script.brought) == (3 if never_left else 1)


@pytest.mark.parametrize("yes", [b"ok", b"ok\n", b"", b'{"ok":true}', b"{}"])
async def test_hook_is_answered(yes: bytes) -> None:
    script, ours = calls()
    script.serve(HOOK, (200, {}, yes))
    await ours.respond(HOOK, {"text": "ä \ud83d"})
    assert script.brought == [(HOOK, '{"text": "ä ?"}'.encode())]


async def test_hook_of_another_slack_host_is_none() -> None:
    script = served(PHOTO, (200, {}, b"ok"))
    with pytest.raises(Expired):
        await files(script).respond(PHOTO, b"{}")
    assert script.brought == []
