"""Questions that change: edited, deleted, or joined by a late picture of their album.

The change is noted at once and what runs is ended; a follow-up of our own in the lane of the
person's talk then writes the answer anew over the old one. The follow-up finds out by itself
whether anything is left to do, so that nothing is asked twice however often it comes.
"""

import contextlib

from bot.completion import CompletionError
from bot.events import Action, Deleted, Edited, Message, MessageRef
from bot.service import ask, inputs, pictures, recover, remarks
from bot.service.answering import REVISED
from bot.service.asked import Asked, album, answers, current, same_files
from bot.service.running import Cause
from bot.service.steps import AGAIN
from bot.service.tools import Tools, same_person
from bot.store.records import Answer, Question, Work
from bot.surface import Again, Busy, SurfaceError


async def revise(tools: Tools, work: Work) -> None:
    """Take in that a question was edited or deleted."""
    event = work.event
    if isinstance(event, Edited):
        await _edited(tools, event, once_more=work.attempts > 0)
    elif isinstance(event, Deleted):
        gone = await tools.store.question(event.ref)
        if gone is not None:
            # First: which pictures it had is forgotten with it.
            await pictures.drop(tools, event.place, gone.files)
        await tools.store.delete_question(event.ref)
        if await current(tools, event.ref) is None:
            await inputs.drop(tools, event.place)
            await _end(tools, event, "deleted")


async def follow_up(tools: Tools, work: Work) -> None:
    """Answer the question on `ref` as it reads now, unless it has been answered so."""
    event = work.event
    if not isinstance(event, Action):
        return
    asked = await current(tools, event.ref)
    if asked is None:
        return
    newest = await tools.store.latest_for_question(event.ref)
    if newest is None:
        if await ask.may_ask(tools, event.place):
            await ask.question(tools, work, asked)
    elif same_person(newest.place, event.place) and newest.id not in tools.running:
        await _over(tools, work, asked, newest)


async def add_part(tools: Tools, work: Work) -> bool:
    """Take a message as the late part of an album whose answer has begun, if it is one."""
    event = work.event
    if not isinstance(event, Message) or not event.album:
        return False
    head = await tools.store.question(album(event))
    if head is None or head.event == event.id.removesuffix(AGAIN):
        return False
    if await pictures.kept(tools, event.place) is not None:
        await pictures.keep(tools, event)
        return True
    for part in work.parts or (event,):
        if await tools.store.question(part.ref) is None:
            await tools.store.remember_question(
                Question(ref=part.ref, event=head.event, text=part.text.strip(), files=part.files)
            )
    await _accept(tools, event, event.ref)
    return True


async def _edited(tools: Tools, event: Edited, *, once_more: bool) -> None:
    before = await tools.store.question(event.ref)
    # Who edits the words under a picture keeps the picture.
    files = event.files or (before.files if before else ())
    text = event.text.strip()
    if before and before.text == text and same_files(before.files, files) and not once_more:
        return  # platforms report link previews as edits
    await tools.store.revise_question(event.ref, text, files)
    await _accept(tools, event, event.ref)
    await _end(tools, event, "revised")


async def _end(tools: Tools, event: Edited | Deleted, cause: Cause) -> None:
    answer = await tools.store.latest_for_question(event.ref)
    if answer is None or answer.finished_at or not same_person(answer.place, event.place):
        return
    if cause == "revised" and await _has_new_words(tools, event, answer):
        return
    if not tools.running.end(answer.id, cause):
        await tools.store.want_stop(answer.id)


async def _has_new_words(tools: Tools, event: Edited | Deleted, answer: Answer) -> bool:
    """Whether what follows was quicker than the change, which may have come once more.

    Be it the follow-up or the question itself: ended, it would be asked for twice, or never again.
    """
    if answer.event.removesuffix(AGAIN) == _follow_up_to(event):
        return True
    asked = await current(tools, event.ref)
    with contextlib.suppress(CompletionError):
        return asked is not None and answers(await tools.app.parameters(), answer, asked)
    return False


async def _over(tools: Tools, work: Work, asked: Asked, old: Answer) -> None:
    if old.finished_at is None:
        await recover.close(tools, old, "stopped", REVISED)
    with contextlib.suppress(CompletionError):
        if old.error != REVISED and answers(await tools.app.parameters(), old, asked):
            return
    if await ask.may_ask(tools, work.event.place):
        with contextlib.suppress(SurfaceError):
            await remarks.withdraw(tools, work.event.place, old)
        await ask.question(tools, work, asked, replaces=old.id)


async def _accept(tools: Tools, event: Message | Edited, ref: MessageRef) -> None:
    follow = Action(id=_follow_up_to(event), place=event.place, at=event.at, ref=ref, name="revise")
    try:
        await tools.accept(follow)
    except Busy as busy:
        raise Again(busy.retry_after) from None


def _follow_up_to(event: Message | Edited | Deleted) -> str:
    """The id of the event that answers a question anew after `event`; an inbox takes it once."""
    return f"{event.id}:again"
