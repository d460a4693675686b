"""The platform's own limits: it counts calls by itself and answers 429, whoever paced them."""

import asyncio
import secrets
from collections.abc import Callable, Sequence

from bot.surface import Budget, RateLimited

# Slots are kept to the tick by the caller's clock; a call on its way may come a little early.
_LENIENCE = 1.0  # calls
_FORGOTTEN = 512  # scopes, after which idle ones are let go


class Refusal(RateLimited):
    """A 429, and the budgets it is about: one chat's penalty is not everybody's."""

    def __init__(self, retry_after: float, budgets: Sequence[Budget]) -> None:
        super().__init__(retry_after)
        self.budgets = budgets


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
        """Count one call. Raises Refusal, and then again until the time is over."""
        now = asyncio.get_running_loop().time()
        buckets = [self._bucket(budget, now) for budget in budgets]
        for bucket in buckets:
            if bucket.tokens < 1 and bucket.quiet_until <= now:
                bucket.quiet_until = now + round(self._seconds(*penalty), 1)
        wait = max((bucket.quiet_until for bucket in buckets), default=0.0) - now
        if wait > 0:
            silent = [
                budget
                for budget, bucket in zip(budgets, buckets, strict=True)
                if bucket.quiet_until > now
            ]
            raise Refusal(wait, silent)
        for bucket in buckets:
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
