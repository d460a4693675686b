"""Steps on what the operator wants to know: how much was asked, by how many, and how it ended."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import bindparam, distinct, func, select
from sqlalchemy.engine import Connection

from bot.store.records import Figures
from bot.store.tables import answers, ratings, usage


def since(connection: Connection, moment: datetime) -> Figures:
    """What happened from `moment` on; usage is kept by the day, so all of its day counts."""
    at = {"moment": moment}
    asked, people = connection.execute(_ASKED, at).one()
    outcomes: dict[str, int] = {row[0]: row[1] for row in connection.execute(_OUTCOMES, at)}
    opinions: dict[str, int] = {row[0]: row[1] for row in connection.execute(_OPINIONS, at)}
    tokens = 0
    spent: dict[str, Decimal] = {}
    for row in connection.execute(_USED, {"that_day": moment.date()}):
        tokens += row.tokens
        spent[row.currency] = spent.get(row.currency, Decimal(0)) + row.price
    return Figures(
        asked=asked,
        people=people,
        open=connection.execute(_OPEN).scalar_one(),
        outcomes=outcomes,
        likes=opinions.get("like", 0),
        dislikes=opinions.get("dislike", 0),
        tokens=tokens,
        spent={currency: price for currency, price in spent.items() if price},
    )


_RECENT = answers.c.asked_at >= bindparam("moment")
_ASKED = select(func.count(), func.count(distinct(answers.c.end_user))).where(_RECENT)
_OPEN = select(func.count()).select_from(answers).where(answers.c.finished_at.is_(None))
_OUTCOMES = (
    select(answers.c.outcome, func.count())
    .where(_RECENT, answers.c.finished_at.is_not(None))
    .group_by(answers.c.outcome)
)
_OPINIONS = (
    select(ratings.c.wanted, func.count())
    .join(answers, answers.c.id == ratings.c.answer)
    .where(_RECENT, ratings.c.wanted.is_not(None))
    .group_by(ratings.c.wanted)
)
_USED = select(usage.c.tokens, usage.c.price, usage.c.currency).where(
    usage.c.day >= bindparam("that_day")
)
