"""How often Telegram may be called, as budgets that keep within what it publishes.

A bucket lets through burst + rate x t calls in t seconds, so each pair here stays below its window
for every t, with something left for calls that travel at different speeds.
"""

from functools import lru_cache

from bot.surface import Budget

CHAT_RATE, CHAT_BURST = 1.0, 3
"""Messages and edits in one chat: one a second, short bursts go through ("My bot is hitting
limits" in Telegram's FAQ for bots)."""

GROUP_RATE, GROUP_BURST = 0.25, 5
"""20 a minute in a group (the same FAQ): 5 + 0.25 x 60. The burst is also how many answers may grow
there at once."""

BOT_RATE, BOT_BURST = 24.0, 4
"""30 a second in all chats together (the same FAQ): 4 + 24 x 1."""

DRAFT_RATE, DRAFT_BURST = 1.0, 6
"""Drafts and chat actions in one chat: 20 in 5 s and 40 in 30 s (Telegram's page on bots with AI).
One bucket keeps to both: 6 + 1 x 5, and 6 + 1 x 30. How often one answer is drawn is less."""


MEMBER_RATE, MEMBER_BURST = 5.0, 10
"""Questions who somebody is in a group. Telegram names no limit for them; these are few beside the
30 messages a second that it names for the bot."""


# Asked for at every frame, and the same each time.


@lru_cache(maxsize=1024)
def chat(bot: str, chat_id: str, *, group: bool) -> tuple[Budget, ...]:
    """What a message or an edit draws on; topics of one chat are one chat."""
    budgets = (
        Budget(scope=chat_scope(bot, chat_id), rate=CHAT_RATE, burst=CHAT_BURST),
        Budget(scope=bot_scope(bot), rate=BOT_RATE, burst=BOT_BURST),
    )
    if not group:
        return budgets
    scope = f"telegram:{bot}:group:{chat_id}"
    return (Budget(scope=scope, rate=GROUP_RATE, burst=GROUP_BURST), *budgets)


@lru_cache(maxsize=1024)
def drafts(bot: str, chat_id: str) -> tuple[Budget, ...]:
    """What a draft or a chat action draws on."""
    return (Budget(scope=draft_scope(bot, chat_id), rate=DRAFT_RATE, burst=DRAFT_BURST),)


def members(bot: str) -> tuple[Budget, ...]:
    """What a question about somebody in a group draws on."""
    return (Budget(scope=f"telegram:{bot}:members", rate=MEMBER_RATE, burst=MEMBER_BURST),)


def chat_scope(bot: str, chat_id: str) -> str:
    return f"telegram:{bot}:chat:{chat_id}"


def draft_scope(bot: str, chat_id: str) -> str:
    return f"telegram:{bot}:drafts:{chat_id}"


def bot_scope(bot: str) -> str:
    return f"telegram:{bot}"
