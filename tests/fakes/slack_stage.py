"""Slack as a stage: the surface before the project's own Slack, in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

from adapters.slack import deeds, inbound, markup
from adapters.slack.heard import Heard, Me
from adapters.slack.heard import mapping as cleaned
from adapters.slack.keyboard import parse
from adapters.slack.opening import Forms
from adapters.slack.outbound import SlackSurface
from adapters.slack.page import Page
from adapters.slack.workspace import Line, SingleWorkspace
from bot.events import Chat, Event, MessageRef, Place, User
from bot.pace import Pace
from bot.surface import Button, Surface
from tests.fakes.slack_api import Post, Seat, Slack, words
from tests.fakes.slack_api.things import labels
from tests.fakes.slack_line import Inside
from tests.fakes.stage import Stage

AT = datetime(2026, 11, 22, tzinfo=UTC)
SILENCED = ("chat.startStream", "chat.appendStream", "chat.stopStream", "chat.update")

Way = Literal["dm", "channel", "edits"]


class SlackStage:
    """`way` is how words grow where the suite looks: by stream in the direct chat or in a channel,
    or by edits in a workspace without streams.

    `ada` has her direct chat with the bot, and sits in two channels with it; in each she has said
    something, in whose thread she is answered.
    """

    def __init__(
        self,
        way: Way,
        *,
        hardened: bool = False,
        page: Page | None = None,
        streaming: bool = True,
        resumes: bool = False,
    ) -> None:
        self.slack = Slack(asyncio.get_running_loop().time)
        self.slack.echoes = False
        self.team = self.slack.team()
        if way == "edits":
            self.team.refuses["chat.startStream"] = "feature_not_enabled"
        self.ada = self.slack.person("Ada")
        self.dm = self.slack.dm(self.ada)
        self.channel = self.slack.channel(self.ada).seat(self.ada)
        self.other = self.slack.channel(self.ada, name="random").seat(self.ada)
        self.roots = {seat.channel.id: seat.say("Tea?").ts for seat in self.seats}
        self.pace = Pace()
        self.wire = Inside(self.slack)
        self.me = Me(team=self.team.id, user=self.slack.installed(self.team.id).bot_user)
        workspaces = SingleWorkspace(self.slack.token(self.team), Line(transport=self.wire))
        forms = Forms(workspaces, page or Page())
        self.slack_surface = SlackSurface(
            workspaces,
            self.pace,
            hardened=hardened,
            page=page,
            forms=forms,
            streaming=streaming,
            resumes=resumes,
        )
        self.surface: Surface = self.slack_surface
        self._usual = self.channel if way == "channel" else self.dm
        self._accepted: dict[str, Event] = {}
        self.slack.outbox.clear()

    @property
    def seats(self) -> tuple[Seat, Seat, Seat]:
        return self.dm, self.channel, self.other

    def place(self, *, private: bool = True) -> Place:
        seat = self._usual if private else self.other
        return place(seat, self.roots[seat.channel.id])

    def nowhere(self) -> Place:
        closed = self.slack.channel(self.ada, kind="private", bot=False).seat(self.ada)
        return place(closed, closed.say("Tea?").ts)

    def shown(self, place: Place) -> list[str]:
        seat = self.seat(place.chat.id)
        posts = seat.thread(place.chat.thread) if place.chat.thread else seat.answers
        return [post.readable for post in posts if self.slack.is_bot(post.author) and said(post)]

    def read(self, text: str) -> str:
        return words.shown(markup.wire(text))

    def buttons(self, ref: MessageRef) -> list[str]:
        names = [parse(pressed) for pressed in pressables(self.post(ref))]
        return [name[0] for name in names if name]

    def accepted(self) -> list[Event]:
        self._hear()
        return list(self._accepted.values())

    async def say(self, text: str, *, file: bytes = b"") -> None:
        self.dm.say(text, files=[self.dm.file(file)] if file else [])

    async def say_in_group(self, text: str, *, to_the_bot: bool) -> None:
        if to_the_bot:
            self.other.mention(text)
        else:
            self.other.say(text)

    async def deliver_again(self) -> None:
        self._hear()

    async def press(self, ref: MessageRef, button: Button) -> None:
        self.seat(ref.chat).press(self.post(ref), button.label)

    async def react(self, ref: MessageRef, emoji: str) -> None:
        self.seat(ref.chat).react(self.post(ref), {"👎": "-1", "👍": "+1"}[emoji])

    async def remove(self, ref: MessageRef) -> None:
        self.seat(ref.chat).delete(self.post(ref))
        self.slack.outbox.clear()  # what is deleted is the bot's own

    async def stop(self) -> None:
        self._usual.stop(self.roots[self._usual.channel.id])
        self._hear()

    def silence(self, seconds: float) -> None:
        # Whoever calls too early is told of some seconds more.
        until = self.slack.clock() + seconds - self.slack.tiers.penalty
        channel = self._usual.channel.id
        for method in SILENCED:
            self.slack.tiers.silence(until, self.team.id, method)
        self.slack.tiers.silence(until, self.team.id, "chat.postMessage", channel)

    def refusals(self) -> int:
        return len(self.slack.floods())

    def seat(self, channel: str) -> Seat:
        return next(seat for seat in self.seats if seat.channel.id == channel)

    def post(self, ref: MessageRef) -> Post:
        return self.seat(ref.chat).channel.posts[ref.id]

    def _hear(self) -> None:
        """Nothing is ever confirmed, so that everything comes again and again."""
        for delivery in self.slack.outbox:
            heard = self._read(delivery.kind, delivery.payload)
            if heard.event is not None:
                self._accepted.setdefault(heard.event.id, heard.event)
            if heard.stopped is not None:
                where = heard.stopped
                self.slack_surface.stopped(
                    self.team.id, where.channel, where.thread, where.messages
                )

    def _read(self, kind: str, payload: object) -> Heard:
        found = cleaned(payload)
        read = inbound.parse if kind == "events" else deeds.parse
        return read(found, self.me, names={}, now=AT)


def said(post: Post) -> bool:
    """Whether it says anything; a file alone does not."""
    return bool(post.readable)


def pressables(post: Post) -> list[dict[str, object]]:
    """The actions that its buttons send."""
    return [action for element in post.elements for _, action in labels(element)]


def place(seat: Seat, thread: str = "", **other: object) -> Place:
    """Where the person of `seat` speaks."""
    chat = Chat(
        platform="slack",
        workspace=seat.channel.team,
        id=seat.channel.id,
        thread=thread,
        private=seat.channel.private,
    )
    person = seat.person
    user = User(id=person.id, workspace=person.team, name=person.name)
    return replace(Place(chat=chat, user=user), **other)  # type: ignore[arg-type]  # its own fields


def slack(way: Way) -> Callable[[], AbstractAsyncContextManager[Stage]]:
    @asynccontextmanager
    async def stage() -> AsyncIterator[Stage]:
        yield SlackStage(way)

    return stage
