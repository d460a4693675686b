"""What the bot tells about itself: structured logs without content or secrets, and numbers.

The numbers are what `/metrics` shows. No label holds an id of a person, a chat or a message.
"""

import logging
import re
import secrets as randomness
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from hashlib import blake2b
from math import inf
from pathlib import Path
from traceback import extract_tb
from typing import TextIO

import structlog
from prometheus_client import Counter, Gauge, Histogram

from bot.events import Chat

HIDDEN = "[hidden]"
# Shapes of secrets that libraries print on their own (Telegram's token stands in every URL).
_SHAPES = re.compile(
    r"(?<!\d)\d{6,}:[A-Za-z0-9_-]{30,}|\bxox[a-z]-[A-Za-z0-9-]+|\bxapp-[A-Za-z0-9-]+"
    r"|\bapp-[A-Za-z0-9]{16,}|(?<=Bearer )\S+|(?<=hooks\.slack\.com/)[^\s\"'<>]+"
)

# The first two print whole addresses at "info", Telegram's token included; Alembic its plugins.
_NOISY = ("httpx", "aiohttp.access", "alembic", "telegram", "slack_bolt", "slack_sdk")
_OURS = ("bot", "adapters")
_FACTS: list[structlog.types.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.stdlib.ExtraAdder(),
]


# From the blink of an eye to the longest a chat bot is waited for.
_DELAYS = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, inf)
# From one sentence to beyond the 1,200 s after which the API ends its own work.
_LENGTHS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, inf)

FIRST_TEXT = Histogram(
    "parley_first_text_seconds",
    "From the API's first piece of an answer to its first words on a screen.",
    buckets=_DELAYS,
)
FRAMES = Counter("parley_frames", "Changes of a growing message that were shown.")
DROPPED_FRAMES = Counter(
    "parley_dropped_frames", "Changes of a growing message that a newer one overtook."
)
RATE_LIMITED = Counter(
    "parley_rate_limited", "Calls that a platform refused for being too many.", ["platform"]
)
OPEN_ANSWERS = Gauge("parley_open_answers", "Answers that wait, stream or are being closed.")
ANSWERS = Counter("parley_answers", "Answers that ended, by how.", ["outcome"])
ANSWER_SECONDS = Histogram(
    "parley_answer_seconds", "From asking to the end of an answer's stream.", buckets=_LENGTHS
)
ANSWER_CHARACTERS = Histogram(
    "parley_answer_characters",
    "Length of answers that ended.",
    buckets=(100, 300, 1000, 2000, 4000, 8000, 16000, 32000, inf),
)
RATINGS = Counter("parley_ratings", "Ratings the API was told: like, dislike or revoked.", ["kind"])
RATING_LAG = Histogram(
    "parley_rating_lag_seconds",
    "From a person's rating to the API knowing it.",
    # Ratings are kept and sent again for days while the API is down.
    buckets=(0.1, 0.5, 1, 5, 30, 60, 600, 3600, 86400, inf),
)
API_ERRORS = Counter("parley_api_errors", "What the Completion API refused or broke.", ["code"])
EVENTS = Counter("parley_events", "Events by intake: accepted, duplicate, refused.", ["intake"])
INBOX_DEPTH = Gauge("parley_inbox_depth", "Events accepted and not done.")
INBOX_AGE = Gauge("parley_inbox_age_seconds", "Age of the oldest event that is not done.")
WORK = Counter("parley_work", "Work that ended: done, again, failed.", ["ending"])
LANE_WAIT = Histogram(
    "parley_lane_wait_seconds",
    "From accepting an event to beginning its work, by kind of lane.",
    ["lane"],
    buckets=_DELAYS,
)

CODES = 100  # different values of one label; the API names some thirty errors
_codes: set[str] = set()


def count_api_error(code: str) -> None:
    """Count an error of the API by its code, or by its kind where it has none.

    Codes come from outside; past CODES different ones they count as "other", so that no server
    can fill the memory.
    """
    if code not in _codes and len(_codes) >= CODES:
        code = "other"
    else:
        _codes.add(code)
    API_ERRORS.labels(code).inc()


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
        for secret in _found:
            text = text.replace(secret, HIDDEN)
        return _SHAPES.sub(HIDDEN, text)


