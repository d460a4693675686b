"""No verb reads a table from end to end: what is kept grows for years."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.inbox import SqlInbox
from bot.store.store import Store
from tests.fakes.happenings import AT, message, place, ref
from tests.fakes.kept import CLAIM, a_question, an_answer

pytestmark = pytest.mark.real_time

# One row for each person and chat, looked through only when somebody wants to be forgotten or a
# dialog is a day old.
SMALL = {"preferences", "dialogs"}
QUESTIONS = ("SELECT", "UPDATE", "DELETE", "INSERT")

Verb = Callable[[Store, SqlInbox], Awaitable[object]]
VERBS: dict[str, Verb] = {
    "answer": lambda store, _: store.answer("a"),
    "answer_for": lambda store, _: store.answer_for("e"),
    "claim": lambda store, _: store.claim("a", CLAIM),
    "open_first": lambda store, _: store.open_first(a_question("9"), an_answer("z"), CLAIM),
    "asked": lambda store, _: store.asked("a", CLAIM, inputs={}, uploads=()),
    "started": lambda store, _: store.started("a", CLAIM, task_id="", message_id=""),
    "keep": lambda store, _: store.keep("a", CLAIM, "text"),
    "closing": lambda store, _: store.closing("a", CLAIM, outcome="whole", text=""),
    "closed": lambda store, _: store.closed("a", CLAIM),
    "want_stop": lambda store, _: store.want_stop("a"),
    "open_answers": lambda store, _: store.open_answers(place()),
    "came_before": lambda store, _: store.came_before("e", ["d"]),
    "answer_on": lambda store, _: store.answer_on(ref("1")),
    "latest_answer": lambda store, _: store.latest_answer(place()),
    "latest_answer in a thread": lambda store, _: store.latest_answer(place(thread="t")),
    "latest_asked": lambda store, _: store.latest_asked(place()),
    "recent_answers": lambda store, _: store.recent_answers(place(), 5),
    "answers_to": lambda store, _: store.answers_to("e"),
    "latest_for_question": lambda store, _: store.latest_for_question(ref("1")),
    "asked_since": lambda store, _: store.asked_since("u", AT),
    "screens": lambda store, _: store.screens("a"),
    "removed_screen": lambda store, _: store.removed_screen("a", 0),
    "remember_question": lambda store, _: store.remember_question(a_question("1")),
    "question": lambda store, _: store.question(ref("1")),
    "questions_of": lambda store, _: store.questions_of("e"),
    "revise_question": lambda store, _: store.revise_question(ref("1"), "", ()),
    "add_files": lambda store, _: store.add_files(ref("1"), ()),
    "rating": lambda store, _: store.rating("a", "ann"),
    "ratings_due": lambda store, _: store.ratings_due(AT),
    "recording": lambda store, _: store.recording("a"),
    "used": lambda store, _: store.used(AT.date(), "u"),
    "preferences": lambda store, _: store.preferences("scope"),
    "dialogs_in": lambda store, _: store.dialogs_in(place().chat),
    "end_dialog": lambda store, _: store.end_dialog("scope"),
    "forget": lambda store, _: store.forget("playground", "w", "ann"),
    "purge": lambda store, _: store.purge(AT, AT - timedelta(days=30)),
    "accept": lambda _, inbox: inbox.accept(message("e"), "talk"),
    "unfinished": lambda _, inbox: inbox.unfinished(),
    "begun": lambda _, inbox: inbox.begun("e"),
    "done": lambda _, inbox: inbox.done("e", "f"),
    "backlog": lambda _, inbox: inbox.backlog(),
}


@contextmanager
def statements() -> Iterator[list[tuple[str, object]]]:
    """Whatever is executed meanwhile, on any engine, with its values."""
    seen: list[tuple[str, object]] = []

    def note(*execution: object) -> None:
        seen.append((str(execution[2]), execution[3]))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def test_every_verb_finds_its_rows_by_an_index(
    engine: AsyncEngine, store: Store, inbox: SqlInbox
) -> None:
    scanned = {}
    for name, verb in VERBS.items():
        with statements() as seen:
            await verb(store, inbox)
        asked = [each for each in seen if each[0].startswith(QUESTIONS) and "pg_" not in each[0]]
        assert asked, name
        for statement, values in asked:
            tables = await read_from_end_to_end(engine, statement, values)
            if set(tables) - SMALL:
                scanned[name] = statement
    assert not scanned


async def read_from_end_to_end(engine: AsyncEngine, statement: str, values: object) -> list[str]:
    """Tables that the plan of the statement goes through row by row."""
    async with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            steps = [str(row.detail) for row in plan]
            return [
                step.split()[1]
                for step in steps
                if step.startswith("SCAN ") and "CONSTANT" not in step and "SUBQUERY" not in step
            ]
        # On tables without rows a scan is the cheapest of all, unless it is forbidden.
        await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        plan = await connection.exec_driver_sql(f"EXPLAIN {statement}", values)
        return [str(row[0]).split(" on ")[1].split()[0] for row in plan if "Seq Scan on" in row[0]]
