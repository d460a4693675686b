"""What people do on the page → events in the normal form. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from adapters.playground.records import BOT, EVERYONE, Person, Post
from bot.events import (
    Action,
    Chat,
    Command,
    Deleted,
    Edited,
    Event,
    File,
    Message,
    MessageRef,
    Place,
    Quote,
    Reaction,
    Submission,
)

PLATFORM = "playground"

_COMMAND = re.compile(r"/([A-Za-z][A-Za-z0-9_-]{0,31})(?:@(\w+))?(?:\s+(.*))?", re.DOTALL)
# Skin tones, and what asks for the colourful or the plain form of a sign.
_SHADES = re.compile("[\U0001f3fb-\U0001f3ff\ufe0e\ufe0f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Who does something, where: `room` is the room's id, `handle` the bot's name after an @.

    `title` is what people read over its messages, and so what they may call it.
    """

    room: str
    handle: str
    title: str = ""
    person: Person
    chat: str
    interaction: str = ""

    @property
    def private(self) -> bool:
        return self.chat != EVERYONE

    def ref(self, id: str) -> MessageRef:
        return MessageRef(platform=PLATFORM, workspace=self.room, chat=self.chat, id=id)

    def place(self, reply_to: str = "") -> Place:
        return Place(
            chat=Chat(platform=PLATFORM, workspace=self.room, id=self.chat, private=self.private),
            user=self.person.user,
            reply_to=self.ref(reply_to) if reply_to and not self.private else None,
            interaction=self.interaction,
        )

    def event_id(self, *happening: object) -> str:
        return ":".join(map(str, (PLATFORM, self.room, self.chat, *happening)))


def bare(emoji: str) -> str:
    """The emoji without skin tone or variation selector."""
    return _SHADES.sub("", emoji)


def spoken(scene: Scene, parts: Sequence[Post], quoted: Post | None) -> list[Event]:
    """The events of one thing said: one for each part of an album, none if not said to the bot."""
    first = parts[0]
    command = _COMMAND.fullmatch(first.text.strip())
    if command and command[2] and command[2].lower() != scene.handle:
        return []
    if command:
        files = tuple(file for post in parts for file in _files(post))
        return [
            Command(
                id=scene.event_id(first.id),
                place=scene.place(first.id),
                at=_time(first.at),
                name=command[1].lower(),
                text=command[3] or "",
                files=files,
                quoted=_quote(scene, quoted),
                ref=scene.ref(first.id),
            )
        ]
    if not _addressed(scene, first.text, quoted):
        return []
    return [
        Message(
            id=scene.event_id(post.id),
            place=scene.place(first.id),
            at=_time(post.at),
            ref=scene.ref(post.id),
            text=_unaddressed(scene, post.text),
            files=_files(post),
            quoted=_quote(scene, quoted),
            album=post.album,
        )
        for post in parts
    ]


def edited(scene: Scene, post: Post, old: Post, quoted: Post | None) -> list[Event]:
    """Nothing if neither the old words nor the new ones are for the bot.

    The words of an `/ask` are its question; no edit makes a message another command.
    """
    command = _COMMAND.fullmatch(post.text.strip())
    if not any(_addressed(scene, text, quoted) for text in (post.text, old.text)):
        return []
    if command and command[1].lower() != "ask":
        return []
    text = (command[3] or "") if command else post.text
    return [
        Edited(
            id=scene.event_id(post.id, "edit", post.edits),
            place=scene.place(post.id),
            at=datetime.now(UTC),
            ref=scene.ref(post.id),
            text=_unaddressed(scene, text),
            files=_files(post),
        )
    ]


def deleted(scene: Scene, post: Post) -> Event:
    return Deleted(
        id=scene.event_id(post.id, "deleted"),
        place=scene.place(),
        at=datetime.now(UTC),
        ref=scene.ref(post.id),
    )


def reacted(
    scene: Scene, post: Post, client: str, *, added: Sequence[str], removed: Sequence[str]
) -> Event:
    return Reaction(
        id=scene.event_id(post.id, "reaction", client),
        place=scene.place(),
        at=datetime.now(UTC),
        ref=scene.ref(post.id),
        added=tuple(added),
        removed=tuple(removed),
    )


def pressed(scene: Scene, post: Post, client: str, *, name: str, value: str) -> Event:
    return Action(
        id=scene.event_id(post.id, "press", client),
        place=scene.place(post.reply_to),
        at=datetime.now(UTC),
        ref=scene.ref(post.id),
        name=name,
        value=value,
    )


def stopped(scene: Scene, client: str) -> Event:
    """The platform's own stop, where it names no message."""
    return Command(
        id=scene.event_id("stop", client), place=scene.place(), at=datetime.now(UTC), name="stop"
    )


def submitted(scene: Scene, client: str, *, form: str, values: dict[str, str]) -> Event:
    return Submission(
        id=scene.event_id("form", client),
        place=scene.place(),
        at=datetime.now(UTC),
        form=form,
        values=values,
    )


def _addressed(scene: Scene, text: str, quoted: Post | None) -> bool:
    if scene.private or (quoted is not None and quoted.author == BOT):
        return True
    return bool(_mention(scene).search(text) or _COMMAND.fullmatch(text.strip()))


def _unaddressed(scene: Scene, text: str) -> str:
    """`text` without the bot's name at its head or end, which is address and not question."""
    text = re.sub(rf"^\s*{_mention(scene).pattern}[,:]?\s*", "", text, flags=re.IGNORECASE)
    return re.sub(rf"\s*{_mention(scene).pattern}\s*$", "", text, flags=re.IGNORECASE)


def _mention(scene: Scene) -> re.Pattern[str]:
    names = sorted(filter(None, (scene.handle, scene.title)), key=len, reverse=True)
    any_of_them = "|".join(map(re.escape, names))
    return re.compile(rf"(?<!\w)@(?:{any_of_them})(?!\w)", re.IGNORECASE)


def _quote(scene: Scene, post: Post | None) -> Quote | None:
    if post is None:
        return None
    return Quote(ref=scene.ref(post.id), text=post.text, files=_files(post))


def _files(post: Post) -> tuple[File, ...]:
    return tuple(
        File(handle=file.id, media_type=file.media_type, name=file.name, size=file.size)
        for file in post.files
    )


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
