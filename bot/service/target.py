"""Which answer a person means."""

import contextlib

from bot.events import Action, Command, MessageRef, Place
from bot.service.tools import Tools
from bot.store.records import Answer
from bot.surface import SurfaceError


async def find_answer(tools: Tools, command: Command) -> Answer | None:
    """The answer on the message replied to, or to the question there; else the person's latest."""
    if command.quoted is None:
        return await tools.store.latest_answer(command.place)
    ref = command.quoted.ref
    return await tools.store.answer_on(ref) or await tools.store.latest_for_question(ref)


async def find_pressed(tools: Tools, action: Action) -> Answer | None:
    """The answer whose button was pressed: by its message, else by what the button says."""
    shown = await tools.store.answer_on(action.ref)
    if shown is not None:
        return shown
    named = await tools.store.answer(action.value)
    return named if named and is_there(named, action.place) else None


async def recognise(tools: Tools, answer: Answer, ref: MessageRef) -> bool:
    """Note that `ref` shows `answer`; False if that was known, or cannot be.

    A process died before it could note the id, which nobody knew until a button of it was pressed;
    the line below that stood in for it goes.
    """
    screens = await tools.store.screens(answer.id)
    unknown = [screen for screen in screens if screen.role == "text" and screen.ref is None]
    known = any(screen.ref == ref for screen in screens)
    if known or answer.finished_at is None or len(unknown) != 1:
        return False
    await tools.store.shown_screen(answer.id, unknown[0].part, ref)
    for note in [screen for screen in screens if screen.role == "note"]:
        if note.ref is not None:
            with contextlib.suppress(SurfaceError):
                await tools.surface(answer.place).delete(answer.place, note.ref)
        await tools.store.removed_screen(answer.id, note.part, "note")
    return True


def failed_unheard(answer: Answer) -> bool:
    """Whether it has ended without the API ever knowing it."""
    return answer.finished_at is not None and not answer.message_id


def is_there(answer: Answer, place: Place) -> bool:
    """Buttons come back from outside: one that names an answer of another chat is not ours."""
    one, other = answer.place.chat, place.chat
    return (one.platform, one.workspace, one.id) == (other.platform, other.workspace, other.id)
