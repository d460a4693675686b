"""List and export the ratings people gave the app.

The API holds one rating of each answer, its asker's. Those of others, and what has not arrived
there yet, are kept in the database and told from the API's by their source, LOCAL.
"""

import asyncio
import csv
import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from bot import completion as api
from bot import compose
from bot.phrases import operator
from bot.settings import Settings
from bot.store import database, migrate
from bot.store.records import Rating
from bot.store.store import keeping

LOCAL = "parley"
COLUMNS = ("created_at", "rating", "content", "message_id", "from_source", "from_end_user_id", "id")
# A spreadsheet takes a cell that begins with one of these for a formula, and people wrote them.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


async def export(settings: Settings, *, form: str, output: Path | None, only: str | None) -> int:
    """Write all ratings, those of the API newest first and then those kept here.

    `form` is "table", "csv" or "json"; `only` one rating.
    """
    try:
        async with compose.completion(settings) as client:
            found = [_row(each) async for each in client.feedbacks()]
        found += [_local_row(settings, *each) for each in await _kept_here(settings)]
    except api.CompletionError as error:
        print(operator.sentence(error), file=sys.stderr)
        return 1
    except database.DatabaseError as error:
        print(f"The database cannot be used: {error}. Check DATABASE_URL.", file=sys.stderr)
        return 1
    rows = [row for row in found if only in (None, row["rating"])]
    return await _write({"table": _table, "csv": _csv, "json": _json}[form](rows), output, rows)


async def _write(text: str, output: Path | None, rows: Sequence[object]) -> int:
    if output is None:
        sys.stdout.write(text)
        return 0
    try:
        await asyncio.to_thread(output.write_text, text, encoding="utf-8", newline="")
    except OSError as error:
        print(f"{output} cannot be written: {error.strerror}.", file=sys.stderr)
        return 1
    print(f"{len(rows)} ratings in {output}.", file=sys.stderr)
    return 0


async def _kept_here(settings: Settings) -> list[tuple[Rating, str]]:
    """The ratings the API does not hold as they are, beside its id of the answer."""
    address = settings.database_url.get_secret_value()
    if not database.is_there(address):
        return []
    async with database.opened(address) as engine:
        if not await migrate.revision(engine):
            return []  # nothing has ever been kept there
        if missing := await migrate.missing(engine):
            raise database.DatabaseError(missing)
        async with keeping(engine) as (store, _):
            found = await store.local_ratings()
    return [
        (rating, message_id)
        for rating, message_id in found
        if (rating.wanted, rating.content) not in ((None, ""), (rating.sent, rating.content_sent))
    ]


def _local_row(settings: Settings, rating: Rating, message_id: str) -> dict[str, str | None]:
    return {
        "created_at": None,
        "rating": rating.wanted,
        "content": rating.content or None,
        "message_id": message_id,
        "from_source": LOCAL,
        # Who wants nobody to see ids of a platform does not want them in an export either.
        "from_end_user_id": None if settings.parley_end_user_secret else rating.user,
        "id": None,
    }


def _row(feedback: api.Feedback) -> dict[str, str | None]:
    moment = feedback.created_at
    return {
        "created_at": moment.isoformat() if moment else None,
        "rating": feedback.rating,
        "content": feedback.content,
        "message_id": feedback.message_id,
        "from_source": feedback.from_source,
        "from_end_user_id": feedback.from_end_user_id,
        "id": feedback.id,
    }


def _json(rows: Sequence[dict[str, str | None]]) -> str:
    return json.dumps(rows, ensure_ascii=False, indent=2) + "\n"


def _csv(rows: Sequence[dict[str, str | None]]) -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS)
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return file.getvalue()


def _cell(value: str | None) -> str:
    return f"'{value}" if value and value.startswith(_FORMULA) else value or ""


def _table(rows: Sequence[dict[str, str | None]]) -> str:
    if not rows:
        return "No ratings yet.\n"
    return "".join(
        f"{(row['created_at'] or '')[:16]:<16}  {row['rating'] or '':<7}  "
        f"{row['message_id']}  {_line(row['content'] or '')}\n"
        for row in rows
    )


def _line(text: str) -> str:
    """One line of what was written, without anything that could drive a terminal."""
    words = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return words if len(words) <= 120 else words[:119] + "…"
