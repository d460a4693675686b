"""Stop: what was written stays, and nothing more is written or billed."""

import asyncio
import contextlib

from bot.completion import CompletionError
from bot.events import Action, Command
from bot.service import inputs, recover
from bot.service.target import find_pressed
from bot.service.tools import Tools, same_person, say
from bot.store.records import Answer

PATIENCE = 5.0
"""Seconds to tell the API about an answer that streams in another process."""


async def stop(tools: Tools, event: Action | Command, *, once_more: bool) -> None:
    """End the answer under the button, or by command everything the person has open here.

    Done `once_more`, it leaves alone what was asked after it.
    """
    if isinstance(event, Action):
        answer = await find_pressed(tools, event)
        if answer is not None and not same_person(answer.place, event.place):
            phrases = await tools.phrases_for(event.place)
            await say(tools, event.place, phrases.only_asker, private=True)
            return
        if answer is not None:
            await _end(tools, answer)
            await recover.adopt(tools, answer, event.ref)
            return
    found = await _open(tools, event, once_more=once_more)
    for answer in found:
        await _end(tools, answer)
    if found:
        return
    if isinstance(event, Action):
        # A platform's own stop may be there still, and say so, since a process was killed.
        await recover.end_status(tools, event.place)
        return
    if not await inputs.cancel(tools, event.place, by=event.id if once_more else ""):
        phrases = await tools.phrases_for(event.place)
        await say(tools, event.place, phrases.nothing_to_stop, private=True)


async def _open(tools: Tools, event: Action | Command, *, once_more: bool) -> list[Answer]:
    found = await tools.store.open_answers(event.place)
    if not once_more or not found:
        return found
    earlier = await tools.store.came_before(event.id, [one.event for one in found])
    return [one for one in found if one.event in earlier]


async def _end(tools: Tools, answer: Answer) -> None:
    # First on disk, so that whoever holds the answer hears it, then to the one who may be here.
    now = await tools.store.want_stop(answer.id)
    if now is None or now.finished_at or tools.running.end(answer.id, "stop"):
        return
    if now.task_id:
        with contextlib.suppress(CompletionError, TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await tools.completion.stop(now.task_id, user=now.end_user)
