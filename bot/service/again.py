"""Once more: the same question to the same app, with the same inputs and pictures."""

from uuid import uuid4

from bot.events import Action, Command
from bot.service import ask, recover
from bot.service.answering import REVISED
from bot.service.asked import current
from bot.service.target import find_answer, find_pressed, recognise
from bot.service.tools import Tools, same_person, say
from bot.store.records import Answer, Work


async def regenerate(tools: Tools, work: Work) -> None:
    """Answer again: a whole answer stays and gets another below, any other is written over."""
    event = work.event
    if not isinstance(event, Action | Command):
        return
    old = await _meant(tools, event)
    phrases = await tools.phrases_for(event.place)
    if old is None:
        await say(tools, event.place, phrases.nothing_to_retry, private=True)
    elif not same_person(old.place, event.place):
        await say(tools, event.place, phrases.only_asker, private=True)
    elif await _came_late(tools, event, old):
        return
    elif await ask.may_ask(tools, event.place):
        if isinstance(event, Action):
            await recognise(tools, old, event.ref)
        await _again(tools, work, old)


async def _meant(tools: Tools, event: Action | Command) -> Answer | None:
    if isinstance(event, Command) and event.quoted is None:
        # The last question, though its answer may have found nobody who could see it.
        return await tools.store.latest_asked(event.place)
    if isinstance(event, Command):
        return await find_answer(tools, event)
    return await find_pressed(tools, event)


async def _came_late(tools: Tools, event: Action | Command, old: Answer) -> bool:
    """Whether what was to be repeated has been meanwhile: a button pressed twice, or still open.

    A command is meant as it is written, and its time is that of another clock.
    """
    if old.finished_at is None or isinstance(event, Command):
        return old.finished_at is None
    newest = await tools.store.latest_for_question(old.question) if old.question else None
    begun = max(old.created_at, newest.created_at) if newest else old.created_at
    return begun > event.at


async def _again(tools: Tools, work: Work, old: Answer) -> None:
    replaces = "" if await _stands(tools, old) else old.id
    if not old.inputs or old.error == REVISED:
        asked = await current(tools, old.question) if old.question else None
        if asked is None or not (asked.text or asked.files):
            phrases = await tools.phrases_for(work.event.place)
            await say(tools, work.event.place, phrases.kept_no_longer, private=True)
            return
        await ask.question(tools, work, asked, replaces=replaces)
        return
    opened = await tools.store.open_answer(
        Answer(
            id=uuid4().hex,
            event=work.event.id,
            place=ask.answer_place(work.event.place, old.question),
            end_user=old.end_user,
            question=old.question,
            replaces=replaces,
            inputs=old.inputs,
            files=old.files,
            uploads=old.uploads,
            created_at=tools.now(),
        )
    )
    await recover.resume(tools, opened)


async def _stands(tools: Tools, answer: Answer) -> bool:
    """Whether it is whole and anything of it is known to be there: a line of doubt is not it."""
    screens = await tools.store.screens(answer.id)
    return answer.outcome == "whole" and any(one.ref for one in screens if one.role == "text")
