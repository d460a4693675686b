"""The one way back after a crash: work that is taken up again meets the answer it had begun.

What waits is answered. What was asked for may have been billed and is never asked for again by
itself: it ends as interrupted with its kept text. What was being closed is closed again. Every step
may be broken off in its turn and be taken up once more.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from uuid import uuid4

from bot import observe
from bot.completion import CompletionError
from bot.events import MessageRef, Place
from bot.live import LiveReply
from bot.service import doubt, endings
from bot.service.screens import StoredScreens, length
from bot.service.target import recognise
from bot.service.tools import Tools, permitted
from bot.service.work import work_out
from bot.store.records import Answer, Outcome, Screen
from bot.surface import Expired, Forbidden, Gone, Outgoing, SurfaceError

STOP_WAIT = 5.0
"""Seconds to stop what runs on at the API; it looks for stops for half an hour by itself."""

STATUS_WAIT = 2.0
"""Seconds the end of a status may take; nobody waits for it."""

_log = observe.get_logger("bot.service.recover")


async def resume(tools: Tools, answer: Answer, claim: str = "") -> None:
    """Bring an answer to its end, whatever became of it before. Raises Again as `work_out` does.

    `claim` is the one it is held with, if it is.
    """
    match answer.state:
        case "waiting":
            await work_out(tools, answer, claim)
        case "asked" | "streaming" | "closing":
            await leave(tools, answer)
        case _:
            await end_status(tools, answer.place)


async def leave(tools: Tools, answer: Answer) -> None:
    """End an answer as it is; one that only waited can be asked for again by its button."""
    outcome: Outcome = "stopped" if answer.stop_wanted else "interrupted"
    await close(tools, answer, answer.outcome or outcome, answer.error or "Interrupted")


async def close(tools: Tools, answer: Answer, outcome: Outcome, error: str) -> None:
    """End an answer nobody works on, with the text that was kept; an outcome decided before stays.

    Also for one that cannot even begin.
    """
    claim = uuid4().hex
    held = await tools.store.claim(answer.id, claim)
    if held is None:
        return
    # Decided is not done: who died in between may not have stopped what was to be stopped.
    if held.task_id and held.outcome not in ("whole", "failed"):
        await _stop_orphan(tools, held)
    decided = await tools.store.closing(
        held.id, claim, outcome=outcome, text=held.text, error=error
    )
    ended = await tools.store.answer(held.id)
    if not decided or ended is None:
        return
    await _show(tools, permitted(ended, answer.place))
    # Nobody looks after it once the answer is done.
    await end_status(tools, answer.place)
    await tools.store.closed(held.id, claim)
    _log.info("answer taken up and closed", answer=held.id, outcome=ended.outcome)
    observe.ANSWERS.labels(str(ended.outcome)).inc()


async def adopt(tools: Tools, answer: Answer, ref: MessageRef) -> None:
    """Give the message `ref` the ending of `answer`, which it showed when its process died."""
    if await recognise(tools, answer, ref):
        await _show(tools, answer)


async def _stop_orphan(tools: Tools, answer: Answer) -> None:
    with contextlib.suppress(CompletionError, TimeoutError):
        async with asyncio.timeout(STOP_WAIT):
            await tools.completion.stop(answer.task_id, user=answer.end_user)


async def end_status(tools: Tools, place: Place) -> None:
    """Whoever began it may have died before its end, and not all of them fade."""
    with contextlib.suppress(SurfaceError, TimeoutError):
        async with asyncio.timeout(STATUS_WAIT):
            await tools.surface(place).show_status(place, "")


async def _show(tools: Tools, answer: Answer) -> None:
    """Paint the end over what is on the screen.

    A text that may be there although nobody knows its message is not posted again.
    """
    screens = await tools.store.screens(answer.id)
    rating = await tools.store.rating(answer.id, answer.place.user.id)
    outgoing = await endings.ending(tools, answer, rating)
    # Where nobody is left to read there is nothing more to do; all else is tried again.
    with contextlib.suppress(Expired, Forbidden, Gone):
        if any(screen.role == "text" and screen.ref is None for screen in screens):
            await doubt.tell(tools, answer, outgoing, screens)
        else:
            await _paint(tools, answer, screens, outgoing)


async def _paint(
    tools: Tools, answer: Answer, screens: Sequence[Screen], outgoing: Outgoing
) -> None:
    old = [screen.ref for screen in screens if screen.role == "text" and screen.ref is not None]
    phrases = await tools.phrases_for(answer.place)
    async with (
        StoredScreens(tools.store, answer.id) as kept,
        LiveReply(
            tools.surface(answer.place),
            answer.place,
            tools.pace,
            kept,
            who=answer.id,
            old=old,
            length=length(tools, phrases, filed=True),
        ) as live,
    ):
        await live.finish(outgoing)
