"""One round of asking a person for details: what is kept meanwhile, and the note that asks.

The note is the message that holds the open question. It is written over once it is answered, so
that a chat is not littered with buttons that do nothing any more.
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from bot.completion import Field, Parameters
from bot.events import Action, Command, Event, Message, MessageRef, Place, decode, encode
from bot.phrases import Phrases
from bot.service import form
from bot.service.tools import Tools, say, take_away
from bot.service.words import literal
from bot.store.records import Dialog, Value, scope
from bot.surface import Button, Expired, Gone, Outgoing, SurfaceError

KEPT = 20
"""Questions kept while details are asked for; whoever sends more has stopped answering."""
HINT = 64
"""Characters of a hint in an empty reply (Telegram's limit)."""
OPTIONS = 24
"""Options offered as buttons; more fill a phone's screen, and their text can be written instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptEvent:
    kind: str
    body: str

    @classmethod
    def of(cls, event: Event) -> "KeptEvent":
        """A permission to open a form has long expired when the event is done at last."""
        plain = replace(event, place=replace(event.place, interaction=""))
        kind, body = encode(replace(plain, album="") if isinstance(plain, Message) else plain)
        return cls(kind=kind, body=body.decode())

    def event(self) -> Event | None:
        return decode(self.kind, self.body.encode())

    def question(self) -> MessageRef | None:
        """The message that asks, if it is one; a button's is not."""
        event = self.event()
        if isinstance(event, Action) and event.name != "revise":
            return None
        return event.ref if isinstance(event, Message | Command | Action) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """`asked` is the variable whose value is awaited, "" while none is.

    `path` are the details asked for before it, the way back, and `lines` the messages that say what
    came of the last of them; with `all` one follows the other though none is missing. `taken` is
    the event that came last. It survives the end of the round: an event that is done once more
    after a crash must not be mistaken for a new question.
    """

    kept: tuple[KeptEvent, ...] = ()
    asked: str = ""
    note: MessageRef | None = None
    taken: str = ""
    path: tuple[str, ...] = ()
    lines: tuple[MessageRef | None, ...] = ()
    all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What a round is played with: the place, the form, the words, and what is remembered."""

    tools: Tools
    place: Place
    parameters: Parameters
    phrases: Phrases
    remembered: Mapping[str, Value]

    def field(self, variable: str) -> Field | None:
        fields = form.details(self.parameters)
        return next((field for field in fields if field.variable == variable), None)


async def lay(tools: Tools, place: Place) -> Table:
    """Raises CompletionError when the form is not known."""
    parameters = await tools.app.parameters()
    preferences = await tools.store.preferences(scope(place))
    return Table(
        tools=tools,
        place=place,
        parameters=parameters,
        phrases=await tools.phrases_for(place),
        remembered=form.sound(parameters, preferences.inputs),
    )


async def find_round(tools: Tools, place: Place) -> Round | None:
    """None when no question of inputs is open, or when it is older than texts are kept."""
    dialog = await tools.store.dialog(scope(place))
    if dialog is None or dialog.kind != "inputs":
        return None
    if tools.now() - dialog.asked_at > tools.rules.keep_text:
        return None
    return msgspec.convert(dialog.state, Round)


async def save_round(tools: Tools, place: Place, round: Round) -> None:
    """A photo that waits for its question is not forgotten over a look at the details."""
    dialog = await tools.store.dialog(scope(place))
    if dialog is not None and dialog.kind == "photo" and not round.kept:
        return
    state = msgspec.to_builtins(round)
    dialog = Dialog(kind="inputs", state=state, asked_at=tools.now())
    await tools.store.open_dialog(scope(place), dialog)


async def ask(table: Table, round: Round, field: Field, *, head: str = "") -> None:
    """Post the question for `field` and wait for its answer."""
    await close_note(table, round)
    text = question(table, field, head)
    buttons = choices(table, field, round)
    note = await say(table.tools, table.place, text, *buttons, asks=_hint(table, field))
    round = replace(round, asked=field.variable, note=note)
    await save_round(table.tools, table.place, round)


async def ask_there(table: Table, round: Round, field: Field) -> None:
    """The same, over the note whose button was pressed.

    Not where only a new one opens a reply, nor where the reply it has opened is to close with it.
    """
    open = table.field(round.asked)
    if _hint(table, field) or (open and _hint(table, open)):
        await ask(table, round, field)
        return
    buttons = choices(table, field, round)
    note = await rewrite(table, round.note, question(table, field), *buttons)
    round = replace(round, asked=field.variable, note=note)
    await save_round(table.tools, table.place, round)


async def show_list(
    table: Table, round: Round, buttons: Sequence[Button], *, head: str = ""
) -> MessageRef:
    """Write all details over the note, or post them where there is none."""
    text = listed(table, head)
    if not table.tools.surface(table.place).capabilities(table.place).buttons:
        first = form.details(table.parameters)[0].variable
        text += "\n\n" + table.phrases.inputs_how.format(name=first)
    return await rewrite(table, round.note, text, *buttons)


async def close_note(table: Table, round: Round, text: str = "") -> None:
    """Write what came of a note over it, without its buttons; without `text` take it away."""
    if round.note is None:
        return
    surface = table.tools.surface(table.place)
    # Of all there is to say this is the least.
    with contextlib.suppress(SurfaceError):
        if text:
            await surface.edit(table.place, round.note, Outgoing(text=text, mine=True))
        else:
            await take_away(table.tools, table.place, round.note)


async def rewrite(table: Table, note: MessageRef | None, text: str, *buttons: Button) -> MessageRef:
    """Write over a note; where there is none, or none any more, a new one is posted."""
    surface = table.tools.surface(table.place)
    if note is not None:
        message = Outgoing(text=text, buttons=buttons, mine=True)
        with contextlib.suppress(Gone, Expired):
            return await surface.edit(table.place, note, message)
    return await say(table.tools, table.place, text, *buttons, private=True)


def name(field: Field) -> str:
    return literal(form.label(field))


def value_line(table: Table, field: Field, value: object) -> str:
    said = form.shown(table.phrases, field, value)
    return table.phrases.inputs_value.format(label=name(field), value=said)


def question(table: Table, field: Field, head: str = "") -> str:
    """What asks for one detail: what happened before, the question, its limit, what holds now."""
    phrases, group = table.phrases, not table.place.chat.private
    match field.kind:
        case "select":
            ask = phrases.inputs_choose
        case "checkbox":
            ask = phrases.inputs_yes_or_no
        case "number":
            ask = phrases.inputs_number_group if group else phrases.inputs_number
        case _:
            ask = phrases.inputs_write_group if group else phrases.inputs_write
    lines = [head, ask.format(label=name(field)), literal(field.hint)]
    if field.kind == "select" and not _offers_buttons(table, field):
        lines += [f"- {literal(option)}" for option in field.options]
    if field.max_length and field.kind != "select":
        lines.append(phrases.inputs_limit.format(limit=field.max_length))
    lines.append(_standing(table, field))
    return "\n\n".join(line for line in lines if line)


def choices(table: Table, field: Field, round: Round) -> tuple[Button, ...]:
    """The options of `field` as buttons, and the ways out."""
    phrases = table.phrases
    found: list[Button] = []
    now = form.current(field, table.remembered)
    if _offers_buttons(table, field):
        found += [
            Button(label=option, name="choose", value=f"o{at}", chosen=option == now)
            for at, option in enumerate(field.options)
        ]
    if field.kind == "checkbox":
        found.append(Button(label=phrases.button_yes, name="choose", value="yes"))
        found.append(Button(label=phrases.button_no, name="choose", value="no"))
    return (*found, *_ways(table, field, round))


def _ways(table: Table, field: Field, round: Round) -> Sequence[Button]:
    """The ways round an answer: back, on, to the default, and out."""
    phrases, known = table.phrases, field.variable in table.remembered
    empty = field.default in (None, "")
    ways = {
        "back": phrases.button_back if round.path else "",
        "skip": phrases.button_skip if round.all or (round.kept and known) else "",
        "keep": phrases.button_keep if not (round.all or round.kept) else "",
        "default": (phrases.button_clear if empty else phrases.button_default)
        if known and not round.kept
        else "",
    }
    found = [Button(label=told, name="choose", value=way) for way, told in ways.items() if told]
    if round.kept:
        return (*found, Button(label=phrases.button_cancel, name="cancel"))
    out = Button(label=phrases.button_cancel, name="choose", value="keep")
    return (*found, out) if round.all else found


def listed(table: Table, head: str = "") -> str:
    """Everything the app asks for, with what holds now."""
    fields = form.details(table.parameters)
    lines = [
        f"- {value_line(table, field, form.current(field, table.remembered))}" for field in fields
    ]
    return "\n\n".join(part for part in (head, table.phrases.inputs_list, "\n".join(lines)) if part)


def openers(table: Table) -> Sequence[Button]:
    """A button for each detail, to change it alone, and one for all of several."""
    details = form.details(table.parameters)
    each = [
        Button(label=form.label(field), name="choose", value=f"f{at}")
        for at, field in enumerate(details)
    ]
    through = Button(label=table.phrases.button_all, name="choose", value="all")
    return [*each, through] if len(details) > 1 else each


def _hint(table: Table, field: Field) -> str:
    """What stands in the empty field of the reply; "" where buttons answer, or none is opened."""
    able = table.tools.surface(table.place).capabilities(table.place)
    if not able.opens_replies or field.kind == "checkbox" or _offers_buttons(table, field):
        return ""
    return form.label(field)[:HINT]


def _offers_buttons(table: Table, field: Field) -> bool:
    able = table.tools.surface(table.place).capabilities(table.place)
    return able.buttons and field.kind == "select" and len(field.options) <= OPTIONS


def _standing(table: Table, field: Field) -> str:
    value = table.remembered.get(field.variable)
    if value is not None:
        shown = form.shown(table.phrases, field, value)
        return table.phrases.inputs_now.format(value=shown)
    if field.default not in (None, ""):
        shown = form.shown(table.phrases, field, field.default)
        return table.phrases.inputs_default.format(value=shown)
    return ""
