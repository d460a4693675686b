"""How often Slack may be called, as budgets that keep within the tiers it publishes.

Slack counts per app, workspace and method, by the minute. A bucket lets through burst + rate x 60
calls in a minute, so each pair here stays below its tier, with something left for calls that travel
at different speeds.
"""

from typing import Final

from bot.surface import Budget

Tier = tuple[float, int]
"""Calls a second, and at once."""

CHANNEL: Final[Tier] = (1.0, 1)
"""Messages in one channel, threads among them: one a second."""

POSTS: Final[Tier] = (4.0, 40)
"""Messages in one workspace: "several hundred a minute" are let through; these are 280."""

STREAMS: Final[Tier] = (0.15, 10)
"""Tier 2, 20 a minute. The burst is also how many answers may stream at once."""

EDITS: Final[Tier] = (0.6, 12)
"""Tier 3, 50 a minute."""

APPENDS: Final[Tier] = (1.2, 24)
"""Tier 4, 100 a minute."""

VIEWS: Final[Tier] = (0.4, 70)
"""Tier 4, for many at once: a trigger waits for nobody, and everybody sees a link together."""

STATUS: Final[Tier] = (8.0, 60)
"""600 a minute, a tier of its own."""


def post(team: str, channel: str) -> tuple[Budget, ...]:
    """What a message draws on, the one that a file comes in included."""
    return (_budget(post_scope(team, channel), CHANNEL), _budget(posts_scope(team), POSTS))


def ephemeral(team: str) -> tuple[Budget, ...]:
    return (_budget(scope(team, "ephemeral"), APPENDS),)


def update(team: str) -> tuple[Budget, ...]:
    return (_budget(scope(team, "update"), EDITS),)


def delete(team: str) -> tuple[Budget, ...]:
    return (_budget(scope(team, "delete"), EDITS),)


def start(team: str) -> tuple[Budget, ...]:
    return (_budget(scope(team, "start"), STREAMS),)


def append(team: str) -> tuple[Budget, ...]:
    return (_budget(scope(team, "append"), APPENDS),)


def stop(team: str) -> tuple[Budget, ...]:
    return (_budget(scope(team, "stop"), STREAMS),)


def session(team: str) -> tuple[Budget, ...]:
    """The status of an agent's session, with Slack's own Stop beside it."""
    return (_budget(scope(team, "session"), EDITS),)


def status(team: str) -> tuple[Budget, ...]:
    """The line of words under a thread."""
    return (_budget(scope(team, "status"), STATUS),)


def prompts(team: str) -> tuple[Budget, ...]:
    return (_budget(scope(team, "prompts"), APPENDS),)


def upload(team: str) -> tuple[Budget, ...]:
    """A file on its way; the message that it comes in draws on `post` besides."""
    return (_budget(scope(team, "upload"), APPENDS),)


def view(team: str) -> tuple[Budget, ...]:
    """Modals and home pages."""
    return (_budget(scope(team, "view"), VIEWS),)


def ask(team: str) -> tuple[Budget, ...]:
    """What is looked up: a person, a file."""
    return (_budget(scope(team, "ask"), EDITS),)


def scope(team: str, what: str) -> str:
    return f"slack:{team}:{what}"


def post_scope(team: str, channel: str) -> str:
    return f"slack:{team}:post:{channel}"


def posts_scope(team: str) -> str:
    return f"slack:{team}:post"


def _budget(scope: str, tier: Tier) -> Budget:
    rate, burst = tier
    return Budget(scope=scope, rate=rate, burst=burst)
