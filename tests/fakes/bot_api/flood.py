"""How much a bot may call: windows per chat and bot, and penalties for who does not keep to them.

Sources: one message a second per chat with short bursts, twenty a minute per group, thirty a second
for a bot (Bot FAQ); twenty calls in 5 s and forty in 30 s for drafts and chat actions. Edits count
as messages. Whoever goes on calling while told to wait waits longer.
"""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.fakes.bot_api.refused import too_many

Window = tuple[int, float]  # calls, seconds

CHAT_RATE, CHAT_BURST = 1.0, 3
GROUP: Window = (20, 60.0)
BOT: Window = (30, 1.0)
PASSING: tuple[Window, ...] = ((20, 5.0), (40, 30.0))


@dataclass
class _Scope:
    """One thing that calls are counted for."""

    windows: Sequence[Window] = ()
    rate: float = math.inf
    burst: int = 1
    calls: deque[float] = field(default_factory=deque)
    full_at: float = -math.inf  # when the bucket has all its tokens again
    banned_until: float = -math.inf

    def has_room(self, now: float, jitter: float) -> bool:
        longest = max((seconds for _, seconds in self.windows), default=0.0)
        while self.calls and self.calls[0] <= now - longest:
            self.calls.popleft()
        for most, seconds in self.windows:
            if sum(call > now - seconds + jitter for call in self.calls) >= most:
                return False
        missing = max(self.full_at - now - jitter, 0.0) * self.rate if self.full_at > now else 0.0
        return missing <= self.burst - 1 + 1e-9

    def take(self, now: float) -> None:
        if self.windows:
            self.calls.append(now)
        if self.rate < math.inf:
            self.full_at = max(self.full_at, now) + 1 / self.rate


@dataclass
class Flood:
    """What counts against a bot. `jitter` forgives what the way here shifts, in seconds."""

    penalty: int = 3
    jitter: float = 0.0
    enforced: bool = True
    _scopes: dict[tuple[str, object], _Scope] = field(default_factory=dict)

    def message(self, now: float, bot: int, chat: int, *, group: bool) -> None:
        """Count one message or edit; raises Refused (429) instead when it is one too many."""
        scopes = [
            self._scope("chat", (bot, chat), _Scope(rate=CHAT_RATE, burst=CHAT_BURST)),
            self._scope("bot", bot, _Scope(windows=(BOT,))),
        ]
        if group:
            scopes.append(self._scope("group", (bot, chat), _Scope(windows=(GROUP,))))
        self._count(now, scopes)

    def passing(self, now: float, bot: int, chat: int) -> None:
        """Count one draft or chat action."""
        self._count(now, [self._scope("passing", (bot, chat), _Scope(windows=PASSING))])

    def silence(self, until: float, bot: int, chat: int) -> None:
        """Answer every message, edit, draft and chat action in this chat with 429 until then."""
        for kind, fresh in (
            ("chat", _Scope(rate=1.0, burst=3)),
            ("passing", _Scope(windows=PASSING)),
        ):
            self._scope(kind, (bot, chat), fresh).banned_until = until

    def silence_bot(self, until: float, bot: int) -> None:
        """Answer every message and edit of the bot with 429 until then."""
        self._scope("bot", bot, _Scope(windows=(BOT,))).banned_until = until

    def _scope(self, kind: str, key: object, fresh: _Scope) -> _Scope:
        return self._scopes.setdefault((kind, key), fresh)

    def _count(self, now: float, scopes: Sequence[_Scope]) -> None:
        for scope in scopes:
            if scope.banned_until > now:
                scope.banned_until = max(scope.banned_until, now + self.penalty)
                raise too_many(math.ceil(scope.banned_until - now))
        if not self.enforced:
            return
        for scope in scopes:
            if not scope.has_room(now, self.jitter):
                scope.banned_until = now + self.penalty
                raise too_many(self.penalty)
        for scope in scopes:
            scope.take(now)
