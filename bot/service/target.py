"""Which answer a person means."""

from bot.events import Command, Place
from bot.service.tools import Tools
from bot.store.records import Answer


async def find_answer(tools: Tools, command: Command) -> Answer | None:
    """The answer on the message replied to, or to the question there; else the person's latest."""
    if command.quoted is None:
        return await tools.store.latest_answer(command.place)
    ref = command.quoted.ref
    return await tools.store.answer_on(ref) or await tools.store.latest_for_question(ref)


def failed_unheard(answer: Answer) -> bool:
    """Whether it has ended without the API ever knowing it."""
    return answer.finished_at is not None and not answer.message_id


def is_there(answer: Answer, place: Place) -> bool:
    """Buttons come back from outside: one that names an answer of another chat is not ours."""
    one, other = answer.place.chat, place.chat
    return (one.platform, one.workspace, one.id) == (other.platform, other.workspace, other.id)
