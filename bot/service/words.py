"""Words of others inside the bot's own sentences, and how long a wait is called."""

import math
import re

from bot.phrases import Phrases

_MARKS = re.compile(r"([\\`*_\[\]<>~|&#!$])")
_LIST_START = re.compile(r"^(\d*)([-+.)])")


def literal(text: str) -> str:
    """CommonMark, on one line, that shows `text` as it is."""
    escaped = _MARKS.sub(r"\\\1", " ".join(text.split()))
    return _LIST_START.sub(r"\1\\\2", escaped)


def wait(phrases: Phrases, seconds: float) -> str:
    """A duration for people, rounded up: minutes to an hour and a half, then hours."""
    minutes = max(1, math.ceil(seconds / 60))
    if minutes <= 90:
        return phrases.wait_minutes.format(count=minutes)
    return phrases.wait_hours.format(count=math.ceil(minutes / 60))
