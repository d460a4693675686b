"""An answer that waits, worked out: claimed, shown to its end, and what comes after that."""

import asyncio
from uuid import uuid4

from bot import observe
from bot.completion import sniff
from bot.service import rate, speak
from bot.service.answering import Turn
from bot.service.tools import Tools
from bot.store.records import Answer, Recording
from bot.surface import Again


async def work_out(tools: Tools, answer: Answer, claim: str = "") -> None:
    """Answer what waits. Raises Again when the process ends before the API was asked.

    `claim` is the one it is held with, if it is. Returns once the answer is shown: what the API
    still says of it nobody has to wait for.
    """
    shown = asyncio.Event()
    await tools.running.lead(answer.id, _work_out(tools, answer, claim, shown), shown)


async def _work_out(tools: Tools, answer: Answer, claim: str, shown: asyncio.Event) -> None:
    with (
        tools.running.opened(answer.id) as run,
        observe.OPEN_ANSWERS.track_inprogress(),
        observe.bound(answer=answer.id),
    ):
        held: Answer | None = answer
        if not claim:
            claim = uuid4().hex
            held = await tools.store.claim(answer.id, claim)
        if held is None:
            return
        if held.state != "waiting":
            raise Again(0)  # it went on elsewhere before it was claimed: to be looked at anew
        if held.stop_wanted:
            run.end("stop")
        turn = Turn(tools, held, claim, run, await tools.phrases_for(held.place), shown)
        await turn.take()
    if turn.left:
        raise Again(0)
    if turn.closed is not None:
        await _afterwards(tools, turn.closed, turn.speech, rated=turn.rated)


async def _afterwards(tools: Tools, answer: Answer, speech: bytes, *, rated: bool) -> None:
    """What waits for the end of an answer: its voice, and reactions that came early."""
    media = sniff(speech[:64])
    if media is not None and answer.outcome == "whole":
        recording = Recording(data=speech, media_type=media.media_type)
        await tools.store.keep_recording(answer.id, recording)
    if rated:
        await rate.settle(tools)
    await speak.after(tools, answer)
