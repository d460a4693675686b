"""A step that follows a chat to its new id. It reads whole tables, once in a group's life."""

from sqlalchemy import Table, delete, select, update
from sqlalchemy.engine import Connection

from bot.events import Chat, itself
from bot.store.tables import answers, dialogs, preferences, ratings


def move_chat(connection: Connection, chat: Chat, old: str) -> None:
    here = (answers.c.workspace == chat.workspace) & (answers.c.platform == chat.platform)
    connection.execute(update(answers).where(here, answers.c.chat == old).values(chat=chat.id))
    # Who spoke in the chat's name goes on doing so.
    before, after = itself(old), itself(chat.id)
    connection.execute(
        update(answers).where(here, answers.c.user_id == before).values(user_id=after)
    )
    rated_since = select(ratings.c.answer).where(ratings.c.user == after)
    connection.execute(
        update(ratings)
        .where(ratings.c.user == before, ratings.c.answer.in_(select(answers.c.id).where(here)))
        .where(ratings.c.answer.not_in(rated_since))
        .values(user=after)
    )
    # It is told by the ids of messages, which are those of others in the new chat.
    photos = dialogs.c.scope.startswith(_beginning(chat, old), autoescape=True)
    connection.execute(delete(dialogs).where(photos, dialogs.c.kind == "photo"))
    for table in (preferences, dialogs):
        _move_scopes(connection, table, chat, old)


def _move_scopes(connection: Connection, table: Table, chat: Chat, old: str) -> None:
    beginning = _beginning(chat, old)
    found = select(table.c.scope).where(table.c.scope.startswith(beginning, autoescape=True))
    for scope in connection.execute(found).scalars().all():
        team, _, user = scope.removeprefix(beginning).partition(":")
        user = itself(chat.id) if user == itself(old) else user
        new = f"{_beginning(chat, chat.id)}{team}:{user}"
        is_taken = connection.execute(select(table.c.scope).where(table.c.scope == new)).first()
        this = table.c.scope == scope
        connection.execute(
            delete(table).where(this) if is_taken else update(table).where(this).values(scope=new)
        )


def _beginning(chat: Chat, id: str) -> str:
    """Of the scopes in it, as bot.store.records.scope writes them."""
    return f"{chat.platform}:{chat.workspace}:{id}:"
