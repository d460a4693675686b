"""Everything that can go wrong with the Completion API, as one tree.

    CompletionError
    ├── Unreachable             no answer at all                               retry
    ├── Interrupted             the answer broke off; its text is kept
    ├── Unreadable              an answer that is not of the Completion API
    ├── NoSpeech                no audio to be had
    └── Refused                 status, code and the server's words
        ├── Unauthorized        401
        ├── Forbidden           403
        ├── NotFound            404
        ├── InvalidInput        invalid_param
        │   └── InputFaults     found before the call; every fault by variable
        ├── AppUnavailable      app_unavailable, not_chat_app, provider_*, model_*
        ├── QuotaExceeded       provider_quota_exceeded
        ├── Busy                429 and its disguises                          retry
        ├── GenerationFailed    completion_request_error, `error` in a stream
        ├── FileRefused         413, 415, no_file_uploaded ...
        └── ServiceFailed       5xx, s3_*, unknown                             retry

A class's docstring is the sentence `str(error)` gives a developer. What a person in a chat reads
is worded elsewhere; the server's own words are in `detail` and meant for neither.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import ClassVar, Literal

import msgspec

DETAIL_LIMIT = 300  # characters; provider errors nest whole JSON documents inside a message
BUSY_WORDS = "Too many requests"  # Dify to 1.14 reports its concurrency limit as invalid_param

FaultKind = Literal[
    "missing", "too_long", "not_an_option", "not_a_number", "not_yes_or_no", "not_text", "unknown"
]
Reason = Literal["eof", "silence", "only pings", "too long", "too large", "broken", "malformed"]


class CompletionError(Exception):
    """The Completion API could not be used."""

    retry: ClassVar[bool] = False
    """Whether the same call may well succeed later without anybody changing anything."""

    def __init__(self, sentence: str | None = None, *, text: str = "") -> None:
        super().__init__(sentence or (type(self).__doc__ or "").partition("\n")[0])
        self.text = text
        """What of the answer had come before it failed."""


class Unreachable(CompletionError):
    """The Completion API does not answer."""

    retry = True

    def __init__(self, sentence: str | None = None, *, sent: bool) -> None:
        super().__init__(sentence)
        self.sent = sent
        """Whether the request may have arrived, so that sending it again could do it twice."""


class Interrupted(CompletionError):
    """The answer broke off before its end."""

    def __init__(self, text: str = "", *, reason: Reason) -> None:
        super().__init__(f"The answer broke off before its end ({reason}).", text=text)
        self.reason = reason


class Unreadable(CompletionError):
    """The answer is not one of the Completion API; COMPLETION_API_URL usually ends in /v1."""


class NoSpeech(CompletionError):
    """The Completion API had no audio for this."""


class Refused(CompletionError):
    """The Completion API refused the request."""

    def __init__(self, status: int, code: str = "", message: str = "", *, text: str = "") -> None:
        self.status = status
        self.code = code if re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", code) else ""
        self.detail = _one_line(message)
        mark = f"{status} {self.code}".strip()
        sentence = (type(self).__doc__ or "").partition("\n")[0].removesuffix(".")
        super().__init__(f"{sentence} ({mark}).", text=text)


class Unauthorized(Refused):
    """The Completion API does not accept the API key."""


class Forbidden(Refused):
    """The app's API is switched off, or the app or its site is gone."""


class NotFound(Refused):
    """There is nothing at that address or id; COMPLETION_API_URL usually ends in /v1."""


class InvalidInput(Refused):
    """The Completion API does not accept the request's values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with one variable.

    `limit` is in characters and belongs to `too_long`; `options` are the accepted values of
    `not_an_option`, or for `unknown` the variables there are.
    """

    kind: FaultKind
    label: str = ""
    limit: int | None = None
    options: tuple[str, ...] = ()


class InputFaults(InvalidInput):
    """The inputs break the app's form; nothing was sent."""

    def __init__(self, faults: Mapping[str, Fault]) -> None:
        super().__init__(400, "invalid_param")
        self.faults = dict(faults)


class AppUnavailable(Refused):
    """The app or its model is not set up at the Completion API."""


class QuotaExceeded(Refused):
    """The model allowance of this app is used up."""


