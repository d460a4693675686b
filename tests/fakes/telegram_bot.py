"""The bot serving Telegram as a process, against our own Bot API server and our own sandbox."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

from bot.sandbox import Config
from tests.fakes.bot_api import Bot, Group, Post, Pusher, Seat, Telegram, serve, wait_until
from tests.fakes.counted_sandbox import counted_sandbox
from tests.fakes.nursery import Child, Nursery
from tests.fakes.running import Running, free_port

TOKEN = "4200000042:AAsesame-" + "x" * 27
OPERATOR = 777  # the Telegram id of whoever runs the bot
SECRET_PARTS = (TOKEN, TOKEN.partition(":")[2])
# What two busy cores may shift two calls against each other on their way here, in seconds.
JITTER = 0.5

Way = Literal["polling", "webhook"]
Found = TypeVar("Found")


@dataclass(kw_only=True)
class House(Running):
    """A running bot, the Telegram it is on, and the Completion API it asks."""

    telegram: Telegram
    account: Bot
    pusher: Pusher
    people: list[str] = field(default_factory=lambda: ["Ada", "Ben", "Cleo", "Dora", "Emil"])

    def visit(self, name: str = "", **about: object) -> Seat:
        """Somebody new in a private chat of their own with the bot."""
        name = name or self.people[len(self.telegram.people) % len(self.people)]
        return self.telegram.private(self.telegram.person(name, **about), self.account)

    def group(self, *, forum: bool = False, admin: bool = False) -> Group:
        """A new group with the bot in it."""
        return self.telegram.group(self.account, forum=forum, admin=admin)

    def operator(self) -> Seat:
        """A private chat of whoever runs the bot."""
        known = self.telegram.people.get(OPERATOR)
        person = known or self.telegram.person("Olga", id=OPERATOR)
        return self.telegram.private(person, self.account)

    async def opinion(self, seat: Seat | Group) -> tuple[str | None, str | None]:
        """What the API was told last that a person or a group thinks: the rating and the words."""
        name = seat.person.id if isinstance(seat, Seat) else f"chat:{seat.chat.id}"
        return await self.rated(f"telegram:{name}")

    async def thinks(
        self, seat: Seat | Group, rating: str | None, words: str | None = None
    ) -> None:
        """Wait until the API was told just that."""
        async with asyncio.timeout(15):
            while await self.opinion(seat) != (rating, words):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.02)

    async def until(self, wanted: Callable[[], Found], *, within: float = 30.0) -> Found:
        """Wait until `wanted()` is true and give what it gave."""
        try:
            found: Found = await wait_until(self.telegram, wanted, within=within)
        except AssertionError as fault:
            refused = [str(refusal) for refusal in self.telegram.refusals[-5:]]
            raise AssertionError(f"{fault}; refused: {refused}; {self.said[-3000:]}") from None
        return found


@asynccontextmanager
async def telegram_bot(
    nursery: Nursery,
    folder: Path,
    way: Way = "polling",
    *,
    app: str = "sandbox",
    api: str = "10.3",
    config: Config | None = None,
    start: bool = True,
    **variables: str,
) -> AsyncIterator[House]:
    """A bot that has just begun to hear; `app` is the sandbox's app that it asks."""
    async with AsyncExitStack() as stack:
        telegram = Telegram(api=api, jitter=JITTER)
        account = telegram.bot(TOKEN)
        served = await stack.enter_async_context(serve(telegram))
        served.pusher.speed = 20.0
        sandbox = await stack.enter_async_context(counted_sandbox(config or Config(port=0)))
        port = free_port()
        house = House(
            telegram=telegram,
            account=account,
            sandbox=sandbox,
            pusher=served.pusher,
            nursery=nursery,
            folder=folder,
            port=port,
            variables={
                "COMPLETION_API_URL": sandbox.url,
                "COMPLETION_API_KEY": f"app-{app}",
                "TELEGRAM_BOT_TOKEN": TOKEN,
                "TELEGRAM_API_URL": served.url,
                "PORT": str(port),
                "COMPLETION_MAX_STREAMS": "100",
                **({"PUBLIC_URL": f"http://127.0.0.1:{port}"} if way == "webhook" else {}),
                **variables,
            },
        )
        if "PARLEY_OPERATORS" in variables:
            house.operator()  # a menu of their own is for who has opened the chat
        try:
            if start:
                await house.start()
            yield house
        finally:
            if house.process is not None:
                # An end in peace keeps what was measured.
                await house.end(signal.SIGTERM)


def whole(post: Post) -> bool:
    """Whether it is a whole answer: then it can be rated."""
    return any("👍" in label for label in post.buttons)


async def answered(house: House, seat: Seat, count: int = 1, *, within: float = 30.0) -> Post:
    """The newest whole answer in the chat, once there are `count` of them."""
    done = await house.until(
        lambda: (found := [post for post in seat.answers if whole(post)])[count - 1 :] and found,
        within=within,
    )
    return done[-1]


async def told(house: House, seat: Seat, words: str) -> Post:
    """The message of the bot that says so, once it is there."""
    found = await house.until(lambda: [post for post in seat.answers if words in post.text])
    return found[-1]


def kinds(seat: Seat) -> list[str]:
    """What came onto the screen, one word for what is alike and follows each other."""
    seen = [shown.kind for shown in seat.chat.history]
    return [kind for at, kind in enumerate(seen) if not at or seen[at - 1] != kind]


def processor_seconds(process: Child) -> float:
    """How long the process has kept a processor busy so far."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
