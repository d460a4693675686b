"""When a call is made again, when it must not be, and what is told of it."""

import asyncio

import pytest
from structlog.testing import capture_logs

from adapters.slack.errors import Lost, MissingScope, NotSent, Overlong, Refused, Unauthorized
from bot.surface import Gone, RateLimited, Unreachable
from tests.fakes.slack_line import CHANNEL, PERSON, TOKEN, Told, calls, limited, workspace

AWAY = NotSent("no connection")
LOST = Lost("no answer in time")
PAGE: Told = (502, {}, b"<html>sesame</html>")


def sent_again(now: float, times: list[float]) -> list[float]:
    return [round(at - now, 3) for at in times]


@pytest.mark.parametrize("trouble", [AWAY, "service_unavailable"])
async def test_message_that_did_not_leave_is_sent_again_shortly(trouble: Told) -> None:
    script, ours = calls([trouble, trouble])
    now = asyncio.get_running_loop().time()
    assert await ours.post(CHANNEL, markdown="a") == "1.1"
    assert sent_again(now, script.times) == [0.0, 0.2, 1.0]


@pytest.mark.parametrize(
    "trouble", [LOST, Overlong("the answer is too long"), PAGE, "fatal_error", "internal_error"]
)
async def test_message_that_may_be_there_is_not_sent_again(trouble: Told) -> None:
    for kind in ("post", "append", "start", "ephemeral"):
        script, ours = calls([trouble])
        with pytest.raises(Unreachable) as failed:
            match kind:
                case "post":
                    await ours.post(CHANNEL, markdown="a")
                case "append":
                    await ours.append_stream(CHANNEL, "1.1", "a")
                case "start":
                    await ours.start_stream(CHANNEL, "1.0", markdown="a")
                case _:
                    await ours.post_ephemeral(CHANNEL, PERSON, markdown="a")
        assert failed.value.sent
        assert len(script.sent) == 1


async def test_message_without_a_name_may_be_there() -> None:
    for nameless in ({"ts": None}, {"ts": ""}, {"ts": 3}):
        _, ours = calls([nameless])
        with pytest.raises(Unreachable) as failed:
            await ours.post(CHANNEL, markdown="a")
        assert failed.value.sent


@pytest.mark.parametrize("trouble", [AWAY, LOST, PAGE, "internal_error", "update_failed"])
async def test_what_can_be_done_twice_is_done_again(trouble: Told) -> None:
    script, ours = calls([trouble, trouble, {"user": {}}] * 4)
    await ours.update(CHANNEL, "1.1", markdown="a")
    await ours.delete(CHANNEL, "1.1")
    await ours.stop_stream(CHANNEL, "1.1", markdown="a")
    await ours.user(PERSON)
    assert len(script.sent) == 12


async def test_after_three_tries_slack_is_not_there_and_nothing_was_done() -> None:
    script, ours = calls([AWAY] * 9)
    for make in (ours.post(CHANNEL, markdown="a"), ours.update(CHANNEL, "1.1", markdown="a")):
        with pytest.raises(Unreachable) as failed:
            await make
        assert not failed.value.sent
    assert len(script.sent) == 6


async def test_no_try_begins_when_whoever_waits_has_other_plans() -> None:
    script, ours = calls()
    inner = script.send

    async def slow(*args: object, **kwargs: object) -> object:
        await asyncio.sleep(10)
        script.answers = [LOST]
        return await inner(*args, **kwargs)  # type: ignore[arg-type]  # as given

    script.send = slow  # type: ignore[method-assign,assignment]  # the same, later
    with pytest.raises(Unreachable):
        await ours.update(CHANNEL, "1.1", markdown="a")
    assert len(script.sent) == 1


async def test_modal_is_opened_once_since_its_trigger_opens_one() -> None:
    script, ours = calls([LOST])
    with pytest.raises(Unreachable):
        await ours.open_view("trigger", {"type": "modal"})
    assert len(script.sent) == 1


async def test_quiet_names_what_it_is_about_and_holds_for_everybody() -> None:
    script, ours = calls([limited(7), limited(5)])
    with pytest.raises(RateLimited) as first:
        await ours.post(CHANNEL, markdown="a")
    assert (first.value.retry_after, first.value.scope) == (7.0, "slack:T1:post:C1")
    await asyncio.sleep(2)
    with pytest.raises(RateLimited) as early:
        await ours.post(CHANNEL, markdown="a")
    assert early.value.retry_after == pytest.approx(5.0)
    assert len(script.sent) == 1  # the second one did not go out
    with pytest.raises(RateLimited) as edits:
        await ours.update(CHANNEL, "1.1", markdown="a")
    assert edits.value.scope == "slack:T1:update"
    await asyncio.sleep(5)
    assert await ours.post(CHANNEL, markdown="a") == "1.1"