class Busy(Refused):
    """The Completion API takes no more requests at the moment."""

    retry = True

    def __init__(
        self, status: int, code: str = "", message: str = "", *, retry_after: float | None = None
    ) -> None:
        super().__init__(status, code, message)
        self.retry_after = retry_after
        """Seconds the server asks to wait, when it says so."""


class GenerationFailed(Refused):
    """The model failed to write the answer."""


class FileRefused(Refused):
    """The Completion API does not take this file."""


class ServiceFailed(Refused):
    """The Completion API failed on its side."""

    retry = True


_BY_STATUS: Mapping[int, type[Refused]] = {
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    413: FileRefused,
    429: Busy,
}
_BY_CODE: Mapping[str, type[Refused]] = {
    "invalid_param": InvalidInput,
    "app_unavailable": AppUnavailable,
    "not_chat_app": AppUnavailable,
    "provider_not_initialize": AppUnavailable,
    "model_currently_not_support": AppUnavailable,
    "provider_quota_exceeded": QuotaExceeded,
    "too_many_requests": Busy,
    "rate_limit_error": Busy,
    "completion_request_error": GenerationFailed,
    "file_too_large": FileRefused,
    "unsupported_file_type": FileRefused,
    "unsupported_audio_type": FileRefused,
    "no_file_uploaded": FileRefused,
    "too_many_files": FileRefused,
    "filename_not_exists_error": FileRefused,
    "unsupported_preview": FileRefused,
    "unsupported_estimate": FileRefused,
    "s3_connection_failed": ServiceFailed,
    "s3_permission_denied": ServiceFailed,
    "s3_file_too_large": ServiceFailed,
    "internal_server_error": ServiceFailed,
    "unknown": ServiceFailed,
}
# Once an answer streams, a value that is refused is the provider's trouble, not the person's.
_STREAM_FAILURES = (AppUnavailable, QuotaExceeded, Busy)


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> Refused:
    """The error an HTTP answer with this status means: by its status first, then by its code.

    `headers` have lower-case names (or ignore case). Bodies that are not JSON are welcome:
    proxies and gunicorn answer with HTML, Cloudflare with bare text.
    """
    code, message = _code_and_message(body)
    kind = _kind(status, code, message)
    if kind is Busy:
        return Busy(status, code, message, retry_after=retry_after(headers.get("retry-after", "")))
    return kind(status, code, message)


def stream_failure(status: int, code: str, message: str, *, text: str) -> Refused:
    """The error an `error` event means, after `text` had come."""
    kind = _BY_CODE.get(code, GenerationFailed)
    chosen = kind if issubclass(kind, _STREAM_FAILURES) else GenerationFailed
    error = chosen(status, code, message)
    error.text = text
    return error


def retry_after(value: str) -> float | None:
    """Seconds from a Retry-After header, given as seconds or as an HTTP date."""
    value = value.strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", value):
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _kind(status: int, code: str, message: str) -> type[Refused]:
    # The one look at a message: Dify to 0.14 answers its concurrency limit with 500, to 1.14
    # with 400 invalid_param, and nothing else tells it from a wrong value.
    if status in (400, 500) and message.startswith(BUSY_WORDS):
        return Busy
    by_code = _BY_CODE.get(code, Refused)
    if by_code is Busy or (status == 429 and by_code is QuotaExceeded):
        return by_code
    if status >= 500:
        return ServiceFailed
    if status == 415 and code != "unsupported_media_type":
        return FileRefused
    return _BY_STATUS.get(status, by_code)


def _code_and_message(body: bytes) -> tuple[str, str]:
    try:
        told = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        told = None
    if not isinstance(told, dict):
        return "", re.sub(r"<[^<>]{0,200}>", " ", body.decode(errors="replace"))
    code, message = told.get("code"), told.get("message")
    return code if isinstance(code, str) else "", message if isinstance(message, str) else ""


def _one_line(message: str) -> str:
    printable = "".join(c if c.isprintable() else " " for c in message[: 4 * DETAIL_LIMIT])
    line = " ".join(printable.split())
    return line if len(line) <= DETAIL_LIMIT else line[: DETAIL_LIMIT - 1] + "…"
