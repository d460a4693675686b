"""Steps on ratings: what people think of answers, and how much of it the API has been told."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.engine import Connection, RowMapping
from sqlalchemy.sql import ColumnElement

from bot.store import ready
from bot.store.ready import Row
from bot.store.records import Opinion, Rating
from bot.store.statements import insert
from bot.store.tables import answers, ratings

_FIELDS = (
    *("answer", "user", "wanted", "sent", "content", "content_sent", "told", "marks"),
    *("attempts", "next_try"),
)
_COLUMNS = tuple(ratings.c[name] for name in _FIELDS)
_ONE = select(*_COLUMNS).where(
    ratings.c.answer == bindparam("this"), ratings.c.user == bindparam("by")
)


def mark(
    connection: Connection, answer: str, user: str, added: Sequence[str], removed: Sequence[str]
) -> Rating:
    rating = _locked(connection, answer, user)
    gone = {*added, *removed}
    marks = (*(each for each in rating.marks if each not in gone), *dict.fromkeys(added))
    return _write(connection, replace(rating, marks=marks))


def want_rating(
    connection: Connection,
    answer: str,
    user: str,
    wanted: Opinion | None,
    marks: Sequence[str] | None,
) -> Rating:
    rating = _locked(connection, answer, user)
    kept = rating.marks if marks is None else tuple(marks)
    return _write(connection, replace(rating, wanted=wanted, marks=kept, attempts=0, next_try=None))


def add_words(connection: Connection, answer: str, user: str, content: str) -> Rating:
    rating = _locked(connection, answer, user)
    return _write(connection, replace(rating, content=content, attempts=0, next_try=None))


def rating(connection: Connection, answer: str, user: str) -> Rating | None:
    row = ready.first(connection, _ONE, {"this": answer, "by": user})
    return _rating(row) if row else None


def ratings_due(connection: Connection, now: datetime, limit: int) -> list[Rating]:
    found = (
        select(*_COLUMNS)
        .join(answers, answers.c.id == ratings.c.answer)
        .where(ratings.c.due, (ratings.c.next_try.is_(None)) | (ratings.c.next_try <= now))
        .where(answers.c.message_id != "", answers.c.finished_at.is_not(None))
        .order_by(ratings.c.next_try.nulls_first(), answers.c.number)
        .limit(limit)
    )
    return [_rating(row) for row in connection.execute(found).mappings()]


def rating_sent(
    connection: Connection, answer: str, user: str, wanted: Opinion | None, content: str
) -> None:
    rating = _locked(connection, answer, user)
    told = wanted is not None
    sent = replace(rating, sent=wanted, content_sent=content, told=told, attempts=0, next_try=None)
    _write(connection, sent)


def rating_failed(connection: Connection, answer: str, user: str, next_try: datetime) -> None:
    rating = _locked(connection, answer, user)
    # The request may have arrived though its reply did not.
    told = rating.told or rating.wanted is not None
    _write(connection, replace(rating, told=told, attempts=rating.attempts + 1, next_try=next_try))


def ignore_rating(connection: Connection, answer: str, user: str) -> None:
    connection.execute(update(ratings).where(_of(answer, user)).values(due=False))


def local_ratings(connection: Connection) -> list[tuple[Rating, str]]:
    found = (
        select(*_COLUMNS, answers.c.message_id)
        .join(answers, answers.c.id == ratings.c.answer)
        .order_by(answers.c.number, ratings.c.user)
    )
    return [(_rating(row), row["message_id"]) for row in connection.execute(found).mappings()]


def forget_words(connection: Connection, which: ColumnElement[bool]) -> None:
    """Their rating stays; what the API holds of the words goes with the next change of it."""
    for row in connection.execute(select(*_COLUMNS).where(which)).mappings().all():
        _write(connection, replace(_rating(row), content="", content_sent=""))


def is_due(rating: Rating) -> bool:
    """Whether the API has yet to be told; words alone wait for a rating to go with."""
    if rating.wanted is None:
        return rating.told
    return (rating.wanted, rating.content) != (rating.sent, rating.content_sent)


def _locked(connection: Connection, answer: str, user: str) -> Rating:
    """The rating, made where there is none; nobody else writes it until the transaction ends."""
    new = Rating(answer=answer, user=user)
    connection.execute(
        insert(connection.dialect.name, ratings)
        .values(**_values(new), due=False)
        .on_conflict_do_nothing(index_elements=["answer", "user"])
    )
    locked = select(*_COLUMNS).where(_of(answer, user)).with_for_update()
    return _rating(connection.execute(locked).mappings().one())


def _write(connection: Connection, rating: Rating) -> Rating:
    written = {**_values(rating), "due": is_due(rating)}
    connection.execute(update(ratings).where(_of(rating.answer, rating.user)).values(written))
    return rating


def _values(rating: Rating) -> Mapping[str, object]:
    return {name: getattr(rating, name) for name in _FIELDS}


def _of(answer: str, user: str) -> ColumnElement[bool]:
    return (ratings.c.answer == answer) & (ratings.c.user == user)


def _rating(row: Row | RowMapping) -> Rating:
    return Rating(**{name: row[name] for name in _FIELDS})
