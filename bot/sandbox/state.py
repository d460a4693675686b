"""What the sandbox remembers: end users, messages, files and feedback, in memory or in a file.

It forgets the oldest beyond a bound, feedback with its message, so that it can run for months.
"""

import asyncio
import sqlite3
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

import aiosqlite

from bot.sandbox.apps import App

SHARED_USER = "DEFAULT-USER"  # who owns what came without a `user`

_TABLES = """
CREATE TABLE IF NOT EXISTS end_users (
    id TEXT PRIMARY KEY, app TEXT NOT NULL, name TEXT NOT NULL, created_at REAL NOT NULL,
    UNIQUE (app, name));
CREATE TABLE IF NOT EXISTS messages (
    id TEXT PRIMARY KEY, app TEXT NOT NULL, conversation TEXT NOT NULL, end_user TEXT NOT NULL,
    answer TEXT NOT NULL DEFAULT '', created_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS files (
    id TEXT PRIMARY KEY, app TEXT NOT NULL, end_user TEXT NOT NULL, name TEXT NOT NULL,
    extension TEXT NOT NULL, media_type TEXT NOT NULL, data BLOB NOT NULL,
    created_at REAL NOT NULL, used INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS feedbacks (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, app TEXT NOT NULL,
    conversation TEXT NOT NULL, message TEXT NOT NULL, end_user TEXT NOT NULL,
    rating TEXT NOT NULL, content TEXT, created_at REAL NOT NULL, updated_at REAL NOT NULL,
    UNIQUE (message, end_user));
"""

# Kept by the connection, not by the file, so that a file made with other bounds obeys these.
_BOUNDS = """
CREATE TEMP TRIGGER forget_messages AFTER INSERT ON main.messages BEGIN
    DELETE FROM feedbacks WHERE message IN
        (SELECT id FROM messages WHERE rowid <= NEW.rowid - {messages});
    DELETE FROM messages WHERE rowid <= NEW.rowid - {messages};
END;
CREATE TEMP TRIGGER forget_end_users AFTER INSERT ON main.end_users BEGIN
    DELETE FROM end_users WHERE rowid <= NEW.rowid - {end_users};
END;
CREATE TEMP TRIGGER forget_files AFTER INSERT ON main.files BEGIN
    DELETE FROM files WHERE rowid <= NEW.rowid - {files} OR rowid IN (
        SELECT number FROM (
            SELECT rowid AS number, SUM(LENGTH(data)) OVER (ORDER BY rowid DESC) AS bytes
            FROM files)
        WHERE bytes > {file_bytes});
END;
"""


class StateUnavailable(Exception):
    """The state file cannot be used; the text names the cure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How many of each are kept, the newest; the bytes are those of all files together."""

    messages: int = 20_000
    end_users: int = 100_000
    files: int = 2_000
    file_bytes: int = 256 * 2**20  # more than any two files that may be uploaded


@dataclass(frozen=True, slots=True, kw_only=True)
class EndUser:
    id: str
    app: str
    name: str
    created_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    id: str
    app: str
    conversation: str
    end_user: str
    answer: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    id: str
    app: str
    end_user: str
    name: str
    extension: str  # without the dot
    media_type: str
    data: bytes = field(repr=False)
    created_at: float
    used: bool = False


def naive(moment: float) -> str:
    """ISO time in UTC without saying so, as the API writes it; whole seconds without a fraction."""
    return datetime.fromtimestamp(moment, UTC).replace(tzinfo=None).isoformat()


