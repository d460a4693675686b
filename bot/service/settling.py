"""Tell the API what people think, until it knows."""

from datetime import datetime, timedelta

from bot import observe
from bot.completion import CompletionError, InvalidInput, NotFound, Refused
from bot.service.tools import Tools
from bot.store.ratings import is_due
from bot.store.records import Answer, Rating

FIRST_RETRY, LAST_RETRY = timedelta(seconds=30), timedelta(hours=4)
"""Waits between attempts double from the first to the last."""
ATTEMPTS = 60
"""The first ten attempts take four hours and a half, the others another eight days."""
UNKNOWN_ATTEMPTS = 5
"""For an answer the API does not know: it may be committed late, but not by minutes."""

_OF_THIS_RATING = (NotFound, InvalidInput)  # every other failure would meet the next one as well
_log = observe.get_logger("bot.service.rate")


async def settle(tools: Tools) -> None:
    """Send every rating that is due; stops at the first sign that none will arrive."""
    for rating in await tools.store.ratings_due(tools.now()):
        answer = await tools.store.answer(rating.answer)
        if answer is None or rating.user != answer.place.user.id:
            await tools.store.ignore_rating(rating.answer, rating.user)
        elif not await send(tools, answer):
            return


async def send(tools: Tools, answer: Answer, *, wanted_at: datetime | None = None) -> bool:
    """Send the asker's rating as it is now, if it is due; False when none arrives now.

    That of an answer that is still being written is sent when it has ended.
    """
    user = answer.place.user.id
    # Two at a time could arrive in another order than they are noted here.
    async with tools.sending(answer.id):
        rating = await tools.store.rating(answer.id, user)
        if answer.finished_at is None:
            # It may have ended since it was looked up, and before there was a rating to be seen.
            answer = await tools.store.answer(answer.id) or answer
        if rating is None or not is_due(rating) or not (answer.finished_at and answer.message_id):
            return True
        try:
            await tools.completion.rate(
                answer.message_id, rating.wanted, user=answer.end_user, content=rating.content
            )
        except CompletionError as error:
            await _put_off(tools, rating, error)
            return isinstance(error, _OF_THIS_RATING)
        await tools.store.rating_sent(answer.id, user, wanted=rating.wanted, content=rating.content)
    observe.RATINGS.labels(rating.wanted or "revoked").inc()
    observe.RATING_LAG.observe(_lag(rating, tools.now(), wanted_at))
    return True


def retry_after(attempts: int) -> timedelta:
    """How long to wait after the failure that follows so many others."""
    doublings = min(attempts, 16)
    return min(FIRST_RETRY * (1 << doublings), LAST_RETRY)


async def _put_off(tools: Tools, rating: Rating, error: CompletionError) -> None:
    observe.count_api_error((error.code if isinstance(error, Refused) else "") or _kind(error))
    limit = UNKNOWN_ATTEMPTS if isinstance(error, _OF_THIS_RATING) else ATTEMPTS
    if rating.attempts + 1 >= limit:
        _log.warning("rating given up", answer=rating.answer, error=_kind(error))
        await tools.store.ignore_rating(rating.answer, rating.user)
        return
    _log.info(
        "rating put off", answer=rating.answer, error=_kind(error), attempts=rating.attempts + 1
    )
    next_try = tools.now() + retry_after(rating.attempts)
    await tools.store.rating_failed(rating.answer, rating.user, next_try)


def _kind(error: CompletionError) -> str:
    return type(error).__name__


def _lag(rating: Rating, now: datetime, wanted_at: datetime | None) -> float:
    """Seconds since the rating was wanted: told, or the sum of all that has been waited."""
    if wanted_at is not None:
        return max((now - wanted_at).total_seconds(), 0.0)
    waited = sum((retry_after(each) for each in range(rating.attempts)), timedelta())
    overdue = now - rating.next_try if rating.next_try else timedelta()
    return (waited + overdue).total_seconds()