async def test_longest_quiet_of_calls_in_flight_holds() -> None:
    script, ours = calls([limited(9), limited(3)])
    several = (ours.update(CHANNEL, "1.1", markdown=text) for text in "ab")
    inner = script.send

    async def slow(*args: object, **kwargs: object) -> object:
        await asyncio.sleep(1)
        return await inner(*args, **kwargs)  # type: ignore[arg-type]  # as given

    script.send = slow  # type: ignore[method-assign,assignment]  # the same, later
    await asyncio.gather(*several, return_exceptions=True)
    await asyncio.sleep(4)
    with pytest.raises(RateLimited) as early:
        await ours.update(CHANNEL, "1.1", markdown="c")
    assert early.value.retry_after == pytest.approx(5.0)
    assert len(script.sent) == 2


async def test_two_channels_refused_at_a_time_are_the_workspaces_limit() -> None:
    _, ours = calls([limited(7), limited(7), limited(7)])
    scopes = []
    for channel, pause in (("C1", 1.0), ("C2", 8.0), ("C3", 0.0)):
        with pytest.raises(RateLimited) as refused:
            await ours.post(channel, markdown="a")
        scopes.append(refused.value.scope)
        await asyncio.sleep(pause)
    assert scopes == ["slack:T1:post:C1", "slack:T1:post", "slack:T1:post:C3"]


async def test_short_quiet_is_waited_for_where_nobody_else_does() -> None:
    script, ours = calls([limited(3), {"user": {"id": PERSON}}, limited(11)])
    now = asyncio.get_running_loop().time()
    await ours.user(PERSON)
    assert sent_again(now, script.times) == [0.0, 3.0]
    with pytest.raises(RateLimited):
        await ours.user(PERSON)
    await asyncio.sleep(12)
    await ours.user(PERSON)


async def test_no_is_not_asked_for_again() -> None:
    script, ours = calls(["message_not_found"])
    with pytest.raises(Gone):
        await ours.update(CHANNEL, "1.1", markdown="a")
    assert len(script.sent) == 1


async def test_team_is_named_where_the_token_is_an_organisations() -> None:
    for org in (False, True):
        script, _ = calls()
        await workspace(script, org=org).calls.post(CHANNEL, markdown="a")
        assert script.sent[0][1].get("team_id") == ("T1" if org else None)


async def test_silence_is_said_once_until_slack_is_back() -> None:
    _, ours = calls([AWAY, AWAY, AWAY, LOST, AWAY, {}, AWAY, {}, PAGE])
    with capture_logs() as lines:
        for _ in range(2):
            with pytest.raises(Unreachable):
                await ours.post(CHANNEL, markdown="a")
        for _ in range(2):  # what comes through at the second try was no silence
            await ours.update(CHANNEL, "1.1", markdown="a")
        with pytest.raises(Unreachable):
            await ours.post(CHANNEL, markdown="a")
    told = [(line["event"], line["method"], line["why"]) for line in lines]
    assert told == [
        ("slack does not answer", "chat.postMessage", "no connection"),
        ("slack does not answer", "chat.postMessage", "status 502"),
    ]


async def test_owner_is_told_once_what_only_they_can_put_right() -> None:
    scope: Told = {"ok": False, "error": "missing_scope", "needed": "files:read"}
    warned: Told = {"warning": "missing_agent_session_stopped_event_subscription,sesame"}
    also: Told = {"response_metadata": {"warnings": ["missing_charset"]}}
    _, ours = calls([scope, scope, "token_revoked", "token_revoked", warned, warned, also])
    with capture_logs() as lines:
        for _ in range(2):
            with pytest.raises(MissingScope):
                await ours.file_info("F1")
        for _ in range(2):
            with pytest.raises(Unauthorized):
                await ours.user(PERSON)
        for _ in range(3):
            await ours.session_status(CHANNEL, "1.0", "processing")
    told = [(line["event"], line.get("needed"), line["code"]) for line in lines]
    assert told == [
        ("slack refuses the app", "files:read", "missing_scope"),
        ("slack refuses the app", "", "token_revoked"),
        ("slack warns the app", None, "missing_agent_session_stopped_event_subscription"),
    ]


async def test_token_and_words_are_in_no_repr_no_line_and_no_error() -> None:
    told = ""
    for trouble in (AWAY, LOST, PAGE, "invalid_auth", "invalid_blocks"):
        script, _ = calls([trouble] * 3)
        there = workspace(script)
        with capture_logs() as lines:
            try:
                await there.calls.post(CHANNEL, markdown="sesame", blocks=[{"text": "sesame"}])
            except (Unreachable, Refused) as error:
                told += f"{error!r} {error} {error.__context__!r} {error.__cause__!r}"
        told += repr(lines) + repr(there) + repr(there.calls) + repr(there.calls._caller)
    assert "Unreachable" in told
    assert "sesame" not in told and TOKEN not in told
