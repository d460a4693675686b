"""CommonMark → Rich HTML by allow-list, for what plain formatting shows poorly.

Only tags named in `TAGS` are ever written, nothing is loaded, and text is text: of the Bot API's
tags there are no buttons, no media, no maps, no mentions.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from itertools import groupby

from adapters.telegram import layout
from adapters.telegram.links import bare, hidden_host, host, is_visible, other_host, safe
from adapters.telegram.tree import DONE, Node, parse

TAGS: Mapping[str, frozenset[str]] = {
    **{f"h{level}": frozenset() for level in range(1, 7)},
    **dict.fromkeys(
        ["p", "b", "i", "s", "tg-spoiler", "pre", "ul", "tr", "br", "hr", "blockquote"], frozenset()
    ),
    **dict.fromkeys(["tg-math", "tg-math-block", "li"], frozenset()),
    "code": frozenset({"class"}),
    "ol": frozenset({"start"}),
    "input": frozenset({"type", "checked"}),
    "a": frozenset({"href"}),
    "table": frozenset({"bordered"}),
    "th": frozenset({"align"}),
    "td": frozenset({"align"}),
}
"""Every tag that is written, and its attributes. All are among those the Bot API documents."""

MOST_COLUMNS = 20
"""Columns of one table, says the Bot API, as it says the following."""
_LONGEST = 32768  # characters
_MOST_BLOCKS = 500  # nested ones, list items and rows of tables among them
_DEEPEST = 16  # levels of blocks and formatting
_TABLE_LEVELS = 6  # of which a table with bold links takes so many

_SPECIAL = re.compile(r"\||\[[ xX]\]|\$|\\[(\[]")
_MARKS = {"bold": "b", "italic": "i", "strikethrough": "s", "spoiler": "tg-spoiler"}
_ANY_TAG = re.compile(r"<(?!input|hr)[^>]*>")
# What could lead somewhere or load something in a formula is shown as it is written.
_LOADING = re.compile(r"\\(?:href|url|html\w*|includegraphics|require|input)\b", re.IGNORECASE)
_WORTH_IT = frozenset({"table", "math", "display"})


def wants_rich(text: str) -> bool:
    """Whether it holds a table, a task list or a formula."""
    return bool(_SPECIAL.search(text)) and _has_special(parse(text))


def to_rich(text: str) -> str:
    """`text` as Rich HTML; "" when nothing is to be seen, or more than one message may hold."""
    page = _Page()
    page.write(parse(text))
    html = "".join(page.out)
    return "" if page.blocks > _MOST_BLOCKS or len(html) > _LONGEST else html


def _is_empty(html: Sequence[str]) -> bool:
    return not is_visible(_ANY_TAG.sub("", "".join(html)))


def _has_special(nodes: Sequence[Node]) -> bool:
    return any(
        node.kind in _WORTH_IT or bool(node.mark) or _has_special(node.children) for node in nodes
    )


class _Page:
    """HTML while it is written: what is opened is closed, and nothing is nested too deeply."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.blocks = 0
        self._depth = 0
        self._in_link = False
        self._kinds: Mapping[str, Callable[[Node], None]] = {
            "heading": self._heading,
            "list": self._list,
            "table": self._table,
            "quote": self._quote,
            "pre": self._pre,
            "rule": self._rule,
            "footnote": self._footnote,
        }

    @contextmanager
    def _tag(self, name: str, attributes: str = "") -> Iterator[None]:
        written = self._depth < _DEEPEST
        self._depth += 1
        self.out.append(f"<{name}{attributes}>" if written else "")
        yield
        self.out.append(f"</{name}>" if written else "")
        self._depth -= 1

    # Blocks

    def write(self, nodes: Sequence[Node]) -> None:
        for node in nodes:
            self.blocks += 1
            begun = len(self.out)
            if self._depth > _DEEPEST - _TABLE_LEVELS:
                self._paragraphs([Node("text", layout.words([node]))])
            else:
                self._kinds.get(node.kind, self._paragraph)(node)
            if _is_empty(self.out[begun:]):  # such as a quote of nothing, still growing
                del self.out[begun:]

    def _paragraph(self, node: Node) -> None:
        self._paragraphs(node.children)

    def _heading(self, node: Node) -> None:
        with self._tag(f"h{node.number}"):
            self._line(node.children)

    def _quote(self, node: Node) -> None:
        with self._tag("blockquote"):
            self.write(node.children)

    def _rule(self, node: Node) -> None:
        self.out.append("<hr/>")

    def _footnote(self, node: Node) -> None:
        first = [Node("text", layout.note(node.text) + " ")]
        rest = node.children
        if rest and rest[0].kind in ("words", "paragraph"):
            first += rest[0].children
            rest = rest[1:]
        self._paragraphs(first)
        self.write(rest)

    def _paragraphs(self, nodes: Sequence[Node]) -> None:
        """Words in a paragraph, formulas that stand by themselves between such."""
        for is_display, group in groupby(nodes, lambda node: node.kind == "display"):
            pieces = [*group]
            if is_display:
                for node in pieces:
                    self.blocks += 1
                    self._formula("tg-math-block", node.text)
            elif layout.words(pieces).strip() or layout.has_links(pieces):
                with self._tag("p"):
                    self._line(pieces)

    def _list(self, node: Node) -> None:
        first = "" if node.number in (None, 1) else f' start="{node.number}"'
        with self._tag("ul" if node.number is None else "ol", first):
            for item in node.children:
                self.blocks += 1
                with self._tag("li"):
                    if item.mark:
                        checked = " checked" if item.mark == DONE else ""
                        self.out.append(f'<input type="checkbox"{checked}>')
                    self._item(item)

    def _item(self, item: Node) -> None:
        for place, child in enumerate(item.children):
            if child.kind == "words" or (child.kind == "paragraph" and not place):
                self._line(child.children)
            else:
                self.write([child])

    def _pre(self, node: Node) -> None:
        code = escape(layout.words(node.children).replace("\r", "").rstrip("\n"), quote=False)
        language = f' class="language-{escape(node.text)}"' if node.text else ""
        with self._tag("pre"):
            if language:
                with self._tag("code", language):
                    self.out.append(code)
            else:
                self.out.append(code)

    def _table(self, node: Node) -> None:
        rows = layout.rows_of(node)
        if len(node.aligned) > MOST_COLUMNS:
            self._wide_table(rows)
            return
        with self._tag("table", " bordered"):
            for place, row in enumerate(rows):
                self.blocks += 1
                with self._tag("tr"):
                    for cell, side in zip(row, node.aligned, strict=True):
                        aligned = f' align="{side}"' if side else ""
                        with self._tag("td" if place else "th", aligned):
                            self._line(cell.children)

    def _wide_table(self, rows: Sequence[Sequence[Node]]) -> None:
        head, *body = rows
        for row in body or [head]:
            pieces: list[Node] = []
            for name, cell in zip(head, row, strict=True):
                if layout.words(cell.children).strip():
                    pieces += [Node("break", "\n")] if pieces else []
                    if body:
                        pieces += [Node("bold", children=name.children), Node("text", ": ")]
                    pieces += cell.children
            self._paragraphs(pieces)

    # Stretches of a line

    def _line(self, nodes: Sequence[Node]) -> None:
        for node in nodes:
            match node.kind:
                case "text":
                    self._text(node.text)
                case "break":
                    self.out.append("<br>")
                case "code":
                    with self._tag("code"):
                        self.out.append(escape(node.text, quote=False))
                case "math" | "display":
                    self._formula("tg-math", node.text)
                case "note":
                    self._text(layout.note(node.text))
                case "link" | "image":
                    self._link(node)
                case _:
                    with self._tag(_MARKS[node.kind]):
                        self._line(node.children)

    def _text(self, words: str) -> None:
        """Text, its bare addresses made links: clients are told to look for none."""
        at = 0
        for start, end in bare(words) if not self._in_link else ():
            url = safe(words[start:end])
            if not url:
                continue
            self.out.append(escape(words[at:start], quote=False))
            with self._tag("a", f' href="{escape(url)}"'):
                self.out.append(escape(words[start:end], quote=False))
            hidden = hidden_host(words[start:end])
            self.out.append(f" ({escape(hidden, quote=False)})" if hidden else "")
            at = end
        self.out.append(escape(words[at:], quote=False))

    def _link(self, node: Node) -> None:
        label, url = layout.words(node.children), safe(node.text)
        self.out.append(f"{layout.PICTURE} " if node.kind == "image" else "")
        if not url or self._in_link:
            self._line(node.children)
            if not self._in_link:
                self.out.append(escape(layout.unlinked(label, node.text), quote=False))
            return
        self._in_link = True
        with self._tag("a", f' href="{escape(url)}"'):
            self._line(node.children if label.strip() else [Node("text", host(url))])
        self._in_link = False
        if other := other_host(label, url):
            self.out.append(f" ({escape(other, quote=False)})")

    def _formula(self, tag: str, latex: str) -> None:
        if _LOADING.search(latex):
            tag = "code"
        with self._tag(tag):
            self.out.append(escape(latex.strip(), quote=False))
