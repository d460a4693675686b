"""CommonMark → safe HTML by allow-list: nothing a model writes runs, loads or lies about its goal.

Raw HTML is shown as the text it is, images are links, and only http, https and mailto can be
followed. Whatever the text, the HTML is well-formed.
"""

import re
from collections.abc import Iterable, Mapping
from html import escape
from urllib.parse import urlsplit

import pyromark

_OPTIONS = (
    pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_TASKLISTS
    | pyromark.Options.ENABLE_MATH
)
# Browsers give up on nesting at 512 elements; no honest answer comes near this.
_DEEPEST = 48
_SCHEMES = ("http", "https", "mailto")
_LANGUAGE = re.compile(r"[A-Za-z0-9+#_.-]{1,32}")
_BARE = re.compile(r"\bhttps?://[^\s<>\"'`(){}\[\]]+")
_TRAILING = ".,;:!?*_~…。，；：！？"
_HOST = re.compile(r"(?:[\w-]{1,63}\.)+[^\W\d_]{2,24}\b")
_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_LINES = ("Paragraph", "Item", "TableRow", "TableHead")
_SIMPLE = {
    "Paragraph": "p",
    "Strong": "strong",
    "Emphasis": "em",
    "Strikethrough": "del",
    "Item": "li",
}


def to_html(text: str) -> str:
    """`text` as HTML; never raises."""
    return "".join(html for _, html in _blocks(_encoded(text)))


def typed_html(text: str) -> str:
    """What a person typed, as typed: addresses can be followed, all else is text."""
    return "<p>" + _with_links(text.replace("\0", "\ufffd")).replace("\n", "<br>") + "</p>"


def to_plain(text: str) -> str:
    """What a reader sees of `text`: no marks, no targets of links."""
    return "".join(_words(_encoded(text))).strip("\n")


class Frames:
    """The HTML of a text that grows; a block that is over is rendered once.

    Where the text names link targets apart (`[a]: …`) they may change what came before, so it is
    rendered whole. So is a text that does not go on from the last one.
    """

    def __init__(self) -> None:
        self._closed = ""
        self._html = ""

    def render(self, text: str) -> str:
        if "]:" in text:
            return to_html(text)
        if not text.startswith(self._closed):
            self._closed = self._html = ""
        source = _encoded(text[len(self._closed) :])
        blocks = list(_blocks(source))
        # Until its first line is whole, the last block may turn out to belong to the one before.
        if len(blocks) > 1 and source.find(b"\n", blocks[-1][0]) >= 0:
            # A block's range leaves out its indentation, which is what makes some code code.
            start = source.rfind(b"\n", 0, blocks[-1][0]) + 1
            self._closed += source[:start].decode()
            self._html += "".join(html for _, html in blocks[:-1])
            blocks = blocks[-1:]
        return self._html + "".join(html for _, html in blocks)


def _encoded(text: str) -> bytes:
    return text.encode(errors="replace").replace(b"\0", "\ufffd".encode())


def _blocks(source: bytes) -> Iterable[tuple[int, str]]:
    """Each top-level block with the byte it starts at."""
    page = _Page()
    depth = first = 0
    for event, span in pyromark.events_with_range(source.decode(), options=_OPTIONS):
        if depth == 0:
            first = span["start"]
        page.take(event)
        if isinstance(event, dict):
            depth += ("Start" in event) - ("End" in event)
        if depth == 0:
            yield first, page.turn()


def _words(source: bytes) -> Iterable[str]:
    for event in pyromark.events(source.decode(), options=_OPTIONS):
        if isinstance(event, str):
            yield "\n"
            continue
        [(kind, value)] = event.items()
        if kind == "End" and (value in _LINES or isinstance(value, dict)):
            yield "\n"
        elif kind == "End" and value == "TableCell":
            yield "\t"
        elif isinstance(value, str) and kind not in ("Start", "End"):
            yield value


