"""The log as an operator reads it who has set it to "debug"."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from bot import observe


class Log:
    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    def told(self, words: str) -> list[dict[str, object]]:
        """The facts of the lines that say so, without when and from where."""
        lines = [json.loads(line) for line in self.text.splitlines()]
        return [_facts(line) for line in lines if line["event"] == words]


def _facts(line: dict[str, object]) -> dict[str, object]:
    assert line.pop("level") == "debug"
    return {name: line[name] for name in line if name not in ("event", "logger", "timestamp")}


@contextmanager
def detailed(level: str = "debug") -> Iterator[Log]:
    """What is put together inside tells each step."""
    root = logging.getLogger()
    before = list(root.handlers), root.level
    log = Log()
    observe.configure(level=level, stream=log.stream)
    try:
        yield log
    finally:
        root.handlers[:] = before[0]
        root.setLevel(before[1])
        for name in ("bot", "adapters"):
            logging.getLogger(name).setLevel(logging.NOTSET)
