"""Answers and questions as the store keeps them, with as little said as a test needs."""

from datetime import UTC, datetime
from typing import Any

from bot.events import MessageRef, Place
from bot.store.records import Answer, Outcome, Question
from bot.store.store import Store
from tests.fakes import happenings

CLAIM = "this process"


def an_answer(id: str, where: Place | None = None, **fields: Any) -> Answer:
    there = where or happenings.place()
    values: dict[str, Any] = {
        "event": f"event of {id}",
        "end_user": f"playground:{there.user.id}",
        "created_at": happenings.AT,
    }
    return Answer(id=id, place=there, **{**values, **fields})


def a_question(id: str, text: str = "Why?", **fields: Any) -> Question:
    values: dict[str, Any] = {"ref": happenings.ref(id), "event": f"event of {id}"}
    return Question(text=text, **{**values, **fields})


async def opened(store: Store, id: str, where: Place | None = None, **fields: Any) -> Answer:
    """An answer that waits and is claimed by CLAIM."""
    await store.open_answer(an_answer(id, where, **fields))
    answer = await store.claim(id, CLAIM)
    assert answer is not None
    return answer


async def finished(
    store: Store,
    id: str,
    where: Place | None = None,
    *,
    outcome: Outcome = "whole",
    text: str = "Because.",
    message_id: str = "m",
    on: MessageRef | None = None,
    **fields: Any,
) -> Answer:
    """An answer that has gone its whole way, shown on the message `on`."""
    answer = await opened(store, id, where, **fields)
    assert await store.asked(id, CLAIM, inputs=answer.inputs, uploads=())
    assert await store.started(id, CLAIM, task_id=f"task of {id}", message_id=message_id)
    if on:
        await store.shown_screen(id, 0, on)
    assert await store.closing(id, CLAIM, outcome=outcome, text=text)
    await store.closed(id, CLAIM)
    found = await store.answer(id)
    assert found is not None
    return found


def at(hour: int) -> datetime:
    return datetime(2026, 1, 1, hour, tzinfo=UTC)
