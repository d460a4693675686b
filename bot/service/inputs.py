"""What an app asks for besides the question: asked once, remembered, and changed at will.

Only required details that are missing are asked for, before any call. The question is kept
meanwhile and handed to the inbox again, as an event of its own, once they are there.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot import observe
from bot.completion import CompletionError, Fault, build_inputs, message_variable
from bot.events import Action, Command, Event, Message, MessageRef, Place, Submission
from bot.phrases import input_faults
from bot.service import form, rounds, steps
from bot.service.asked import current
from bot.service.rounds import KEPT, KeptEvent, Round, Table
from bot.service.tools import Tools, say, take_away
from bot.store.records import Value, Work
from bot.surface import Button, SurfaceError

OVERTAKEN = 10
"""Tenths of a second a reply may be ahead of the row that says what its message asks."""

QUESTION = "ask"
"""The id of the form that also holds the question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """The inputs of one question, complete and without fault."""

    inputs: Mapping[str, Value] = field(repr=False)


async def resolve(tools: Tools, place: Place, text: str, *, work: Work) -> Resolved | None:
    """The inputs for a question of `text`; None when the person was told or asked something.

    Raises CompletionError when the app's form is not known.
    """
    table = await rounds.lay(tools, _answering(work.event, place))
    given: Mapping[str, str] = {}
    if isinstance(work.event, Command):
        given, text = form.assignments(table.parameters, text)
    taker = message_variable(table.parameters)
    values = {**table.remembered, **given, taker: text}
    faults = form.find_faults(table.parameters, values, [*given, taker])
    if _says_nothing(work.event, text, faults.get(taker)):
        await _ask_whole(table, work.event)
        return None
    if faults:
        told = "\n\n".join(input_faults(table.phrases, faults).values())
        await _tell(table, work.event, told)
        return None
    if steps.lacking(table, given):
        await _hold(table, work.event)
        return None
    return Resolved(inputs=build_inputs(table.parameters, values))


async def ready(tools: Tools, place: Place, text: str) -> Resolved | None:
    """The inputs for a question of `text` where nothing has to be said or asked; nothing is done.

    Raises CompletionError when the app's form is not known.
    """
    table = await rounds.lay(tools, place)
    taker = message_variable(table.parameters)
    values = {**table.remembered, taker: text}
    if form.find_faults(table.parameters, values, [taker]) or steps.lacking(table, {}):
        return None
    return Resolved(inputs=build_inputs(table.parameters, values))


async def reply(tools: Tools, message: Message) -> bool:
    """Take `message` as the answer to the open question, if it is one.

    In a direct chat the next plain message is, elsewhere only a reply to the question itself.
    """
    round = await rounds.find_round(tools, message.place)
    # A question that was kept may run before its round has ended, and answers nothing.
    if round is None or message.id.endswith(steps.AGAIN):
        return False
    if round.taken == message.id:
        return True
    round = await _caught_up(tools, message, round)
    meant = message.place.chat.private or (
        message.quoted is not None and message.quoted.ref == round.note
    )
    if not round.asked or not meant or message.files or not message.text.strip():
        return False
    table = await _lay(tools, _answering(message, message.place))
    if table is None:
        return True
    asked = table.field(round.asked)
    if asked is None:  # the app has another form by now
        await rounds.save_round(tools, message.place, replace(round, asked=""))
        return False
    round = replace(round, taken=message.id)
    await steps.answer(table, round, asked, form.read(table.phrases, asked, message.text))
    return True


async def _caught_up(tools: Tools, message: Message, round: Round) -> Round:
    """The round as it is once the question that is replied to has been noted.

    A reply can be here before its question is, which was posted a moment ago.
    """
    newest = round
    for _ in range(OVERTAKEN):
        if message.quoted is None or message.quoted.ref == newest.note:
            return newest
        await asyncio.sleep(0.1)
        newest = await rounds.find_round(tools, message.place) or newest
    return newest


