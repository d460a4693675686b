"""Ready statements: whatever way they take, the rows and the faults are SQLAlchemy's own."""

import sqlite3
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.events import MessageRef
from bot.store import database, ready
from bot.store.columns import Exact, Json, Moment, Prose, Ref
from bot.store.statements import new, put

pytestmark = pytest.mark.real_time

MADE = MetaData()
THINGS = Table(
    "things",
    MADE,
    Column("id", Integer, primary_key=True),
    Column("name", String, unique=True, nullable=False),
    Column("sure", Boolean),
    Column("day", Date),
    Column("at", Moment),
    Column("price", Exact),
    Column("words", Prose),
    Column("data", Json[dict[str, int]](dict[str, int])),
    Column("ref", Ref),
    Column("sound", LargeBinary),
)
NAMES = tuple(column.key for column in THINGS.columns)
PUT_IN = insert(THINGS).returning(THINGS)
PUT_IN_SILENTLY = insert(THINGS)
BY_ID = select(THINGS).where(THINGS.c.id == bindparam("this"))
SINCE = select(THINGS.c.id).where(THINGS.c.at >= bindparam("since")).order_by(THINGS.c.id)
EVERY = select(THINGS.c.name).order_by(THINGS.c.id)
SURE = select(THINGS.c.id, func.length(THINGS.c.name).label("long")).where(
    THINGS.c.sure == True,  # noqa: E712 - a value that is fixed in the statement
    THINGS.c.price != bindparam("price"),
)
LATER = datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=-3)))
CHANGE = update(THINGS).where(THINGS.c.id == bindparam("this")).values(sure=False, at=LATER)
TAKE_OUT = delete(THINGS).where(THINGS.c.id == bindparam("this"))

THING: dict[str, object] = {
    "id": 1,
    "name": "tea",
    "sure": True,
    "day": date(2026, 1, 2),
    "at": datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=timezone(timedelta(hours=5))),
    "price": Decimal("0.10"),
    "words": "Où? 🧭",
    "data": {"a": 1},
    "ref": MessageRef(platform="p", workspace="w", chat="c", id="1"),
    "sound": b"\0\xff",
}
NOTHING: dict[str, object] = {**dict.fromkeys(NAMES), "id": 2, "name": ""}


def plainly(
    connection: Connection, statement: ready.Statement, values: Mapping[str, object]
) -> list[dict[str, object]]:
    """As SQLAlchemy does it by itself."""
    return [dict(row) for row in connection.execute(statement, dict(values)).mappings()]


def readily(
    connection: Connection, statement: ready.Statement, values: Mapping[str, object]
) -> list[dict[str, object]]:
    return [dict(row) for row in ready.rows(connection, statement, values)]


def walk(connection: Connection) -> None:
    """Everything a ready statement does, held against SQLAlchemy on the same connection."""
    assert readily(connection, PUT_IN, THING) == plainly(connection, BY_ID, {"this": 1})
    assert readily(connection, PUT_IN, NOTHING) == plainly(connection, BY_ID, {"this": 2})
    for statement, values in (
        (BY_ID, {"this": 1}),
        (BY_ID, {"this": 2}),
        (BY_ID, {"this": 3}),
        (SINCE, {"since": THING["at"]}),
        (SURE, {"price": Decimal("0.1")}),
        (SURE, {"price": Decimal("0.10")}),
    ):
        assert readily(connection, statement, values) == plainly(connection, statement, values)
    row = ready.first(connection, BY_ID, {"this": 1})
    assert row is not None
    assert {**row, "at": THING["at"]} == THING
    assert row["at"].tzinfo is UTC
    assert ready.first(connection, BY_ID, {"this": 3}) is None
    assert readily(connection, EVERY, {}) == [{"name": "tea"}, {"name": ""}]
    ready.changed(connection, PUT_IN_SILENTLY, {**THING, "id": 3, "name": "x"})
    assert ready.changed(connection, CHANGE, {"this": 3}) == 1
    assert ready.changed(connection, CHANGE, {"this": 4}) == 0
    [row] = plainly(connection, BY_ID, {"this": 3})
    assert (row["sure"], row["at"]) == (False, LATER)
    assert readily(connection, SINCE, {"since": LATER}) == [{"id": 3}]
    assert ready.changed(connection, TAKE_OUT, {"this": 3}) == 1
    assert plainly(connection, BY_ID, {"this": 3}) == []
    unless_there = new(connection.dialect.name, THINGS, "name")
    assert ready.first(connection, unless_there, {**NOTHING, "id": 5}) is None
    put(connection, THINGS, **{**NOTHING, "words": "over it"})
    assert plainly(connection, BY_ID, {"this": 2})[0]["words"] == "over it"


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Engine]:
    """A SQLite file as the threads of the store open it."""
    engine = database.open_writer(database.normalise(f"sqlite:///{tmp_path}/ready.db"))
    MADE.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def memory() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        MADE.create_all(connection)
        yield connection
    engine.dispose()


def test_on_a_thread_of_the_store_they_read_and_write_as_sqlalchemy_does(file: Engine) -> None:
    with file.connect() as connection:
        walk(connection)


