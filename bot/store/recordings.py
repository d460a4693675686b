"""Steps on recordings: speech of answers, made once."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.engine import Connection

from bot.store.records import Recording
from bot.store.statements import put
from bot.store.tables import answers, recordings


def keep_recording(
    connection: Connection, answer: str, recording: Recording, now: datetime
) -> None:
    """Nothing is kept of an answer that has been forgotten, or has had its time."""
    if connection.execute(select(answers.c.emptied).where(answers.c.id == answer)).scalar():
        return
    put(
        connection,
        recordings,
        answer=answer,
        data=recording.data,
        media_type=recording.media_type,
        created_at=now,
    )


def recording(connection: Connection, answer: str) -> Recording | None:
    columns = select(recordings.c.data, recordings.c.media_type)
    row = connection.execute(columns.where(recordings.c.answer == answer)).first()
    return Recording(**row._mapping) if row else None