class State:
    """The sandbox's tables, behind one connection: sqlite runs its statements one by one."""

    def __init__(self, database: aiosqlite.Connection) -> None:
        self._database = database

    async def end_user(self, app: App, name: str) -> EndUser:
        """The app's end user of this name, made when it is seen for the first time."""
        await self._write(
            "INSERT OR IGNORE INTO end_users VALUES (?, ?, ?, ?)",
            (str(uuid.uuid4()), app.id, name, float(int(time.time()))),
        )
        row = await self._row(
            "SELECT id, created_at FROM end_users WHERE app = ? AND name = ?", (app.id, name)
        )
        if row is None:
            raise sqlite3.DatabaseError("an end user vanished between two statements")
        return EndUser(id=row[0], app=app.id, name=name, created_at=row[1])

    async def known_end_user(self, app: App, user_id: str) -> EndUser | None:
        row = await self._row(
            "SELECT id, app, name, created_at FROM end_users WHERE app = ? AND id = ?",
            (app.id, user_id),
        )
        return (
            None if row is None else EndUser(id=row[0], app=row[1], name=row[2], created_at=row[3])
        )

    async def open_message(self, app: App, message_id: str, end_user: EndUser) -> None:
        """The row feedback can refer to, while its answer is still being written."""
        await self._write(
            "INSERT INTO messages VALUES (?, ?, ?, ?, '', ?)",
            (message_id, app.id, str(uuid.uuid4()), end_user.id, time.time()),
        )

    async def close_message(self, message_id: str, answer: str) -> None:
        await self._write("UPDATE messages SET answer = ? WHERE id = ?", (answer, message_id))

    async def message(self, message_id: str) -> Message | None:
        row = await self._row(
            "SELECT id, app, conversation, end_user, answer FROM messages WHERE id = ?",
            (message_id,),
        )
        return (
            None
            if row is None
            else Message(id=row[0], app=row[1], conversation=row[2], end_user=row[3], answer=row[4])
        )

    async def keep_file(self, file: StoredFile) -> None:
        await self._write(
            "INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)",
            (
                file.id,
                file.app,
                file.end_user,
                file.name,
                file.extension,
                file.media_type,
                file.data,
                file.created_at,
            ),
        )

    async def file(self, file_id: str) -> StoredFile | None:
        row = await self._row(
            "SELECT id, app, end_user, name, extension, media_type, data, created_at, used"
            " FROM files WHERE id = ?",
            (file_id,),
        )
        return (
            None
            if row is None
            else StoredFile(
                id=row[0],
                app=row[1],
                end_user=row[2],
                name=row[3],
                extension=row[4],
                media_type=row[5],
                data=row[6],
                created_at=row[7],
                used=bool(row[8]),
            )
        )

    async def mark_used(self, file_id: str) -> None:
        """A message refers to this file now; before, it cannot be previewed."""
        await self._write("UPDATE files SET used = 1 WHERE id = ?", (file_id,))

    async def rate(self, message: Message, rating: str, content: str | None) -> None:
        """The end user's one feedback on the message, made or overwritten, words included."""
        now = time.time()
        await self._write(
            "INSERT INTO feedbacks (id, app, conversation, message, end_user, rating, content,"
            " created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (message, end_user) DO UPDATE SET rating = excluded.rating,"
            " content = excluded.content, updated_at = ?",
            (
                str(uuid.uuid4()),
                message.app,
                message.conversation,
                message.id,
                message.end_user,
                rating,
                content,
                float(int(now)),
                float(int(now)),
                now,
            ),
        )

    async def unrate(self, message: Message) -> bool:
        """Take the feedback back; False when there was none."""
        deleted = await self._write(
            "DELETE FROM feedbacks WHERE message = ? AND end_user = ?",
            (message.id, message.end_user),
        )
        return deleted > 0

    async def feedbacks(self, app: App, page: int, limit: int) -> list[dict[str, object]]:
        """One page of the app's feedback, newest first, in the API's own shape."""
        rows = await self._database.execute_fetchall(
            "SELECT id, app, conversation, message, rating, content, end_user, created_at,"
            " updated_at FROM feedbacks WHERE app = ? ORDER BY created_at DESC, number DESC"
            " LIMIT ? OFFSET ?",
            (app.id, limit, min((page - 1) * limit, 2**62)),  # sqlite counts to 2**63
        )
        return [
            {
                "id": row[0],
                "app_id": row[1],
                "conversation_id": row[2],
                "message_id": row[3],
                "rating": row[4],
                "content": row[5],
                "from_source": "user",
                "from_end_user_id": row[6],
                "from_account_id": None,
                "created_at": naive(row[7]),
                "updated_at": naive(row[8]),
            }
            for row in rows
        ]

    async def _row(self, statement: str, values: tuple[object, ...]) -> sqlite3.Row | None:
        async with self._database.execute(statement, values) as cursor:
            return await cursor.fetchone()

    async def _write(self, statement: str, values: tuple[object, ...]) -> int:
        async with self._database.execute(statement, values) as cursor:
            return cursor.rowcount


@asynccontextmanager
async def open_state(path: str, bounds: Bounds | None = None) -> AsyncIterator[State]:
    """The state kept in this file; an empty path keeps it in memory, until it is closed.

    Raises StateUnavailable.
    """
    if path:
        await asyncio.to_thread(_try, path)
    async with aiosqlite.connect(path or ":memory:", isolation_level=None) as database:
        await database.execute("PRAGMA synchronous = NORMAL")
        await database.executescript(_TABLES)
        await database.executescript(_BOUNDS.format(**asdict(bounds or Bounds())))
        yield State(database)


def _try(path: str) -> None:
    """Make the file what it must be, here, where a failure leaves no thread of aiosqlite behind."""
    try:
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA journal_mode = WAL")
            database.executescript(_TABLES)
    except sqlite3.Error as error:
        raise StateUnavailable(
            f"The state cannot be kept in {path}: {error}. Choose another file."
        ) from error
