"""CommonMark → what is put on Slack's wire: markdown that calls nobody and hides no goal.

Slack takes standard markdown, so most of it goes as it is. Tokens of Slack's own are made text,
links show where they lead, raw HTML is text, images are links, formulas are code.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from adapters.slack import links
from adapters.slack.inline import Rules, definitions
from adapters.slack.mrkdwn import SECTION, mrkdwn, plain, sections
from adapters.slack.neutral import LONGEST, cleaned, defanged, defused
from adapters.slack.reading import Reading, Standing

__all__ = ["BYTES", "SECTION", "Wire", "fits", "mrkdwn", "plain", "sections", "wire"]

BYTES = 10_900
"""Of UTF-8 that one message holds. Streams were seen to refuse more than some 12,000, of which
nobody knows whether they are bytes or characters; 11,000 were always taken."""

ITEMS = 24
"""Headings, rules and tables of one message. Slack makes blocks of them and of what is between two
of them, and of blocks it takes 50."""

ROWS = 95
"""Lines of tables in one message; Slack takes 100."""

_CUT = 16  # bytes that a text may gain where it is cut, in signs that begin nothing any more
_LONGEST_TOKEN = 2 * LONGEST
_MARKS = "*~`$"
_PADDED = re.compile(r"(?m)^[ \t>\d.)*+-]+(?:```|~~~)")
_ADDRESS = re.compile(r"(?:://|mailto:|\]\()[^\s)>]*")
_ENCODED = '<()[]|"`\\'
_ITEMS = re.compile(
    r"(?m)^[ \t>]*(?:[#=]|\|[ \t]*:?-|[-_*][ \t]*(?:[-_*]|$)"
    r"|(?:[-+*]|\d{1,9}[.)])[ \t][ \t>]*[#=|_*-])"
)
_ROWS = re.compile(r"(?m)^[ \t>\d.)*+-]*\|")


def wire(text: str, *, mine: bool = False, asker: str = "", hardened: bool = False) -> str:
    """The markdown to put on the wire for `text`.

    `mine`: the bot's own words, in which alone the mention of `asker` works and links always do.
    `hardened`: a model's links can neither be followed nor unfurl.
    """
    return Wire(mine=mine, asker=asker, hardened=hardened).finish(text)


class Wire:
    """The same for a text that grows; what was written once is only ever added to.

    Two things may change it after all: a link's target named apart, far below the link, and a text
    that does not go on from the last one. Then it begins anew.
    """

    def __init__(self, *, mine: bool = False, asker: str = "", hardened: bool = False) -> None:
        self._rules = Rules(asker=asker if mine else "", hardened=hardened and not mine)
        self._source = ""
        self._written = ""
        self._standing = Standing()
        self._known: Mapping[str, str] = {}

    def render(self, text: str) -> str:
        """What is to be shown of `text` while more is to come; never ends within a token."""
        return self._render(text, last=False)

    def finish(self, text: str) -> str:
        """The whole of `text`."""
        return self._render(text, last=True)

    def _render(self, text: str, *, last: bool) -> str:
        text = cleaned(text)
        known = definitions(text, last=last)
        if known != self._known or not text.startswith(self._source):
            self._source = self._written = ""
            self._standing, self._known = Standing(), known
        begun = len(self._source)
        reading = Reading(text[begun:], self._rules, known, standing=self._standing, last=last)
        # No token goes on over the end of a line, so that what was written is not looked at again.
        whole = self._written + self._quiet(reading.parts[: reading.whole])
        if not last:
            self._source, self._written = text[: begun + reading.line], whole
            self._standing = reading.begun
        return whole + self._quiet(reading.parts[reading.whole :])

    def _quiet(self, parts: Sequence[str]) -> str:
        """The last step before the wire: whatever came of the parts, no token is left."""
        words = defused("".join(parts), asker=self._rules.asker)
        return defanged(words) if self._rules.hardened else words


def fits(text: str, *, hardened: bool = False) -> int:
    """How many characters of `text` one message holds, at least 1 of a text that is not empty."""
    text = cleaned(text)
    if _is_surely_short(text, hardened=hardened):
        return len(text)
    rules = Rules(hardened=hardened)
    count = _fits(text, rules, {})
    if count > 1 and (known := definitions(text[:count])):
        # With the targets that are named in it, and none of those behind it, which is another page.
        count = _fits(text[:count], rules, known)
    return count


def _is_surely_short(text: str, *, hardened: bool) -> bool:
    """Whether `text` cannot but fit, told without reading it."""
    if "]:" in text or _PADDED.search(text) or (not text.isascii() and links.may_mislead(text)):
        return False
    if len(_ITEMS.findall(text)) > ITEMS or len(_ROWS.findall(text)) > ROWS:
        return False
    # The name of a link's host may be put behind it, and that is in the link as it is written.
    hosts = sum(len(address.encode()) for address in _ADDRESS.findall(text))
    grows = hosts if text.isascii() else 5 * hosts
    grows += 12 * text.count("](") + 3 * sum(map(text.count, _ENCODED)) + 6 * text.count("![")
    grows += 6 * sum(map(text.count, _MARKS)) + 3 * text.count(".") * hardened
    return len(text.encode()) + grows <= BYTES


def _fits(text: str, rules: Rules, known: Mapping[str, str]) -> int:
    room, at, standing = _Room(), 0, Standing()
    for paragraph in _paragraphs(text):
        size = _size(paragraph, rules, tuple(known.items()), standing)
        if not room.takes(size):
            return max(1, at + _part(paragraph, rules, known, standing, room))
        at += len(paragraph)
        standing = size.standing
    return at


def _paragraphs(text: str) -> Iterator[str]:
    at = 0
    while end := text.find("\n\n", at) + 1:
        yield text[at : end + 1]
        at = end + 1
    yield text[at:]


@dataclass(frozen=True, slots=True)
class _Size:
    bytes: int
    items: int
    rows: int
    standing: Standing


@lru_cache(maxsize=1024)
def _size(
    paragraph: str, rules: Rules, known: tuple[tuple[str, str], ...], standing: Standing
) -> _Size:
    """Most of a growing text stays as it is, and is measured again."""
    reading = Reading(paragraph, rules, dict(known), standing=standing)
    total = sum(_weight(part, rules) for part in reading.parts)
    return _Size(total, len(reading.items), len(reading.rows), reading.standing)


def _weight(part: str, rules: Rules) -> int:
    part = defused(part)
    return len((defanged(part) if rules.hardened else part).encode())


@dataclass(slots=True)
class _Room:
    """What a message has left."""

    bytes: int = BYTES
    items: int = ITEMS
    rows: int = ROWS

    def takes(self, size: _Size) -> bool:
        if size.bytes > self.bytes or size.items > self.items or size.rows > self.rows:
            return False
        self.bytes -= size.bytes
        self.items -= size.items
        self.rows -= size.rows
        return True


def _part(
    paragraph: str, rules: Rules, known: Mapping[str, str], standing: Standing, room: _Room
) -> int:
    """How many characters of it there is room for."""
    reading = Reading(paragraph, rules, known, standing=standing)
    end, left = 0, max(0, room.bytes - _CUT)
    for part, after in zip(reading.parts, reading.ends, strict=True):
        weight = _weight(part, rules)
        if weight > left:
            if len(part) == after - end and (part[0] not in "[<`" or len(part) > _LONGEST_TOKEN):
                # Mere words, as they are in the source.
                end += len(part.encode()[:left].decode(errors="ignore"))
            elif after - end > _LONGEST_TOKEN:
                end += _beginning(paragraph[end:after], rules, left)
            break
        end, left = after, left - weight
    stops = [*reading.items[room.items :], *reading.rows[room.rows :]]
    return min([end, *stops])


def _beginning(words: str, rules: Rules, most: int) -> int:
    """How much there is room for of words that are not written as they are in the source."""
    return bisect_right(
        range(1, len(words)),
        most,
        key=lambda end: sum(_weight(part, rules) for part in Reading(words[:end], rules, {}).parts),
    )
