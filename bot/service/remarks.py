"""A person's words about an answer: asked for after a 👎, and passed on with the rating.

A question taken for a remark would be worse than a remark that is never written. Hence a message
counts as one only when it replies to the sentence that asks, or, in a direct chat, when its author
has pressed the button that says so shortly before.
"""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from bot.events import Action, Message, MessageRef, Place, Submission
from bot.phrases import Phrases
from bot.service.settling import send
from bot.service.tools import Tools, same_person, say, take_away
from bot.store.records import Answer, Dialog, scope
from bot.surface import Button, Expired, Form, FormField, Gone, Outgoing, SurfaceError

AWAITED = timedelta(minutes=10)
"""How long the next message is awaited after the button; by then it is about something else."""
LONGEST = 4_000
"""Characters of a remark; one message of any platform holds no more."""
WORDS = "words:"
"""Begins the id of the form for words and the value of the button that asks for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """`awaited`: the next plain message is meant. `taken` is the message that was."""

    answer: str
    note: MessageRef | None = None
    awaited: bool = False
    taken: str = ""


async def ask(tools: Tools, place: Place, answer: Answer) -> None:
    """Ask for words, unless the person has something else to answer. Raises SurfaceError.

    A press that may still open a form opens it; whoever has reacted is offered one.
    """
    if not await _may_ask(tools, place) or await _open_note(tools, place, answer) is not None:
        return
    phrases = await tools.phrases_for(place)
    if place.interaction and await _open_form(tools, place, phrases, answer):
        return
    able = tools.surface(place).capabilities(place)
    asks = phrases.rating_ask_hint if able.opens_replies else ""
    direct = able.buttons and not asks and (able.forms or place.chat.private)
    button = Button(label=phrases.button_words, name="choose", value=WORDS + answer.id)
    if direct and able.forms:
        note = await _tell(tools, place, phrases.rating_ask_form, button)
    else:
        shown = [button] if direct else []
        note = await say(tools, place, phrases.rating_ask_words, *shown, asks=asks)
    await _open(tools, place, _Asked(answer=answer.id, note=note))


async def reply(tools: Tools, message: Message) -> bool:
    """Take `message` as the words asked for, if it is meant as such."""
    dialog = await tools.store.dialog(scope(message.place))
    if dialog is None or dialog.kind != "rating":
        return False
    asked = msgspec.convert(dialog.state, _Asked)
    if asked.taken == message.id:
        return True
    if message.files or not message.text.strip() or not _is_meant(tools, message, dialog, asked):
        return False
    answer = await tools.store.answer(asked.answer)
    if answer is None:
        return False
    await _open(tools, message.place, _Asked(answer=answer.id, taken=message.id))
    if asked.note is not None:
        await _close(tools, message.place, asked.note)
    await keep(tools, message.place, answer, message.text)
    return True


async def choose(tools: Tools, action: Action) -> bool:
    """Do what a button under the sentence that asks for words says; False if it is another."""
    if action.value.startswith(WORDS):
        answer = await tools.store.answer(action.value.removeprefix(WORDS))
        if answer is not None and same_person(answer.place, action.place):
            await _await_words(tools, action, answer)
        return True
    dialog = await tools.store.dialog(scope(action.place))
    if action.name != "cancel" or dialog is None or dialog.kind != "rating":
        return False
    await tools.store.end_dialog(scope(action.place))
    phrases = await tools.phrases_for(action.place)
    await _rewrite(tools, action.place, action.ref, phrases.rating_cancelled)
    return True


async def submit(tools: Tools, submission: Submission) -> bool:
    """Keep the words of the form for them; False if it is another form."""
    if not submission.form.startswith(WORDS):
        return False
    answer = await tools.store.answer(submission.form.removeprefix(WORDS))
    words = submission.values.get("words", "").strip()
    if answer is not None and words:
        note = await _open_note(tools, submission.place, answer)
        await _open(tools, submission.place, _Asked(answer=answer.id))
        await keep(tools, submission.place, answer, words, over=note)
    return True


async def remark(tools: Tools, place: Place, answer: Answer, words: str) -> None:
    """Take words that were not asked for, or not where they were asked for."""
    note = await _open_note(tools, place, answer)
    if note is not None:
        await tools.store.end_dialog(scope(place))
        await _close(tools, place, note)
    await keep(tools, place, answer, words)


async def keep(
    tools: Tools, place: Place, answer: Answer, words: str, *, over: MessageRef | None = None
) -> None:
    """Keep the words, pass them on if they can be, and say what becomes of them, `over` a note."""
    phrases = await tools.phrases_for(place)
    words = words.strip()[:LONGEST]
    rating = await tools.store.add_words(answer.id, place.user.id, words)
    if not same_person(answer.place, place):
        await tools.store.ignore_rating(answer.id, place.user.id)
        await _tell(tools, place, phrases.rating_of_asker)
    elif rating.wanted is None:
        opinions = _opinions(phrases, answer)
        note = await _rewrite(tools, place, over, phrases.rating_needed, *opinions)
        if await _may_ask(tools, place):
            await _open(tools, place, _Asked(answer=answer.id, note=note))
    else:
        await _rewrite(tools, place, over, phrases.rating_thanks)
        await send(tools, answer)


async def thank(tools: Tools, place: Place, answer: Answer) -> None:
    """Say that words kept before are on their way. Raises SurfaceError."""
    note = await _open_note(tools, place, answer)
    if note is not None:
        await tools.store.end_dialog(scope(place))
        phrases = await tools.phrases_for(place)
        await _rewrite(tools, place, note, phrases.rating_thanks)


async def withdraw(tools: Tools, place: Place, answer: Answer) -> None:
    """Take back the sentence that asks what was wrong: nothing is any more."""
    note = await _open_note(tools, place, answer)
    if note is not None:
        await tools.store.end_dialog(scope(place))
        await take_away(tools, place, note)


async def _await_words(tools: Tools, action: Action, answer: Answer) -> None:
    place = action.place
    phrases = await tools.phrases_for(place)
    if await _open_form(tools, place, phrases, answer):
        return
    if not place.chat.private or not await _may_ask(tools, place):
        await _rewrite(tools, place, action.ref, phrases.rating_how)
        return
    cancel = Button(label=phrases.button_cancel, name="cancel")
    note = await _rewrite(tools, place, action.ref, phrases.rating_write, cancel)
    await _open(tools, place, _Asked(answer=answer.id, note=note, awaited=True))


async def _open_form(tools: Tools, place: Place, phrases: Phrases, answer: Answer) -> bool:
    surface = tools.surface(place)
    if not surface.capabilities(place).forms:
        return False
    words = FormField(
        name="words",
        label=phrases.rating_words,
        kind="paragraph",
        required=True,
        max_length=LONGEST,
    )
    form = Form(
        id=WORDS + answer.id,
        title=phrases.button_words,
        fields=(words,),
        submit=phrases.button_send,
        check=_words_check(phrases),
    )
    try:
        await surface.open_form(place, form)
    except Expired:
        return False
    return True


def _words_check(phrases: Phrases) -> Callable[[Mapping[str, str]], Mapping[str, str]]:
    missing = phrases.fault_missing.format(label=phrases.rating_words)
    return lambda values: {} if values.get("words", "").strip() else {"words": missing}


def _opinions(phrases: Phrases, answer: Answer) -> tuple[Button, Button]:
    return (
        Button(label=phrases.button_like, name="like", value=answer.id),
        Button(label=phrases.button_dislike, name="dislike", value=answer.id),
    )


def _is_meant(tools: Tools, message: Message, dialog: Dialog, asked: _Asked) -> bool:
    if message.quoted is not None:
        return message.quoted.ref == asked.note
    fresh = tools.now() - dialog.asked_at <= AWAITED
    return asked.awaited and fresh and message.place.chat.private


async def _open_note(tools: Tools, place: Place, answer: Answer) -> MessageRef | None:
    """What stands open in the chat about the person's rating of this answer."""
    dialog = await tools.store.dialog(scope(place))
    if dialog is None or dialog.kind != "rating":
        return None
    asked = msgspec.convert(dialog.state, _Asked)
    return asked.note if asked.answer == answer.id else None


