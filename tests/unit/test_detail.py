"""What is told step by step at "debug": enough to hunt a fault by, and nobody's words."""

import asyncio

import httpx
import pytest

from adapters.telegram.wire import Line as TelegramLine
from bot.compose.detail import DetailedLanes, DetailedPace, DetailedTransport, telling
from bot.dispatch import Dispatcher
from bot.events import Event
from bot.surface import Budget, Busy, Forbidden, Rank, RateLimited, Unreachable
from tests.fakes.detailed import detailed
from tests.fakes.dispatched import Service, until_idle
from tests.fakes.happenings import action, command, message
from tests.fakes.raw_http import refusing_address
from tests.fakes.rows import MemoryRows, now
from tests.fakes.slack_line import world as slack_world
from tests.fakes.telegram_line import world as telegram_world
from tests.fakes.telegram_server import answering, serving
from tests.fakes.wire import KEY

WORDS = "my secret plan"


def ms(facts: dict[str, object]) -> dict[str, object]:
    """The facts without how long it took, which is there."""
    took = facts.pop("ms")
    assert isinstance(took, float) and took >= 0
    return facts


async def test_an_event_is_told_when_it_comes_and_its_work_when_it_begins_and_ends() -> None:
    service, rows = Service(3, a=Unreachable(sent=False)), MemoryRows()
    with detailed() as log:
        lanes = DetailedLanes(rows, now=now)
        here = Dispatcher(lanes, service.handle, service.report)
        accept = telling(here.accept)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(here.run())
            for _ in range(2):
                await accept(message("a", text=WORDS))
            await until_idle(rows)
            await here.drain()
    taken = [ms(facts) for facts in log.told("event taken in")]
    chat = taken[0].pop("chat")
    assert taken[0] == {"event_id": "a", "kind": "message", "new": True}
    assert taken[1]["new"] is False
    about = {"event_id": "a", "kind": "message", "lane": "talk", "chat": chat}
    begun = log.told("work begins")
    assert begun == [about | {"attempts": 0}, about | {"attempts": 1}]
    assert [ms(facts) for facts in log.told("work ended")] == [
        about | {"ending": "again", "after": 2.0},
        about | {"ending": "done"},
    ]
    assert WORDS not in log.text


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (action("b", "stop"), "action stop"),
        (command("b", "retry"), "command retry"),
        (command("b", WORDS), "command"),
    ],
)
async def test_what_somebody_made_up_as_a_command_is_not_told(event: Event, kind: str) -> None:
    async def full(_: Event) -> bool:
        raise Busy(7.0)

    with detailed() as log, pytest.raises(Busy):
        await telling(full)(event)
    [facts] = log.told("event taken in")
    assert (facts["kind"], facts["error"], facts["retry_after"]) == (kind, "Busy", 7.0)
    assert WORDS not in log.text


async def test_a_wait_for_a_budget_is_told_when_it_is_long() -> None:
    budget = Budget(scope="telegram:42:chat:7", rate=0.5, burst=1)
    quick = Budget(scope="telegram:42", rate=2.0, burst=1)
    with detailed() as log:
        pace = DetailedPace()
        for _ in range(2):
            await pace.slot((quick,), Rank.PERSON)
            await pace.slot((budget, quick), Rank.FRAME)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.5):
                await pace.slot((budget,), Rank.FINAL)
    first, second = log.told("budget waited for")
    assert first["rank"] == "frame" and first["rates"] == [0.5, 2.0]
    assert first["seconds"] == pytest.approx(2.0, abs=0.6)
    assert (second["rank"], second["seconds"]) == ("final", 1.5)
    assert "telegram:42" not in log.text


@pytest.mark.real_time
async def test_a_request_to_the_api_is_told_with_its_status_and_without_its_question() -> None:
    with detailed() as log, refusing_address() as nobody:
        async with (
            serving() as server,
            httpx.AsyncClient(transport=DetailedTransport()) as session,
        ):
            server.answer = answering(429)
            headers = {"Authorization": f"Bearer {KEY}"}
            await session.post(f"{server.url}/x?y={KEY}", json={"query": WORDS}, headers=headers)
            with pytest.raises(httpx.ConnectError):
                await session.get(nobody)
    asked, failed = [ms(facts) for facts in log.told("the API called")]
    assert (asked["method"], asked["status"]) == ("POST", 429)
    assert str(asked["path"]).endswith("/x") and failed["error"] == "ConnectError"
    assert KEY not in log.text and WORDS not in log.text


async def test_a_call_of_telegram_is_told_each_time_it_is_tried() -> None:
    with detailed() as log:
        there = telegram_world()
        there.telegram.faults.add("500", "sendMessage", times=1)
        await there.account.calls.send_text(there.to, WORDS)
        await there.account.meet()
        there.telegram.flood.silence(60.0, there.bot.id, there.to.chat)
        with pytest.raises(RateLimited):
            await there.account.calls.send_text(there.to, WORDS)
    calls = [ms(facts) for facts in log.told("telegram called")]
    assert [(call["method"], call["status"]) for call in calls] == [
        ("sendMessage", 500),
        ("sendMessage", 200),
        ("getMe", 200),
        ("sendMessage", 429),
    ]
    assert calls[3]["retry_after"] == 60.0 and "too many requests" in str(calls[3]["why"])
    assert WORDS not in log.text and "secret" not in log.text


async def test_a_call_of_slack_is_told_with_slacks_own_word_for_what_went_wrong() -> None:
    with detailed() as log:
        there = slack_world()
        await there.calls.post(there.channel, markdown=WORDS)
        with pytest.raises(Forbidden):
            await there.calls.post("C0NOWHERE", markdown=WORDS)
    good, bad = [ms(facts) for facts in log.told("slack called")]
    assert good == {"method": "chat.postMessage", "status": 200}
    assert (bad["status"], bad["code"]) == (200, "channel_not_found")
    assert WORDS not in log.text and "xox" not in log.text


async def test_at_info_the_silent_parts_are_put_together() -> None:
    with detailed("info") as log:
        there = telegram_world()
        assert type(there.account._line) is TelegramLine
        assert slack_world().line.transport.__class__.__name__ == "Inside"
        await there.account.calls.send_text(there.to, WORDS)
    assert log.text == ""
