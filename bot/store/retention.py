"""Steps that take words away: after their time, or because their author wants it. Ids stay."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Delete, Table, Update, delete, exists, select, true, update
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ColumnElement

from bot.events import decode
from bot.store import ratings
from bot.store.tables import (
    answers,
    dialogs,
    inbox,
    preferences,
    questions,
    recordings,
    usage,
)
from bot.store.tables import ratings as rated

PORTION = 500  # rows of a kind in one transaction, so that nobody's write waits long for it
MARGIN = timedelta(minutes=1)  # between a question's change and the work that answers it anew

_NO_ANSWER: Mapping[str, object] = {
    "user_name": "",
    "inputs": {},
    "files": (),
    "uploads": (),
    "text": "",
    "sources": (),
    "emptied": True,
}
_NO_QUESTION: Mapping[str, object] = {"text": "", "files": (), "quoted": "", "emptied": True}
_finished = answers.c.finished_at.is_not(None)
_queued = inbox.c.finished_at.is_(None)
_being_answered = exists().where(
    (answers.c.event == questions.c.event) | (answers.c.question == questions.c.ref),
    answers.c.finished_at.is_(None),
)
_needed = _being_answered | exists().where(inbox.c.id == questions.c.event, _queued)
"""Whether a question is yet to be answered, or being answered."""


def forget(
    connection: Connection, platform: str, workspace: str, user_id: str, user_workspace: str
) -> None:
    def theirs(table: Table) -> ColumnElement[bool]:
        return (
            _here(table, platform, workspace)
            & (table.c.user_id == user_id)
            & (table.c.user_workspace == user_workspace)
        )

    # The key of a scope, bot.store.records.scope, has the chat in the middle.
    ending = f":{user_workspace}:{user_id}"
    _forget(connection, platform, workspace, theirs, rated.c.user == user_id, ending)


def forget_workspace(connection: Connection, platform: str, workspace: str) -> None:
    def everybodys(table: Table) -> ColumnElement[bool]:
        return _here(table, platform, workspace)

    _forget(connection, platform, workspace, everybodys, true(), "")


def _forget(
    connection: Connection,
    platform: str,
    workspace: str,
    whose: Callable[[Table], ColumnElement[bool]],
    by_whom: ColumnElement[bool],
    ending: str,
) -> None:
    to_go = whose(answers)
    connection.execute(update(answers).where(to_go, ~_finished).values(forget_wanted=True))
    forget_answers(connection, to_go)
    connection.execute(update(inbox).where(whose(inbox), _queued).values(state="forgotten"))
    accepted = select(inbox.c.id).where(whose(inbox))
    _empty_questions(connection, questions.c.event.in_(accepted))
    rated_here = exists().where(answers.c.id == rated.c.answer, _here(answers, platform, workspace))
    ratings.forget_words(connection, by_whom & rated_here)
    for table in (preferences, dialogs):
        connection.execute(
            delete(table).where(
                table.c.scope.startswith(f"{platform}:{workspace}:", autoescape=True),
                table.c.scope.endswith(ending, autoescape=True),
            )
        )


def forget_answers(connection: Connection, which: ColumnElement[bool]) -> None:
    """Take the words out of answers that are finished, of their questions and recordings."""
    finished = select(answers.c.id).where(which, _finished)
    connection.execute(delete(recordings).where(recordings.c.answer.in_(finished)))
    of_events = select(answers.c.event).where(which, _finished)
    on_messages = select(answers.c.question).where(which, _finished)
    # The work itself is done only when all this is: that it is still queued means nothing here.
    _empty_questions(
        connection,
        questions.c.event.in_(of_events) | questions.c.ref.in_(on_messages),
        unless=_being_answered,
    )
    connection.execute(update(answers).where(which, _finished).values(_NO_ANSWER))


def purge_portion(connection: Connection, text_before: datetime, rows_before: datetime) -> int:
    """Take away a portion of what has had its time; returns how many rows, 0 at the end."""
    text_before = _not_waited_for(connection, text_before)
    return (
        _purge_answers(connection, text_before)
        + _purge_questions(connection, text_before, rows_before)
        + _purge_recordings(connection, text_before)
        + _purge_inbox(connection, rows_before)
        + _rows(connection, delete(dialogs).where(dialogs.c.asked_at < text_before))
        + _rows(connection, delete(usage).where(usage.c.day < rows_before.date()))
    )


def _not_waited_for(connection: Connection, before: datetime) -> datetime:
    """`before`, or earlier where work waits that may need what is older, as after a long stop."""
    old = select(inbox.c.kind, inbox.c.body, inbox.c.created_at).where(
        _queued, inbox.c.created_at < before
    )
    for row in connection.execute(old.order_by(inbox.c.number)):
        if decode(row.kind, row.body):
            earliest: datetime = row.created_at
            return min(before, earliest - MARGIN)
    return before


def _purge_answers(connection: Connection, before: datetime) -> int:
    old = select(answers.c.number).where(~answers.c.emptied, answers.c.finished_at < before)
    which = answers.c.number.in_(old.limit(PORTION))
    return _rows(connection, update(answers).where(which).values(_NO_ANSWER))


def _purge_questions(connection: Connection, before: datetime, rows_before: datetime) -> int:
    old = select(questions.c.number).where(
        ~questions.c.emptied, questions.c.changed_at < before, ~_needed
    )
    emptied = _empty_questions(connection, questions.c.number.in_(old.limit(PORTION)))
    stale = select(questions.c.number).where(
        questions.c.emptied, questions.c.changed_at < rows_before, ~_needed
    )
    which = questions.c.number.in_(stale.limit(PORTION))
    return emptied + _rows(connection, delete(questions).where(which))


def _purge_recordings(connection: Connection, before: datetime) -> int:
    old = select(recordings.c.answer).where(recordings.c.created_at < before)
    return _rows(connection, delete(recordings).where(recordings.c.answer.in_(old.limit(PORTION))))


def _purge_inbox(connection: Connection, before: datetime) -> int:
    old = select(inbox.c.number).where(inbox.c.finished_at < before)
    gone = _rows(connection, delete(inbox).where(inbox.c.number.in_(old.limit(PORTION))))
    waiting = select(inbox.c.number, inbox.c.kind, inbox.c.body).where(
        _queued, inbox.c.created_at < before
    )
    # What no version has been able to read for so long is nobody's work any more.
    for row in connection.execute(waiting).all():
        if not decode(row.kind, row.body):
            gone += _rows(connection, delete(inbox).where(inbox.c.number == row.number))
    return gone


def _empty_questions(
    connection: Connection, which: ColumnElement[bool], *, unless: ColumnElement[bool] = _needed
) -> int:
    return _rows(
        connection,
        update(questions).where(which, ~questions.c.emptied, ~unless).values(_NO_QUESTION),
    )


def _here(table: Table, platform: str, workspace: str) -> ColumnElement[bool]:
    return (table.c.workspace == workspace) & (table.c.platform == platform)


def _rows(connection: Connection, statement: Update | Delete) -> int:
    return connection.execute(statement).rowcount