async def _close(tools: Tools, place: Place, note: MessageRef) -> None:
    """What has been answered asks nobody any more. Of all there is to say this is the least."""
    phrases = await tools.phrases_for(place)
    with contextlib.suppress(SurfaceError):
        await tools.surface(place).edit(place, note, Outgoing(text=phrases.rating_noted, mine=True))


async def _may_ask(tools: Tools, place: Place) -> bool:
    """Not while another question of ours waits for its answer, which this would replace."""
    dialog = await tools.store.dialog(scope(place))
    if dialog is None or dialog.kind == "rating":
        return True
    if dialog.kind != "inputs" or dialog.state.get("kept") or dialog.state.get("asked"):
        return False
    # A list of details asks nothing, but somebody may be at it.
    return not dialog.state.get("note") or tools.now() - dialog.asked_at > AWAITED


async def _open(tools: Tools, place: Place, asked: _Asked) -> None:
    if not await _may_ask(tools, place):
        return  # it has begun meanwhile, and may keep a question
    dialog = Dialog(kind="rating", state=msgspec.to_builtins(asked), asked_at=tools.now())
    await tools.store.open_dialog(scope(place), dialog)


async def _rewrite(
    tools: Tools, place: Place, ref: MessageRef | None, text: str, *buttons: Button
) -> MessageRef:
    shown = buttons if tools.surface(place).capabilities(place).buttons else ()
    if ref is not None:
        with contextlib.suppress(Gone, Expired):
            message = Outgoing(text=text, buttons=shown, mine=True)
            return await tools.surface(place).edit(place, ref, message)
    return await _tell(tools, place, text, *buttons)


async def _tell(tools: Tools, place: Place, text: str, *buttons: Button) -> MessageRef:
    """What a person thinks of an answer is nobody else's business."""
    return await say(tools, place, text, *buttons, private=not place.chat.private)
