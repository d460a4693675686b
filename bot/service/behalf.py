"""What was asked in the name of a chat, and what somebody else was asked.

Who speaks in a chat's name does not show themselves, but a button always says who presses it. So
whoever administers the chat acts for it: what they do is handed on as the chat's own. The chat is
the group itself, or a channel that somebody speaks as.
"""

import asyncio
from dataclasses import replace
from typing import Final

import msgspec

from bot import observe
from bot.events import Action, Message, MessageRef, Place, User, chat_behind, itself
from bot.service import inputs, steps
from bot.service.target import find_pressed
from bot.service.tools import Tools, say
from bot.store.records import Dialog, scope
from bot.surface import Standing, SurfaceError

HANDED_ON: Final = ":chat"
"""Ends the id of an event that comes back as the chat's own."""

_ACTS: Final = frozenset({"stop", "regenerate", "choose", "cancel"})
_RATES: Final = frozenset({"like", "dislike"})

_log = observe.get_logger("bot.service.behalf")


async def press(tools: Tools, action: Action) -> bool:
    """Whether a press on what was asked in the chat's name has been dealt with here.

    Everybody rates for themselves; only those who speak as the chat rate as the chat.
    """
    place, rates = action.place, action.name in _RATES
    chat = await _asking(tools, action) if rates or action.name in _ACTS else ""
    if not chat or place.user.id == itself(chat):
        return False
    standing = await _standing(tools, place, chat)
    if rates and not _rates_as(chat, standing, place):
        return False
    await _hand_on_or_tell(tools, action, chat, standing)
    return True


def _rates_as(chat: str, standing: Standing | None, place: Place) -> bool:
    """In a group administrators speak openly or as the group; a channel has no other voice."""
    if chat != place.chat.id:
        return standing in ("administrator", "hidden")
    return standing not in ("member", "administrator")


async def reply(tools: Tools, message: Message) -> bool:
    """Whether a message answers what somebody else was asked, and has been dealt with here.

    It is no question of its own, however much it speaks to the bot.
    """
    place, quoted = message.place, message.quoted
    if place.chat.private or quoted is None:
        return False
    whose = await _asked(tools, place, quoted.ref)
    if not whose or whose == scope(place):
        return False
    group = place.chat.id
    if whose == scope(_as_chat(place, group)):
        standing = await _standing(tools, place, group)
        await _hand_on_or_tell(tools, message, group, standing)
    else:
        phrases = await tools.phrases_for(place)
        await say(tools, place, phrases.reply_of_other, private=True)
    return True


async def _hand_on_or_tell(
    tools: Tools, event: Action | Message, chat: str, standing: Standing | None
) -> None:
    place = event.place
    if standing in ("administrator", "hidden"):
        id = f"{event.id}{HANDED_ON}"
        await steps.accept(tools, replace(event, id=id, place=_as_chat(place, chat)))
        return
    phrases = await tools.phrases_for(place)
    told = phrases.only_administrators if standing else phrases.standing_unknown
    if chat != place.chat.id:
        told = phrases.only_channel
    await say(tools, place, told, private=True)


async def _asking(tools: Tools, action: Action) -> str:
    """The chat that has itself asked what the button is about; "" where a person did."""
    place = action.place
    if place.chat.private:
        return ""
    answer = await find_pressed(tools, action)
    if answer is not None:
        return chat_behind(answer.place.user.id)
    everybody = scope(replace(place, user=User(id="")))
    asked = await tools.store.dialogs_in(place.chat)
    whose = next((one for one, dialog in asked.items() if _note(dialog) == action.ref), "")
    return chat_behind(whose.removeprefix(everybody))


async def _standing(tools: Tools, place: Place, chat: str) -> Standing | None:
    """What the person at `place` is in `chat`; None where the platform does not say."""
    there = replace(place, chat=replace(place.chat, id=chat, thread=""))
    try:
        return await tools.surface(place).standing(there)
    except SurfaceError as error:
        _log.info("it is not known who administers a chat", error=type(error).__name__)
        return None


async def _asked(tools: Tools, place: Place, ref: MessageRef) -> str:
    """Whose reply to this message is awaited, by their scope; "" where nobody's is.

    A reply can be here before its question is noted, which was posted a moment ago.
    """
    for _ in range(inputs.OVERTAKEN):
        asked = await tools.store.dialogs_in(place.chat)
        if found := next((one for one, dialog in asked.items() if _awaits(dialog, ref)), ""):
            return found
        others = [dialog for one, dialog in asked.items() if one != scope(place)]
        if not any(map(_goes_on, others)) or await tools.store.answer_on(ref) is not None:
            return ""
        await asyncio.sleep(0.1)
    return ""


def _as_chat(place: Place, chat: str) -> Place:
    return replace(place, user=User(id=itself(chat)))


def _awaits(dialog: Dialog, ref: MessageRef) -> bool:
    """Whether a reply to this message is awaited: not where only buttons answer."""
    state = dialog.state
    if dialog.kind == "photo":
        return state.get("prompt") == ref.id
    return _note(dialog) == ref and (dialog.kind == "rating" or bool(state.get("asked")))


def _goes_on(dialog: Dialog) -> bool:
    """Whether words are awaited, and so another message may ask for more in a moment."""
    return dialog.kind == "inputs" and bool(dialog.state.get("asked"))


def _note(dialog: Dialog) -> MessageRef | None:
    """The message that asks."""
    note = dialog.state.get("note")
    return msgspec.convert(note, MessageRef) if note else None
