"""What people do in the room: each deed is kept together with the events it makes for the bot."""

import re
import time
from collections.abc import Sequence
from dataclasses import replace

from adapters.playground import inbound
from adapters.playground.guard import Faulty, Refused
from adapters.playground.inbound import Scene
from adapters.playground.records import BOT, EVERYONE, Person, Post
from adapters.playground.requests import Delete, Edit, Press, React, Send, Submit
from adapters.playground.room import MOST_OWED, MOST_PEOPLE, Room
from bot.events import Event
from bot.surface import Busy

_NAME = re.compile(r"[\w .'-]{1,40}")


class Deeds:
    """Every verb raises Refused, and Busy while too much waits for the bot."""

    def __init__(self, room: Room, handle: str) -> None:
        self._room = room
        self._handle = handle

    def say(self, asked: Send) -> None:
        """Several files make an album: one message for each, the words on the first."""
        text = _clean(asked.text)
        scene = self._scene(asked.person, asked.chat, clicked=text.startswith("/"))
        if not text and not asked.files:
            raise Refused("Write something first.")
        files = [file for id in asked.files if (file := self._room.file(id))]
        if len(files) < len(asked.files):
            raise Refused("A file is no longer there. Add it once more.")
        quoted = self._quoted(asked)
        number = int(self._room.number())
        first = Post(
            id=str(number),
            chat=asked.chat,
            author=asked.person,
            at=time.time(),
            text=text,
            reply_to=quoted.id if quoted else "",
            album=f"{number}" if len(files) > 1 else "",
            files=tuple(files[:1]),
            sent=asked.id,
        )
        others = [
            replace(first, id=str(number + after), text="", files=(file,))
            for after, file in enumerate(files[1:], 1)
        ]
        parts = [first, *others]
        events = inbound.spoken(scene, parts, quoted)
        self._room.show(*parts, because=self._room.happen(asked.id, events))

    def edit(self, asked: Edit) -> None:
        """Only people's words can be edited; the page offers people their own."""
        old = self._persons(asked.message)
        text = _clean(asked.text)
        if not text and not old.files:
            raise Refused("Write something, or delete the message.")
        if text == old.text:
            return
        new = replace(old, text=text, edits=old.edits + 1, edited=True)
        quoted = self._room.posts.get(old.reply_to)
        events = inbound.edited(self._scene(old.author, old.chat), new, old, quoted)
        self._room.show(new, because=self._room.happen(asked.id, events))

    def delete(self, asked: Delete) -> None:
        """Anybody's; the bot hears of people's, where the platform tells it at all."""
        old = self._room.posts.get(asked.message)
        if old is None:
            raise Refused("The message is no longer there.")
        events: list[Event] = []
        if old.author != BOT and self._room.behaviour.tells_deletes:
            events.append(inbound.deleted(self._scene(old.author, old.chat), old))
        self._room.remove(old, because=self._room.happen(asked.id, events))

    def react(self, asked: React) -> None:
        old = self._visible(asked.message, asked.person)
        scene = self._scene(asked.person, old.chat)
        emoji, behaviour = inbound.bare(asked.emoji), self._room.behaviour
        if asked.on and behaviour.reactions and emoji not in behaviour.reactions:
            raise Refused("There is no such reaction here.")
        mine = [each for each, people in old.reactions.items() if asked.person in people]
        added = [emoji] if asked.on and emoji not in mine else []
        if asked.on:
            removed = [each for each in mine if each != emoji and behaviour.one_reaction]
        else:
            removed = [each for each in mine if each == emoji]
        if not added and not removed:
            return
        new = replace(old, reactions=_reactions(old, asked.person, added, removed))
        event = inbound.reacted(scene, old, asked.id, added=added, removed=removed)
        self._room.show(new, because=self._room.happen(asked.id, [event]))

    def press(self, asked: Press) -> None:
        passing = self._room.passing
        draft = passing.drafts.get(asked.message)
        post = draft or self._visible(asked.message, asked.person)
        scene = self._scene(asked.person, post.chat, clicked=True)
        if not any((each.name, each.value) == (asked.name, asked.value) for each in post.buttons):
            raise Refused("The button is no longer there.")
        if asked.name == "stop" and passing.can_stop(post.id):
            passing.stopped.add(post.id)
        event = (
            inbound.stopped(scene, asked.id)
            if draft
            else inbound.pressed(scene, post, asked.id, name=asked.name, value=asked.value)
        )
        self._room.keep(self._room.happen(asked.id, [event]))

    def submit(self, asked: Submit) -> None:
        scene = self._scene(asked.person, asked.chat, clicked=True)
        values = {name: _clean(value) for name, value in asked.values.items()}
        passing = self._room.passing
        if faults := passing.faults(asked.chat, asked.person, asked.form, values):
            raise Faulty("Something is to be corrected.", faults=faults)
        event = inbound.submitted(scene, asked.id, form=asked.form, values=values)
        self._room.keep(self._room.happen(asked.id, [event]))

    def join(self, name: str) -> Person:
        name = _clean(name)
        if not _NAME.fullmatch(name):
            raise Refused("A name has letters and at most 40 characters.")
        if len(self._room.people) >= MOST_PEOPLE:
            raise Refused("The room is full.")
        return self._room.join(name, "en")

    def _scene(self, person: str, chat: str, *, clicked: bool = False) -> Scene:
        room, behaviour = self._room, self._room.behaviour
        if len(room.all_owed()) >= MOST_OWED:
            raise Busy
        someone = room.people.get(person)
        if someone is None or chat not in (EVERYONE, someone.chat):
            raise Refused("This person is not in this chat.")
        lasts = behaviour.interaction if clicked else behaviour.spoken_interaction
        permission = room.passing.permit(lasts)
        return Scene(
            room=room.id,
            handle=self._handle,
            title=room.title,
            person=someone,
            chat=chat,
            interaction=permission,
        )

    def _quoted(self, asked: Send) -> Post | None:
        """What is replied to; the reply outlives it, so that nothing typed is lost."""
        post = self._room.posts.get(asked.reply_to or "")
        if post is None or post.chat != asked.chat or post.only_for not in ("", asked.person):
            return None
        return post

    def _visible(self, message: str, person: str) -> Post:
        post = self._room.posts.get(message)
        if post is None or post.only_for not in ("", person):
            raise Refused("The message is no longer there.")
        return post

    def _persons(self, message: str) -> Post:
        post = self._room.posts.get(message)
        if post is None or post.author == BOT:
            raise Refused("The message is no longer there.")
        return post


def _reactions(
    post: Post, person: str, added: Sequence[str], removed: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """All reactions under `post` after one person's change; emoji nobody gives any more go."""
    after = dict(post.reactions)
    for emoji in removed:
        after[emoji] = tuple(other for other in after[emoji] if other != person)
    for emoji in added:
        after[emoji] = (*after.get(emoji, ()), person)
    return {emoji: people for emoji, people in after.items() if people}


def _clean(text: str) -> str:
    return text.encode(errors="replace").decode().strip()
