"""Presses, shortcuts and forms → events in the normal form. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from adapters.slack import carried, content, heard, home, keyboard, payloads, words
from adapters.slack.heard import NOTHING, Heard, Me, convert
from adapters.slack.interaction import Interaction, Kind
from bot.events import Action, Command, Event, Place, Quote, User

_SUBMITTED: Final = Heard(submitted=True)


def parse(
    payload: Mapping[str, object], me: Me, *, names: Mapping[str, str], now: datetime
) -> Heard:
    """Read one interaction without nulls. Raises Unreadable."""
    deed = convert(payload, payloads.Interaction)
    if not deed.user.id:
        return NOTHING
    if deed.type == "block_actions":
        at_home = deed.view is not None and deed.view.type == "home"
        return _at_home(deed, payload, me, now) if at_home else _pressed(deed, me, now)
    if deed.type == "message_action":
        return _about(deed, me, names, now)
    if deed.type == "shortcut":
        return _shortcut(deed, me, now)
    # Every other kind, such as a view that was closed, changes nothing.
    return _SUBMITTED if deed.type == "view_submission" else NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Who has done something, and the trigger that names it."""

    user: User
    trigger: str


def submission(payload: Mapping[str, object]) -> Deed:
    """Who has filled in a view. Raises Unreadable."""
    deed = convert(payload, payloads.Interaction)
    return Deed(user=_user(deed), trigger=deed.trigger_id)


def doer(payload: Mapping[str, object]) -> str:
    """The id of whoever has done something or given a command, "" where it is not told."""
    person = payload.get("user")
    id = person.get("id") if isinstance(person, Mapping) else payload.get("user_id")
    return id if isinstance(id, str) else ""


def first_field(payload: Mapping[str, object]) -> str:
    """The block of the first field of a view that was filled in, "" where it has none."""
    view = payload.get("view")
    blocks = view.get("blocks") if isinstance(view, Mapping) else None
    for block in blocks if isinstance(blocks, list) else []:
        if isinstance(block, Mapping) and block.get("type") == "input":
            return str(block.get("block_id", ""))
    return ""


def _pressed(deed: payloads.Interaction, me: Me, now: datetime) -> Heard:
    button = keyboard.parse(deed.actions[0]) if deed.actions else None
    container = deed.container or payloads.Container()
    if button is None:
        return NOTHING
    channel = container.channel_id or (deed.channel.id if deed.channel else "")
    on = container.message_ts
    if not on or not channel:  # such as a field of a form that is being filled in
        return NOTHING
    in_thread = container.thread_ts or (deed.message.thread_ts if deed.message else "")
    place = Place(
        # Nothing hangs on a message that only one person sees.
        chat=heard.chat(me, channel, in_thread or ("" if container.is_ephemeral else on)),
        user=_user(deed),
        interaction=_interaction(deed, "press"),
        only_user=container.is_ephemeral,
    )
    return Heard(event=_action(deed, me, place, now, button, on))


def _at_home(
    deed: payloads.Interaction, payload: Mapping[str, object], me: Me, now: datetime
) -> Heard:
    """A button of the home page says the same in the person's own chat."""
    view = payload.get("view")
    found = carried.read(view) if isinstance(view, Mapping) else None
    channel = found.place.chat.id if found else ""
    place = Place(
        chat=heard.chat(me, channel, private=True),
        user=_user(deed),
        interaction=_interaction(deed, "press"),
    )
    pressed = deed.actions[0] if deed.actions else {}
    event: Event | None = None
    if order := home.order(pressed):
        id = heard.happening(me, "action", deed.trigger_id, now)
        event = Command(id=id, place=place, at=now, name=order[0], text=order[1])
    elif button := keyboard.parse(pressed):
        event = _action(deed, me, place, now, button, "")
    return Heard(event=event, directly=not channel) if event else NOTHING


def _action(
    deed: payloads.Interaction,
    me: Me,
    place: Place,
    now: datetime,
    button: tuple[str, str],
    on: str,
) -> Action:
    return Action(
        id=heard.happening(me, "action", deed.trigger_id, now),
        place=place,
        at=now,
        ref=heard.ref(me, place.chat.id, on),
        name=button[0],
        value=button[1],
    )


def _about(deed: payloads.Interaction, me: Me, names: Mapping[str, str], now: datetime) -> Heard:
    """The shortcut of a message: it is the question, and its thread is where it is answered."""
    message = deed.message
    if message is None or not message.ts or deed.channel is None or not deed.channel.id:
        return NOTHING
    channel = deed.channel.id
    quoted = Quote(
        ref=heard.ref(me, channel, message.ts),
        text=words.read(content.text(message), me.user, names).text,
        files=heard.files(me, message.files),
    )
    place = Place(
        chat=heard.chat(me, channel, message.thread_ts or message.ts),
        user=_user(deed),
        interaction=_interaction(deed, "shortcut"),
    )
    return Heard(event=_ask(deed, me, place, now, quoted))


def _shortcut(deed: payloads.Interaction, me: Me, now: datetime) -> Heard:
    """The shortcut that belongs to no chat."""
    place = Place(
        chat=heard.chat(me, "", private=True),
        user=_user(deed),
        interaction=_interaction(deed, "shortcut"),
    )
    return Heard(event=_ask(deed, me, place, now, None), directly=True)


def _ask(
    deed: payloads.Interaction, me: Me, place: Place, now: datetime, quoted: Quote | None
) -> Command:
    id = heard.happening(me, "shortcut", deed.trigger_id, now)
    return Command(id=id, place=place, at=now, name="ask", quoted=quoted)


def _user(deed: payloads.Interaction) -> User:
    return heard.user(deed.user.id, deed.user.team_id, deed.user.name)


def _interaction(deed: payloads.Interaction, kind: Kind) -> str:
    made = Interaction(kind=kind, trigger=deed.trigger_id, response_url=deed.response_url)
    return made.packed()
