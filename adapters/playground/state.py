"""What is in the room, as the sum of its changes."""

import secrets
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace
from typing import assert_never

from adapters.playground.behaviour import IDEAL
from adapters.playground.records import (
    Change,
    Grew,
    Happened,
    Joined,
    Opened,
    Person,
    Played,
    Post,
    Removed,
    Settled,
    Shown,
    Stored,
    Uploaded,
)

REMEMBERED = 5000
"""Happenings whose page id is known again; a page retries for minutes, not for days."""
_FIRST_PEOPLE = (
    Person(id="ada", name="Ada"),
    Person(id="ben", name="Ben"),
    Person(id="chen", name="Chen", language="zh-Hans"),
)


class State:
    """Plain data and one way to change it."""

    def __init__(self) -> None:
        self.id = secrets.token_hex(6)
        self.next = 1
        self.behaviour = IDEAL.name
        self.people = {person.id: person for person in _FIRST_PEOPLE}
        self.posts: dict[str, Post] = {}
        self.files: dict[str, Stored] = {}
        self.owed: dict[str, list[Happened]] = {}
        """By the page's id: events the bot has not accepted."""
        self.settled: OrderedDict[str, None] = OrderedDict()

    def apply(self, change: Change) -> None:
        match change:
            case Opened(room, number, behaviour):
                self.id, self.next, self.behaviour = room, number, behaviour
            case Shown(post):
                self.posts[post.id] = post
                self.next = max(self.next, int(post.id) + 1)
            case Grew(id, keep, added):
                post = self.posts[id]
                self.posts[id] = replace(post, text=post.text[:keep] + added)
            case _:
                self._apply_rest(change)

    def _apply_rest(
        self, change: Joined | Removed | Uploaded | Happened | Settled | Played
    ) -> None:
        match change:
            case Joined(person):
                self.people[person.id] = person
            case Removed(id):
                self.posts.pop(id, None)
                self.files.pop(id, None)
            case Uploaded(file):
                self.files[file.id] = file
            case Happened(client):
                self.owed.setdefault(client, []).append(change)
            case Settled(client):
                self.owed.pop(client, None)
                self.settled[client] = None
                while len(self.settled) > REMEMBERED:
                    self.settled.popitem(last=False)
            case Played(behaviour):
                self.behaviour = behaviour
            case _:
                assert_never(change)

    def changes(self) -> Iterator[Change]:
        """The fewest changes that make this state out of nothing."""
        yield Opened(self.id, self.next, self.behaviour)
        yield from map(Joined, self.people.values())
        yield from map(Uploaded, self.files.values())
        yield from map(Shown, self.posts.values())
        for events in self.owed.values():
            yield from events
        yield from map(Settled, self.settled)
