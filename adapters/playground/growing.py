"""Messages that grow: by edits, as a draft, or as a stream, whichever the platform has."""

import asyncio
import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from adapters.playground import screen
from adapters.playground.behaviour import Behaviour, Call
from adapters.playground.calls import Calls, Doing
from adapters.playground.inbound import PLATFORM
from adapters.playground.records import BOT, Post
from bot.events import MessageRef, Place
from bot.surface import Budget, Expired, Intend, Outgoing, Rank, Stopped, nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What every way to grow needs. `private`: nobody else may see it."""

    calls: Calls
    place: Place
    behaviour: Behaviour
    private: bool
    who: str

    def budgets(self, kind: Call) -> Sequence[Budget]:
        return self.calls.budgets(kind, self.place, self.behaviour)

    def ref(self, post: Post) -> MessageRef:
        return MessageRef(
            platform=PLATFORM, workspace=self.calls.room.id, chat=post.chat, id=post.id
        )

    def doing(self, verb: str, kind: Call, message: Outgoing, rank: Rank = Rank.FINAL) -> Doing:
        return Doing(verb=verb, kind=kind, detail=described(message), rank=rank, who=self.who)


def described(message: Outgoing) -> str:
    """Sizes, never words."""
    count, length = len(message.buttons), len(message.text)
    more = f", {count} button{'s' * (count > 1)}" if count else ""
    return f"{length:,} character{'s' * (length != 1)}{more}"


class Edits:
    """A message posted once and edited from then on."""

    def __init__(self, setting: Setting, old: MessageRef | None) -> None:
        self._setting = setting
        self._shown: Outgoing | None = None
        self.ref = old

    def cost(self, message: Outgoing) -> Sequence[Budget]:
        if screen.cleaned(message) == self._shown:
            return ()
        return self._setting.budgets("edit" if self.ref else "post")

    async def show(self, message: Outgoing, *, intend: Intend = nothing) -> MessageRef | None:
        message = screen.cleaned(message)
        if message != self._shown:
            verb: Call = "edit" if self.ref else "post"
            doing = self._setting.doing(verb, verb, message, Rank.FRAME)
            place, behaviour = self._setting.place, self._setting.behaviour
            if self.ref is None:
                await intend()
            post = await self._setting.calls.make(
                doing, place, behaviour, lambda: self._write(message, growing=True)
            )
            self.ref, self._shown = self._setting.ref(post), message
        return self.ref

    async def finish(self, message: Outgoing, *, intend: Intend = nothing) -> MessageRef:
        message = screen.cleaned(message)
        if self.ref is not None and message == self._shown:
            screen.settle(self._setting.calls.room, self.ref)
            return self.ref
        verb: Call = "edit" if self.ref else "post"
        place, behaviour = self._setting.place, self._setting.behaviour
        post = await self._setting.calls.take(
            self._setting.doing(verb, verb, message),
            place,
            behaviour,
            lambda: self._write(message, growing=False),
            intend if self.ref is None else nothing,
        )
        self.ref, self._shown = self._setting.ref(post), message
        return self.ref

    def leave(self) -> None:
        if self.ref is not None:
            screen.settle(self._setting.calls.room, self.ref)

    def _write(self, message: Outgoing, *, growing: bool) -> Post:
        room, setting = self._setting.calls.room, self._setting
        screen.checked(message, setting.behaviour)
        if self.ref is None:
            private = setting.private
            return screen.post(room, setting.place, message, private=private, growing=growing)
        return screen.edit(room, self.ref, message, growing=growing)


class Draft:
    """A draft that shows at once and vanishes unless it goes on; its end is a message."""

    ref: MessageRef | None = None

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._id = f"draft-{secrets.token_hex(6)}"
        self._at = time.time()
        self._shown: Outgoing | None = None
        self._faded = 0.0

    def cost(self, message: Outgoing) -> Sequence[Budget]:
        fading = asyncio.get_running_loop().time() >= self._faded
        if screen.cleaned(message) == self._shown and not fading:
            return ()
        return self._setting.budgets("draft")

    async def show(self, message: Outgoing, *, intend: Intend = nothing) -> MessageRef | None:
        message = screen.cleaned(message)
        setting = self._setting
        draft = Post(
            id=self._id,
            chat=setting.place.chat.id,
            author=BOT,
            at=self._at,
            text=message.text,
            growing=True,
            buttons=tuple(button for button in message.buttons if button.name == "stop"),
        )
        doing = setting.doing("draft", "draft", message, Rank.FRAME)
        await setting.calls.make(
            doing, setting.place, setting.behaviour, lambda: self._draw(message, draft)
        )
        self._shown = message
        self._faded = asyncio.get_running_loop().time() + setting.behaviour.private.fades_after / 2
        return None

    async def finish(self, message: Outgoing, *, intend: Intend = nothing) -> MessageRef:
        message = screen.cleaned(message)
        setting = self._setting

        def write() -> Post:
            screen.checked(message, setting.behaviour)
            room = setting.calls.room
            with room.feed.together():  # nobody sees both, or neither
                post = screen.post(room, setting.place, message, private=False)
                self.leave()
            return post

        doing = setting.doing("post", "post", message)
        post = await setting.calls.take(doing, setting.place, setting.behaviour, write, intend)
        self.ref = setting.ref(post)
        return self.ref

    def leave(self) -> None:
        self._setting.calls.room.wipe(self._id)

    def _draw(self, message: Outgoing, draft: Post) -> None:
        screen.checked(message, self._setting.behaviour)
        screen.draw(self._setting.calls.room, draft)


class Stream:
    """A stream that only ever adds; text that does not go on from it ends it and edits instead."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._edits = Edits(setting, None)
        self._sent = ""
        self._open = False

    @property
    def ref(self) -> MessageRef | None:
        return self._edits.ref

    def cost(self, message: Outgoing) -> Sequence[Budget]:
        if self.ref is None:
            return self._setting.budgets("start")
        if not self._open:
            return self._edits.cost(message)
        added = self._added(message.text)
        if added is None:
            return (*self._setting.budgets("stop"), *self._setting.budgets("edit"))
        return self._setting.budgets("append") if added else ()

    async def show(self, message: Outgoing, *, intend: Intend = nothing) -> MessageRef | None:
        message = screen.cleaned(message)
        if self.ref is None:
            await intend()
            return await self._begin(message)
        if not self._open:
            return await self._edits.show(message)
        added = self._added(message.text)
        if added is None:
            await self._close(self.ref)
            return await self._edits.show(message)
        if added:
            ref, room = self.ref, self._setting.calls.room
            doing = self._setting.doing("append", "append", Outgoing(text=added), Rank.FRAME)
            await self._setting.calls.make(
                doing,
                self._setting.place,
                self._setting.behaviour,
                lambda: screen.append(room, ref, added),
            )
            self._sent += added
        return self.ref

    async def finish(self, message: Outgoing, *, intend: Intend = nothing) -> MessageRef:
        message = screen.cleaned(message)
        added = self._added(message.text)
        if self.ref is None or not self._open or added is None:
            return await self._end_by_edit(message, intend)
        ref, room = self.ref, self._setting.calls.room

        def stop() -> None:
            screen.checked(message, self._setting.behaviour)
            screen.stop_stream(room, ref, added, message.buttons)

        try:
            await self._setting.calls.take(
                self._setting.doing("stop", "stop", message),
                self._setting.place,
                self._setting.behaviour,
                stop,
            )
        except (Expired, Stopped):
            return await self._end_by_edit(message)
        self._open = False
        return ref

    def leave(self) -> None:
        if self.ref is not None:
            self._setting.calls.room.passing.end_stream(self.ref.id)
        self._edits.leave()

    async def _begin(self, message: Outgoing) -> MessageRef:
        setting = self._setting

        def start() -> Post:
            screen.checked(message, setting.behaviour)
            return screen.begin_stream(setting.calls.room, setting.place, message)

        doing = setting.doing("start", "start", message, Rank.FRAME)
        post = await setting.calls.make(doing, setting.place, setting.behaviour, start)
        self._sent, self._open = message.text, True
        self._edits.ref = setting.ref(post)
        return self._edits.ref

    async def _close(self, ref: MessageRef) -> None:
        room, setting = self._setting.calls.room, self._setting
        doing = setting.doing("stop", "stop", Outgoing(text=""), Rank.FRAME)
        with suppress(Expired):  # it is closed then, which is all that is wanted
            await setting.calls.make(
                doing,
                setting.place,
                setting.behaviour,
                lambda: screen.stop_stream(room, ref, "", ()),
            )
        self._open = False

    async def _end_by_edit(self, message: Outgoing, intend: Intend = nothing) -> MessageRef:
        if self._open and self.ref is not None:
            self._setting.calls.room.passing.end_stream(self.ref.id)
            self._open = False
        return await self._edits.finish(message, intend=intend)

    def _added(self, text: str) -> str | None:
        """What is to be added to make `text`; None where adding does not make it."""
        return text[len(self._sent) :] if text.startswith(self._sent) else None
