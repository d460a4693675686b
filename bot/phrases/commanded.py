"""The sentences for where there is one command only, and all others are words behind it."""

import re
from dataclasses import fields, replace
from functools import lru_cache

from bot.phrases.sentences import Phrases

_NAMES = "stop|retry|voice|inputs|feedback|about|help|forget|stats"
_COMMAND = re.compile(rf"/(?:ask|(?P<name>{_NAMES}))\b")


@lru_cache(maxsize=64)
def behind(phrases: Phrases, command: str) -> Phrases:
    """`phrases` that say "/ask retry" for "/retry", where `command` is "/ask"."""

    def said(found: re.Match[str]) -> str:
        return f"{command} {found['name']}" if found["name"] else command

    words = {field.name: getattr(phrases, field.name) for field in fields(phrases)}
    told = {name: _COMMAND.sub(said, word) for name, word in words.items() if type(word) is str}
    return replace(phrases, **told)