_found: set[str] = set()
"""Secrets that no setting holds and that look like none, such as tokens read at run time."""


def hide(secret: str) -> None:
    """From now on no line shows it; one that looks like a secret anyway costs nothing."""
    if len(secret) >= 4 and secret in _SHAPES.sub(HIDDEN, secret):
        _found.add(secret)


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

    `form`: "json" or "text". Calling it again replaces what was set up before. The secrets are also
    what `short` is keyed with, so that its names stay the same from one start to the next.
    """
    global _key
    secrets = tuple(secrets)
    _key = _key_of(secrets)
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
    logging.getLogger().handlers[:] = [handler]
    _set_levels(level.upper())


def _set_levels(level: str) -> None:
    # At "debug" libraries print what they work on: statements with people's words, headers.
    logging.getLogger().setLevel("INFO" if level == "DEBUG" else level)
    for ours in _OURS:
        logging.getLogger(ours).setLevel(level)
    for noisy in _NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger for facts: `log.info("answer closed", seconds=2.1)`. Never pass message text."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def in_detail() -> bool:
    """Whether each step is to be told, for whoever hunts a fault.

    Asked where parts are put together: those that tell then take the place of those that do not,
    so that nothing is spent on it otherwise.
    """
    return logging.getLogger("bot").isEnabledFor(logging.DEBUG)


@contextmanager
def step(
    log: structlog.stdlib.BoundLogger, words: str, **facts: object
) -> Iterator[dict[str, object]]:
    """Tell in detail how the block ended, and after how many ms; it may add to the facts."""
    began = time.monotonic()
    try:
        yield facts
    except BaseException as error:
        facts.setdefault("error", type(error).__name__)
        raise
    finally:
        log.debug(words, **facts, ms=round((time.monotonic() - began) * 1000, 1))


def bound(**ids: str) -> AbstractContextManager[object]:
    """Every line written inside the block carries these ids."""
    return structlog.contextvars.bound_contextvars(**ids)


def short(chat: Chat) -> str:
    """A name for a chat that lines can be compared by, and that tells nobody which chat it is.

    Platform ids are few enough to try them all, hence the key.
    """
    name = "\0".join((chat.platform, chat.workspace, chat.id))
    return blake2b(name.encode(), key=_key, digest_size=6).hexdigest()


def _key_of(secrets: Iterable[str]) -> bytes:
    joined = "\0".join(sorted(secrets))
    return blake2b(joined.encode()).digest() if joined else randomness.token_bytes()


_key = _key_of(())


def trace(error: BaseException) -> list[str]:
    """What was raised and where, causes first, without a word of any message.

    Texts of exceptions may quote what a person wrote; types, files and lines cannot.
    """
    return [line for link in _chain(error) for line in _lines(link)]


def _chain(error: BaseException) -> list[BaseException]:
    """The error and what led to it, the oldest first."""
    chain = [error]
    while len(chain) < 10:  # deeper, only the nearest causes help
        last = chain[-1]
        earlier = last.__cause__ or (None if last.__suppress_context__ else last.__context__)
        if earlier is None or earlier in chain:
            break
        chain.append(earlier)
    return chain[::-1]


def _lines(error: BaseException, depth: int = 0) -> Iterator[str]:
    indent = "  " * depth
    yield f"{indent}{type(error).__module__}.{type(error).__qualname__}"
    for frame in extract_tb(error.__traceback__)[-20:]:
        yield f"{indent}  {_place(frame.filename)}:{frame.lineno} in {frame.name}"
    if isinstance(error, BaseExceptionGroup) and depth < 5:
        for inner in error.exceptions[:10]:
            for link in _chain(inner):
                yield from _lines(link, depth + 1)


def _place(filename: str) -> str:
    """The last parts of a path: enough to find the file, nothing of where people keep it."""
    return "/".join(Path(filename).parts[-3:])
