"""The text work of the offline engine: each function takes a text and gives CommonMark."""

import csv
import re
from collections.abc import Iterable

from bot.sandbox.prose import count_words, join_sentences, sentences, summarise

# Adults read about 238 words of English prose a minute (Brysbaert 2019, over 190 studies).
READING_PACE = 238
# A table in a chat is lost on the reader long before this; csv itself stops at 131,072.
MOST_ROWS = 200
LONGEST_ROW = 2000

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DATE = re.compile(
    rf"\b\d{{4}}-\d{{2}}-\d{{2}}\b|\b\d{{1,2}}[./]\d{{1,2}}[./]\d{{2,4}}\b"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}(?:,?\s+\d{{4}})?(?!\w)"
    rf"|\b{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s+\d{{4}})?\b"
    r"|\d{4}年\d{1,2}月(?:\d{1,2}日)?|\d{1,2}月\d{1,2}日",
    re.I,
)
# Lengths are the limits of RFC 5321; they also bound what a long run of letters can cost.
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_LINK = re.compile(r"https?://[^\s<>\"'）】]+[^\s<>\"'.,;:!?)\]）】。、]", re.I)
_NUMBER = re.compile(r"(?<![\w.])[-+−]?\d+(?:[.,\u00a0 ]\d{3})*(?:[.,]\d+)?\s?%?(?![\w])")


def make_summary(text: str, limit: int, bullets: bool) -> str:
    chosen = summarise(text, limit)
    return bulleted(chosen) if bullets else join_sentences(chosen)


def count(text: str) -> str:
    total = count_words(text)
    minutes = max(1, round(total / READING_PACE))
    rows = (
        ("Words", total),
        ("Characters", len(text)),
        ("Characters without spaces", sum(not c.isspace() for c in text)),
        ("Sentences", len(sentences(text))),
        ("Lines", len(text.splitlines())),
        ("Minutes to read", minutes if total else 0),
    )
    table = [f"| {what} | {many} |" for what, many in rows]
    return "\n".join(["| What | How many |", "| --- | ---: |", *table])


def title_case(text: str) -> str:
    return re.sub(r"[^\W\d_]+(?:['’][^\W\d_]+)*", lambda word: word[0].capitalize(), text)


def sort_lines(text: str) -> str:
    return "\n".join(sorted(_lines(text), key=str.casefold))


def make_list(text: str) -> str:
    """Lines when there are several, else the parts between commas, else sentences."""
    return bulleted(_parts(text))


def make_numbered_list(text: str) -> str:
    return "\n".join(f"{at}. {part}" for at, part in enumerate(_parts(text), 1))


def make_table(text: str) -> str:
    """A table of lines (one at least) with cells parted by commas, semicolons, tabs or bars.

    Empty where no cell holds anything.
    """
    lines = [line[:LONGEST_ROW].strip("|") for line in _lines(text)[:MOST_ROWS]]
    sign = max(",;\t|", key=lines[0].count)
    rows = [
        [" ".join(cell.split()).replace("|", "\\|") for cell in row]
        for row in csv.reader(lines, delimiter=sign)
    ]
    if not any(map(any, rows)):
        return ""
    width = max(map(len, rows))
    head, *body = ["| " + " | ".join(row + [""] * (width - len(row))) + " |" for row in rows]
    return "\n".join([head, "|" + " --- |" * width, *body])


def find_dates(text: str) -> str:
    return _found("dates", _DATE.findall(text))


def find_emails(text: str) -> str:
    return _found("e-mail addresses", _EMAIL.findall(text))


def find_links(text: str) -> str:
    return _found("links", _LINK.findall(text))


def find_numbers(text: str) -> str:
    return _found("numbers", (match.strip() for match in _NUMBER.findall(text)))


def bulleted(parts: Iterable[str]) -> str:
    return "\n".join(f"- {part}" for part in parts)


def _found(what: str, matches: Iterable[str]) -> str:
    unique = list(dict.fromkeys(matches))
    return bulleted(unique) if unique else f"I found no {what} in the text."


def _parts(text: str) -> list[str]:
    lines = _lines(text)
    if len(lines) > 1:
        return lines
    found = sentences(text)
    if len(found) > 1:
        return found
    return [part.strip() for part in re.split(r"[,;，、；]\s*(?:and\s+)?", text) if part.strip()]


def _lines(text: str) -> list[str]:
    """Its lines without list marks and without the empty ones."""
    tidy = (re.sub(r"^\s*(?:[-*•]|\d+[.)])\s+", "", line).strip() for line in text.splitlines())
    return [line for line in tidy if line]
