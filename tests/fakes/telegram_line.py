"""A Telegram bot at the strict server, over a connection that can be cut before anything leaves."""

import asyncio
from dataclasses import dataclass

from adapters.telegram.account import Account
from adapters.telegram.errors import NotSent
from adapters.telegram.shapes import Key, Markup, To
from tests.fakes.bot_api import Bot, Group, InMemoryRequest, Seat, Telegram

TOKEN = "42:secret-of-the-bot"
OPUS = b"OggS" + bytes(24) + b"OpusHead" + bytes(100)
STOP = Markup(rows=((Key(label="⏹", data="stop:a1", style="danger"),),))


@dataclass(frozen=True)
class Mark:
    kind: str
    offset: int
    length: int
    url: str = ""
    language: str = ""


class Line(InMemoryRequest):
    """The server, over a connection that can be cut before anything leaves."""

    def __init__(self, telegram: Telegram) -> None:
        super().__init__(telegram)
        self.unconnected = 0

    async def do_request(self, *args: object, **kwargs: object) -> tuple[int, bytes]:
        if self.unconnected:
            self.unconnected -= 1
            raise NotSent("no connection")
        return await super().do_request(*args, **kwargs)  # type: ignore[arg-type]  # as given


@dataclass(frozen=True)
class World:
    """One bot, one person in a private chat with it, and what is between them."""

    telegram: Telegram
    bot: Bot
    seat: Seat
    line: Line
    account: Account

    @property
    def to(self) -> To:
        return To(chat=self.seat.chat.id)


def world(api: str = "10.3") -> World:
    telegram = Telegram(asyncio.get_running_loop().time, api=api)
    bot = telegram.bot(TOKEN)
    line = Line(telegram)
    seat = telegram.private(telegram.person(), bot)
    account = Account(TOKEN, api_url="https://api.test", request=line)
    return World(telegram, bot, seat, line, account)


def in_group(world: World, **about: bool) -> tuple[Group, Seat]:
    group = world.telegram.group(world.bot, **about)
    return group, group.seat(world.telegram.person("Grace"))