class _Page:
    """HTML while it is written: every tag opened has its end on the stack."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._ends: list[str] = []
        self._text: list[str] = []  # adjoining pieces, since a bare address may come in several
        self._link: list[str] | None = None  # words of the link that is open
        self._target = ""
        self._links = 0
        self._aligned: tuple[str, ...] = ()
        self._column = 0
        self._cell = "td"

    def turn(self) -> str:
        """All HTML since the last time."""
        self._flush()
        html = "".join(self._out)
        self._out.clear()
        return html

    def take(self, event: object) -> None:
        if isinstance(event, str):
            self._flush()
            self._out.append({"Rule": "<hr>", "HardBreak": "<br>"}.get(event, "\n"))
            return
        assert isinstance(event, dict)  # noqa: S101 - the library's own union
        [(kind, value)] = event.items()
        match kind:
            case "Text":
                self._text.append(value)
            case "Start":
                self._flush()
                self._start(value)
            case "End":
                self._flush()
                self._end(value)
            case _:
                self._flush()
                self._piece(kind, value)

    def _piece(self, kind: str, value: object) -> None:
        words = str(value)
        match kind:
            case "Code":
                self._say(words, f"<code>{escape(words)}</code>")
            case "InlineMath":
                self._say(words, f'<span class="math">{escape(words)}</span>')
            case "DisplayMath":
                self._say(words, f'<span class="math display">{escape(words)}</span>')
            case "TaskListMarker":
                checked = " checked" if value else ""
                self._out.append(f'<input type="checkbox" disabled{checked}> ')
            case "InlineHtml" if _LINE_BREAK.fullmatch(words):
                self._out.append("<br>")  # the one way to break a line in a table's cell
            case _:
                self._say(words, escape(words))

    def _say(self, words: str, html: str) -> None:
        if self._link is not None:
            self._link.append(words)
        self._out.append(html)

    def _flush(self) -> None:
        if not self._text:
            return
        words = "".join(self._text)
        self._text.clear()
        in_code = bool(self._ends) and self._ends[-1] == "</code></pre>"
        linked = escape(words) if self._links or in_code else _with_links(words)
        self._say(words, linked)

    def _open(self, html: str, end: str) -> None:
        if len(self._ends) >= _DEEPEST:
            html = end = ""
        self._out.append(html)
        self._ends.append(end)

    def _start(self, tag: str | Mapping[str, object]) -> None:
        if isinstance(tag, str):
            self._start_plain(tag)
            return
        [(kind, value)] = tag.items()
        match kind, value:
            case "Heading", {"level": str(level)}:
                # The page's own headings take the first two levels.
                rank = min(int(level[1:]) + 2, 6)
                self._open(f"<h{rank}>", f"</h{rank}>")
            case "List", None:
                self._open("<ul>", "</ul>")
            case "List", _:
                start = "" if value == 1 else f' start="{int(str(value))}"'
                self._open(f"<ol{start}>", "</ol>")
            case "CodeBlock", _:
                self._open(f"<pre><code{_language(value)}>", "</code></pre>")
            case "Table", tuple(columns):
                self._aligned = columns
                self._open("<table>", "</tbody></table>")
            case (("Link" | "Image"), {"dest_url": str(url)}):
                self._start_link(url, image=kind == "Image")
            case _:  # a quote, and whatever the parser learns to tell apart
                self._open("<blockquote>", "</blockquote>")

    def _start_plain(self, tag: str) -> None:
        if tag in _SIMPLE:
            self._open(f"<{_SIMPLE[tag]}>", f"</{_SIMPLE[tag]}>")
        elif tag == "TableCell":
            aligned = self._aligned[self._column].lower() if self._aligned else "none"
            self._column = (self._column + 1) % len(self._aligned or "1")
            style = "" if aligned == "none" else f' class="{aligned}"'
            self._open(f"<{self._cell}{style}>", f"</{self._cell}>")
        elif tag in ("TableHead", "TableRow"):
            head = tag == "TableHead"
            self._cell, self._column = ("th" if head else "td"), 0
            self._open(*_ROWS[head])
        else:  # raw HTML
            self._open('<p class="raw">', "</p>")

    def _start_link(self, url: str, *, image: bool) -> None:
        self._links += 1
        target = _safe(url) if self._links == 1 else ""
        picture = "🖼 " if image else ""
        if not target:
            self._open(picture, "")
            return
        self._target, self._link = target, []
        self._open(_anchor(target) + picture, "</a>")

    def _end(self, tag: object) -> None:
        if tag in ("Link", "Image"):
            self._links -= 1
            if self._links == 0 and self._link is not None:
                host = _other_host("".join(self._link), self._target)
                self._out.append(f' <span class="host">({escape(host)})</span>' if host else "")
                self._link = None
        self._out.append(self._ends.pop())


_ROWS = {True: ("<thead><tr>", "</tr></thead><tbody>"), False: ("<tr>", "</tr>")}


def _anchor(target: str) -> str:
    return f'<a href="{escape(target)}" rel="noopener noreferrer" target="_blank">'


def _language(block: object) -> str:
    words = str(block.get("Fenced", "")).split() if isinstance(block, dict) else []
    named = _LANGUAGE.fullmatch(words[0]) if words else None
    return f' class="language-{escape(named[0])}"' if named else ""


def _safe(url: str) -> str:
    """`url` if it may be followed, else ""."""
    # Browsers skip these wherever they stand: "java\nscript:" is a script.
    url = "".join(character for character in url if character > " " and character != "\x7f")
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return ""
    if parts.scheme not in _SCHEMES or not (host or (parts.scheme == "mailto" and parts.path)):
        return ""
    return url


def _host(url: str) -> str:
    """Where `url` leads, in the letters that machines compare."""
    parts = urlsplit(url)
    host = parts.hostname or parts.path.rpartition("@")[2]
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host.encode("ascii", "backslashreplace").decode()


def _other_host(words: str, target: str) -> str:
    """The host of `target` if `words` look like an address elsewhere, else ""."""
    real = _host(target)
    # As it is spelt: letters of another alphabet that look like ours are another host.
    named = [found.lower() for found in _HOST.findall(words)]
    ours = {real, real.removeprefix("www."), f"www.{real}"}
    return real if any(name not in ours for name in named) else ""


def _with_links(words: str) -> str:
    """Escaped text with its bare addresses made links."""
    out, at = [], 0
    for found in _BARE.finditer(words):
        url = found[0].rstrip(_TRAILING)
        if not _safe(url):
            continue
        end = found.start() + len(url)
        out += [escape(words[at : found.start()]), _anchor(url), escape(url), "</a>"]
        at = end
    return "".join(out) + escape(words[at:])
