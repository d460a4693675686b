"""How a tree of CommonMark looks in a chat: lines of text, and what is formatted in them."""

from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest

from adapters.telegram import tables
from adapters.telegram.formulas import readable
from adapters.telegram.links import host, is_bare, other_host, safe
from adapters.telegram.tree import Node
from adapters.telegram.writer import Writer

PICTURE = "🖼"
TAB = 4  # columns
LONG_QUOTE = 600  # characters; a phone shows about a dozen lines, and so much is folded
_MANY_LINES = 10

_BULLETS = ("•", "◦", "▪")
_RULE = "─" * 10
_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_BOXES = frozenset({"pre", "quote"})  # shown apart by the client itself
_OF_ITS_OWN = _BOXES | {"table"}  # begin at the edge, whatever they are in
_INDENT = 15  # characters; what stands further right has no room on a phone
_LEADING = (":", "：")  # behind these a list belongs to the words
_CLOSE = frozenset({"heading", "rule", "words"})  # what follows belongs to them
_MARKS = {"bold": "bold", "italic": "italic", "strikethrough": "strikethrough"}
_HIDING = frozenset({"text_link", "spoiler"})  # inside these code is only words


def shape(node: Node) -> str:
    """A block's kind, as far as it matters to what is above and below it."""
    if node.kind == "paragraph" and words(node.children[-1:]).endswith(_LEADING):
        return "lead"
    return node.kind


def gap(before: str, kind: str) -> int:
    """How many lines further down a block of this shape begins than the one before it ends."""
    if before in _BOXES and kind in _BOXES:
        return 2
    if before == "lead" and kind == "list":
        return 1
    return 1 if before in _CLOSE or kind == "rule" or before in _BOXES or kind in _BOXES else 2


def write(node: Node, out: Writer) -> None:
    """One block, from where the writer stands."""
    _BLOCKS.get(node.kind, _write_words)(node, out)


def words(nodes: Sequence[Node]) -> str:
    """What is read in a line, without anything but letters."""
    parts = []
    for node in nodes:
        if node.kind in ("text", "code", "break"):
            parts.append(node.text)
        elif node.kind in ("math", "display"):
            parts.append(readable(node.text) or node.text)
        elif node.kind == "note":
            parts.append(note(node.text))
        else:
            parts.append(words(node.children))
    return "".join(parts)


def note(label: str) -> str:
    """A footnote's sign."""
    short = label.isdecimal() and label.isascii()
    return label.translate(_SUPERSCRIPT) if short else f"[{label}]"


def rows_of(table: Node) -> list[list[Node]]:
    """A table's rows, each with as many cells as it has columns."""
    count = len(table.aligned)
    return [(row.children + [Node("cell")] * count)[:count] for row in table.children]


def has_links(nodes: Sequence[Node]) -> bool:
    return any(node.kind in ("link", "image") or has_links(node.children) for node in nodes)


# Blocks


def _write_all(nodes: Sequence[Node], out: Writer, *, in_item: bool = False) -> None:
    before = ""
    for node in nodes:
        place = out.place()
        if before:
            lines = 1 if in_item and node.kind == "list" else gap(before, shape(node))
            out.add("\n" * lines + ("" if node.kind in _OF_ITS_OWN else out.indent))
        start = out.at
        write(node, out)
        if out.at == start:
            out.back_to(place)
        else:
            before = shape(node)


def _write_words(node: Node, out: Writer) -> None:
    _write_line(node.children, out)


def _write_heading(node: Node, out: Writer) -> None:
    _marked("bold", node.children, out)


def _write_pre(node: Node, out: Writer) -> None:
    # Telegram makes one space of a tab.
    code = words(node.children).replace("\r", "").expandtabs(TAB).rstrip().lstrip("\n")
    if not code.strip():
        return
    if not out.begins_line:
        out.add("\n")
    start = out.at
    out.add(code)
    out.mark("pre", start, language=node.text)


def _write_quote(node: Node, out: Writer) -> None:
    if "blockquote" in out.inside:
        indent, out.indent = out.indent, _further(out.indent, "› ")
        out.add("› ")
        _write_all(node.children, out)
        out.indent = indent
        return
    if not out.begins_line:
        out.add("\n")
    indent, out.indent = out.indent, ""
    out.inside.add("blockquote")
    start = out.at
    _write_all(node.children, out)
    out.inside.remove("blockquote")
    out.indent = indent
    quoted = out.since(start)
    is_long = len(quoted) > LONG_QUOTE or quoted.count("\n") >= _MANY_LINES
    out.mark("expandable_blockquote" if is_long else "blockquote", start)


def _write_list(node: Node, out: Writer) -> None:
    out.lists += 1
    bullet = _BULLETS[min(out.lists, len(_BULLETS)) - 1]
    for place, item in enumerate(node.children):
        if place:
            out.line(2 if node.loose else 1)
        number = "" if node.number is None else f"{node.number + place}."
        sign = " ".join(part for part in (number, item.mark) if part) or bullet
        out.add(sign)
        before = out.place()
        if not item.children or item.children[0].kind not in _OF_ITS_OWN:
            out.add(" ")
        start = out.at
        indent, out.indent = out.indent, _further(out.indent, "   ")
        _write_all(item.children, out, in_item=True)
        out.indent = indent
        if out.at == start:
            out.back_to(before)
    out.lists -= 1


