"""Rich HTML as the server takes it, by an allow-list; everything else is refused.

Limits of a rich message: 32,768 characters, 500 blocks, 16 levels, 20 table columns (Bot API 10.1).
Buttons, media and mentions could be written in it too; nothing of ours may ever do so.
"""

from html.parser import HTMLParser

from tests.fakes.bot_api.entities import check_link
from tests.fakes.bot_api.refused import bad_request

MAX_CHARACTERS = 32_768
MAX_BLOCKS = 500
MAX_LEVELS = 16
MAX_COLUMNS = 20
_VOID = {"br", "hr", "input"}
_BLOCKS = {
    *("p", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "blockquote", "ul", "ol", "li", "table"),
    *("details", "hr", "footer", "tg-math-block", "tg-thinking"),
}
_ATTRIBUTES: dict[str, set[str]] = {
    "a": {"href", "name"},
    "code": {"class"},
    "pre": {"lang", "language"},
    "ol": {"start", "type", "reversed"},
    "li": {"value"},
    "input": {"type", "checked"},
    "th": {"align", "colspan", "rowspan"},
    "td": {"align", "colspan", "rowspan"},
    "table": {"bordered", "striped"},
    "details": {"open"},
    "blockquote": {"expandable"},
    "span": {"class"},
    "tg-reference": {"name"},
}
_INLINE = {
    *("b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "code", "a", "br", "span"),
    *("tg-spoiler", "tg-math", "mark", "sub", "sup", "tg-reference"),
}
_PARTS = {"tr", "th", "td", "thead", "tbody", "caption", "summary", "input", "cite"}
_TAGS = _BLOCKS | _INLINE | _PARTS


class _Reader(HTMLParser):
    """Follows the tags; raises Refused at the first one that may not be there."""

    def __init__(self, *, draft: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.draft = draft
        self.open: list[str] = []
        self.blocks = 0
        self.characters = 0
        self.columns = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _TAGS or (tag == "tg-thinking" and not self.draft):
            raise bad_request(f"can't parse rich message: unsupported tag {tag!r}")
        for name, value in attrs:
            self._check_attribute(tag, name, value or "")
        self.blocks += tag in _BLOCKS
        if tag == "tr":
            self.columns = 0
        if tag in {"td", "th"}:
            self.columns += int(dict(attrs).get("colspan") or 1)
        if self.columns > MAX_COLUMNS:
            raise bad_request("can't parse rich message: too many columns")
        if tag not in _VOID:
            self.open.append(tag)
        if sum(name in _BLOCKS for name in self.open) > MAX_LEVELS:
            raise bad_request("can't parse rich message: nested too deeply")

    def _check_attribute(self, tag: str, name: str, value: str) -> None:
        if name not in _ATTRIBUTES.get(tag, set()):
            raise bad_request(f"can't parse rich message: attribute {name!r} of {tag!r}")
        if name == "href" and not value.startswith("#"):
            check_link(value)
        if (tag, name) == ("input", "type") and value != "checkbox":
            raise bad_request("can't parse rich message: only checkboxes can be input")
        if (tag, name) == ("span", "class") and value != "tg-spoiler":
            raise bad_request("can't parse rich message: unknown class")

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        if not self.open or self.open.pop() != tag:
            raise bad_request(f"can't parse rich message: unexpected end tag {tag!r}")

    def handle_data(self, data: str) -> None:
        self.characters += len(data)

    def handle_comment(self, data: str) -> None:
        raise bad_request("can't parse rich message: a comment")

    def handle_decl(self, decl: str) -> None:
        raise bad_request("can't parse rich message: a declaration")

    def handle_pi(self, data: str) -> None:
        raise bad_request("can't parse rich message: a processing instruction")


def check(html: str, *, draft: bool = False) -> None:
    """Raise Refused unless the rich message can be sent."""
    reader = _Reader(draft=draft)
    reader.feed(html)
    reader.close()
    if reader.open:
        raise bad_request(f"can't parse rich message: no end tag for {reader.open[-1]!r}")
    if not reader.characters and "<hr" not in html:
        raise bad_request("message text is empty")
    if reader.characters > MAX_CHARACTERS:
        raise bad_request("message is too long")
    if reader.blocks > MAX_BLOCKS:
        raise bad_request("can't parse rich message: too many blocks")
