"""Telegram as a stage: the surface before the project's own Bot API server, in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Literal

from adapters.telegram import markup
from adapters.telegram.account import Account
from adapters.telegram.addressing import Me
from adapters.telegram.inbound import parse
from adapters.telegram.links import JOINER
from adapters.telegram.outbound import TelegramSurface
from bot.events import Chat, Event, MessageRef, Place, User
from bot.pace import Pace
from bot.surface import Button, Surface
from tests.fakes.bot_api import InMemoryRequest, Post, Seat, Telegram
from tests.fakes.stage import Stage

TOKEN = "42:secret-of-the-bot"
UPDATES = ("message", "callback_query", "message_reaction", "stopped_message_generation")
AT = datetime(2026, 11, 22, tzinfo=UTC)

Way = Literal["draft", "edit", "group"]


class TelegramStage:
    """`way` is how words grow where the suite looks: by draft or by edits in private, in a group.

    `ada` sits in her private chat with the bot, and in two groups, where the bot is administrator.
    """

    def __init__(self, way: Way, *, api: str = "10.3") -> None:
        self.telegram = Telegram(asyncio.get_running_loop().time, api=api)
        self.bot = self.telegram.bot(TOKEN, "parley_bot")
        ada = self.telegram.person("Ada")
        self.dm = self.telegram.private(ada, self.bot)
        self.group = self.telegram.group(self.bot, admin=True).seat(ada)
        self.other_group = self.telegram.group(self.bot, admin=True).seat(ada)
        self.account = Account(TOKEN, request=InMemoryRequest(self.telegram))
        self.pace = Pace()
        self.telegram_surface = TelegramSurface(
            {self.account.id: self.account},
            self.pace,
            streaming="edit" if way == "edit" else "auto",
        )
        self.surface: Surface = self.telegram_surface
        self._usual = self.group if way == "group" else self.dm
        self._accepted: dict[str, Event] = {}

    def place(self, *, private: bool = True) -> Place:
        return place(self._usual if private else self.other_group)

    def nowhere(self) -> Place:
        return place(self.telegram.private(self.telegram.person("Eve"), self.bot), known=False)

    def shown(self, place: Place) -> list[str]:
        return [post.text.replace(JOINER, "") for post in self._seat(place.chat.id).answers]

    def read(self, text: str) -> str:
        return markup.plain(text)

    def buttons(self, ref: MessageRef) -> list[str]:
        rows = self._post(ref).rows
        return [str(button["callback_data"]).partition(":")[0] for row in rows for button in row]

    def accepted(self) -> list[Event]:
        return list(self._accepted.values())

    async def say(self, text: str, *, file: bytes = b"") -> None:
        if file:
            self.dm.photo(text, file)
        else:
            self.dm.say(text)
        await self._hear()

    async def say_in_group(self, text: str, *, to_the_bot: bool) -> None:
        self.other_group.say(f"@parley_bot {text}" if to_the_bot else text)
        await self._hear()

    async def deliver_again(self) -> None:
        await self._hear()

    async def press(self, ref: MessageRef, button: Button) -> None:
        self._seat(ref.chat).press(self._post(ref), button.label)
        await self._hear()

    async def react(self, ref: MessageRef, emoji: str) -> None:
        self._seat(ref.chat).react(self._post(ref), emoji)
        await self._hear()

    async def remove(self, ref: MessageRef) -> None:
        self._seat(ref.chat).delete(self._post(ref))

    async def stop(self) -> None:
        self.dm.stop_generation()
        await self._hear()

    def silence(self, seconds: float) -> None:
        until = self.telegram.clock() + seconds
        self.telegram.flood.silence(until, self.bot.id, self._usual.chat.id)

    def refusals(self) -> int:
        return len(self.telegram.floods())

    async def _hear(self) -> None:
        """Nothing is ever confirmed, so that everything comes again and again."""
        for update in await self.account.calls.get_updates(0, timeout=0, allowed=UPDATES):
            heard = parse(update, Me(id=self.bot.id, username="parley_bot"), now=AT)
            if heard.event is not None:
                self._accepted.setdefault(heard.event.id, heard.event)
            if heard.stopped and heard.event is not None:
                chat = heard.event.place.chat
                self.telegram_surface.drafts.stopped(chat.id, chat.thread, heard.stopped)

    def _seat(self, chat: str) -> Seat:
        seats = (self.dm, self.group, self.other_group)
        return next(seat for seat in seats if seat.chat.id == int(chat))

    def _post(self, ref: MessageRef) -> Post:
        return self._seat(ref.chat).chat.posts[int(ref.id)]


def place(seat: Seat, *, known: bool = True, thread: int = 0) -> Place:
    """Where the person of `seat` speaks."""
    chat = Chat(
        platform="telegram",
        workspace=TOKEN.partition(":")[0],
        id=str(seat.chat.id if known else seat.chat.id + 1_000_000),
        thread=str(thread or ""),
        private=seat.chat.private,
    )
    return Place(chat=chat, user=User(id=str(seat.person.id), name=seat.person.name))


def telegram(way: Way) -> Callable[[], AbstractAsyncContextManager[Stage]]:
    @asynccontextmanager
    async def stage() -> AsyncIterator[Stage]:
        made = TelegramStage(way)
        async with made.account:
            yield made

    return stage
