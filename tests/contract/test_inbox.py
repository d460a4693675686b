"""Every accepted event is kept once, in order, and done once."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.events import Command, Message
from bot.store.inbox import SqlInbox
from bot.store.store import Store, keeping
from bot.store.tables import inbox as rows
from tests.contract.conftest import Clock
from tests.fakes.happenings import command, message, place, reaction, submission

pytestmark = pytest.mark.real_time


async def ids(inbox: SqlInbox) -> list[str]:
    return [work.event.id for work, _ in await inbox.unfinished()]


async def test_an_event_is_accepted_once_however_often_it_is_delivered(inbox: SqlInbox) -> None:
    async with asyncio.TaskGroup() as deliveries:
        told = [deliveries.create_task(inbox.accept(message("a"), "talk")) for _ in range(8)]
    assert [each.result() for each in told] == [True] + [False] * 7
    assert not await inbox.accept(message("a"), "talk")
    assert await ids(inbox) == ["a"]


async def test_what_was_accepted_is_found_whole_by_the_next_process(
    engine: AsyncEngine, clock: Clock, inbox: SqlInbox
) -> None:
    happened = [
        message("a", place("c\N{NULL}d", team="T"), text="Où ? 🧭\N{NULL}", files=2),
        command("b", "stop"),
        reaction("c"),
        submission("d"),
    ]
    for event in happened:
        assert await inbox.accept(event, f"lane of {event.id}")
    async with keeping(engine, clock) as (_, other):
        found = await other.unfinished()
    assert [work.event for work, _ in found] == happened
    assert [work.lane for work, _ in found] == [f"lane of {event.id}" for event in happened]
    assert {(work.attempts, due) for work, due in found} == {(0, None)}


async def test_acceptances_return_and_are_taken_up_in_the_order_in_which_they_came(
    inbox: SqlInbox,
) -> None:
    returned: list[str] = []

    async def accept(id: str) -> None:
        await inbox.accept(message(id), "talk")
        returned.append(id)

    asked = [f"{n:03}" for n in range(100)]
    async with asyncio.TaskGroup() as deliveries:
        for id in asked:
            deliveries.create_task(accept(id))
    assert returned == asked
    assert await ids(inbox) == asked


async def test_of_two_events_it_is_known_which_came_first(store: Store, inbox: SqlInbox) -> None:
    for id in ("a", "b", "c", "d"):
        await inbox.accept(message(id), "talk")
    await inbox.done("a")
    assert await store.came_before("c", ["a", "b", "c", "d", "unheard of"]) == {"a", "b"}
    assert await store.came_before("unheard of", ["a"]) == set()
    assert await store.came_before("c", []) == set()


async def test_an_attempt_counts_and_a_delay_is_remembered(inbox: SqlInbox) -> None:
    await inbox.accept(message("a"), "talk")
    await inbox.begun("a")
    due = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    await inbox.again("a", due)
    await inbox.begun("a")
    ((work, at),) = await inbox.unfinished()
    assert (work.attempts, at) == (2, due)


async def test_what_begins_at_once_comes_with_its_first_attempt(inbox: SqlInbox) -> None:
    assert await inbox.accept(message("a"), "talk", begins=True)
    assert await inbox.accept(message("b"), "talk")
    assert not await inbox.accept(message("a"), "talk", begins=True)
    assert not await inbox.accept(message("b"), "talk", begins=True)
    assert [work.attempts for work, _ in await inbox.unfinished()] == [1, 0]
    await inbox.begun("a")
    assert [work.attempts for work, _ in await inbox.unfinished()] == [2, 0]


async def test_what_is_done_or_failed_is_no_work_but_is_still_known(
    engine: AsyncEngine, inbox: SqlInbox
) -> None:
    for id in "abcd":
        await inbox.accept(message(id, text="secret"), "talk")
    await inbox.done("a", "c")
    await inbox.failed("d")
    assert await ids(inbox) == ["b"]
    for id in "acd":
        assert not await inbox.accept(message(id, text="secret"), "talk")
    async with engine.connect() as connection:
        states = await connection.execute(select(rows.c.id, rows.c.state, rows.c.body != b""))
    assert {tuple(row) for row in states} == {
        ("a", "done", False),
        ("b", "queued", True),
        ("c", "done", False),
        ("d", "failed", False),
    }


async def test_an_event_that_only_a_newer_release_knows_stays_queued(
    engine: AsyncEngine, inbox: SqlInbox
) -> None:
    await inbox.accept(message("a"), "talk")
    await inbox.accept(message("b"), "talk")
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE inbox SET kind = 'poll' WHERE id = 'a'"))
    assert await ids(inbox) == ["b"]
    assert not await inbox.accept(message("a"), "talk")
    assert (await inbox.backlog())[0] == 2
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE inbox SET kind = 'message' WHERE id = 'a'"))
    assert await ids(inbox) == ["a", "b"]


async def test_the_backlog_is_what_is_not_done_and_the_age_of_its_oldest(
    inbox: SqlInbox, clock: Clock
) -> None:
    assert await inbox.backlog() == (0, 0.0)
    await inbox.accept(message("a"), "talk")
    clock.forward(seconds=30)
    await inbox.accept(message("b"), "talk")
    clock.forward(seconds=12.5)
    assert await inbox.backlog() == (2, 42.5)
    await inbox.done("a")
    assert await inbox.backlog() == (1, 12.5)
    clock.forward(seconds=-60)
    assert await inbox.backlog() == (1, 0.0)


async def test_an_event_is_nobodys_text_but_its_own(inbox: SqlInbox) -> None:
    event = message("a", place(thread="t"), text="'); DROP TABLE inbox; --")
    await inbox.accept(event, "talk:%_'")
    ((work, _),) = await inbox.unfinished()
    assert isinstance(work.event, Message)
    assert (work.event, work.lane) == (event, "talk:%_'")


async def test_half_a_surrogate_pair_costs_one_character_and_not_the_event(
    inbox: SqlInbox,
) -> None:
    """A page may send one; refused, the same event would be delivered for ever."""
    assert await inbox.accept(message("a", text="half \ud83d pair"), "talk")
    ((work, _),) = await inbox.unfinished()
    assert work.event == message("a", text="half ? pair")


async def test_work_can_be_begun_while_more_is_accepted(inbox: SqlInbox) -> None:
    """What is accepted, begun and done at once share commits and do not mix."""

    async def live(id: str) -> None:
        await inbox.accept(command(id, "help"), f"now:{id}")
        await inbox.begun(id)
        if int(id) % 3 == 0:
            await inbox.again(id, datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=int(id)))
        else:
            await inbox.done(id)

    async with asyncio.TaskGroup() as people:
        for n in range(60):
            people.create_task(live(str(n)))
    left = await inbox.unfinished()
    assert {work.event.id for work, _ in left} == {str(n) for n in range(0, 60, 3)}
    for work, at in left:
        assert isinstance(work.event, Command)
        assert work.attempts == 1
        assert at == datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=int(work.event.id))