async def test_everywhere_else_they_do_so_too(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.run_sync(MADE.create_all)
        await connection.run_sync(walk)
        await connection.rollback()


WHOLE = st.integers(-(2**63), 2**63 - 1)
MOMENTS = st.datetimes(
    min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29), timezones=st.timezones()
)
ROWS = st.fixed_dictionaries(
    {
        "id": WHOLE,
        "name": st.text(st.characters(exclude_categories=["Cs"])),
        "sure": st.none() | st.booleans(),
        "day": st.none() | st.dates(),
        "at": st.none() | MOMENTS,
        "price": st.none() | st.decimals(allow_nan=False),
        "words": st.none() | st.text(),
        "data": st.none() | st.dictionaries(st.text(), WHOLE),
        "ref": st.none() | st.builds(MessageRef, **dict.fromkeys(MessageRef.__slots__, st.text())),
        "sound": st.none() | st.binary(),
    }
)


@given(ROWS)
def test_any_value_goes_in_and_out_as_sqlalchemy_takes_it(row: dict[str, object]) -> None:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        MADE.create_all(connection)
        lies: list[object] = []
        came: list[object] = []
        for write in (plainly, readily):
            came.append(write(connection, PUT_IN, row))
            lies.append(connection.exec_driver_sql("SELECT * FROM things").all())
            for read in (plainly, readily):
                came.append(read(connection, BY_ID, {"this": row["id"]}))
            connection.exec_driver_sql("DELETE FROM things")
        assert all(each == came[0] for each in came)
        assert lies[0] == lies[1]
    engine.dispose()


def fault_of(
    way: object, connection: Connection, statement: ready.Statement, values: Mapping[str, object]
) -> StatementError:
    assert callable(way)
    with pytest.raises(StatementError) as caught:
        way(connection, statement, values)
    return caught.value


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        (PUT_IN, {**THING, "id": 9}),  # the name is taken
        (PUT_IN, {**NOTHING, "name": None}),
        (PUT_IN_SILENTLY, {**THING, "name": object()}),
        (SINCE, {"since": datetime(2026, 1, 1)}),
        (select(Table("elsewhere", MetaData(), Column("id", Integer))), {}),
    ],
    ids=["taken", "missing", "odd", "no zone", "no table"],
)
def test_a_fault_is_the_one_sqlalchemy_raises_and_names_no_value(
    memory: Connection, statement: ready.Statement, values: Mapping[str, object]
) -> None:
    plainly(memory, PUT_IN, THING)
    plain, fast = (fault_of(way, memory, statement, values) for way in (plainly, readily))
    assert type(fast) is type(plain)
    assert type(fast.orig) is type(plain.orig)
    assert str(fast.orig) == str(plain.orig)
    assert isinstance(fast, database.Fault)
    assert "tea" not in str(fast)


def test_a_value_that_is_not_given_is_not_taken_for_none(memory: Connection) -> None:
    for way in (plainly, readily):
        with pytest.raises(database.Fault, match="'this'"):
            way(memory, BY_ID, {})


def test_a_fault_among_later_rows_is_one_too(memory: Connection) -> None:
    driver = memory.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.create_function("break_at", 1, lambda id: 1 // (id - 2))
    for row in (THING, NOTHING):
        plainly(memory, PUT_IN, row)
    breaking = select(func.break_at(THINGS.c.id).label("x")).order_by(THINGS.c.id)
    plain, fast = (fault_of(way, memory, breaking, {}) for way in (plainly, readily))
    assert type(fast) is type(plain)
    assert isinstance(fast, DBAPIError)
    assert str(fast.orig) == str(plain.orig)


def test_after_a_fault_the_connection_goes_on(memory: Connection) -> None:
    readily(memory, PUT_IN, THING)
    fault_of(readily, memory, PUT_IN, THING)
    assert len(readily(memory, BY_ID, {"this": 1})) == 1


def test_whoever_listens_hears_each_statement_with_its_values(memory: Connection) -> None:
    heard: list[tuple[str, object]] = []

    def note(_: object, __: object, statement: str, values: object, *___: object) -> None:
        heard.append((statement, values))

    event.listen(memory.engine, "before_cursor_execute", note)
    try:
        for way in (plainly, readily):
            way(memory, SURE, {"price": Decimal("0.10")})
    finally:
        event.remove(memory.engine, "before_cursor_execute", note)
    readily(memory, SURE, {"price": Decimal("0.10")})
    assert len(heard) == 2
    assert heard[0] == heard[1]
    assert "0.10" in str(heard[1])


def test_a_statement_is_compiled_once(memory: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[object] = []
    made = ready._Ready

    def counting(statement: ready.Statement, names: tuple[str, ...]) -> object:
        compiled.append(statement)
        return made(statement, names)

    monkeypatch.setattr(ready, "_Ready", counting)
    statement = select(THINGS.c.name).where(THINGS.c.id == bindparam("this"))
    readily(memory, PUT_IN, THING)
    compiled.clear()
    for this in (1, 2, 1):
        readily(memory, statement, {"this": this})
    assert compiled == [statement]
    assert ready.changed(memory, CHANGE, {"this": 1}) == 1
