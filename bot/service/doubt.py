"""What is said where nobody knows whether an answer is on the screen: it is not posted again."""

from collections.abc import Sequence

from bot.live import LiveReply
from bot.service.tools import Tools
from bot.store.records import Answer, Screen
from bot.surface import Outgoing, RateLimited, SurfaceError, Unreachable


async def tell(tools: Tools, answer: Answer, outgoing: Outgoing, screens: Sequence[Screen]) -> None:
    """One line below, said once; `outgoing` is the ending that may be missing.

    Raises SurfaceError. Where the platform gave no answer the line is not there for all we know,
    and may be told again: two of them do less harm than silence, since whoever waits for an answer
    has nothing else. Killed in the moment it is posted, it is not said again.
    """
    if any(screen.role == "note" for screen in screens):
        return
    phrases = await tools.phrases_for(answer.place)
    buttons = [button for button in outgoing.buttons if button.name == "regenerate"]
    note = Outgoing(text=phrases.maybe_incomplete, buttons=tuple(buttons), mine=True)

    async def intend() -> None:
        await tools.store.intend_screen(answer.id, 0, "note")

    try:
        ref = await tools.surface(answer.place).post(answer.place, note, intend=intend)
    except (RateLimited, Unreachable):
        await tools.store.removed_screen(answer.id, 0, "note")
        raise
    await tools.store.shown_screen(answer.id, 0, ref, "note")


async def finish(tools: Tools, live: LiveReply, answer: Answer, outgoing: Outgoing) -> None:
    """Say the last word, and a line below where nobody knows whether all of it arrived.

    Raises RateLimited or Unreachable where the line cannot be said yet: the answer is not closed
    then, and whoever takes it up again says it.
    """
    await live.finish(outgoing)
    if not live.unsure:
        return
    try:
        await tell(tools, answer, outgoing, await tools.store.screens(answer.id))
    except (RateLimited, Unreachable):
        raise
    except SurfaceError:
        return  # nobody is left to be told
