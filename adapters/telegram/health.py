"""Whether an account hears, why not, and when it is worth trying again."""

import asyncio
from typing import Final

from adapters.telegram.errors import Conflict, Unauthorized
from bot.observe import get_logger
from bot.surface import RateLimited, SurfaceError

LONGEST: Final = 30.0
"""Seconds between tries: a person who writes meanwhile waits no longer when the way is free."""
SLOW: Final = 60.0
"""Seconds before what somebody has to put right is tried again."""

_SILENCE: Final = "Telegram does not answer"

_log = get_logger(__name__)


class Health:
    """Of one account. `missing` is "" while it hears, else why not, in words for an operator.

    What hinders it is told once, whoever meets it first: the calls, or the one that listens. So is
    the end of it, when the bot hears and its calls are answered.
    """

    def __init__(self, bot: str) -> None:
        self._bot = bot
        self._told = ""
        self._told_at = 0.0
        self._failures = 0
        self._has_heard = False
        self._is_deaf = False
        self._silent_at = 0.0
        self.is_silent = False  # the last call was not answered
        self.missing = f"Telegram has not been reached yet (bot {bot})"

    def recover(self, *, name: str, by: str) -> None:
        """It hears, as the bot with this username, `by` "polling" or "webhook"."""
        if not self._has_heard:
            self._has_heard, self._told = True, ""
            _log.info("telegram is heard", bot=self._bot, name=f"@{name}", by=by)
        self._is_deaf, self.missing = False, ""
        self._failures = 0
        if not self.is_silent:
            self._end()

    def fail(self, error: SurfaceError | TimeoutError, *, deaf: bool = True) -> float:
        """Note why it failed, and say it once; `deaf`: it hears nothing by that.

        Returns how many seconds to wait before the next try.
        """
        words, pause = self._meaning(error)
        if deaf:
            self._is_deaf = True
            self.missing = f"{words} (bot {self._bot})"
        if words != self._told:
            told = _log.error if isinstance(error, Unauthorized | Conflict) else _log.warning
            told(words, bot=self._bot, error=type(error).__name__)
            self._note(words)
        self._failures += 1
        return pause

    def silence(self, why: str) -> None:
        """A call was not answered."""
        self.is_silent, self._silent_at = True, asyncio.get_running_loop().time()
        if not self._told:
            _log.warning(_SILENCE, bot=self._bot, why=why)
            self._note(_SILENCE)

    def answer(self, began: float) -> None:
        """A call was answered that `began` then, by the loop's clock."""
        if began < self._silent_at:  # a poll from before says nothing of now
            return
        self.is_silent = False
        if not self._is_deaf:
            self._end()

    def _note(self, words: str) -> None:
        self._told, self._told_at = words, asyncio.get_running_loop().time()

    def _end(self) -> None:
        if self._told and self._has_heard:
            after = round(asyncio.get_running_loop().time() - self._told_at, 1)
            _log.info("telegram is heard again", bot=self._bot, after=after)
        self._told = ""

    def _meaning(self, error: SurfaceError | TimeoutError) -> tuple[str, float]:
        if isinstance(error, Unauthorized):
            return "TELEGRAM_BOT_TOKEN is not the token of any bot; ask @BotFather for it", SLOW
        if isinstance(error, Conflict):
            return (
                "another program receives this bot's updates; a token serves one program only",
                LONGEST,  # during a restart it may be our own
            )
        growing = float(min(LONGEST, 2**self._failures)) if self._failures < 10 else LONGEST
        if isinstance(error, RateLimited):
            return "Telegram wants to be left alone for a while", max(growing, error.retry_after)
        return _SILENCE, growing
