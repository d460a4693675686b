"""What the bot may do to messages in the room: the platform's own rules, one call at a time."""

import time
from contextlib import suppress
from dataclasses import replace

from adapters.playground.behaviour import Behaviour
from adapters.playground.markup import to_plain
from adapters.playground.records import BOT, Post, Stored, Voice
from adapters.playground.room import Room
from bot.events import MessageRef, Place
from bot.surface import Button, Expired, Gone, Outgoing, Stopped, SurfaceError


def cleaned(message: Outgoing) -> Outgoing:
    """Half of a surrogate pair is no character; a model's text may hold one."""
    return replace(message, text=message.text.encode(errors="replace").decode())


def checked(message: Outgoing, behaviour: Behaviour) -> None:
    """Raises SurfaceError for what no platform takes."""
    text = message.text
    if not text.strip():
        raise SurfaceError("a message needs text")
    # Marks do not count; parsing is left out where even with them there is room.
    if behaviour.measure(text) > behaviour.limit < behaviour.measure(to_plain(text)):
        raise SurfaceError("the message is too long")


def post(
    room: Room,
    place: Place,
    message: Outgoing,
    *,
    private: bool,
    growing: bool = False,
    files: tuple[Stored, ...] = (),
) -> Post:
    """A new message; `private` shows it to the one it is for and nobody else."""
    new = Post(
        id=room.number(),
        chat=place.chat.id,
        author=BOT,
        at=time.time(),
        text=message.text,
        buttons=message.buttons,
        growing=growing,
        files=files,
        reply_to=place.reply_to.id if place.reply_to else "",
        only_for=place.user.id if private else "",
    )
    room.show(new)
    return new


def edit(room: Room, ref: MessageRef, message: Outgoing, *, growing: bool = False) -> Post:
    """Write a message over. Raises Gone. What would change nothing changes nothing."""
    old = own(room, ref)
    if old.only_for and not room.behaviour.growth == "edits":
        raise Gone("what only one person sees cannot be changed")
    new = replace(old, text=message.text, buttons=message.buttons, growing=growing)
    if old.files:
        raise Gone("a file cannot become a text")
    room.passing.end_stream(old.id)
    if new == old:
        return old
    if growing and replace(new, text=old.text) == old:
        room.grow(new)
    else:
        room.show(new)
    return new


def delete(room: Room, ref: MessageRef) -> None:
    """What is not there any more counts as deleted."""
    try:
        room.remove(own(room, ref))
    except Gone:
        return


def settle(room: Room, ref: MessageRef) -> None:
    """Nobody writes this message any more; no call, since platforms do not show that."""
    old = room.posts.get(ref.id)
    if old is not None and old.growing:
        with suppress(OSError):  # a full disk: it looks as if it grew until the next start
            room.show(replace(old, growing=False))


def begin_stream(room: Room, place: Place, message: Outgoing) -> Post:
    new = post(room, place, message, private=False, growing=True)
    room.passing.begin_stream(new.id)
    return new


def append(room: Room, ref: MessageRef, added: str) -> None:
    """Raises Stopped, Expired, Gone."""
    old = own(room, ref)
    if ref.id in room.passing.stopped:
        raise Stopped
    if not room.passing.streams(ref.id):
        raise Expired("the stream is over")
    room.grow(replace(old, text=old.text + added))


def stop_stream(room: Room, ref: MessageRef, added: str, buttons: tuple[Button, ...]) -> None:
    """The stream's end, with the rest of the text and the buttons. Raises as `append`."""
    if added:
        append(room, ref, added)
    elif not room.passing.streams(ref.id):
        raise Expired("the stream is over")
    old = own(room, ref)
    room.passing.end_stream(ref.id)
    room.show(replace(old, buttons=buttons, growing=False))


def draw(room: Room, draft: Post) -> None:
    """Raises Stopped."""
    if draft.id in room.passing.stopped:
        raise Stopped
    known = draft.id in room.passing.drafts
    make = room.frame if known else room.message
    room.passing.draw(draft, lambda: make(draft))


def speak(room: Room, place: Place, voice: Voice, *, private: bool) -> Post:
    new = Post(
        id=room.number(),
        chat=place.chat.id,
        author=BOT,
        at=time.time(),
        voice=voice,
        reply_to=place.reply_to.id if place.reply_to else "",
        only_for=place.user.id if private else "",
    )
    room.show(new)
    return new


def own(room: Room, ref: MessageRef) -> Post:
    """The bot's message behind `ref`. Raises Gone for every other."""
    found = room.posts.get(ref.id) if ref.workspace == room.id else None
    if found is None or found.author != BOT or found.chat != ref.chat:
        raise Gone("the message is not there")
    return found
