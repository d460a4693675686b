"""Whether an account hears, why not, and when it is worth trying again."""

from typing import Final

from adapters.telegram.errors import Conflict, Unauthorized
from bot.observe import get_logger
from bot.surface import RateLimited, SurfaceError

LONGEST: Final = 30.0
"""Seconds between tries: a person who writes meanwhile waits no longer when the way is free."""
SLOW: Final = 60.0
"""Seconds before what somebody has to put right is tried again."""

_log = get_logger(__name__)


class Health:
    """Of one account. `missing` is "" while it hears, else why not, in words for an operator."""

    def __init__(self, bot: str) -> None:
        self._bot = bot
        self._told = ""
        self._failures = 0
        self.missing = f"Telegram has not been reached yet (bot {bot})"

    def recover(self) -> None:
        """It hears."""
        if self._told:
            _log.info("telegram is heard again", bot=self._bot)
        self.missing = self._told = ""
        self._failures = 0

    def fail(self, error: SurfaceError | TimeoutError, *, deaf: bool = True) -> float:
        """Note why it failed, and say it once; `deaf`: it hears nothing by that.

        Returns how many seconds to wait before the next try.
        """
        words, pause = self._meaning(error)
        if deaf:
            self.missing = f"{words} (bot {self._bot})"
        if words != self._told:
            told = _log.error if isinstance(error, Unauthorized | Conflict) else _log.warning
            told(words, bot=self._bot, error=type(error).__name__)
            self._told = words
        self._failures += 1
        return pause

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
        return "Telegram does not answer", growing
