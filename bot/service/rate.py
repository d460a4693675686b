"""What people think of answers: what is wanted is stored at once, and sent until it has arrived.

The API finds an answer only with the end user who asked for it, and holds one rating of it. Hence
only the asker's rating is sent; everybody else's is kept here.
"""

import asyncio
import contextlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from bot import observe
from bot.events import Action, Command, MessageRef, Reaction
from bot.live import LiveReply
from bot.service import remarks
from bot.service.endings import ending
from bot.service.remarks import reply
from bot.service.screens import StoredScreens, length
from bot.service.settling import send, settle
from bot.service.target import failed_unheard, find_answer, is_there, recognise
from bot.service.tools import Rules, Tools, same_person, say
from bot.store.records import Answer, Opinion, Rating
from bot.surface import SurfaceError

__all__ = ["DEFAULT_DISLIKES", "DEFAULT_LIKES", "reply", "settle", "take"]

DEFAULT_LIKES = frozenset("👍❤🔥🥰👏😁🎉🤩🙏👌😍💯🏆⚡🤝🤗🫡🆒💘😘😎🦄") | {"❤\u200d🔥"}
"""Of the emoji that Telegram allows as reactions, those that mean well."""
DEFAULT_DISLIKES = frozenset("👎😢🤬🤮💩🤡🥱💔🖕😡😱")
OVERTAKEN = 1.0
"""Seconds a reaction may be ahead of the row that says which answer its message shows."""

_VARIANTS = re.compile("[\ufe0f\U0001f3fb-\U0001f3ff]")
_BY_BUTTON: dict[str, Opinion] = {"=like": "like", "=dislike": "dislike"}
_log = observe.get_logger("bot.service.rate")


async def take(tools: Tools, event: Reaction | Action | Command) -> None:
    """Store what the person wants now, show it, and tell the API if it answers."""
    match event:
        case Reaction():
            await _react(tools, event)
        case Action():
            await _press(tools, event)
        case Command():
            await _remark(tools, event)


def opinion(rules: Rules, emoji: str) -> Opinion | None:
    """What an emoji says about an answer, by the operator's lists or else the usual ones."""
    if emoji in (_bare(rules.likes) or DEFAULT_LIKES):
        return "like"
    return "dislike" if emoji in (_bare(rules.dislikes) or DEFAULT_DISLIKES) else None


def _bare(emoji: Iterable[str]) -> set[str]:
    """As events tell them; keyboards add skin tones and variation selectors."""
    return {_VARIANTS.sub("", one) for one in emoji}


async def _react(tools: Tools, event: Reaction) -> None:
    # One emoji may stand under several messages of an answer and be taken off one of them.
    added, removed = (
        [f"{emoji} {event.ref.id}" for emoji in changed if opinion(tools.rules, emoji)]
        for changed in (event.added, event.removed)
    )
    if not added and not removed:
        return
    answer = await tools.store.answer_on(event.ref)
    if answer is None:
        await asyncio.sleep(OVERTAKEN)
        answer = await tools.store.answer_on(event.ref)
    if answer is None or failed_unheard(answer):
        return
    user = event.place.user.id
    marked = await tools.store.mark(answer.id, user, added=added, removed=removed)
    await _want(tools, event, answer, marked, _latest(tools.rules, marked.marks), marked.marks)


async def _press(tools: Tools, event: Action) -> None:
    answer = await tools.store.answer(event.value)
    if answer is None or not is_there(answer, event.place):
        answer = await tools.store.answer_on(event.ref)
    if answer is None or failed_unheard(answer):
        return
    await recognise(tools, answer, event.ref)
    user = event.place.user.id
    before = await tools.store.rating(answer.id, user) or Rating(answer=answer.id, user=user)
    wanted, marks = before.wanted, before.marks
    # Done once more after a crash, a press must not take back what it has set.
    if not any(mark.endswith(f" {event.id}") for mark in marks):
        back = wanted == event.name
        wanted = None if back else _BY_BUTTON[f"={event.name}"]
        others = () if back else tuple(mark for mark in marks if not mark.startswith("="))
        marks = (*others, f"={wanted or 'none'} {event.id}")
    await _want(tools, event, answer, before, wanted, marks)


