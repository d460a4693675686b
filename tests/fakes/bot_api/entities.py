"""Formatting as the server takes it: offsets in UTF-16 units, rules of nesting, links it opens."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from urllib.parse import urlsplit

from tests.fakes.bot_api.refused import bad_request

MAX_ENTITIES = 100  # more are not shown; the server drops them in silence, this one refuses
KINDS = {
    "bold",
    "italic",
    "underline",
    "strikethrough",
    "spoiler",
    "code",
    "pre",
    "text_link",
    "text_mention",
    "blockquote",
    "expandable_blockquote",
    # what the server finds by itself; it may be named too
    "mention",
    "hashtag",
    "cashtag",
    "bot_command",
    "url",
    "email",
    "phone_number",
}
_STYLES = {"bold", "italic", "underline", "strikethrough", "spoiler"}
_QUOTES = {"blockquote", "expandable_blockquote"}
_VERBATIM = {"code", "pre"}
Entity = dict[str, object]


def units(text: str) -> int:
    """The length of `text` in UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


def cut(text: str, offset: int, length: int) -> str:
    """The piece an entity covers; raises UnicodeDecodeError when it splits a surrogate pair."""
    return text.encode("utf-16-le")[2 * offset : 2 * (offset + length)].decode("utf-16-le")


def span(entity: Entity) -> tuple[int, int]:
    """Where an entity begins and ends."""
    offset, length = entity["offset"], entity["length"]
    assert isinstance(offset, int)
    assert isinstance(length, int)
    return offset, offset + length


def checked(text: str, entities: Sequence[Entity]) -> None:
    """Raise Refused unless every entity is in bounds, in order, and nested as it may be."""
    if len(entities) > MAX_ENTITIES:
        raise bad_request(f"can't parse entities: {len(entities)} are too many")
    whole = units(text)
    for entity in entities:
        _check(text, whole, entity)
    spans = [span(entity) for entity in entities]
    if any((a[0], -a[1]) > (b[0], -b[1]) for a, b in pairwise(spans)):
        raise bad_request("can't parse entities: they are not sorted")
    open_ones: list[Entity] = []
    for entity, (start, end) in zip(entities, spans, strict=True):
        open_ones = [outer for outer in open_ones if span(outer)[1] > start]
        for outer in open_ones:
            if end > span(outer)[1]:
                raise bad_request("can't parse entities: they overlap without nesting")
            _check_nesting(str(outer["type"]), str(entity["type"]))
        open_ones.append(entity)


def _check(text: str, whole: int, entity: Entity) -> None:
    kind = entity["type"]
    start, end = span(entity)
    if kind not in KINDS:
        raise bad_request(f"can't parse entities: unknown type {kind!r}")
    if start < 0 or end <= start or end > whole:
        raise bad_request(f"can't parse entities: {kind} at {start}..{end} of {whole}")
    try:
        piece = cut(text, start, end - start)
    except UnicodeDecodeError:
        raise bad_request(f"can't parse entities: {kind} splits a character") from None
    if not piece.strip():
        raise bad_request(f"can't parse entities: {kind} covers nothing visible")
    if (kind == "text_link") != ("url" in entity):
        raise bad_request("can't parse entities: text_link and url belong together")
    if kind == "text_link":
        check_link(str(entity["url"]))
    if "language" in entity and kind != "pre":
        raise bad_request("can't parse entities: only pre has a language")


def check_link(url: str) -> None:
    """Raise Refused unless a click on `url` opens a web page."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or re.search(r"\s", url):
        raise bad_request(f"can't parse entities: unsupported link {parts.scheme}:")


def _check_nesting(outer: str, inner: str) -> None:
    if outer in _VERBATIM or (inner in _VERBATIM and outer not in _QUOTES):
        raise bad_request(f"can't parse entities: {inner} in {outer}")
    if outer in _QUOTES and inner in _QUOTES:
        raise bad_request("can't parse entities: a quote in a quote")
    if inner in _QUOTES and outer in {"text_link", "text_mention"}:
        raise bad_request(f"can't parse entities: {inner} in {outer}")
    if outer == inner and outer not in _QUOTES:
        raise bad_request(f"can't parse entities: {inner} in {outer}")
    if outer not in _STYLES | _QUOTES and inner not in _STYLES:
        raise bad_request(f"can't parse entities: {inner} in {outer}")


def trimmed(text: str, entities: Sequence[Entity]) -> tuple[str, list[Entity]]:
    """Text and entities as the server keeps them: no white space at the end, nor at the start
    unless the first entity covers it.
    """
    first_mark = min((span(entity)[0] for entity in entities), default=units(text))
    lead = min(units(text) - units(text.lstrip(" \n")), first_mark)
    kept = cut(text, lead, units(text) - lead).rstrip()
    end = units(kept)
    moved = []
    for entity in entities:
        first, last = span(entity)
        first, last = max(first - lead, 0), min(last - lead, end)
        if last > first:
            moved.append({**entity, "offset": first, "length": last - first})
    return kept, moved


_FOUND = re.compile(
    r"(?P<url>https?://[^\s<>]+)"
    r"|(?P<email>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?<![\w/@<>])(?P<bot_command>/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?)(?![\w/@])"
    r"|(?<![\w@])(?P<mention>@[A-Za-z][A-Za-z0-9_]{2,31})(?!\w)"
    r"|(?<![\w#])(?P<hashtag>#\w*[^\W\d]\w*)"
    r"|(?<![\w$])(?P<cashtag>\$[A-Z]{1,8})(?![\w$])"
)


def detected(text: str, entities: Sequence[Entity] = ()) -> Iterator[Entity]:
    """What everybody's client makes clickable by itself, besides the entities given."""
    taken = [span(entity) for entity in entities if entity["type"] not in _STYLES | _QUOTES]
    for match in _FOUND.finditer(text):
        offset, length = units(text[: match.start()]), units(match.group())
        if not any(offset < end and start < offset + length for start, end in taken):
            yield {"type": str(match.lastgroup), "offset": offset, "length": length}


_MARKS = {
    "bold": ("**", "**"),
    "italic": ("_", "_"),
    "underline": ("__", "__"),
    "strikethrough": ("~~", "~~"),
    "spoiler": ("||", "||"),
    "code": ("`", "`"),
    "blockquote": ("> ", ""),
    "expandable_blockquote": (">+ ", ""),
}


def readable(text: str, entities: Sequence[Entity]) -> str:
    """The text with its formatting written out, close to Markdown."""
    marks: list[tuple[int, int, str]] = []
    for rank, entity in enumerate(entities):
        start, end = span(entity)
        before, after = _marks(entity)
        marks += [(start, rank, before), (end, -rank - 1, after)]
    raw, shown, at = text.encode("utf-16-le"), "", 0
    for where, _, mark in sorted(marks):
        shown += raw[2 * at : 2 * where].decode("utf-16-le", "replace") + mark
        at = where
    return shown + raw[2 * at :].decode("utf-16-le", "replace")


def _marks(entity: Entity) -> tuple[str, str]:
    kind = str(entity["type"])
    if kind == "pre":
        return f"```{entity.get('language', '')}\n", "\n```"
    if kind == "text_link":
        return "[", f"]({entity['url']})"
    if kind == "text_mention":
        return "[", "](user)"
    return _MARKS.get(kind, ("", ""))
