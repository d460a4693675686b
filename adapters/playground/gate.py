"""The platform's own limits: it counts calls by itself and answers 429, whoever paced them."""

import asyncio
import secrets
from collections.abc import Callable, Sequence

from bot.surface import Budget, RateLimited

# Slots are kept to the tick by the caller's clock; a call on its way may come a little early.
_LENIENCE = 1.0  # calls
_FORGOTTEN = 512  # scopes, after which idle ones are let go


class _Bucket:
    __slots__ = ("at", "quiet_until", "tokens")

    def __init__(self, tokens: float, at: float) -> None:
        self.tokens = tokens
        self.at = at
        self.quiet_until = 0.0


class Gate:
    """Counts calls; `seconds` draws how long a 429 lasts, between two bounds."""

    def __init__(self, seconds: Callable[[float, float], float] | None = None) -> None:
        self._buckets: dict[str, _Bucket] = {}
        self._seconds = seconds or secrets.SystemRandom().uniform

    def admit(self, budgets: Sequence[Budget], penalty: tuple[float, float]) -> None:
        """Count one call. Raises RateLimited, and then again until the time is over."""
        now = asyncio.get_running_loop().time()
        buckets = {budget.scope: self._bucket(budget, now) for budget in budgets}
        for bucket in buckets.values():
            if bucket.tokens < 1 and bucket.quiet_until <= now:
                bucket.quiet_until = now + round(self._seconds(*penalty), 1)
        scope = max(buckets, key=lambda scope: buckets[scope].quiet_until, default="")
        if scope and (wait := buckets[scope].quiet_until - now) > 0:
            raise RateLimited(wait, scope=scope)
        for bucket in buckets.values():
            bucket.tokens -= 1

    def silence(self, budgets: Sequence[Budget], seconds: float) -> None:
        """Answer 429 in these scopes for a while, as platforms do for reasons of their own."""
        now = asyncio.get_running_loop().time()
        for budget in budgets:
            self._bucket(budget, now).quiet_until = now + seconds

    def _bucket(self, budget: Budget, now: float) -> _Bucket:
        most = budget.burst + _LENIENCE
        bucket = self._buckets.get(budget.scope)
        if bucket is None:
            if len(self._buckets) >= _FORGOTTEN:
                self._forget(now)
            bucket = self._buckets[budget.scope] = _Bucket(most, now)
        bucket.tokens = min(most, bucket.tokens + (now - bucket.at) * budget.rate)
        bucket.at = now
        return bucket

    def _forget(self, now: float) -> None:
        # The slowest scope is full again within two minutes.
        for scope in [s for s, b in self._buckets.items() if now > max(b.at, b.quiet_until) + 120]:
            del self._buckets[scope]
