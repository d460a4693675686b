"""CommonMark → mrkdwn, Slack's own markup, for where it takes no markdown; and → plain words.

Replies through a `response_url`, forms, the app's home, lines of context: short texts. Nothing a
model writes is a token here either: "&", "<" and ">" are escaped, and what is in angle brackets is
ours.
"""

import re
from collections.abc import Iterable

import pyromark

from adapters.slack import links
from adapters.slack.neutral import cleaned, defanged, defused, quieted, unlinked
from adapters.slack.tables import aligned

SECTION = 3000
"""Characters of a section's text, says Slack."""

_OPTIONS = (
    pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_TASKLISTS
)
_MARKS = {"Strong": "*", "Emphasis": "_", "Strikethrough": "~", "Heading": "*"}
_BULLETS = ("•", "◦", "▪")
_DEEPEST = 4  # levels of a list; what stands further right has no room
_RULE = "─" * 10
_BESIDE = "\u200b"  # beside a letter a mark is none, but beside a space that nobody sees
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_URL = re.compile(r"https?://[^\s<>\"`|\\]+", re.IGNORECASE)
_TOKEN = re.compile(r"<[^<>\n]*>|&\w+;|`[^`\n]*`|[\s\S]")
_FENCE = "```"


def mrkdwn(text: str, *, mine: bool = False, asker: str = "", hardened: bool = False) -> str:
    """`text` in mrkdwn; the arguments are those of `wire`."""
    hardened = hardened and not mine
    asker = asker if mine else ""
    words = _written(_Writer(_Mrkdwn(asker=asker, hardened=hardened)), text)
    words = defused(words, asker=asker, links=True)
    return defanged(words) if hardened else words


def plain(text: str, *, most: int = SECTION, hardened: bool = False) -> str:
    """What a reader sees of `text`, at most so many characters, nothing of it a token of Slack's.

    For notifications and titles, where nothing is formatted. `hardened`: no address in it either.
    """
    words = quieted(_written(_Writer(_Plain()), text))
    words = unlinked(defanged(words)) if hardened else words
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def sections(text: str, *, most: int = SECTION) -> list[str]:
    """mrkdwn in parts of at most so many characters, cut between lines where that can be done."""
    room = most - 2 * len(f"{_FENCE}\n")  # to close code and open it again
    parts: list[str] = []
    part, is_code = "", False
    for line in _lines(text, room):
        if part and len(part) + 1 + len(line) > most - len(f"\n{_FENCE}"):
            parts.append(f"{part}\n{_FENCE}" if is_code else part)
            part = f"{_FENCE}\n{line}" if is_code else line
        else:
            part = f"{part}\n{line}" if part else line
        is_code ^= line.count(_FENCE) % 2 == 1
    parts.append(part)
    return [part for part in parts if part.strip()]


def _lines(text: str, most: int) -> Iterable[str]:
    """Lines of at most so many characters, long ones cut between words and through no token."""
    for line in text.split("\n"):
        rest, blank = "", 0
        for piece in _TOKEN.findall(line) if len(line) > most else [line]:
            while rest and len(rest) + len(piece) > most:
                end = blank if len(rest) - blank < most // 4 else len(rest)
                yield rest[:end].rstrip(" ")
                rest, blank = rest[end:], 0
            rest += piece[:most]
            blank = len(rest) if piece == " " else blank
        yield rest


