"""CommonMark → a message's text and entities: whatever a model writes, it is shown and harmless.

Raw HTML is shown as the text it is, images are links, only http and https can be followed, and
signs that clients make mentions, commands and tags of are quieted by a sign nobody sees.
"""

from bisect import bisect_left

from adapters.telegram import layout, links
from adapters.telegram.tree import Node, blocks, cleaned, open_formula
from adapters.telegram.writer import (
    MOST_ENTITIES,
    Entity,
    Rendered,
    Writer,
    counted,
    moved,
    settled,
    width,
)

__all__ = ["LONGEST", "MOST_ENTITIES", "Entity", "Frames", "Rendered", "fits", "plain", "render"]

LONGEST = 4096
"""UTF-16 units of a message's text, says the Bot API."""


def render(text: str, *, mine: bool = False) -> Rendered:
    """`text` as it is shown; never raises. `mine`: the bot's own words, in which commands work.

    What would show nothing, such as marks around nothing, is shown as it is written.
    """
    message = _Message()
    for _, node in blocks(text):
        message.add(node, _rendered(node, commands=mine))
    return message.rendered() or _as_written(text, commands=mine)


def plain(text: str) -> str:
    """What a reader sees of `text`, without formatting."""
    return render(text, mine=True).text.replace(links.JOINER, "")


class Frames:
    """A text that grows, rendered; a block that is over is rendered once.

    Where the text names link targets or footnotes apart (`[a]: …`) they may change what came
    before, so it is rendered whole. So is a text that does not go on from the last one.
    """

    def __init__(self) -> None:
        self._closed = ""
        self._message = _Message()

    def render(self, text: str) -> Rendered:
        if "]:" in text:
            return render(text)
        if not text.startswith(self._closed):
            self._closed, self._message = "", _Message()
        source = text[len(self._closed) :]
        found = [*blocks(source)]
        if len(found) > 1 and (start := _beginning(source, found[-1][0])):
            for _, node in found[:-1]:
                self._message.add(node, _rendered(node, commands=False))
            self._closed += source[:start]
            del found[:-1]
        message = self._message.copy()
        for _, node in found:
            message.add(node, _rendered(node, commands=False))
        return message.rendered() or _as_written(text, commands=False)


def fits(text: str) -> int:
    """How many characters of `text` one message holds, at least 1 of a text that is not empty."""
    if _is_short(text) or _fits(text):
        return len(text)
    lengths = range(1, len(text) + 1)
    return max(1, bisect_left(lengths, True, key=lambda length: not _fits(text[:length])))


def _fits(text: str) -> bool:
    message = _Message()
    for _, node in blocks(text):
        message.add(node, _rendered(node, commands=False))
    return message.units <= LONGEST and len(message.entities) <= MOST_ENTITIES


def _is_short(text: str) -> bool:
    return False


def _beginning(source: str, start: int) -> int:
    """The start of the line the last block begins in; 0 while what is before it may change.

    Until its first line is whole, the last block may turn out to belong to the one before.
    """
    if source.find("\n", start) < 0:
        return 0
    # A block's range leaves out its indentation, which is what makes some code code.
    start = source.rfind("\n", 0, start) + 1
    return start if start <= open_formula(source) else 0


def _rendered(node: Node, *, commands: bool) -> Rendered:
    out = Writer()
    layout.write(node, out)
    text = out.text.rstrip()
    begin = len(text) - len(text.lstrip())
    if begin and any(span.start < begin for span in out.spans if span.kind == "pre"):
        begin = 0
    return settled(text[begin:], out.clipped(begin, len(text)), commands=commands)


def _as_written(text: str, *, commands: bool) -> Rendered:
    words = cleaned(text).strip()
    if not links.is_visible(words):
        return Rendered("")
    return settled(words, (), commands=commands)


class _Message:
    """Blocks put together."""

    def __init__(self) -> None:
        self.units = 0
        self.entities: list[Entity] = []
        self._parts: list[str] = []
        self._last: Node | None = None

    def add(self, node: Node, block: Rendered) -> None:
        if not links.is_visible(block.text):
            return
        if self._last is not None:
            lines = layout.gap(self._last, node)
            self._parts.append("\n" * lines)
            self.units += lines
        self._last = node
        self.entities += moved(block.entities, self.units)
        self._parts.append(block.text)
        self.units += width(block.text)

    def copy(self) -> "_Message":
        other = _Message()
        other.units, other._last = self.units, self._last
        other.entities, other._parts = self.entities.copy(), self._parts.copy()
        return other

    def rendered(self) -> Rendered | None:
        """The message; None when there is nothing to be seen."""
        if not self._parts:
            return None
        return Rendered("".join(self._parts), counted(self.entities))