def _further(indent: str, more: str) -> str:
    return indent + more if len(indent) < _INDENT else indent


def _write_rule(node: Node, out: Writer) -> None:
    out.add(_RULE)


def _write_footnote(node: Node, out: Writer) -> None:
    out.add(note(node.text) + " ")
    _write_all(node.children, out)


def _write_table(node: Node, out: Writer) -> None:
    rows = rows_of(node)
    lines = [[words(cell.children).replace("\n", " ").strip() for cell in row] for row in rows]
    if not out.begins_line:
        out.add("\n")
    if not has_links([node]) and tables.fits_a_phone(lines, len(node.aligned)):
        start = out.at
        out.add(tables.aligned(lines, node.aligned))
        out.mark("pre", start)
        return
    out.add(out.indent if out.at else "")
    head, *body = rows
    for place, row in enumerate(body or [head]):
        if place:
            out.line(2)
        _write_row(head if body else None, row, out)


def _write_row(head: Sequence[Node] | None, row: Sequence[Node], out: Writer) -> None:
    """A row of a wide table: each cell in a line of its own, behind the head of its column."""
    begun = False
    for place, cell in enumerate(row):
        if not words(cell.children).strip():
            continue
        if begun:
            out.line()
        begun = True
        if head is not None and words(head[place].children).strip():
            _marked("bold", head[place].children, out)
            out.add(": ")
        _write_line(cell.children, out)


# Stretches of a line


def _write_line(nodes: Sequence[Node], out: Writer) -> None:
    before = ""
    for node, after in zip_longest(nodes, nodes[1:]):
        if node.kind == "text":
            text = node.text.lstrip(" ") if before == "display" else node.text
            out.add(text.rstrip(" ") if after and after.kind == "display" else text)
        elif node.kind == "break":
            out.line()
        else:
            _PIECES.get(node.kind, _write_words)(node, out)
        if node.kind == "display" and after and after.kind != "break":
            out.line()
        before = node.kind


def _write_mark(node: Node, out: Writer) -> None:
    _marked(node.kind, node.children, out)


def _marked(kind: str, nodes: Sequence[Node], out: Writer) -> None:
    if kind in out.inside:
        _write_line(nodes, out)
        return
    out.inside.add(kind)
    start = out.at
    _write_line(nodes, out)
    out.inside.remove(kind)
    out.mark(kind, start)


def _write_code(node: Node, out: Writer) -> None:
    start = out.at
    out.add(node.text)
    if not out.inside & _HIDING:
        out.mark("code", start)


def _write_math(node: Node, out: Writer) -> None:
    letters = readable(node.text)
    if letters:
        out.add(letters.replace("\n", " "))
    else:
        _write_code(Node("code", " ".join(node.text.split())), out)


def _write_display(node: Node, out: Writer) -> None:
    if not out.begins_line:
        out.line()
    letters = readable(node.text)
    if letters:
        out.add(letters.replace("\n", "\n" + out.indent))
    elif out.inside - {"blockquote"}:
        _write_code(Node("code", node.text.strip()), out)
    else:
        start = out.at
        out.add(node.text.strip())
        out.mark("pre", start, language="latex")


def _write_note(node: Node, out: Writer) -> None:
    out.add(note(node.text))


def _write_image(node: Node, out: Writer) -> None:
    out.add(f"{PICTURE} ")
    _write_link(node, out)


def _write_link(node: Node, out: Writer) -> None:
    label, url = words(node.children), safe(node.text)
    if "text_link" in out.inside:
        _write_line(node.children, out)
        return
    if not url:
        _write_line(node.children, out)
        out.add(unlinked(label, node.text))
        return
    if label == node.text and is_bare(label):
        out.add(label)  # clients make it a link themselves
        return
    out.inside.add("text_link")
    start = out.at
    _write_line(node.children, out)
    if not label.strip():
        out.add(host(url))
    out.inside.remove("text_link")
    out.mark("text_link", start, url=url)
    if other := other_host(label, url):
        out.add(f" ({other})")


def unlinked(label: str, url: str) -> str:
    """Behind the words of a link that leads nowhere: an address people can use themselves."""
    scheme, _, address = url.strip().partition(":")
    if scheme.lower() in ("http", "https"):
        address = url.strip()
    elif scheme.lower() == "mailto":
        address = address.partition("?")[0]
    else:
        return ""
    if not address or address in label:
        return ""
    return f" ({address})" if label.strip() else address


_BLOCKS: Mapping[str, Callable[[Node, Writer], None]] = {
    "heading": _write_heading,
    "pre": _write_pre,
    "quote": _write_quote,
    "list": _write_list,
    "rule": _write_rule,
    "footnote": _write_footnote,
    "table": _write_table,
}
_PIECES: Mapping[str, Callable[[Node, Writer], None]] = {
    "bold": _write_mark,
    "italic": _write_mark,
    "strikethrough": _write_mark,
    "spoiler": _write_mark,
    "code": _write_code,
    "math": _write_math,
    "display": _write_display,
    "note": _write_note,
    "link": _write_link,
    "image": _write_image,
}
