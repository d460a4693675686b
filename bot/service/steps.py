"""The steps of a round: what an answer or a button leads to, and what comes next."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from bot.completion import Field
from bot.events import Command, Event, Place
from bot.phrases import input_faults
from bot.service import form, rounds
from bot.service.rounds import KeptEvent, Round, Table
from bot.service.tools import Tools
from bot.store.records import scope
from bot.surface import Again, Busy, Button, Expired

DETAILS = "inputs"
"""The id of the form that only sets details."""

AGAIN = ":inputs"
"""Ends the id of an event that comes back once its details are there."""


async def answer(table: Table, round: Round, asked: Field, value: object) -> None:
    """Take `value` for `asked` and go on below it; what does not fit is asked for again."""
    faults = form.find_faults(table.parameters, {asked.variable: value}, [asked.variable])
    if faults:
        head = input_faults(table.phrases, faults)[asked.variable]
        await rounds.ask(table, round, asked, head=head)
        return
    await _go_below(await remember(table, {asked.variable: value}), round, asked)


async def go_on(table: Table, round: Round, after: Field | None = None) -> None:
    """What comes `after` one detail: the next one, else the kept questions or a look at all."""
    if after is not None:
        round = replace(round, path=(*round.path, after.variable))
    following = _following(table, round, after)
    if following is not None:
        await rounds.ask(table, round, following)
    elif round.kept:
        await release(table, round)
    else:
        await show_list(table, round, openers(table), head=table.phrases.inputs_saved)


def _following(table: Table, round: Round, after: Field | None) -> Field | None:
    if round.kept:
        return next(iter(lacking(table, given(table, round))), None)
    details = form.details(table.parameters)
    if not round.all or after not in details:
        return None
    return next(iter(details[details.index(after) + 1 :]), None)


async def release(table: Table, round: Round) -> None:
    """Hand the kept questions to the inbox; they take their turn behind what came before."""
    await _hand_on(table, round.kept)
    newest = await rounds.find_round(table.tools, table.place)
    # What came while the last detail did is not forgotten with the rest.
    late = [one for one in newest.kept if one not in round.kept] if newest else []
    await _hand_on(table, late)
    await rounds.save_round(table.tools, table.place, Round(taken=round.taken))
    await rounds.close_note(table, round, table.phrases.inputs_saved)
    if newest is not None and late and newest.note != round.note:
        await rounds.close_note(table, newest, table.phrases.inputs_saved)


async def _hand_on(table: Table, kept: Iterable[KeptEvent]) -> None:
    for one in kept:
        event = one.event()
        if event is not None:
            place = _today(event.place, table.place)
            await accept(table.tools, replace(event, id=event.id + AGAIN, place=place))


def _today(asked: Place, now: Place) -> Place:
    """Where a question was asked, which may have moved since.

    Where the bot is no member, nothing but what releases it lets it be answered.
    """
    chat, user = replace(asked.chat, id=now.chat.id), replace(asked.user, id=now.user.id)
    return replace(asked, chat=chat, user=user, interaction=now.interaction)


async def accept(tools: Tools, event: Event) -> None:
    """Hand an event of our own to the inbox; raises Again while it is full."""
    try:
        await tools.accept(event)
    except Busy as busy:
        raise Again(busy.retry_after) from None


async def press(table: Table, round: Round, value: str) -> None:
    """Do what a button under a question or under the list says."""
    details = form.details(table.parameters)
    at = int(value[1:]) if value[1:].isdecimal() else -1
    asked = table.field(round.asked)
    if value.startswith("f") and at in range(len(details)):
        await rounds.ask_there(table, round, details[at])
    elif value == "all":
        await rounds.ask_there(table, replace(round, all=True, path=()), details[0])
    elif asked is None or value == "keep":
        await show_list(table, round, openers(table))
    elif value == "back":
        await _go_back(table, round, asked)
    elif value == "skip":
        await _go_below(table, round, asked)
    elif (chosen := _choice(asked, value)) is not None:
        await _set(await remember(table, chosen), round, asked)
    else:
        await rounds.ask_there(table, round, asked)


def _choice(asked: Field, value: str) -> Mapping[str, object] | None:
    """What a button says `asked` is to be; None where it says nothing."""
    if value == "default":
        return {asked.variable: None}
    if value in ("yes", "no"):
        return {asked.variable: value}
    at = int(value[1:]) if value[1:].isdecimal() else -1
    if value.startswith("o") and at in range(len(asked.options)):
        return {asked.variable: asked.options[at]}
    return None


async def _set(table: Table, round: Round, asked: Field) -> None:
    """Go on after a button: several questions one below the other, a single one in place."""
    if round.kept or round.all:
        await _go_below(table, round, asked)
    else:
        await go_on(table, replace(round, asked=""), asked)


async def _go_below(table: Table, round: Round, asked: Field) -> None:
    """Leave the question with what holds now, and go on under it."""
    now = form.current(asked, table.remembered)
    await rounds.close_note(table, round, rounds.value_line(table, asked, now))
    lines = (*round.lines, round.note)
    await go_on(table, replace(round, asked="", note=None, lines=lines), asked)


async def _go_back(table: Table, round: Round, asked: Field) -> None:
    """Ask for the detail before once more; the line that says what came of it goes."""
    before = table.field(round.path[-1]) if round.path else None
    back = replace(round, path=round.path[:-1], lines=round.lines[:-1])
    await rounds.ask_there(table, back, before or asked)
    if round.lines:
        await rounds.close_note(table, replace(round, note=round.lines[-1]))


async def cancel(table: Table, round: Round) -> None:
    """Give up the questions that wait."""
    await rounds.save_round(table.tools, table.place, Round(taken=round.taken))
    await rounds.close_note(table, round, table.phrases.inputs_question_dropped)


async def show_list(
    table: Table, round: Round, buttons: Sequence[Button], *, head: str = ""
) -> None:
    """All details and buttons to change them; over the note, if there is one."""
    cancel = Button(label=table.phrases.button_cancel, name="cancel")
    # While questions wait, only what they lack is worth asking for.
    shown = (*(each for each in buttons if each.value != "all"), cancel) if round.kept else buttons
    note = await rounds.show_list(table, round, shown, head=head)
    shows = replace(round, asked="", note=note, path=(), lines=(), all=False)
    await rounds.save_round(table.tools, table.place, shows)


async def open_form(table: Table, fields: Sequence[Field], form_id: str = DETAILS) -> bool:
    """False where none can be opened, or no longer."""
    surface = table.tools.surface(table.place)
    if not fields or not surface.capabilities(table.place).forms:
        return False
    phrases = table.phrases
    words = (phrases.inputs_title, phrases.button_save)
    if form_id != DETAILS:
        words = (phrases.ask_title, phrases.button_send)
    made = form.make_form(form_id, phrases, table.parameters, fields, table.remembered, words)
    try:
        await surface.open_form(table.place, made)
    except Expired:
        return False
    return True


async def remember(table: Table, values: Mapping[str, object]) -> Table:
    """Values without fault; None takes one back to its default."""
    given = {name: value for name, value in values.items() if value is not None}
    stay = {name: value for name, value in table.remembered.items() if name not in values}
    remembered = stay | form.typed(table.parameters, given)
    await table.tools.store.save_inputs(scope(table.place), remembered)
    return replace(table, remembered=remembered)


def lacking(table: Table, given: Mapping[str, str]) -> tuple[Field, ...]:
    """What is required and not known, in the order of the form."""
    details = form.details(table.parameters)
    names = [one.variable for one in details]
    faults = form.find_faults(table.parameters, {**table.remembered, **given}, names)
    return tuple(one for one in details if one.variable in faults)


def given(table: Table, round: Round) -> Mapping[str, str]:
    """What the first kept question sets for itself."""
    event = round.kept[0].event() if round.kept else None
    if not isinstance(event, Command):
        return {}
    return form.assignments(table.parameters, event.text)[0]


def openers(table: Table) -> Sequence[Button]:
    """The ways to change the details: a form where there are forms, else one by one."""
    if offers_forms(table):
        return [Button(label=table.phrases.button_fill_in, name="inputs")]
    return rounds.openers(table)


def offers_forms(table: Table) -> bool:
    able = table.tools.surface(table.place).capabilities(table.place)
    return able.forms and able.buttons
