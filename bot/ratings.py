"""List and export the ratings people gave the app."""

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

COLUMNS = ("created_at", "rating", "content", "message_id", "from_source", "from_end_user_id", "id")
# A spreadsheet takes a cell that begins with one of these for a formula, and people wrote them.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


async def export(settings: Settings, *, form: str, output: Path | None, only: str | None) -> int:
    """Write all ratings, newest first; `form` is "table", "csv" or "json"; `only` one rating."""
    try:
        async with compose.completion(settings) as client:
            found = [each async for each in client.feedbacks() if only in (None, each.rating)]
    except api.CompletionError as error:
        print(operator.sentence(error), file=sys.stderr)
        return 1
    text = {"table": _table, "csv": _csv, "json": _json}[form]([_row(each) for each in found])
    if output is None:
        sys.stdout.write(text)
        return 0
    try:
        await asyncio.to_thread(output.write_text, text, encoding="utf-8", newline="")
    except OSError as error:
        print(f"{output} cannot be written: {error.strerror}.", file=sys.stderr)
        return 1
    print(f"{len(found)} ratings in {output}.", file=sys.stderr)
    return 0


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
