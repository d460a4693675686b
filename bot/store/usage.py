"""Steps on usage: what one end user has used up on one day."""

from datetime import date
from decimal import Decimal

from sqlalchemy import select, update
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ColumnElement

from bot.store.records import Used
from bot.store.statements import insert
from bot.store.tables import usage


def used(connection: Connection, day: date, end_user: str) -> Used:
    row = connection.execute(select(usage).where(_of(day, end_user))).first()
    return Used(**row._mapping) if row else Used(day=day, end_user=end_user)


def add(
    connection: Connection, day: date, end_user: str, tokens: int, price: Decimal, currency: str
) -> None:
    if not tokens and not price:
        return
    connection.execute(
        insert(connection.dialect.name, usage)
        .values(day=day, end_user=end_user, tokens=0, price=Decimal(0), currency=currency)
        .on_conflict_do_nothing(index_elements=["day", "end_user"])
    )
    # Exact decimals lie as text, which no database adds up: the row is locked while Python does.
    row = connection.execute(select(usage).where(_of(day, end_user)).with_for_update()).one()
    connection.execute(
        update(usage)
        .where(_of(day, end_user))
        .values(
            tokens=row.tokens + tokens, price=row.price + price, currency=currency or row.currency
        )
    )


def _of(day: date, end_user: str) -> ColumnElement[bool]:
    return (usage.c.day == day) & (usage.c.end_user == end_user)
