"""Everything that can go wrong on demand: one list, three ways to ask for it.

A request's header `X-Sandbox-Fault: name` or `name=value`, the configured default, or a prompt
that begins with `/name`. The list says where each shows: `any` request, an `answer`, `speech`,
a `stop`. A prompt's word for `speech` waits for the same person's next speech.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from bot.sandbox.replies import (
    WORKER_PAGE,
    Crash,
    InvalidParam,
    Page,
    Refusal,
    not_found,
    proxy_page,
)
from bot.sandbox.script import scripted_fault

HEADER = "X-Sandbox-Fault"
QUESTION = "Show me markdown."  # asked where a prompt is nothing but a fault's word

Where = Literal["any", "answer", "speech", "stop"]

_WORD = re.compile(r"/([a-z0-9-]+)(?:=(\S+))?(?:\s+|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    name: str
    where: Where
    what: str
    value: float = 0.0  # what `=value` changes; meaningless where `what` does not mention it


def _fault(name: str, where: Where, what: str, value: float = 0.0) -> Fault:
    return Fault(name=name, where=where, what=what, value=value)


FAULTS: tuple[Fault, ...] = (
    _fault("quota", "any", "400 provider_quota_exceeded: the model's quota is used up"),
    _fault("credentials", "any", "400 provider_not_initialize: the model has no key"),
    _fault("unsupported", "any", "400 model_currently_not_support"),
    _fault("unavailable", "any", "400 app_unavailable: the app is not configured"),
    _fault("busy", "any", "429 too_many_requests, Retry-After: value seconds", 1),
    _fault(
        "busy400", "any", "400 invalid_param with the words Dify 1.14 has for too many requests"
    ),
    _fault("unauthorized", "any", "401 as for a wrong key"),
    _fault("forbidden", "any", "403 as for an app whose API is switched off"),
    _fault("404", "any", "404, the page for an unknown path"),
    _fault("413", "any", "413 file_too_large"),
    _fault("415", "any", "415 unsupported_file_type"),
    _fault("500", "any", "500 internal_server_error"),
    _fault("crash", "any", "500 unknown, keys in another order"),
    _fault("502", "any", "502, a proxy's HTML page"),
    _fault("503", "any", "503 s3_connection_failed"),
    _fault("504", "any", "504, a proxy's HTML page"),
    _fault("cloudflare", "any", "429, the text `error code: 1015`"),
    _fault("html", "any", "200 and a web page, as from a wrong address"),
    _fault("slow", "any", "the first byte comes value seconds late", 5),
    _fault("cut", "answer", "the connection drops after value events", 3),
    _fault("unfinished", "answer", "the stream ends after value events, without message_end", 3),
    _fault("silence", "answer", "after value events nothing more, not even pings", 2),
    _fault("only-pings", "answer", "pings, and never any text"),
    _fault("shredded", "answer", "every byte alone"),
    _fault("buffered", "answer", "the whole stream at once when it has ended"),
    _fault("garbled", "answer", "an event whose JSON is broken, after value events", 2),
    _fault("replaced", "answer", "message_replace before message_end"),
    _fault("replaced-twice", "answer", "message_replace amid the text, more text, another one"),
    _fault("error-first", "answer", "an error event before any text"),
    _fault("error-after-text", "answer", "an error event after value pieces of text", 3),
    _fault("tts-after-end", "answer", "speech and tts_message_end after message_end"),
    _fault("think", "answer", "a reasoning block in <think> before the answer"),
    _fault("details", "answer", "a reasoning block in <details> before the answer"),
    _fault("separators", "answer", "U+2028, U+2029 and U+0085 within the text"),
    _fault("no-audio", "speech", "200 and the JSON null"),
    _fault("empty-audio", "speech", "200 audio/mpeg of no bytes"),
    _fault("wav-as-mp3", "speech", "a WAV file called audio/mpeg"),
    _fault("mute", "speech", "500, the worker's HTML page, as when the provider fails"),
    _fault("slow-stop", "stop", "a stop takes effect value seconds later", 5),
    _fault("deaf-stop", "stop", "a stop succeeds and changes nothing"),
)
_BY_NAME: Mapping[str, Fault] = {fault.name: fault for fault in FAULTS}

# What this message begins with is all a client can go by (Dify up to 1.14).
TOO_MANY = (
    "Too many requests. Please try again later. The current maximum concurrent requests allowed "
    "for {app} is {limit}."
)


class Chosen(NamedTuple):
    """A fault that was asked for, with its value; an empty name is none."""

    name: str = ""
    value: float = 0.0

    def at(self, *places: Where) -> bool:
        return bool(self.name) and _BY_NAME[self.name].where in places


NONE = Chosen()


class UnknownFault(ValueError):
    """No fault has this name, or its value is no number; the text lists the names."""


def choose(wanted: str) -> Chosen:
    """The fault `name` or `name=value`; an empty text is none. Raises UnknownFault."""
    if not wanted:
        return NONE
    name, _, value = wanted.partition("=")
    fault = _BY_NAME.get(name.strip())
    if fault is None:
        names = ", ".join(_BY_NAME)
        raise UnknownFault(f"The sandbox knows no such fault. It knows: {names}.")
    return Chosen(fault.name, _value(fault, value))


def from_header(header: str) -> Chosen:
    """The fault a request asks for. Raises Refusal 400, which lists the names."""
    try:
        return choose(header)
    except UnknownFault as unknown:
        raise InvalidParam(str(unknown)) from None


def from_prompt(prompt: str) -> tuple[Chosen, str]:
    """The fault a prompt begins with, and what is left of the prompt.

    A word that names no fault is ordinary text.
    """
    found = _WORD.match(prompt)
    if found is None or found[1] not in _BY_NAME:
        return NONE, prompt
    try:
        chosen = choose(found[1] + (f"={found[2]}" if found[2] else ""))
    except UnknownFault:
        return NONE, prompt
    return chosen, prompt[found.end() :] or QUESTION


def refuse(chosen: Chosen) -> None:
    """Raise the Refusal, Page or Crash this fault stands for, if it stands for one."""
    maker = _REFUSALS.get(chosen.name)
    if maker is not None:
        raise maker(chosen.value)


def _value(fault: Fault, word: str) -> float:
    if not word:
        return fault.value
    try:
        value = float(word)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 3600:
        raise UnknownFault(f"The value of {fault.name} is a number from 0 to 3600.")
    return value


def _scripted(kind: str) -> Callable[[float], Exception]:
    def make(_: float) -> Exception:
        fault = scripted_fault(kind)
        return Refusal(fault.status, fault.code, fault.message)

    return make


def _busy(seconds: float) -> Exception:
    return Page(
        429,
        '{"code": "too_many_requests", "message": "Too many requests. Please try again later.",'
        ' "status": 429}\n',
        "application/json",
        {"Retry-After": f"{seconds:.0f}"},
    )


_REFUSALS: Mapping[str, Callable[[float], Exception]] = {
    "quota": _scripted("quota"),
    "credentials": _scripted("credentials"),
    "unsupported": _scripted("unsupported"),
    "unavailable": lambda _: Refusal(400, "app_unavailable"),
    "busy": _busy,
    "busy400": lambda _: InvalidParam(TOO_MANY.format(app="this app", limit=0)),
    "unauthorized": lambda _: Refusal(401, "unauthorized", "Access token is invalid"),
    "forbidden": lambda _: Refusal(403, "forbidden", "The app's API service has been disabled."),
    "404": lambda _: not_found(),
    "413": lambda _: Refusal(413, "file_too_large"),
    "415": lambda _: Refusal(415, "unsupported_file_type"),
    "500": lambda _: Refusal(500, "internal_server_error"),
    "crash": lambda _: Crash(),
    "502": lambda _: proxy_page(502),
    "503": lambda _: Refusal(503, "s3_connection_failed", "Unable to connect to S3 service"),
    "504": lambda _: proxy_page(504),
    "cloudflare": lambda _: Page(429, "error code: 1015", "text/plain"),
    "html": lambda _: Page(200, "<!doctype html>\n<title>Dify</title>\n<div id=root></div>\n"),
    "mute": lambda _: Page(500, WORKER_PAGE),
}
