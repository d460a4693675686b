"""What an app asks for besides the question: asked once, remembered, and changed at will.

Only required details that are missing are asked for, before any call. The question is kept
meanwhile and handed to the inbox again, as an event of its own, once they are there.
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot import observe
from bot.completion import CompletionError, Fault, Field, build_inputs, message_variable
from bot.events import Action, Command, Event, Message, MessageRef, Place, Submission
from bot.phrases import input_faults
from bot.service import form, rounds
from bot.service.asked import current
from bot.service.rounds import KEPT, KeptEvent, Round, Table
from bot.service.tools import Tools, say, take_away
from bot.store.records import Value, Work, scope
from bot.surface import Again, Busy, Button, Expired, SurfaceError

DETAILS = "inputs"
"""The id of the form that only sets details."""
QUESTION = "ask"
"""The id of the form that also holds the question."""

AGAIN = ":inputs"
"""Ends the id of an event that comes back once its details are there."""


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
        await _ask_whole(table)
        return None
    if faults:
        await _say(table, "\n\n".join(input_faults(table.phrases, faults).values()))
        return None
    if _lacking(table, given):
        await _hold(table, work.event)
        return None
    return Resolved(inputs=build_inputs(table.parameters, values))


async def reply(tools: Tools, message: Message) -> bool:
    """Take `message` as the answer to the open question, if it is one.

    In a direct chat the next plain message is, elsewhere only a reply to the question itself.
    """
    round = await rounds.find_round(tools, message.place)
    # A question that was kept may run before its round has ended, and answers nothing.
    if round is None or message.id.endswith(AGAIN):
        return False
    if round.taken == message.id:
        return True
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
    await _answer(table, round, asked, form.read(table.phrases, asked, message.text))
    return True


async def choose(tools: Tools, event: Command | Action) -> None:
    """Show all details, or do what a button under a question of ours says."""
    table = await _lay(tools, _answering(event, event.place))
    if table is None:
        return
    round = await rounds.find_round(tools, event.place) or Round()
    if isinstance(event, Command):
        await _show(table, round, event.text)
    elif event.name == "inputs":
        await _open_again(table, round)
    elif event.ref != round.note or round.taken == event.id:
        await _say_stale(table, round, event)
    elif event.name == "cancel":
        await _cancel(table, replace(round, taken=event.id))
    else:
        await _press(table, replace(round, taken=event.id), event.value)


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
        await _say(table, told, *_openers(table))
        return
    table = await _remember(table, {name: submission.values[name] for name in names})
    if asks:
        await _accept(tools, _question(submission, submission.values[taker]))
        return
    round = await rounds.find_round(tools, submission.place) or Round()
    await _go_on(table, replace(round, asked="", taken=submission.id))


async def cancel(tools: Tools, place: Place) -> bool:
    """Give up the questions that wait for details; False if there are none."""
    round = await rounds.find_round(tools, place)
    table = await _lay(tools, place) if round and round.kept else None
    if round is None or table is None:
        return False
    await rounds.save_round(tools, place, Round(taken=round.taken))
    await rounds.close_note(table, round)
    await _say(table, table.phrases.inputs_question_dropped)
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


async def _answer(table: Table, round: Round, asked: Field, value: object) -> None:
    """Take `value` for `asked` and go on below it; what does not fit is asked for again."""
    faults = form.find_faults(table.parameters, {asked.variable: value}, [asked.variable])
    if faults:
        head = input_faults(table.phrases, faults)[asked.variable]
        await rounds.ask(table, round, asked, head=head)
        return
    table = await _remember(table, {asked.variable: value})
    now = form.current(asked, table.remembered)
    await rounds.close_note(table, round, rounds.value_line(table, asked, now))
    await _go_on(table, replace(round, asked="", note=None))


async def _go_on(table: Table, round: Round) -> None:
    """The next thing that is missing, else the kept questions, else all details to look at."""
    if not round.kept:
        await _list(table, round, _openers(table), head=table.phrases.inputs_saved)
    elif lacking := _lacking(table, _given(table, round)):
        await rounds.ask(table, round, lacking[0])
    else:
        await _release(table, round)


async def _hold(table: Table, event: Event) -> None:
    found = await rounds.find_round(table.tools, table.place) or Round()
    kept = KeptEvent.of(event)
    same = [one for one in found.kept if one == kept or _same_question(one, kept)]
    # An edit of what is kept asks nothing new: it runs as it reads then.
    round = found if same else replace(found, kept=(*found.kept, kept)[-KEPT:])
    lacking = _lacking(table, _given(table, round))
    if not lacking:
        await _release(table, round)  # what was kept before is complete by now
        return
    if same and round.note is not None:
        return
    if not _offers_forms(table):
        await rounds.ask(table, round, lacking[0], head=table.phrases.inputs_needed)
        return
    await rounds.close_note(table, round)
    cancel = Button(label=table.phrases.button_cancel, name="cancel")
    note = await _say(table, table.phrases.inputs_needed_form, *_openers(table), cancel)
    await rounds.save_round(table.tools, table.place, replace(round, asked="", note=note))
    await _open_form(table, lacking)


async def _release(table: Table, round: Round) -> None:
    """Hand the kept questions to the inbox; they take their turn behind what came before."""
    for kept in round.kept:
        event = kept.event()
        if event is not None:
            await _accept(table.tools, replace(event, id=event.id + AGAIN))
    await rounds.save_round(table.tools, table.place, Round(taken=round.taken))
    await rounds.close_note(table, round, table.phrases.inputs_saved)


async def _accept(tools: Tools, event: Event) -> None:
    try:
        await tools.accept(event)
    except Busy as busy:
        raise Again(busy.retry_after) from None


async def _press(table: Table, round: Round, value: str) -> None:
    details = form.details(table.parameters)
    at = int(value[1:]) if value[1:].isdecimal() else -1
    asked = table.field(round.asked)
    if value.startswith("f") and at in range(len(details)):
        await rounds.ask_in_place(table, round, details[at])
    elif asked is None or value == "keep":
        await _list(table, round, _openers(table))
    elif value == "default":
        await _set(await _remember(table, {asked.variable: None}), round, asked)
    elif value in ("yes", "no"):
        await _set(await _remember(table, {asked.variable: value}), round, asked)
    elif value.startswith("o") and at in range(len(asked.options)):
        option = {asked.variable: asked.options[at]}
        await _set(await _remember(table, option), round, asked)
    else:
        await rounds.ask_in_place(table, round, asked)


async def _set(table: Table, round: Round, asked: Field) -> None:
    """Go on after a button: a round of questions below it, a look at the details in place."""
    if round.kept:
        now = form.current(asked, table.remembered)
        await rounds.close_note(table, round, rounds.value_line(table, asked, now))
        round = replace(round, note=None)
    await _go_on(table, replace(round, asked=""))


async def _cancel(table: Table, round: Round) -> None:
    await rounds.save_round(table.tools, table.place, Round(taken=round.taken))
    await rounds.close_note(table, round, table.phrases.inputs_question_dropped)


async def _show(table: Table, round: Round, text: str) -> None:
    if not form.details(table.parameters):
        await _say(table, table.phrases.inputs_none)
        return
    given, _ = form.assignments(table.parameters, text)
    faults = form.find_faults(table.parameters, given, given)
    if given and not faults:
        round = round if round.kept else await _afresh(table, round)
        await _go_on(await _remember(table, given), round)
    elif faults or not await _open_form(table, form.details(table.parameters)):
        head = "\n\n".join(input_faults(table.phrases, faults).values())
        await _list(table, await _afresh(table, round), _openers(table), head=head)


async def _afresh(table: Table, round: Round) -> Round:
    """The answer to a command comes below it, not over a note further up."""
    await rounds.close_note(table, round)
    return replace(round, note=None)


async def _list(table: Table, round: Round, buttons: Sequence[Button], *, head: str = "") -> None:
    """All details and buttons to change them; over the note, if there is one."""
    cancel = Button(label=table.phrases.button_cancel, name="cancel")
    shown = (*buttons, cancel) if round.kept else buttons
    note = await rounds.show_list(table, round, shown, head=head)
    await rounds.save_round(table.tools, table.place, replace(round, asked="", note=note))


async def _open_again(table: Table, round: Round) -> None:
    """Open the form of a button; where it cannot be opened any more, ask in messages."""
    lacking = _lacking(table, _given(table, round)) if round.kept else ()
    if round.kept and not lacking:
        await _release(table, round)
        return
    if await _open_form(table, lacking or form.details(table.parameters)):
        return
    if lacking:
        await rounds.ask(table, round, lacking[0])
    else:
        await _list(table, round, rounds.openers(table))


async def _open_form(table: Table, fields: Sequence[Field], form_id: str = DETAILS) -> bool:
    surface = table.tools.surface(table.place)
    if not fields or not surface.capabilities(table.place).forms:
        return False
    made = form.make_form(form_id, table.phrases, table.parameters, fields, table.remembered)
    try:
        await surface.open_form(table.place, made)
    except Expired:
        return False
    return True


async def _ask_whole(table: Table) -> None:
    """A question without words: the question and its details as one form, else how to ask."""
    taker = message_variable(table.parameters)
    own = [one for one in table.parameters.form if one.variable == taker]
    details = form.details(table.parameters)
    if not (own and details and await _open_form(table, (*own, *details), QUESTION)):
        await _say(table, table.phrases.ask_how)


async def _remember(table: Table, values: Mapping[str, object]) -> Table:
    """Values without fault; None takes one back to its default."""
    given = {name: value for name, value in values.items() if value is not None}
    stay = {name: value for name, value in table.remembered.items() if name not in values}
    remembered = stay | form.typed(table.parameters, given)
    await table.tools.store.save_inputs(scope(table.place), remembered)
    return replace(table, remembered=remembered)


def _same_question(one: KeptEvent, other: KeptEvent) -> bool:
    return one.question() is not None and one.question() == other.question()


def _says_nothing(event: Event, text: str, fault: Fault | None) -> bool:
    if fault is not None and fault.kind == "missing":
        return True
    return isinstance(event, Command) and not text and not event.files


def _lacking(table: Table, given: Mapping[str, str]) -> tuple[Field, ...]:
    details = form.details(table.parameters)
    names = [one.variable for one in details]
    faults = form.find_faults(table.parameters, {**table.remembered, **given}, names)
    return tuple(one for one in details if one.variable in faults)


def _given(table: Table, round: Round) -> Mapping[str, str]:
    """What the first kept question sets for itself."""
    event = round.kept[0].event() if round.kept else None
    if not isinstance(event, Command):
        return {}
    return form.assignments(table.parameters, event.text)[0]


def _question(submission: Submission, text: str) -> Command:
    place = replace(submission.place, interaction="")
    return Command(id=f"{submission.id}:ask", place=place, at=submission.at, name="ask", text=text)


def _openers(table: Table) -> Sequence[Button]:
    if _offers_forms(table):
        return [Button(label=table.phrases.button_fill_in, name="inputs")]
    return rounds.openers(table)


def _offers_forms(table: Table) -> bool:
    able = table.tools.surface(table.place).capabilities(table.place)
    return able.forms and able.buttons


def _answering(event: Event, place: Place) -> Place:
    """Among others a question of ours replies to the message that caused it."""
    if place.chat.private or not isinstance(event, Message | Command):
        return place
    return replace(place, reply_to=event.ref)


async def _say(table: Table, text: str, *buttons: Button) -> MessageRef:
    return await say(table.tools, table.place, text, *buttons)


async def _say_stale(table: Table, round: Round, action: Action) -> None:
    """Whoever presses a button that asks nobody, or somebody else, hears so without others."""
    able = table.tools.surface(table.place).capabilities(table.place)
    if round.taken == action.id or not (table.place.chat.private or able.private_replies):
        return
    await say(table.tools, table.place, table.phrases.inputs_stale, private=True)