class _Mrkdwn:
    """How words look in mrkdwn."""

    item = _BULLETS
    quote = "> "

    def __init__(self, *, asker: str, hardened: bool) -> None:
        self._mention = f"<@{asker}>" if asker else ""
        self._hardened = hardened

    def words(self, words: str) -> str:
        out, at = [], 0
        for found in _URL.finditer(words):
            url = found[0][: links.length(found[0])]
            out.append(self._text(words[at : found.start()]))
            out.append(links.autolink(url, hardened=self._hardened))
            at = found.start() + len(url)
        return "".join(out) + self._text(words[at:])

    def _text(self, words: str) -> str:
        shown = words.translate(_ESCAPED)
        if self._mention:
            shown = shown.replace(self._mention.translate(_ESCAPED), self._mention)
        return unlinked(shown) if self._hardened else shown

    def mark(self, sign: str) -> str:
        return sign

    def code(self, words: str) -> str:
        return f"`{words.translate(_ESCAPED).replace('`', 'ˋ')}`"

    def block(self, words: str) -> str:
        words = words.translate(_ESCAPED).replace(_FENCE, f"``{_BESIDE}`")
        return f"{_FENCE}\n{words}\n{_FENCE}"

    def link(self, words: str, url: str) -> str:
        target = links.safe(url)
        words = " ".join(words.split())
        if not target or self._hardened:
            return links.link(self._text(words), words, url, hardened=self._hardened)
        hidden = links.other_host(words, target)
        label = words.replace("|", "¦").translate(_ESCAPED) or links.host(target)
        return f"<{target}|{label}>" + (f" ({hidden})" if hidden else "")


class _Plain:
    """How they look without formatting."""

    quote = ""

    def words(self, words: str) -> str:
        return words

    def mark(self, sign: str) -> str:
        return ""

    def code(self, words: str) -> str:
        return words

    def block(self, words: str) -> str:
        return words

    def link(self, words: str, url: str) -> str:
        return words or links.host(links.safe(url))


def _written(writer: "_Writer", text: str) -> str:
    for event in pyromark.events(cleaned(text), options=_OPTIONS):
        writer.take(event)
    return writer.whole()


