"""Steps on questions: the messages that ask, as they read now.

A change may overtake its question, which waits in its lane while edits do not. Such a change is
kept under no event until the question comes.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ColumnElement

from bot.events import File, MessageRef
from bot.store import ready
from bot.store.ready import Row
from bot.store.records import Question
from bot.store.statements import insert, new
from bot.store.tables import questions

_FIELDS = ("ref", "event", "text", "files", "quoted", "deleted")
_COLUMNS = tuple(questions.c[name] for name in _FIELDS)


def first_question(connection: Connection, question: Question, now: datetime) -> Question | None:
    """None, and nothing done, where something is known of its message."""
    row = ready.first(
        connection, new(connection.dialect.name, questions, "ref"), _row(question, now)
    )
    return _question(row) if row else None


def remember_question(connection: Connection, question: Question, now: datetime) -> Question:
    if first := first_question(connection, question, now):
        return first
    whole = _row(question, now)
    its_row = questions.c.ref == question.ref
    # What is there was changed since, or is the same; only what retention took is written again.
    taken = questions.c.emptied & ~questions.c.deleted
    connection.execute(update(questions).where(its_row, taken).values(whole))
    later = {"event": question.event, "quoted": question.quoted}
    connection.execute(update(questions).where(its_row, ~questions.c.emptied).values(later))
    connection.execute(update(questions).where(its_row).values(event=question.event))
    return Question(**connection.execute(select(*_COLUMNS).where(its_row)).one()._mapping)


def take_question(
    connection: Connection, parts: Sequence[Question], now: datetime
) -> list[Question]:
    taken = [
        question(connection, part.ref) or remember_question(connection, part, now) for part in parts
    ]
    return questions_of(connection, taken[0].event)


def question(connection: Connection, ref: MessageRef) -> Question | None:
    row = ready.first(connection, _ON_MESSAGE, {"this": ref})
    return _question(row) if row else None


def questions_of(connection: Connection, event_id: str) -> list[Question]:
    return [_question(row) for row in ready.rows(connection, _OF_EVENT, {"this": event_id})]


def revise_question(
    connection: Connection, ref: MessageRef, text: str, files: Sequence[File], now: datetime
) -> Question | None:
    changed = {"text": text, "files": tuple(files), "emptied": False}
    return _change(connection, ref, changed, now, where=~questions.c.deleted)


def add_files(connection: Connection, ref: MessageRef, files: Sequence[File]) -> None:
    bare = (questions.c.ref == ref) & ~questions.c.deleted & ~questions.c.emptied
    connection.execute(update(questions).where(bare).values(files=tuple(files)))


def delete_question(connection: Connection, ref: MessageRef, now: datetime) -> Question | None:
    gone = {"text": "", "files": (), "quoted": "", "deleted": True, "emptied": True}
    return _change(connection, ref, gone, now)


def _change(
    connection: Connection,
    ref: MessageRef,
    changed: dict[str, object],
    now: datetime,
    where: ColumnElement[bool] | None = None,
) -> Question | None:
    first = Question(ref=ref, event="")
    blank = {name: getattr(first, name) for name in _FIELDS} | {"emptied": False}
    connection.execute(
        insert(connection.dialect.name, questions)
        .values(blank | changed | {"changed_at": now})
        .on_conflict_do_nothing(index_elements=["ref"])
    )
    its_row = update(questions).where(questions.c.ref == ref)
    if where is not None:
        its_row = its_row.where(where)
    connection.execute(its_row.values(changed | {"changed_at": now}))
    return question(connection, ref)


def _row(question: Question, now: datetime) -> dict[str, object]:
    whole = {name: getattr(question, name) for name in _FIELDS}
    return whole | {"emptied": False, "changed_at": now}


def _question(row: Row) -> Question:
    return Question(**{name: row[name] for name in _FIELDS})


_known = questions.c.event != ""
_ON_MESSAGE = select(*_COLUMNS).where(questions.c.ref == bindparam("this"), _known)
_OF_EVENT = (
    select(*_COLUMNS)
    .where(questions.c.event == bindparam("this"), _known)
    .order_by(questions.c.number)
)
