"""The platform itself: every change is in the journal before anybody sees it or hears "done"."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from adapters.playground import view
from adapters.playground.behaviour import BEHAVIOURS, FILE_LIMIT, Behaviour
from adapters.playground.feed import Feed, Operation
from adapters.playground.files import Files
from adapters.playground.journal import Journal
from adapters.playground.markup import Frames, to_html, typed_html
from adapters.playground.passing import Passing
from adapters.playground.records import (
    BOT,
    EVERYONE,
    Change,
    Grew,
    Happened,
    Joined,
    Person,
    Played,
    Post,
    Removed,
    Settled,
    Shown,
    Stored,
    Uploaded,
)
from adapters.playground.state import State
from bot.events import Event, decode, encode
from bot.markdown import close_open

MOST_POSTS = 2000
MOST_FILE_BYTES = 20 * FILE_LIMIT
MOST_PEOPLE = 50
MOST_OWED = 500  # events not accepted yet; the page is told to come again
# Bytes; an hour of one answer after the other writes about a tenth of it.
_LONGEST_JOURNAL = 64 * 1024 * 1024


class Room:
    """People, chats, messages and files.

    `path` names the journal, files lie beside it; None keeps everything in memory. Message ids are
    numbers that never come again, in this room or in any later one, whose id is another.
    """

    def __init__(self, path: Path | None = None, *, behaviour: str = "") -> None:
        self.title = "Parley"
        self.feed = Feed()
        self.passing = Passing(self.feed)
        self.files = Files(path and path.with_name(path.name + ".files"))
        self._journal = Journal(path)
        self._state = State()
        if behaviour:
            self._state.behaviour = behaviour
        self._frames: dict[str, Frames] = {}
        self._html: dict[str, tuple[str, str]] = {}

    def open(self) -> None:
        """Read what there is and write it anew, shorter. Raises RoomTaken, OSError."""
        for change in self._journal.open():
            self._state.apply(change)
        # Whoever wrote these is gone; nobody is writing now.
        for post in [post for post in self._state.posts.values() if post.growing]:
            self._state.posts[post.id] = replace(post, growing=False)
        self._journal.rewrite(self._state.changes())
        self.files.keep_only(set(self._state.files))

    def close(self) -> None:
        """Every tab's stream ends, and the file is let go."""
        self.feed.close()
        self.passing.close()
        self._journal.close()

    @property
    def id(self) -> str:
        return self._state.id

    @property
    def behaviour(self) -> Behaviour:
        return BEHAVIOURS.get(self._state.behaviour, BEHAVIOURS["ideal"])

    @property
    def people(self) -> dict[str, Person]:
        return self._state.people

    @property
    def posts(self) -> dict[str, Post]:
        """By id, oldest first."""
        return self._state.posts

    def has_chat(self, id: str) -> bool:
        return id == EVERYONE or any(id == person.chat for person in self.people.values())

    def file(self, id: str) -> Stored | None:
        return self._state.files.get(id)

    def behave(self, name: str) -> None:
        self._record(Played(name))
        self.feed.publish(
            {
                "op": "behaviour",
                "behaviour": self.behaviour.name,
                "capabilities": view.capabilities(self.behaviour),
            }
        )

    def join(self, name: str, language: str) -> Person:
        """Somebody new, with a chat of their own."""
        taken = self.people.keys()
        word = "".join(letter for letter in name.lower() if letter.isascii() and letter.isalnum())
        id = word[:20] or "person"
        number = 2
        while id in taken:
            id, number = f"{word[:20] or 'person'}{number}", number + 1
        person = Person(id=id, name=name, language=language)
        self._record(Joined(person))
        return person

    def number(self) -> str:
        """The next message's id; given away with the record that uses it."""
        return str(self._state.next)

    def show(self, *posts: Post, because: Sequence[Change] = ()) -> None:
        """Messages as they now are, and the events that this makes: kept together."""
        self._record(*map(Shown, posts), *because)
        for post in posts:
            self._frames.pop(post.id, None)
            self._announce(post)
        self._trim()

    def grow(self, post: Post) -> None:
        """`post` with another text and nothing else."""
        old = self.posts[post.id].text
        keep = _common(old, post.text)
        self._record(Grew(post.id, keep, post.text[keep:]))
        self.feed.publish_frame(post.id, lambda: self.frame(post))

    def remove(self, post: Post, because: Sequence[Change] = ()) -> None:
        self._record(Removed(post.id), *because)
        self._forget(post.id)
        self.feed.publish_message(post.id, lambda: {"op": "deleted", "id": post.id})

    async def upload(self, data: bytes, media_type: str, name: str) -> Stored:
        """Keep a file; the oldest go when there are too many bytes. Raises OSError."""
        id = secrets.token_hex(16)
        await self.files.write(id, data)
        file = Stored(id=id, media_type=media_type, name=name, size=len(data), at=time.time())
        self._record(Uploaded(file))
        kept = sum(each.size for each in self._state.files.values())
        for old in list(self._state.files.values()):
            if kept <= MOST_FILE_BYTES:
                break
            kept -= old.size
            self._record(Removed(old.id))
            await self.files.drop(old.id)
        return file

    def happen(self, client: str, events: Sequence[Event]) -> list[Change]:
        """Records, not yet kept, of events the page knows under its id `client`.

        Without events the id is known all the same, and nothing is owed.
        """
        records: list[Change] = [] if events else [Settled(client)]
        for event in events:
            kind, body = encode(event)
            records.append(Happened(client, event.id, kind, body.decode()))
        return records

    def keep(self, happened: Sequence[Change]) -> None:
        self._record(*happened)

    def owed(self, client: str) -> list[Event]:
        """What the bot has not accepted of this happening, in order."""
        records = self._state.owed.get(client, ())
        events = (decode(record.kind, record.body.encode()) for record in records)
        return [event for event in events if event is not None]

    def owes(self, client: str) -> bool:
        return client in self._state.owed

    def all_owed(self) -> list[str]:
        return list(self._state.owed)

    def settle(self, client: str) -> None:
        if client not in self._state.settled:
            self._record(Settled(client))

    def knows(self, client: str) -> bool:
        """Whether something happened under this id of the page."""
        return client in self._state.settled or client in self._state.owed

    def html(self, post: Post) -> str:
        """Rendered once for every text."""
        text, html = self._html.get(post.id, ("", ""))
        if text != post.text:
            html = to_html(post.text) if post.author == BOT else typed_html(post.text)
            if not post.growing:
                self._html[post.id] = (post.text, html)
        return html

    def message(self, post: Post) -> Operation:
        name = view.name(post.author, self.title, self.people)
        return {"op": "message", "message": view.message(post, name, self.html(post))}

    def frame(self, post: Post) -> Operation:
        # A stream is sent as it is written, and platforms close its half-open marks for display.
        text = close_open(post.text) if self.passing.streams(post.id) else post.text
        html = self._frames.setdefault(post.id, Frames()).render(text)
        return {"op": "grew", "id": post.id, "html": html, "text": post.text, "n": len(post.text)}

    def wipe(self, draft: str) -> None:
        """A draft is over."""
        self._frames.pop(draft, None)
        self.passing.wipe(draft)

    def _announce(self, post: Post) -> None:
        self.feed.publish_message(post.id, lambda: self.message(post))
        if post.author == BOT:
            self.passing.end_statuses(post.chat)

    def _record(self, *changes: Change) -> None:
        self._journal.append(changes)
        for change in changes:
            self._state.apply(change)
        if self._journal.size > _LONGEST_JOURNAL:
            self._journal.rewrite(self._state.changes())

    def _trim(self) -> None:
        for id in list(self.posts)[: max(0, len(self.posts) - MOST_POSTS)]:
            self.remove(self.posts[id])

    def _forget(self, id: str) -> None:
        self._frames.pop(id, None)
        self._html.pop(id, None)
        self.passing.end_stream(id)


def _common(old: str, new: str) -> int:
    """How many characters both begin with."""
    if new.startswith(old):
        return len(old)
    least, most = 0, min(len(old), len(new))
    while least < most:
        middle = (least + most + 1) // 2
        if new.startswith(old[:middle]):
            least = middle
        else:
            most = middle - 1
    return least
