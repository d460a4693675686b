"""CommonMark as a small tree, besides it what people and models write in chats.

Beyond CommonMark: tables, task lists, strikethrough, footnotes, formulas ($…$, $$…$$, \\(…\\),
\\[…\\]) and spoilers (||…||). Raw HTML is text.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyromark

_OPTIONS = (
    pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_TASKLISTS
    | pyromark.Options.ENABLE_MATH
    | pyromark.Options.ENABLE_FOOTNOTES
)
_DEEPEST = 24  # levels; nothing is read any more that is quoted or listed so deep
OPEN, DONE = "☐", "☑"
"""The boxes of a task list."""

INLINE = frozenset(
    [
        *["text", "code", "math", "display", "break", "note"],
        *["bold", "italic", "strikethrough", "spoiler", "link", "image"],
    ]
)
_PARTS = frozenset(["item", "row", "cell"])
_HOLDING_BLOCKS = frozenset(["root", "item", "footnote", "quote"])
_NAMES = {
    "Paragraph": "paragraph",
    "Heading": "heading",
    "BlockQuote": "quote",
    "CodeBlock": "pre",
    "HtmlBlock": "paragraph",
    "List": "list",
    "Item": "item",
    "FootnoteDefinition": "footnote",
    "Table": "table",
    "TableHead": "row",
    "TableRow": "row",
    "TableCell": "cell",
    "Emphasis": "italic",
    "Strong": "bold",
    "Strikethrough": "strikethrough",
    "Link": "link",
    "Image": "image",
}
_LEAVES = {
    "Text": "text",
    "Html": "text",
    "InlineHtml": "text",
    "Code": "code",
    "InlineMath": "math",
    "DisplayMath": "display",
    "FootnoteReference": "note",
}
_LANGUAGE = re.compile(r"[A-Za-z0-9+#_.-]{1,32}")
_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)

# They make an address read as another one; languages have their directions without them.
_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_UNENCODABLE = re.compile("[\0\ud800-\udfff]")

# Backslashes before brackets are escapes to CommonMark, so a formula written that way is taken out
# before the parser sees it. A stand-in of the same length keeps all places.
_STAND_INS = range(0xF0000, 0xFFFFC)
_FILLER = "\U000ffffd"
_STAND_IN = re.compile("[\U000f0000-\U000ffffc]\U000ffffd*")
_CODE_OR_FORMULA = re.compile(
    r"(?P<tick>`+)(?!`)[^\n]*?(?<!`)(?P=tick)(?!`)"
    r"|\\\((?P<inline>(?:(?!\n[ \t>]*\n|\\[()])[\s\S])+?)\\\)"
    r"|\\\[(?P<display>(?:(?!\n[ \t>]*\n|\\[\[\]])[\s\S])+?)\\\]"
    r"|\\[\s\S]"
)
_BEGINS_FORMULA = re.compile(r"\\[(\[]")
_OPEN_FORMULA = re.compile(r"\\[(\[](?!(?:[\s\S])*?\n[ \t>]*\n)")
_MATHEMATICAL = re.compile(r"[\\^_=+*/<>|\d]|\A\s*[^\W\d_]\s*\Z")
_QUOTED_LINE = re.compile(r"\n[ \t>]*")
_MONEY = re.compile(
    r"\d[^\\^_={}]*\s[^\W\d_]{2,}|[^\\^_={}]*[^\W\d_]{2,}\s+[^\W\d_]{2,}"
    r"|[^\W\d_]{2,}[\s,.;:!?)][^\\^_={}+*<>|]*\Z"
)

_BARS = re.compile(r"(?<!\|)\|\|(?!\|)")
_UNDEFINED_NOTE = re.compile(r"\[\^([\w-]{1,32})\]")


@dataclass(slots=True)
class Node:
    """A block or a stretch of a line.

    `text`: of a leaf its words, of code its language, of a link its target, of a note its label.
    `number`: a list's first number, a heading's level. `mark`: a list item's box, "☐" or "☑"; of a
    formula in brackets, how it was written.
    `aligned`: a table's columns, each "left", "center", "right" or "". `loose`: a list whose items
    stand apart.
    """

    kind: str
    text: str = ""
    children: list["Node"] = field(default_factory=list)
    number: int | None = None
    mark: str = ""
    aligned: tuple[str, ...] = ()
    loose: bool = False


def cleaned(text: str) -> str:
    """`text`, of the same length, without halves of characters and turned directions."""
    if text.isascii() and "\0" not in text:
        return text
    return _DIRECTIONS.sub("\u2060", _UNENCODABLE.sub("\ufffd", text))


def parse(text: str) -> list[Node]:
    return [node for _, node in blocks(text)]


def blocks(text: str) -> Iterator[tuple[int, Node]]:
    """Each top-level block with the character it starts at."""
    source, formulas = _taken_out(cleaned(text))
    encoded = None if source.isascii() else source.encode()
    builder = _Builder(source, formulas)
    found, stack = builder.root.children, builder.stack
    first = 0
    for event, span in pyromark.events_with_range(source, options=_OPTIONS):
        if len(stack) == 1:
            first = span["start"]
        builder.take(event)
        if len(stack) == 1:
            yield first if encoded is None else len(encoded[:first].decode()), found.pop()


def starts(text: str) -> list[int]:
    """Where the first lines of the top-level blocks begin."""
    source, _ = _taken_out(cleaned(text))
    encoded = source.encode()
    found, depth = [], 0
    for event, span in pyromark.events_with_range(source, options=_OPTIONS):
        if not depth:
            # A block's range leaves out its indentation, which is what makes some code code.
            found.append(encoded.rfind(b"\n", 0, span["start"]) + 1)
        if not isinstance(event, str):
            depth += ("Start" in event) - ("End" in event)
    if len(encoded) == len(source):
        return found
    return [len(encoded[:start].decode()) for start in found]


def open_formula(text: str) -> int:
    r"""Where a \( or \[ stands that is not closed yet; the end of the text if there is none."""
    if "\\" not in text:
        return len(text)
    source, _ = _taken_out(text)
    found = _OPEN_FORMULA.search(source)
    return found.start() if found else len(text)


class _Builder:
    def __init__(self, source: str, formulas: Mapping[str, Node]) -> None:
        self.root = Node("root")
        self.stack = [self.root]
        self._formulas = formulas
        self._has_notes = "[^" in source
        self._has_bars = "||" in source

    def take(self, event: object) -> None:
        if isinstance(event, str):
            self._add(Node("rule") if event == "Rule" else Node("break", "\n"))
            return
        assert isinstance(event, dict)  # noqa: S101 - the library's own union
        [(kind, value)] = event.items()
        match kind:
            case "Text":
                self._add_text(value)
            case "Start":
                self._start(value)
            case "End":
                self._end()
            case "TaskListMarker":
                self.stack[-1].mark = DONE if value else OPEN
            case _:
                self._leaf(kind, self._restored(value))

    def _siblings(self) -> list[Node]:
        """Where words go. Those of a tight list's item are no paragraph to the parser."""
        parent = self.stack[-1]
        siblings = parent.children
        if parent.kind in _HOLDING_BLOCKS:
            if not siblings or siblings[-1].kind != "words":
                siblings.append(Node("words"))
            siblings = siblings[-1].children
        return siblings

    def _add(self, node: Node) -> None:
        siblings = self._siblings() if node.kind in INLINE else self.stack[-1].children
        siblings.append(node)

    def _add_text(self, words: str) -> None:
        siblings = self._siblings()
        if siblings and siblings[-1].kind == "text":
            siblings[-1].text += words
        else:
            siblings.append(Node("text", words))

    def _leaf(self, kind: str, words: str) -> None:
        name = _LEAVES.get(kind, "text")
        if kind == "InlineHtml" and _LINE_BREAK.fullmatch(words) and self._is_in_table():
            self._add(Node("break", "\n"))  # the one way to break a line there
        elif name == "math" and _MONEY.match(words):
            self._add_text(f"${words}$")
        elif name == "text":
            self._add_text(words)
        else:
            self._add(Node(name, words))

    def _is_in_table(self) -> bool:
        return any(node.kind == "cell" for node in self.stack)

    def _start(self, tag: object) -> None:
        name, value = next(iter(tag.items())) if isinstance(tag, dict) else (str(tag), None)
        node = Node(_NAMES.get(name, "paragraph"))
        if value is not None:
            self._describe(node, name, value)
        deep = len(self.stack) > _DEEPEST
        if node.kind in _PARTS:
            deep = len(self.stack) > 1 and self.stack[-1] is self.stack[-2]
        if deep:
            self.stack.append(self.stack[-1])  # what is in it belongs to what is around it
        else:
            self._add(node)
            self.stack.append(node)

    def _describe(self, node: Node, name: str, value: object) -> None:
        match name, value:
            case "Heading", {"level": str(level)}:
                node.number = int(level[1:])
            case "List", int(number):
                node.number = number
            case "CodeBlock", {"Fenced": str(info)}:
                words = self._restored(info).split()
                node.text = words[0] if words and _LANGUAGE.fullmatch(words[0]) else ""
            case "Table", tuple(columns):
                node.aligned = tuple("" if side == "None" else side.lower() for side in columns)
            case "FootnoteDefinition", str(label):
                node.text = self._restored(label)
            case (("Link" | "Image"), {"dest_url": str(url), "link_type": link}):
                node.text = f"mailto:{url}" if link == "Email" else self._restored(url)

    def _end(self) -> None:
        node = self.stack.pop()
        if node is self.stack[-1]:
            return
        match node.kind:
            case "list":
                node.loose = any(
                    item.children and item.children[0].kind == "paragraph" for item in node.children
                )
            case "pre":
                words = "".join(child.text for child in node.children)
                node.children = [Node("text", self._restored(words))]
            case kind if kind in _HOLDING_BLOCKS:
                for child in node.children:
                    if child.kind == "words":
                        self._refine(child)
            case "table" | "row":
                return
            case _:
                self._refine(node)

    def _refine(self, node: Node) -> None:
        """Find in its words what the parser does not know of."""
        if self._formulas:
            node.children = [*_each(node.children, _STAND_IN, self._formula)]
        if self._has_notes:
            node.children = [*_each(node.children, _UNDEFINED_NOTE, _note)]
        if self._has_bars:
            node.children = _with_spoilers(node.children)

    def _formula(self, found: re.Match[str]) -> Node:
        return self._formulas.get(found[0]) or Node("text", found[0])

    def _restored(self, words: str) -> str:
        return _STAND_IN.sub(self._as_written, words) if self._formulas else words

    def _as_written(self, found: re.Match[str]) -> str:
        formula = self._formulas.get(found[0])
        return formula.mark if formula else found[0]


def _note(found: re.Match[str]) -> Node:
    return Node("note", found[1])


def _each(
    nodes: Iterable[Node], pattern: re.Pattern[str], made: Callable[[re.Match[str]], Node]
) -> Iterator[Node]:
    """The nodes, with one made of every place in their text that is like the pattern."""
    for node in nodes:
        at = 0
        for found in pattern.finditer(node.text) if node.kind == "text" else ():
            if found.start() > at:
                yield Node("text", node.text[at : found.start()])
            yield made(found)
            at = found.end()
        if not at:
            yield node
        elif at < len(node.text):
            yield Node("text", node.text[at:])


def _with_spoilers(nodes: Sequence[Node]) -> list[Node]:
    """The same, what stands between two bars and two bars made a spoiler."""
    out: list[Node] = []
    opened = -1  # where in `out` the bars stand that have opened one
    for node in nodes:
        at = 0
        for found in _BARS.finditer(node.text) if node.kind == "text" else ():
            before = node.text[at : found.start()]
            opens, closes = _flanks(node.text, found)
            if opened >= 0 and closes and (before or out[opened + 1 :]):
                out += [Node("text", before)] if before else []
                out[opened:] = [Node("spoiler", children=out[opened + 1 :])]
                opened = -1
            elif opened < 0 and opens:
                out += [Node("text", before)] if before else []
                opened = len(out)
                out.append(Node("text", "||"))
            else:
                continue
            at = found.end()
        if not at:
            out.append(node)
        elif at < len(node.text):
            out.append(Node("text", node.text[at:]))
    return out


def _flanks(text: str, bars: re.Match[str]) -> tuple[bool, bool]:
    """Whether bars can open a spoiler and whether they can close one; not in "a || b"."""
    before, after = text[: bars.start()][-1:], text[bars.end() :][:1]
    opens = not after.isspace() and not before.isalnum()
    return opens, not before.isspace() and not after.isalnum()


def _taken_out(source: str) -> tuple[str, dict[str, Node]]:
    """`source` with a stand-in for every formula in brackets, and what they stand for."""
    formulas: dict[str, Node] = {}
    if not _BEGINS_FORMULA.search(source) or _STAND_IN.search(source):
        return source, formulas

    def taken(found: re.Match[str]) -> str:
        kind = "math" if found["inline"] else "display"
        inside = found["inline"] or found["display"]
        if not inside or not _MATHEMATICAL.search(inside) or len(formulas) == len(_STAND_INS):
            return found[0]
        stand_in = chr(_STAND_INS[len(formulas)]) + _FILLER * (len(found[0]) - 1)
        formula = Node(kind, _QUOTED_LINE.sub("\n", inside).strip(), mark=found[0])
        formulas[stand_in] = formula
        return stand_in

    return _CODE_OR_FORMULA.sub(taken, source), formulas
