"""Steps on what one person has settled in one chat, and on what the bot has asked them there."""

from collections.abc import Mapping

from sqlalchemy import bindparam, delete, select
from sqlalchemy.engine import Connection

from bot.events import Chat
from bot.store import ready
from bot.store.records import Dialog, Preferences, Value
from bot.store.statements import insert, put
from bot.store.tables import dialogs, preferences


def settled(connection: Connection, scope: str) -> tuple[Preferences, Dialog | None]:
    return preferences_of(connection, scope), dialog(connection, scope)


def preferences_of(connection: Connection, scope: str) -> Preferences:
    row = ready.first(connection, _PREFERENCES, {"this": scope})
    return Preferences(**row) if row else Preferences()


def save_inputs(connection: Connection, scope: str, inputs: Mapping[str, Value]) -> None:
    _settle(connection, scope, inputs=dict(inputs))


def set_voice(connection: Connection, scope: str, voice: bool) -> None:
    _settle(connection, scope, voice=voice)


def set_language(connection: Connection, scope: str, language: str) -> None:
    _settle(connection, scope, language=language)


def open_dialog(connection: Connection, scope: str, dialog: Dialog) -> None:
    put(
        connection,
        dialogs,
        scope=scope,
        kind=dialog.kind,
        state=dict(dialog.state),
        asked_at=dialog.asked_at,
    )


def dialog(connection: Connection, scope: str) -> Dialog | None:
    row = ready.first(connection, _OPEN_DIALOG, {"this": scope})
    return Dialog(**row) if row else None


def dialogs_in(connection: Connection, chat: Chat) -> Mapping[str, Dialog]:
    # As bot.store.records.scope begins.
    beginning = f"{chat.platform}:{chat.workspace}:{chat.id}:"
    found = select(dialogs.c.scope, *_DIALOG).where(
        dialogs.c.scope.startswith(beginning, autoescape=True)
    )
    rows = connection.execute(found).mappings()
    return {row["scope"]: Dialog(**{name: row[name] for name in _FIELDS}) for row in rows}


def end_dialog(connection: Connection, scope: str) -> Dialog | None:
    ended = delete(dialogs).where(dialogs.c.scope == scope).returning(*_DIALOG)
    row = connection.execute(ended).first()
    return Dialog(**row._mapping) if row else None


def _settle(connection: Connection, scope: str, **values: object) -> None:
    default = {"inputs": {}, "voice": False, "language": ""}
    connection.execute(
        insert(connection.dialect.name, preferences)
        .values(scope=scope, **{**default, **values})
        .on_conflict_do_update(index_elements=["scope"], set_=values)
    )


_FIELDS = ("kind", "state", "asked_at")
_DIALOG = tuple(dialogs.c[name] for name in _FIELDS)
_OPEN_DIALOG = select(*_DIALOG).where(dialogs.c.scope == bindparam("this"))
_PREFERENCES = select(*(preferences.c.inputs, preferences.c.voice, preferences.c.language)).where(
    preferences.c.scope == bindparam("this")
)
