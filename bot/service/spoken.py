"""What of an answer can be read out, and in which pieces."""

import re
from collections.abc import Iterator

import pyromark

PIECE = 400
"""Characters of one request for speech: about half a minute, within what voice models take."""
LONGEST = 18_000
"""Characters read out at most: at 15 a second these are the twenty minutes a recording may have."""

_OPTIONS = (
    pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_TASKLISTS
    | pyromark.Options.ENABLE_FOOTNOTES
    | pyromark.Options.ENABLE_MATH
)
_UNSPOKEN = ("CodeBlock", "Image", "FootnoteDefinition", "HtmlBlock", "MetadataBlock")
_SENTENCES = ("Paragraph", "Heading", "Item", "TableRow", "TableHead")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+")
_CJK = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")
_END = re.compile(
    r"(?<=[.!?\u2026])\s+|(?<=[.!?\u2026][\"')\]\u201d])\s+|\n+"
    r"|(?<=[\u3002\uff01\uff1f])(?![\u201d\u2019\u300d\u300f\uff09])"
    r"|(?<=[\u3002\uff01\uff1f][\u201d\u2019\u300d\u300f\uff09])"
)
_PAUSE = re.compile(r"(?<=[,;:])\s+|(?<=[\uff0c\uff1b\uff1a\u3001])|\s+")


def plain(markdown: str) -> str:
    """The words of an answer, one block a line; code, pictures and addresses are not for the ear.

    A block that ends without a mark gets one, so that the voice pauses after a heading.
    """
    lines = ("".join(words).split() for words in _blocks(markdown))
    return "\n".join(_ended(" ".join(words)) for words in lines if _audible(words))


def pieces(text: str, limit: int = PIECE) -> list[str]:
    """`text` cut behind sentences into pieces of at most `limit` characters, none of them empty."""
    found = [""]
    for part in _parts(text, limit):
        joined = f"{found[-1]} {part}".strip()
        if len(joined) <= limit:
            found[-1] = joined
        else:
            found.append(part)
    return [piece for piece in found if piece]


def _blocks(markdown: str) -> Iterator[list[str]]:
    words: list[str] = []
    for event in _heard(markdown):
        match event:
            case {"Text": str(text)} | {"Code": str(text)}:
                words.append(_ADDRESS.sub("", text))
            case "SoftBreak" | "HardBreak":
                words.append(" ")
            case {"End": "TableCell"}:
                words.append(", ")
            case {"Start": tag} | {"End": tag} if _kind(tag) in _SENTENCES:
                yield words
                words = []
    yield words


def _heard(markdown: str) -> Iterator[object]:
    silent = 0
    for event in pyromark.events(markdown, options=_OPTIONS):
        match event:
            case {"Start": tag} if _kind(tag) in _UNSPOKEN:
                silent += 1
            case {"End": tag} if _kind(tag) in _UNSPOKEN:
                silent -= 1
            case _ if not silent:
                yield event


def _kind(tag: object) -> str:
    return next(iter(tag)) if isinstance(tag, dict) else str(tag)


def _audible(words: list[str]) -> bool:
    return any(character.isalnum() for word in words for character in word)


def _ended(line: str) -> str:
    line = re.sub(r"\s+([,.;:!?])", r"\1", line).rstrip(", ")
    if line[-1] in ".!?:;\u2026\u3002\uff01\uff1f\uff1a\uff1b":
        return line
    return line + ("\u3002" if _CJK.search(line) else ".")


def _parts(text: str, limit: int) -> Iterator[str]:
    for sentence in _END.split(text):
        if len(sentence) <= limit:
            yield sentence
            continue
        for part in _PAUSE.split(sentence):
            yield from (part[at : at + limit] for at in range(0, len(part), limit))
