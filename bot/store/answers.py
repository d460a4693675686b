"""Steps on answers: one generation each, from the question to its last screen."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy import Executable, Select, bindparam, case, func, select, update
from sqlalchemy.engine import Connection, RowMapping
from sqlalchemy.sql import ColumnElement

from bot.events import Chat, MessageRef, Place, User
from bot.store import ratings, ready, retention, usage
from bot.store.questions import first_question
from bot.store.ready import Row
from bot.store.records import Answer, Closed, Decided, Outcome, Question, Source, Upload, Value
from bot.store.statements import new
from bot.store.tables import answers, inbox, questions, screens

_TAKEN_OVER = (
    *("id", "event", "end_user", "question", "replaces", "state", "outcome"),
    *("inputs", "files", "uploads", "task_id", "message_id", "text", "error", "sources"),
    *("tokens", "price", "currency", "stop_wanted", "created_at", "finished_at"),
)
"""Columns that are the fields of the same name."""


def open_answer(connection: Connection, answer: Answer, claim: str, now: datetime) -> Answer:
    finished = answer.state == answer.outcome
    values = {name: getattr(answer, name) for name in _TAKEN_OVER}
    values["finished_at"] = (answer.finished_at or now) if finished else None
    values |= _place_columns(answer.place)
    forgotten = ready.first(connection, _FORGOTTEN, {"this": answer.event}) is not None
    values |= {"claim": claim, "forget_wanted": forgotten, "emptied": False}
    unasked = answer.state in ("waiting", "closing")
    values["asked_at"] = None if unasked else answer.created_at
    row = ready.first(connection, new(connection.dialect.name, answers, "event"), values)
    return _answer(row or ready.rows(connection, _FOR, {"this": answer.event})[0])


def open_first(
    connection: Connection, question: Question, answer: Answer, claim: str, now: datetime
) -> Answer | None:
    if first_question(connection, question, now) is None:
        return None
    return open_answer(connection, answer, claim, now)


def answer(connection: Connection, id: str) -> Answer | None:
    return _read(ready.first(connection, _THIS, {"this": id}))


def answer_for(connection: Connection, event_id: str) -> Answer | None:
    return _read(ready.first(connection, _FOR, {"this": event_id}))


def claim(connection: Connection, id: str, claim: str) -> Answer | None:
    return _read(ready.first(connection, _CLAIM, {"this": id, "claim": claim}))


def asked(
    connection: Connection,
    id: str,
    claim: str,
    now: datetime,
    inputs: Mapping[str, Value],
    uploads: Sequence[Upload],
) -> bool:
    values = {"asked_at": now, "inputs": dict(inputs), "uploads": tuple(uploads)}
    return ready.changed(connection, _ASKED, {"this": id, "holder": claim, **values}) == 1


def started(
    connection: Connection, id: str, claim: str, task_id: str, message_id: str, text: str
) -> bool:
    values = {"task_id": task_id, "message_id": message_id, "newest": text}
    return ready.changed(connection, _STARTED, {"this": id, "holder": claim, **values}) == 1


def keep(connection: Connection, id: str, claim: str, text: str) -> bool | None:
    row = ready.first(connection, _KEEP, {"this": id, "holder": claim, "newest": text})
    return None if row is None else bool(row["stop_wanted"])


def closing(
    connection: Connection,
    id: str,
    claim: str,
    now: datetime,
    *,
    outcome: Outcome,
    text: str,
    error: str,
    sources: Sequence[Source],
    tokens: int,
    price: Decimal,
    currency: str,
    message_id: str,
    task_id: str,
) -> Decided | None:
    held = {"this": id, "holder": claim}
    values = {"outcome": outcome, "text": text, "error": error, "sources": tuple(sources)}
    used = {"tokens": tokens, "price": price, "currency": currency}
    ids = {"known_message": message_id, "known_task": task_id}
    row = ready.first(connection, _CLOSING, held | values | used | ids)
    if row is not None:
        usage.add(connection, now.astimezone(UTC).date(), row["end_user"], tokens, price, currency)
    # Decided, and its usage counted, by the first that came; or claimed by another.
    row = row or ready.first(connection, _HELD, held)
    if row is None:
        return None
    return Decided(rating=ratings.rating(connection, id, row["user_id"]))


def closed(connection: Connection, id: str, claim: str, now: datetime) -> Closed | None:
    values = {"this": id, "holder": claim, "finished_at": now}
    row = ready.first(connection, _CLOSED, values)
    if row is None:
        return None
    if row["forget_wanted"]:
        retention.forget_answers(connection, answers.c.id == id)
    done = ready.changed(connection, _DONE, {"this": row["event"], "now": now}) == 1
    rated = ratings.rating(connection, id, row["user_id"]) is not None
    return Closed(work=row["event"] if done else "", rated=rated)


def want_stop(connection: Connection, id: str) -> Answer | None:
    connection.execute(update(answers).where(answers.c.id == id, _open).values(stop_wanted=True))
    return answer(connection, id)


def open_answers(connection: Connection, place: Place) -> list[Answer]:
    found = select(answers).where(_of_person(place), _open).order_by(answers.c.number)
    return [_answer(row) for row in connection.execute(found).mappings()]


def came_before(connection: Connection, event_id: str, others: Collection[str]) -> set[str]:
    number = select(inbox.c.number).where(inbox.c.id == event_id).scalar_subquery()
    found = select(inbox.c.id).where(inbox.c.id.in_(others), inbox.c.number < number)
    return set(connection.execute(found).scalars())


def answer_on(connection: Connection, ref: MessageRef) -> Answer | None:
    found = (
        select(answers).join(screens, screens.c.answer == answers.c.id).where(screens.c.ref == ref)
    )
    return _first(connection, _newest(found))


def latest_answer(connection: Connection, place: Place) -> Answer | None:
    return _latest(connection, place, _on_screen.exists())


def latest_asked(connection: Connection, place: Place) -> Answer | None:
    return _latest(connection, place, ~_question_deleted.exists())


def recent_answers(connection: Connection, place: Place, limit: int) -> list[Answer]:
    found = select(answers).where(_of_user(place), ~_open, ~answers.c.emptied, answers.c.text != "")
    found = found.where(_on_screen.exists()).order_by(answers.c.number.desc()).limit(limit)
    return [_answer(row) for row in connection.execute(found).mappings()]


def answers_to(connection: Connection, event_id: str) -> list[Answer]:
    on_its_messages = answers.c.question.in_(
        select(questions.c.ref).where(questions.c.event == event_id)
    )
    found = select(answers.c.number).where(on_its_messages)
    both = found.union(select(answers.c.number).where(answers.c.event == event_id))
    rows = connection.execute(
        select(answers).where(answers.c.number.in_(both)).order_by(answers.c.number)
    )
    return [_answer(row) for row in rows.mappings()]


def latest_for_question(connection: Connection, ref: MessageRef) -> Answer | None:
    its_event = select(questions.c.event).where(questions.c.ref == ref, questions.c.event != "")
    of_album = select(questions.c.ref).where(questions.c.event.in_(its_event))
    number = select(func.max(answers.c.number)).where(
        answers.c.question.in_(of_album) | (answers.c.question == ref)
    )
    return _first(connection, select(answers).where(answers.c.number == number.scalar_subquery()))


def asked_since(connection: Connection, end_user: str, since: datetime) -> int:
    counted = select(func.count()).where(
        answers.c.end_user == end_user, answers.c.asked_at >= since
    )
    return connection.execute(counted).scalar_one()


# What was still waiting when its author wanted everything forgotten.
_FORGOTTEN = select(inbox.c.number).where(
    inbox.c.id == bindparam("this"), inbox.c.state == "forgotten"
)
# The work is done with its answer. What was said is no longer needed, the id is.
_DONE = (
    update(inbox)
    .where(inbox.c.id == bindparam("this"), inbox.c.finished_at.is_(None))
    .values(state="done", body=b"", run_at=None, finished_at=bindparam("now"))
)
_open = answers.c.finished_at.is_(None)
_on_screen = select(screens.c.answer).where(
    screens.c.answer == answers.c.id, screens.c.ref.is_not(None)
)

_question_deleted = select(questions.c.ref).where(
    questions.c.ref == answers.c.question, questions.c.deleted
)

# Built once: what every answer does. Values that are not named here are given at execution.
_this = answers.c.id == bindparam("this")
_held = _this & (answers.c.claim == bindparam("holder"))
_THIS = select(answers).where(_this)
_FOR = select(answers).where(answers.c.event == bindparam("this"))
_HELD = select(answers.c.user_id).where(_held)
_CLAIM = update(answers).where(_this, _open).values(claim=bindparam("claim")).returning(answers)
_ASKED = (
    update(answers)
    .where(_held, answers.c.state == "waiting", answers.c.stop_wanted.is_(False))
    .values(state="asked")
)
_STARTED = (
    update(answers)
    .where(_held, (answers.c.state == "asked") | (answers.c.state == "streaming"))
    .values(state="streaming", text=bindparam("newest", type_=answers.c.text.type))
)
# A keeper may come late: once the outcome is decided, its text is.
_KEEP = (
    update(answers)
    .where(_held)
    .values(
        text=case(
            (answers.c.outcome.is_(None), bindparam("newest", type_=answers.c.text.type)),
            else_=answers.c.text,
        )
    )
    .returning(answers.c.stop_wanted)
)
_CLOSING = (
    update(answers)
    .where(_held, answers.c.outcome.is_(None))
    .values(
        state="closing",
        message_id=func.coalesce(func.nullif(bindparam("known_message"), ""), answers.c.message_id),
        task_id=func.coalesce(func.nullif(bindparam("known_task"), ""), answers.c.task_id),
    )
    .returning(answers.c.end_user, answers.c.user_id)
)
_CLOSED = (
    update(answers)
    .where(_held, answers.c.state == "closing")
    .values(state=answers.c.outcome)
    .returning(answers.c.forget_wanted, answers.c.event, answers.c.user_id)
)


def _of_person(place: Place) -> ColumnElement[bool]:
    """In the chat there."""
    return _of_user(place) & (answers.c.chat == place.chat.id)


def _of_user(place: Place) -> ColumnElement[bool]:
    """In whatever chat of the workspace."""
    chat, user = place.chat, place.user
    return (
        (answers.c.user_id == user.id)
        & (answers.c.workspace == chat.workspace)
        & (answers.c.platform == chat.platform)
        & (answers.c.user_workspace == user.workspace)
    )


def _latest(connection: Connection, place: Place, which: ColumnElement[bool]) -> Answer | None:
    found = select(answers).where(_of_person(place), ~_open, which)
    if place.chat.thread:
        found = found.where(answers.c.thread == place.chat.thread)
    return _first(connection, _newest(found))


def _newest(found: Select[tuple[object]]) -> Select[tuple[object]]:
    return found.order_by(answers.c.number.desc()).limit(1)


def _first(connection: Connection, found: Executable) -> Answer | None:
    return _read(connection.execute(found).mappings().first())


def _read(row: Row | RowMapping | None) -> Answer | None:
    return None if row is None else _answer(row)


def _place_columns(place: Place) -> dict[str, object]:
    """Everything but the interaction, which is over before anybody could read it here."""
    chat, user = place.chat, place.user
    return {
        "platform": chat.platform,
        "workspace": chat.workspace,
        "chat": chat.id,
        "thread": chat.thread,
        "private": chat.private,
        "user_workspace": user.workspace,
        "user_id": user.id,
        "user_name": user.name,
        "user_language": user.language,
        "reply_to": place.reply_to,
        "only_user": place.only_user,
    }


def _place(row: Row | RowMapping) -> Place:
    return Place(
        chat=Chat(
            platform=row["platform"],
            workspace=row["workspace"],
            id=row["chat"],
            thread=row["thread"],
            private=row["private"],
        ),
        user=User(
            id=row["user_id"],
            workspace=row["user_workspace"],
            name=row["user_name"],
            language=row["user_language"],
        ),
        reply_to=row["reply_to"],
        only_user=row["only_user"],
    )


def _answer(row: Row | RowMapping) -> Answer:
    return Answer(place=_place(row), **{name: row[name] for name in _TAKEN_OVER})
