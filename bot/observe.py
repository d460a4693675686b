"""Structured logs with secrets taken out, for our own lines and for every library's."""

import logging
import re
import sys
from collections.abc import Iterable
from typing import TextIO

import structlog

HIDDEN = "[hidden]"
# Shapes of secrets that libraries print on their own (Telegram's token stands in every URL).
_SHAPES = re.compile(
    r"(?<!\d)\d{6,}:[A-Za-z0-9_-]{30,}|\bxox[a-z]-[A-Za-z0-9-]+|\bxapp-[A-Za-z0-9-]+"
    r"|\bapp-[A-Za-z0-9]{16,}|(?<=Bearer )\S+"
)

# The first two print whole addresses at "info", Telegram's token included; Alembic its plugins.
_NOISY = ("httpx", "aiohttp.access", "alembic")
_FACTS: list[structlog.types.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.stdlib.ExtraAdder(),
]


class Redaction:
    """Takes secrets out of finished lines."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # Longest first, so that a secret holding another one is hidden whole.
        known = sorted({secret for secret in secrets if len(secret) >= 4}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def clean(self, text: str) -> str:
        """`text` without any secret this filter knows, or that looks like one."""
        if self._known:
            text = self._known.sub(HIDDEN, text)
        return _SHAPES.sub(HIDDEN, text)


class _CleanFormatter(logging.Formatter):
    """Formats, then redacts the finished line, traceback included.

    It works on the handler, since libraries' records never meet the filters of our loggers.
    """

    def __init__(self, inner: logging.Formatter, redaction: Redaction) -> None:
        super().__init__()
        self._inner = inner
        self._redaction = redaction

    def format(self, record: logging.LogRecord) -> str:
        return self._redaction.clean(self._inner.format(record))


def configure(
    *,
    level: str = "info",
    form: str = "json",
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Set up logging for the whole process: one line an event, on standard error.

    `form`: "json" or "text". Calling it again replaces what was set up before.
    """
    structlog.configure(
        processors=[*_FACTS, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    rendering: list[structlog.types.Processor] = (
        [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
        if form == "json"
        else [structlog.dev.ConsoleRenderer(colors=False)]
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_FACTS,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_CleanFormatter(formatter, Redaction(secrets)))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in _NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger for facts: `log.info("answer closed", seconds=2.1)`. Never pass message text."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger
