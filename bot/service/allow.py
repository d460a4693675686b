"""Who may ask, and how much: the operator's lists and limits."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta

from bot.events import Place
from bot.phrases import Phrases
from bot.service.tools import Rules, Tools, end_user
from bot.service.words import wait

HOUR = timedelta(hours=1)
PRECISION = timedelta(seconds=1)
"""To which a wait is found out, in a dozen looks at an index; people are told minutes."""


async def refusal(tools: Tools, place: Place, phrases: Phrases) -> str:
    """Why the person may not ask there now, with the time when they may again; "" when they may."""
    rules = tools.rules
    if is_operator(rules, place):
        return ""
    if rules.users and not _listed(rules.users, place, place.user.id):
        return phrases.not_allowed_you
    if rules.chats and not _listed(rules.chats, place, place.chat.id):
        return phrases.not_allowed_here
    return await _too_many(tools, place, phrases) or await _used_up(tools, place, phrases)


def is_operator(rules: Rules, place: Place) -> bool:
    """Whether the person there runs the bot."""
    return _listed(rules.operators, place, place.user.id)


async def _too_many(tools: Tools, place: Place, phrases: Phrases) -> str:
    limit = tools.rules.questions
    if not limit:
        return ""
    now, user = tools.now(), end_user(tools, place)
    if await tools.store.asked_since(user, now - HOUR) < limit:
        return ""
    seconds = (await _next_question(tools, user, now) - now).total_seconds()
    return phrases.too_many_questions.format(limit=limit, wait=wait(phrases, seconds))


async def _next_question(tools: Tools, user: str, now: datetime) -> datetime:
    """When fewer than the limit will have been asked within an hour, found by halving."""
    full, free = now - HOUR, now
    while free - full > PRECISION:
        middle = full + (free - full) / 2
        if await tools.store.asked_since(user, middle) < tools.rules.questions:
            free = middle
        else:
            full = middle
    return free + HOUR


async def _used_up(tools: Tools, place: Place, phrases: Phrases) -> str:
    rules, now = tools.rules, tools.now()
    if not rules.tokens and not rules.price:
        return ""
    used = await tools.store.used(now.date(), end_user(tools, place))
    over_tokens = bool(rules.tokens) and used.tokens >= rules.tokens
    over_price = bool(rules.price) and used.price >= rules.price
    if not over_tokens and not over_price:
        return ""
    midnight = datetime.combine(now.date() + timedelta(days=1), time(), tzinfo=now.tzinfo)
    seconds = (midnight - now).total_seconds()
    return phrases.allowance_used_up.format(wait=wait(phrases, seconds))


def _listed(ids: Iterable[str], place: Place, id: str) -> bool:
    return id in ids or f"{place.chat.platform}:{id}" in ids
