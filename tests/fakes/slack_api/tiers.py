"""How much an app may call: tiers per workspace and method, one post a second in a channel.

Sources: docs.slack.dev/apis/web-api/rate-limits (tier 1 to 4: 1, 20, 50, 100 a minute; "one message
per second per channel", short bursts allowed, and several hundred a minute in a workspace; the
special tier of assistant.threads.setStatus is 600 a minute). The tiers are "or more" there; here
they are exact. Whoever calls while told to wait waits anew, and it is written down.
"""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.fakes.slack_api.refused import too_many

A_MINUTE = 60.0
TIERS = {"t1": 1, "t2": 20, "t3": 50, "t4": 100, "t5": 600}
POSTS_OF_WORKSPACE = 300  # a minute; "several hundred"
POST_BURST = 2


@dataclass
class _Scope:
    """One thing that calls are counted for: at most `most` in any minute, or a bucket."""

    most: int = 0
    rate: float = math.inf  # a second
    burst: int = 1
    calls: deque[float] = field(default_factory=deque)
    full_at: float = -math.inf  # when the bucket has all its tokens again
    banned_until: float = -math.inf
    heeded: bool = True  # whoever calls has heard of it,
    told_at: float = -math.inf  # at this moment

    def wait(self, now: float, jitter: float) -> float:
        """Seconds until one more call has room; 0 for now."""
        while self.calls and self.calls[0] <= now - A_MINUTE + jitter:
            self.calls.popleft()
        if self.most and len(self.calls) >= self.most:
            return self.calls[-self.most] + A_MINUTE - now
        spent = self.full_at - now - jitter
        return max(spent - (self.burst - 1) / self.rate - 1e-9, 0.0)

    def tell(self, now: float) -> None:
        if not self.heeded:
            self.heeded, self.told_at = True, now

    def take(self, now: float) -> None:
        if self.most:
            self.calls.append(now)
        if self.rate < math.inf:
            self.full_at = max(self.full_at, now) + 1 / self.rate


@dataclass(frozen=True, slots=True)
class Hammer:
    """A call made though a Retry-After was not over: `early` seconds too soon."""

    at: float
    scope: str
    early: float


@dataclass
class Tiers:
    """What counts against an app. `jitter` forgives what the way here shifts, in seconds."""

    penalty: int = 2  # seconds more than the room needs
    jitter: float = 0.0
    enforced: bool = True
    hammered: list[Hammer] = field(default_factory=list)
    _scopes: dict[str, _Scope] = field(default_factory=dict)

    def count(self, now: float, team: str, method: str, tier: str, channel: str) -> None:
        """Count one call; raises Refused (429) instead when it is one too many."""
        if method == "chat.postMessage":
            scopes = [
                (f"{team}:{method}:{channel}", _Scope(rate=1.0, burst=POST_BURST)),
                (f"{team}:{method}", _Scope(most=POSTS_OF_WORKSPACE)),
            ]
        else:
            scopes = [(f"{team}:{method}", _Scope(most=TIERS[tier]))]
        self._count(now, [(name, self._scopes.setdefault(name, new)) for name, new in scopes])

    def silence(self, until: float, team: str, method: str, channel: str = "") -> None:
        """Answer every such call with 429 until then."""
        name = ":".join(part for part in (team, method, channel) if part)
        self._scopes.setdefault(name, _Scope()).banned_until = until

    def die(self) -> None:
        """The process that was told to wait is dead; the next one has to be told anew."""
        for scope in self._scopes.values():
            scope.heeded = False

    def _count(self, now: float, scopes: Sequence[tuple[str, _Scope]]) -> None:
        for name, scope in scopes:
            if scope.banned_until > now:
                early = scope.banned_until - now
                # What was on its way by then comes as late as calls may overtake each other.
                if scope.heeded and min(early, now - scope.told_at) >= self.jitter:
                    self.hammered.append(Hammer(now, name, early))
                scope.banned_until += self.penalty
                scope.tell(now)
                raise too_many(math.ceil(scope.banned_until - now))
        if not self.enforced:
            return
        for _, scope in scopes:
            if wait := scope.wait(now, self.jitter):
                seconds = math.ceil(wait) + self.penalty
                scope.banned_until = now + seconds
                scope.heeded = False
                scope.tell(now)
                raise too_many(seconds)
        for _, scope in scopes:
            scope.take(now)
