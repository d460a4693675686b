"""Steps on usage: what one end user has used up on one day."""

from datetime import date
from decimal import Decimal

from sqlalchemy import bindparam, select, update
from sqlalchemy.engine import Connection

from bot.store import ready
from bot.store.records import Used
from bot.store.statements import new
from bot.store.tables import usage


def used(connection: Connection, day: date, end_user: str) -> Used:
    row = ready.first(connection, _USED, {"that_day": day, "by": end_user})
    return Used(**row) if row else Used(day=day, end_user=end_user)


def add(
    connection: Connection, day: date, end_user: str, tokens: int, price: Decimal, currency: str
) -> None:
    if not tokens and not price:
        return
    first = new(connection.dialect.name, usage, "day", "end_user")
    used = {"tokens": tokens, "price": price, "currency": currency}
    if ready.rows(connection, first, {"day": day, "end_user": end_user, **used}):
        return
    # Exact decimals lie as text, which no database adds up: the row is locked while Python does.
    its = {"that_day": day, "by": end_user}
    row = ready.rows(connection, _LOCKED, its)[0]
    used = {"tokens": row["tokens"] + tokens, "price": row["price"] + price}
    ready.changed(connection, _MORE, {**its, **used, "currency": currency or row["currency"]})


_of = (usage.c.day == bindparam("that_day")) & (usage.c.end_user == bindparam("by"))
_USED = select(usage).where(_of)
_LOCKED = _USED.with_for_update()
_MORE = update(usage).where(_of)
