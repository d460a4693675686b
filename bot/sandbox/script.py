"""Prompts that say how they want to be answered: the control words of the recordings.

`n=3` three chunks · `d=0.4` seconds between them · `wait=11` seconds before the first ·
`err=KIND` a failure · `at=2` before which chunk it comes · `ECHO …` the prompt itself.
"""

import math
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from bot.sandbox.clock import Clock
from bot.sandbox.replies import MESSAGES
from bot.sandbox.writer import WriterFault

CHUNKS = 3  # where the prompt does not say
MOST_CHUNKS = 10_000
LONGEST_WAIT = 3600.0  # seconds

_WORD = re.compile(r"(?<!\S)(n|d|wait|err|at)=(\S+)")
_ONLY_WORDS = re.compile(r"\s*(?:(?:n|d|wait|err|at)=\S+(?:\s+|$))+|ECHO\b.*", re.DOTALL)


class ScriptedFault(WriterFault):
    """A failure with the code and status the recordings hold for it."""

    def __init__(self, code: str, status: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


# Kinds as the model side of the recordings named them; any other kind is an invoke error as well.
_FAULTS = {
    "InvokeAuthorizationError": ("completion_request_error", 400, "Incorrect API key provided"),
    "inner": ("invalid_param", 400, "inner broke-500"),
    "quota": (
        "provider_quota_exceeded",
        400,
        "Your quota for Dify Hosted Model Provider has been exhausted. Please go to Settings -> "
        "Model Provider to complete your own provider credentials.",
    ),
    "credentials": (
        "provider_not_initialize",
        400,
        "Model fake-llm credentials is not initialized.",
    ),
    "unsupported": (
        "model_currently_not_support",
        400,
        "Dify Hosted OpenAI trial currently not support the GPT-4 model.",
    ),
    "internal": (
        "internal_server_error",
        500,
        "Internal Server Error, please contact support.",
    ),
}
BOOM = ("completion_request_error", 400, "boom from model")


def scripted_fault(kind: str) -> ScriptedFault:
    return ScriptedFault(*_FAULTS.get(kind, BOOM))


def blocking_message(fault: ScriptedFault) -> str:
    """The words of the fault where no stream was opened; only one kind has others there."""
    return MESSAGES.get(fault.code, fault.message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    chunks: int = CHUNKS
    delay: float = 0.0
    wait: float = 0.0
    error: str = ""
    error_at: int = 0
    echo: bool = False
    prompt: str = ""
    pictures: bool = False

    async def write(self, clock: Clock, started: float) -> AsyncGenerator[str, None]:
        """The pieces, each at its moment counted from `started`, not from the piece before."""
        moment = started + self.wait
        await clock.until(moment)
        if self.pictures:
            yield "content-types:image,text "
        if self.echo:
            yield f"ECHO<{self.prompt}>"
            return
        for number in range(self.chunks):
            if number:
                await clock.until(moment + number * self.delay)
            if self.error and number == self.error_at:
                raise scripted_fault(self.error)
            yield f"chunk {number} é😀. "
        if self.error and self.error_at >= self.chunks:
            raise scripted_fault(self.error)


def is_scripted(prompt: str) -> bool:
    """True when the whole prompt is control words, so that "n=5" in a sentence is none."""
    return _ONLY_WORDS.fullmatch(prompt) is not None


def parse(prompt: str, *, pictures: bool) -> Script:
    words = dict(_WORD.findall(prompt))
    return Script(
        chunks=int(_number(words.get("n"), CHUNKS, MOST_CHUNKS)),
        delay=_number(words.get("d"), 0.0, LONGEST_WAIT),
        wait=_number(words.get("wait"), 0.0, LONGEST_WAIT),
        error=words.get("err", ""),
        error_at=int(_number(words.get("at"), 0, MOST_CHUNKS)),
        echo=prompt.startswith("ECHO"),
        prompt=prompt,
        pictures=pictures,
    )


def _number(word: str | None, default: float, most: float) -> float:
    try:
        number = float(word) if word is not None else default
    except ValueError:
        return default
    return min(max(number, 0.0), most) if math.isfinite(number) else default
