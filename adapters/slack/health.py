"""Whether the bot hears, why not, and when it is worth trying again."""

from typing import Final

from adapters.slack.errors import Refused, Unauthorized
from bot.observe import get_logger
from bot.surface import RateLimited, SurfaceError

LONGEST: Final = 30.0
"""Seconds between tries: a person who writes meanwhile waits no longer when the way is free."""
SLOW: Final = 60.0
"""Seconds before what somebody has to put right is tried again."""

_log = get_logger(__name__)


class Health:
    """Of one way to Slack. `missing` is "" while it is open, else why not, for an operator.

    `secret` names the setting that opens it.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._told = ""
        self._failures = 0
        self.missing = "Slack has not been reached yet"

    def recover(self) -> None:
        if self._told:
            _log.info("slack is heard again", by=self._secret)
        self.missing = self._told = ""
        self._failures = 0

    def fail(self, error: Exception, *, deaf: bool = True) -> float:
        """Note why it failed, and say it once; `deaf`: nothing is heard by that.

        Returns how many seconds to wait before the next try.
        """
        words, pause = self._meaning(error)
        if deaf:
            self.missing = words
        if words != self._told:
            told = _log.error if isinstance(error, Refused) else _log.warning
            told(words, error=type(error).__name__)
            self._told = words
        self._failures += 1
        return pause

    def _meaning(self, error: Exception) -> tuple[str, float]:
        if isinstance(error, Unauthorized):
            return f"Slack does not know {self._secret}; the app's pages at Slack show it", SLOW
        if isinstance(error, Refused):
            return f"Slack refuses {self._secret}: {error.code}", SLOW
        growing = float(min(LONGEST, 2**self._failures)) if self._failures < 10 else LONGEST
        if isinstance(error, RateLimited):
            return "Slack wants to be left alone for a while", max(growing, error.retry_after)
        if not isinstance(error, SurfaceError | TimeoutError):
            return "Slack closes the connection", growing
        return "Slack does not answer", growing
