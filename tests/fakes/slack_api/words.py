"""What goes live in a text: tokens that ping or link, addresses that would unfurl."""

import re
from collections.abc import Iterator, Mapping

# In mrkdwn, markdown blocks and markdown_text alike; code does not protect from them.
_TOKEN = re.compile(
    r"<(?:![a-z]+(?:\^[^<>|]*)*|@[A-Z0-9]+|#[A-Z0-9]+)(?:\|[^<>]*)?>", re.IGNORECASE
)
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`", re.DOTALL)
_LINK = re.compile(r"https?://[^\s<>|)\]\"']+", re.IGNORECASE)
_URL = re.compile(r"(?<![<|])https?://[^\s<>]+[^\s<>.,;:!?)]")


def pings(text: str) -> list[str]:
    """The tokens in it that Slack would act on."""
    return _TOKEN.findall(text)


def links(text: str) -> list[str]:
    """The addresses in it that are more than code."""
    return _LINK.findall(_CODE.sub(" ", text))


def escaped(text: str) -> str:
    """What a person typed, as Slack sends it to apps."""
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _URL.sub(lambda found: f"<{found[0]}>", safe)


def shown(text: str) -> str:
    """What a person sees of an escaped text."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def texts(blocks: object) -> Iterator[tuple[str, str]]:
    """Every text in blocks with its type: "mrkdwn", "markdown", "plain_text"."""
    if isinstance(blocks, list):
        for each in blocks:
            yield from texts(each)
    elif isinstance(blocks, Mapping):
        if isinstance(text := blocks.get("text"), str):
            yield str(blocks.get("type")), text
        for value in blocks.values():
            if isinstance(value, list | dict):
                yield from texts(value)


def readable(blocks: list[dict[str, object]]) -> str:
    """The words of blocks, without those of buttons, a block a line."""
    spoken = [block for block in blocks if block.get("type") not in {"actions", "context_actions"}]
    return "\n".join(shown(text) for block in spoken for _, text in texts(block))


def live(text: str, blocks: object) -> str:
    """All text of a message in which tokens act."""
    return "\n".join([text, *(words for kind, words in texts(blocks) if kind != "plain_text")])
