"""Steps on screens: the messages that show an answer or say it aloud."""

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ColumnElement

from bot.events import MessageRef
from bot.store import ready
from bot.store.records import Role, Screen
from bot.store.statements import new, put
from bot.store.tables import screens

_ORDER = ("text", "note", "voice")
_OF_ANSWER = select(screens).where(screens.c.answer == bindparam("this"))


def intend_screen(connection: Connection, answer: str, part: int, role: Role) -> None:
    first = new(connection.dialect.name, screens, "answer", "role", "part")
    ready.rows(connection, first, {"answer": answer, "part": part, "role": role, "ref": None})


def shown_screen(
    connection: Connection, answer: str, part: int, ref: MessageRef, role: Role
) -> None:
    put(connection, screens, answer=answer, part=part, role=role, ref=ref)


def removed_screen(connection: Connection, answer: str, part: int, role: Role) -> None:
    connection.execute(delete(screens).where(_at(answer, part, role)))


def of_answer(connection: Connection, answer: str) -> list[Screen]:
    found = [Screen(**row) for row in ready.rows(connection, _OF_ANSWER, {"this": answer})]
    return sorted(found, key=lambda screen: (_ORDER.index(screen.role), screen.part))


def take_over_screens(connection: Connection, old: str, new: str) -> list[Screen]:
    taken = {(each.role, each.part) for each in of_answer(connection, new) if each.ref}
    for screen in of_answer(connection, old):
        # What says the old answer aloud goes on saying it, and nobody can write over what nobody
        # knows: should it be there, its buttons still say whose it is.
        if screen.role == "voice" or (screen.role == "text" and screen.ref is None):
            continue
        if (screen.role, screen.part) in taken:
            continue
        connection.execute(delete(screens).where(_at(new, screen.part, screen.role)))
        connection.execute(
            update(screens).where(_at(old, screen.part, screen.role)).values(answer=new)
        )
    return of_answer(connection, new)


def _at(answer: str, part: int, role: Role) -> ColumnElement[bool]:
    return (screens.c.answer == answer) & (screens.c.part == part) & (screens.c.role == role)