async def choose(tools: Tools, event: Command | Action) -> None:
    """Show all details, or do what a button under a question of ours says."""
    table = await _lay(tools, _answering(event, event.place))
    if table is None:
        return
    round = await rounds.find_round(tools, event.place) or Round()
    if isinstance(event, Command):
        await _show(table, round, event)
    elif event.name == "inputs":
        await _open_again(table, round)
    elif event.ref != round.note or round.taken == event.id:
        await _say_stale(table, round, event)
    elif event.name == "cancel":
        await steps.cancel(table, replace(round, taken=event.id))
    else:
        await steps.press(table, replace(round, taken=event.id), event.value)


async def keep(tools: Tools, submission: Submission) -> None:
    """Remember what a form was filled in with; the questions kept for it run then."""
    table = await _lay(tools, submission.place)
    if table is None:
        return
    taker = message_variable(table.parameters)
    fields = [one.variable for one in form.details(table.parameters)]
    names = [name for name in fields if name in submission.values]
    asks = submission.form == QUESTION
    faults = form.find_faults(
        table.parameters, submission.values, [*names, taker] if asks else names
    )
    if faults:
        told = "\n\n".join(input_faults(table.phrases, faults).values())
        await _tell(table, submission, told, *steps.openers(table))
        return
    table = await steps.remember(table, {name: submission.values[name] for name in names})
    if asks:
        await steps.accept(tools, _question(submission, submission.values[taker]))
        return
    round = await rounds.find_round(tools, submission.place) or Round()
    await steps.go_on(table, replace(round, asked="", taken=submission.id))


async def hold_along(tools: Tools, event: Message) -> bool:
    """Keep pictures without words behind the questions that wait for details, if any do."""
    round = await rounds.find_round(tools, event.place)
    if round is None or not round.kept:
        return False
    await _hold(await rounds.lay(tools, _answering(event, event.place)), event)
    return True


async def cancel(tools: Tools, place: Place, *, by: str = "") -> bool:
    """Give up the questions that wait for details; False if there are none.

    With `by`, the event that wants it, only if one of them came before that.
    """
    round = await rounds.find_round(tools, place)
    if by and round is not None:
        ids = [event.id for one in round.kept if (event := one.event())]
        if not await tools.store.came_before(by, ids):
            return False
    table = await _lay(tools, place) if round and round.kept else None
    if round is None or table is None:
        return False
    await rounds.save_round(tools, place, Round(taken=round.taken))
    await rounds.close_note(table, round)
    told = table.phrases.inputs_question_dropped
    await say(tools, place, told, private=not place.chat.private)
    return True


async def drop(tools: Tools, place: Place) -> None:
    """Ask no more for the details of questions that are gone."""
    round = await rounds.find_round(tools, place)
    if round is None or not round.kept:
        return
    refs = [one.question() for one in round.kept]
    gone = [ref is not None and await current(tools, ref) is None for ref in refs]
    kept = tuple(one for one, is_gone in zip(round.kept, gone, strict=True) if not is_gone)
    if kept == round.kept:
        return
    if kept:
        await rounds.save_round(tools, place, replace(round, kept=kept))
        return
    await rounds.save_round(tools, place, Round(taken=round.taken))
    if round.note is not None:
        with contextlib.suppress(SurfaceError):
            await take_away(tools, place, round.note)


async def _lay(tools: Tools, place: Place) -> Table | None:
    """None when the form is not known and the person has been told so."""
    try:
        return await rounds.lay(tools, place)
    except CompletionError as error:
        observe.count_api_error(type(error).__name__)
        phrases = await tools.phrases_for(place)
        await say(tools, place, phrases.app_unavailable, private=True)
        return None


