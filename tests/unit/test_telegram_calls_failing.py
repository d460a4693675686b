"""Calls against the strict server: what is passed over, made again, or told."""

import asyncio

import pytest
from structlog.testing import capture_logs
from telegram.error import NetworkError

from adapters.telegram import limits
from bot.surface import RateLimited, Unreachable
from tests.fakes.telegram_line import world


async def test_limit_names_the_scope_of_the_chat() -> None:
    there = world()
    there.telegram.flood.silence(60.0, there.bot.id, there.to.chat)
    with pytest.raises(RateLimited) as limited:
        await there.account.calls.send_text(there.to, "a")
    assert limited.value.scope == limits.chat_scope("42", str(there.to.chat))
    assert limited.value.retry_after >= 60.0


async def test_limit_of_drafts_names_theirs() -> None:
    there = world()
    there.telegram.flood.silence(60.0, there.bot.id, there.to.chat)
    for call in (
        there.account.calls.draft(there.to, 7, "a"),
        there.account.calls.chat_action(there.to, "typing"),
    ):
        with pytest.raises(RateLimited) as limited:
            await call
        assert limited.value.scope == limits.draft_scope("42", str(there.to.chat))


async def test_message_is_sent_again_only_while_it_surely_did_not_leave() -> None:
    there = world()
    there.line.unconnected = 2
    await there.account.calls.send_text(there.to, "a")
    assert there.seat.shown() == ["a"]


async def test_message_that_the_server_failed_at_is_sent_again() -> None:
    there = world()
    there.telegram.faults.add("500", "sendMessage", times=2)
    await there.account.calls.send_text(there.to, "a")
    assert there.seat.shown() == ["a"]


async def test_message_that_the_server_keeps_failing_at_is_known_not_to_be_there() -> None:
    there = world()
    there.telegram.faults.add("500", "sendMessage", times=99)
    with pytest.raises(Unreachable) as failed:
        await there.account.calls.send_text(there.to, "a")
    assert not failed.value.sent
    assert there.telegram.counted["sendMessage"] == 0


@pytest.mark.parametrize("fault", ["cut after", "silent after", "502"])
async def test_message_that_may_be_there_is_never_sent_again(fault: str) -> None:
    there = world()
    there.telegram.faults.add(fault, "sendMessage")  # type: ignore[arg-type]  # one of its kinds
    with pytest.raises(Unreachable) as failed:
        await there.account.calls.send_text(there.to, "a")
    assert failed.value.sent
    assert len(there.seat.shown()) == (fault != "502")


async def test_message_that_never_left_is_known_not_to_be_there() -> None:
    there = world()
    there.line.unconnected = 99
    with pytest.raises(Unreachable) as failed:
        await there.account.calls.send_text(there.to, "a")
    assert not failed.value.sent


@pytest.mark.parametrize("fault", ["cut", "cut after", "500", "502"])
async def test_edit_is_made_again(fault: str) -> None:
    there = world()
    sent = await there.account.calls.send_text(there.to, "a")
    there.telegram.faults.add(fault, "editMessageText")  # type: ignore[arg-type]  # as above
    await there.account.calls.edit_text(there.to.chat, sent, "b")
    assert there.seat.shown() == ["b"]


async def test_failing_ends_after_a_bounded_time() -> None:
    there = world()
    there.telegram.faults.add("silent", times=99)
    for call, most in (
        (there.account.calls.send_text(there.to, "a"), 16.0),
        (there.account.calls.edit_text(there.to.chat, 1, "a"), 11.0),
        (there.account.calls.draft(there.to, 7, "a"), 11.0),
    ):
        before = asyncio.get_running_loop().time()
        with pytest.raises(Unreachable):
            await call
        assert asyncio.get_running_loop().time() - before < most


async def test_silence_is_logged_once_until_a_call_comes_through() -> None:
    there = world()
    lines: list[str] = []
    with capture_logs() as logged:
        for _ in range(3):
            there.telegram.faults.add("502", "sendMessage")
            with pytest.raises(Unreachable):
                await there.account.calls.send_text(there.to, "a")
        await there.account.meet()
        there.line.unconnected = 3
        with pytest.raises(Unreachable):
            await there.account.calls.send_text(there.to, "a")
        lines = [str(line.get("why")) for line in logged]
    assert lines == ["status 502", "no connection"]


async def test_error_has_nothing_of_the_request_behind_it() -> None:
    there = world()
    there.telegram.faults.add("cut", times=99)
    with pytest.raises(Unreachable) as failed:
        await there.account.calls.edit_text(there.to.chat, 1, "a")
    assert failed.value.__cause__ is None
    assert not isinstance(failed.value.__context__, NetworkError)