async def _want(
    tools: Tools,
    event: Reaction | Action,
    answer: Answer,
    before: Rating,
    wanted: Opinion | None,
    marks: Sequence[str],
) -> None:
    rating = await tools.store.want_rating(answer.id, before.user, wanted, marks=marks)
    if not same_person(answer.place, event.place):
        await tools.store.ignore_rating(answer.id, before.user)
        await _tell_other(tools, event)
        return
    if wanted != before.wanted:
        # First what a press allows for a moment only: a form.
        await _ask_or_thank(tools, event, answer, rating)
        await _show(tools, answer, rating)
    await send(tools, answer, wanted_at=event.at)


async def _tell_other(tools: Tools, event: Reaction | Action) -> None:
    """A button shows the asker's rating alone; whoever else presses it sees that it was heard."""
    able = tools.surface(event.place).capabilities(event.place)
    if isinstance(event, Action) and able.private_replies:
        phrases = await tools.phrases_for(event.place)
        with contextlib.suppress(SurfaceError):
            await say(tools, event.place, phrases.rating_of_other, private=True)


async def _show(tools: Tools, answer: Answer, rating: Rating) -> None:
    """Mark the chosen button. What cannot be drawn now is no reason to lose a rating."""
    if answer.outcome is None or not answer.text.strip():
        return  # its last words come with the rating, or are kept no longer
    screens = await tools.store.screens(answer.id)
    refs = [screen.ref for screen in screens if screen.role == "text"]
    known = [ref for ref in refs if ref is not None]
    try:
        if len(refs) == len(known) == 1:
            surface = tools.surface(answer.place)
            await surface.edit(answer.place, known[0], await ending(tools, answer, rating))
        elif known and len(refs) == len(known):
            await _repaint(tools, answer, known, rating)
    except SurfaceError as error:
        _log.info("rating not shown", answer=answer.id, error=type(error).__name__)


async def _repaint(
    tools: Tools, answer: Answer, refs: Sequence[MessageRef], rating: Rating
) -> None:
    """A long answer knows itself where its messages were cut."""
    surface = tools.surface(answer.place)
    there = length(tools, await tools.phrases_for(answer.place), filed=True)
    async with (
        StoredScreens(tools.store, answer.id) as kept,
        LiveReply(
            surface, answer.place, tools.pace, kept, who=answer.id, old=refs, length=there
        ) as live,
    ):
        await live.finish(await ending(tools, answer, rating))


async def _ask_or_thank(
    tools: Tools, event: Reaction | Action, answer: Answer, rating: Rating
) -> None:
    # A reaction tells no thread, and what is said about an answer belongs beside it.
    place = replace(event.place, chat=answer.place.chat)
    try:
        if rating.content and rating.wanted:
            await remarks.thank(tools, place, answer)
        elif rating.wanted == "dislike":
            await remarks.ask(tools, place, answer)
        else:
            await remarks.withdraw(tools, place, answer)
    except SurfaceError as error:
        _log.info("rating not answered", answer=answer.id, error=type(error).__name__)


async def _remark(tools: Tools, event: Command) -> None:
    phrases = await tools.phrases_for(event.place)
    answer = await find_answer(tools, event)
    if not event.text.strip():
        await say(tools, event.place, phrases.rating_how, private=True)
    elif answer is None:
        await say(tools, event.place, phrases.rating_nothing, private=True)
    elif failed_unheard(answer):
        await say(tools, event.place, phrases.rating_impossible, private=True)
    else:
        await remarks.remark(tools, event.place, answer, event.text)


def _latest(rules: Rules, marks: Sequence[str]) -> Opinion | None:
    """What the newest mark still there says; a button's stays until another takes its place."""
    if not marks:
        return None
    sign = marks[-1].partition(" ")[0]
    return _BY_BUTTON.get(sign) or opinion(rules, sign)