async def _hold(table: Table, event: Event) -> None:
    found = await rounds.find_round(table.tools, table.place) or Round()
    kept = KeptEvent.of(event)
    same = [one for one in found.kept if one == kept or _same_question(one, kept)]
    # An edit of what is kept asks nothing new: it runs as it reads then.
    round = found if same else replace(found, kept=(*found.kept, kept)[-KEPT:])
    lacking = steps.lacking(table, steps.given(table, round))
    if not lacking:
        await steps.release(table, round)  # what was kept before is complete by now
        return
    if same and round.note is not None:
        return
    if not steps.offers_forms(table):
        await rounds.ask(table, round, lacking[0], head=table.phrases.inputs_needed)
        return
    await rounds.close_note(table, round)
    cancel = Button(label=table.phrases.button_cancel, name="cancel")
    note = await _tell(
        table, event, table.phrases.inputs_needed_form, *steps.openers(table), cancel
    )
    await rounds.save_round(table.tools, table.place, replace(round, asked="", note=note))
    await steps.open_form(table, lacking)


async def _show(table: Table, round: Round, event: Command) -> None:
    if not form.details(table.parameters):
        await _tell(table, event, table.phrases.inputs_none)
        return
    given, _ = form.assignments(table.parameters, event.text)
    faults = form.find_faults(table.parameters, given, given)
    if given and not faults:
        round = round if round.kept else await _afresh(table, round)
        await steps.go_on(await steps.remember(table, given), round)
    elif faults or not await steps.open_form(table, form.details(table.parameters)):
        head = "\n\n".join(input_faults(table.phrases, faults).values())
        await steps.show_list(table, await _afresh(table, round), steps.openers(table), head=head)


async def _afresh(table: Table, round: Round) -> Round:
    """The answer to a command comes below it, not over a note further up."""
    await rounds.close_note(table, round)
    return replace(round, note=None)


async def _open_again(table: Table, round: Round) -> None:
    """Open the form of a button; where it cannot be opened any more, ask in messages."""
    lacking = steps.lacking(table, steps.given(table, round)) if round.kept else ()
    if round.kept and not lacking:
        await steps.release(table, round)
        return
    if await steps.open_form(table, lacking or form.details(table.parameters)):
        return
    if lacking:
        await rounds.ask(table, round, lacking[0])
    else:
        await steps.show_list(table, round, rounds.openers(table))


async def _ask_whole(table: Table, event: Event) -> None:
    """A question without words: the question and its details as one form, else how to ask."""
    # Where forms can be opened the question has one of its own even if there are no details.
    taker = message_variable(table.parameters)
    own = [one for one in table.parameters.form if one.variable == taker]
    details = form.details(table.parameters)
    if not (own and await steps.open_form(table, (*own, *details), QUESTION)):
        phrases = table.phrases
        told = phrases.ask_how if table.place.chat.private else phrases.ask_how_group
        await _tell(table, event, told)


def _same_question(one: KeptEvent, other: KeptEvent) -> bool:
    return one.question() is not None and one.question() == other.question()


def _says_nothing(event: Event, text: str, fault: Fault | None) -> bool:
    if fault is not None and fault.kind == "missing":
        return True
    return isinstance(event, Command) and not text and not event.files


def _question(submission: Submission, text: str) -> Command:
    place, at = submission.place, submission.at
    return Command(id=f"{submission.id}:ask", place=place, at=at, name="ask", text=text)


def _answering(event: Event, place: Place) -> Place:
    """Among others a question of ours replies to the message that caused it."""
    if place.chat.private or not isinstance(event, Message | Command):
        return place
    return replace(place, reply_to=event.ref)


async def _tell(table: Table, event: Event, text: str, *buttons: Button) -> MessageRef:
    """Nobody else has seen a command or a form; who has written may be waited for by others."""
    alone = isinstance(event, Command | Submission) and not table.place.chat.private
    return await say(table.tools, table.place, text, *buttons, private=alone)


async def _say_stale(table: Table, round: Round, action: Action) -> None:
    """Whoever presses a button that asks nobody, or somebody else, hears so without others."""
    able = table.tools.surface(table.place).capabilities(table.place)
    if round.taken == action.id or not (table.place.chat.private or able.private_replies):
        return
    await say(table.tools, table.place, table.phrases.inputs_stale, private=True)