class _Writer:
    """Writes the events of a parser; the lines between two blocks are put in with the second."""

    def __init__(self, look: _Mrkdwn | _Plain) -> None:
        self._look = look
        self._out: list[str] = []
        self._said: list[str] = []  # adjoining pieces, since an address may come in several
        self._lines = 0  # to come before the next word
        self._marks: list[str] = []
        self._is_marked = False  # the last sign closes a mark
        self._lists: list[int | None] = []
        self._quotes = 0
        self._code: list[str] | None = None
        self._around: list[list[str]] = []  # what is written around a label or a cell
        self._targets: list[str] = []
        self._rows: list[list[str]] = []

    def whole(self) -> str:
        self._flush()
        return "".join(self._out)

    def take(self, event: object) -> None:
        if isinstance(event, dict) and "Text" in event:
            (self._said if self._code is None else self._code).append(event["Text"])
            return
        self._flush()
        if not isinstance(event, dict):
            self._break(is_rule=event == "Rule")
            return
        [(kind, value)] = event.items()
        if kind == "Start":
            name, about = next(iter(value.items())) if isinstance(value, dict) else (value, None)
            self._start(name, about)
        elif kind == "End":
            self._end(next(iter(value)) if isinstance(value, dict) else value)
        else:
            self._leaf(kind, value)

    def _leaf(self, kind: str, value: object) -> None:
        if kind == "TaskListMarker":
            self._put("☑ " if value else "☐ ")
        elif self._around:
            self._put(str(value))
        else:
            words = str(value)
            look = self._look.code if kind == "Code" else self._look.words
            self._put(look(words.removesuffix("\n")))
            self._end_line(words.endswith("\n"))

    def _break(self, *, is_rule: bool) -> None:
        self._end_line(1)
        if is_rule:
            self._put(_RULE)
            self._end_line(1)
        elif self._around:
            self._put(" ")

    def _flush(self) -> None:
        if self._said:
            words = "".join(self._said)
            self._said.clear()
            self._put(words if self._around else self._look.words(words))

    # Beginnings

    def _start(self, name: str, about: object) -> None:
        if name in _MARKS:
            self._mark(_MARKS[name])
        elif name in ("TableCell", "Link", "Image"):
            self._targets.append(str(about["dest_url"]) if isinstance(about, dict) else "")
            self._around.append(self._out)
            self._out = []
        elif name == "List":
            self._end_line(1)
            self._lists.append(about if isinstance(about, int) else None)
        elif name == "Item":
            self._begin_item()
        elif name == "BlockQuote":
            self._quotes += 1
        else:
            self._start_block(name)

    def _start_block(self, name: str) -> None:
        if name == "CodeBlock":
            self._code = []
        elif name == "Table":
            self._rows = []
        elif name in ("TableHead", "TableRow"):
            self._rows.append([])

    def _begin_item(self) -> None:
        self._end_line(1)
        depth, number = len(self._lists), self._lists[-1]
        sign = _BULLETS[min(depth, len(_BULLETS)) - 1]
        if number is not None:
            sign, self._lists[-1] = f"{number}.", number + 1
        self._put(f"{sign} ", depth=depth - 1)

    def _mark(self, sign: str) -> None:
        """Begin what is marked; inside of itself a mark says nothing."""
        if sign not in self._marks and not self._around and self._look.mark(sign):
            before = self._out[-1][-1:] if self._out and not self._lines else ""
            self._put((_BESIDE if before.isalnum() else "") + sign)
            self._is_marked = False
        self._marks.append(sign)

    # Ends

    def _end(self, name: str) -> None:
        if name in _MARKS:
            self._unmark(_MARKS[name])
        elif name in ("Link", "Image"):
            self._end_link(is_image=name == "Image")
        elif name == "TableCell":
            self._rows[-1].append(" ".join(self._taken().split()))
        elif name == "CodeBlock":
            words, self._code = "".join(self._code or ()).rstrip("\n"), None
            self._put_block(words)
        elif name == "Table":
            self._put_block(aligned(self._rows))
        else:
            self._leave(name)
        if name == "Heading":
            self._end_line(1)

    def _leave(self, name: str) -> None:
        if name == "List":
            self._lists.pop()
        elif name == "BlockQuote":
            self._quotes -= 1
        if name in ("List", "BlockQuote", "Paragraph", "HtmlBlock"):
            self._end_line(1 if self._lists else 2)

    def _unmark(self, sign: str) -> None:
        self._marks.remove(sign)
        if sign not in self._marks and not self._around and self._look.mark(sign):
            self._put(sign)
            self._is_marked = True

    def _end_link(self, *, is_image: bool) -> None:
        url, words = self._targets[-1], self._taken()
        if "|" in url and words == url and not self._around:
            url, _, words = url.partition("|")  # as Slack writes a link itself
        if is_image:
            words = f"{links.PICTURE} {words or links.host(links.safe(url))}".rstrip()
        self._put(words if self._around else self._look.link(words, url))

    def _taken(self) -> str:
        """The plain words of a label or a cell."""
        self._targets.pop()
        taken, self._out = "".join(self._out), self._around.pop()
        return taken

    def _put_block(self, words: str) -> None:
        self._end_line(1)
        if words.strip():
            self._put(self._look.block(words), depth=0)
        self._end_line(1 if self._lists else 2)

    # Lines

    def _put(self, words: str, *, depth: int | None = None) -> None:
        """Write it where the last word ended, or in a line of its own."""
        if self._around:
            self._out.append(words)
            return
        quote = self._look.quote if self._quotes else ""
        if self._lines or not self._out:
            deep = len(self._lists) if depth is None else depth
            indent = "   " * min(deep, _DEEPEST) if self._out or depth else ""
            self._out.append("\n" * self._lines + quote + indent)
        elif self._is_marked and words[:1].isalnum():
            self._out.append(_BESIDE)
        self._lines, self._is_marked = 0, False
        self._out.append(words.replace("\n", f"\n{quote}"))

    def _end_line(self, lines: int) -> None:
        """The next word stands at least so many lines further down."""
        if self._out and not self._around:
            self._lines = max(self._lines, lines)
