"""The bot serving Slack as a process, against our own Slack and our own sandbox."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

from bot.sandbox import Config
from tests.fakes.counted_sandbox import counted_sandbox
from tests.fakes.nursery import Nursery
from tests.fakes.running import Running, free_port
from tests.fakes.slack_api import (
    Person,
    Post,
    Pusher,
    Room,
    Seat,
    Shown,
    Slack,
    Team,
    View,
    serve,
    wait_until,
)

# What two busy cores may shift two calls against each other on their way here, in seconds.
JITTER = 0.5
# Retries of events, envelopes that were not acknowledged and pings come this much sooner.
SPEED = 20.0
OPERATOR = "Olga"
KEY = "cGFybGV5IHBhcmxleSBwYXJsZXkgcGFybGV5IDEyMzQ="  # 32 bytes, to encrypt tokens with

Way = Literal["http", "socket", "oauth"]
Found = TypeVar("Found")


@dataclass(kw_only=True)
class House(Running):
    """A running bot, the Slack it is in, and the Completion API it asks."""

    slack: Slack
    team: Team
    pusher: Pusher
    url: str
    people: list[str] = field(default_factory=lambda: ["Ada", "Ben", "Cleo", "Dora", "Emil"])

    def newcomer(self, name: str = "", **about: object) -> Person:
        name = name or self.people[len(self.slack.people) % len(self.people)]
        return self.slack.person(name, team=self.team, **about)

    def visit(self, name: str = "", **about: object) -> Seat:
        """Somebody new in a direct message with the bot."""
        return self.slack.dm(self.newcomer(name, **about), self.team)

    def room(self, *people: Person, **about: object) -> Room:
        """A new channel with the bot in it; `about` as for `Slack.channel`."""
        return self.slack.channel(*people, team=self.team, **about)  # type: ignore[arg-type]

    def channel(self, name: str = "", **about: object) -> Seat:
        """Somebody new in a new channel."""
        person = self.newcomer(name)
        return self.room(person, **about).seat(person)

    async def opinion(self, seat: Seat) -> tuple[str | None, str | None]:
        """What the API was told last that this person thinks: the rating and the words."""
        return await self.rated(f"slack:{seat.person.team}:{seat.person.id}")

    async def thinks(self, seat: Seat, rating: str | None, words: str | None = None) -> None:
        """Wait until the API was told just that."""
        async with asyncio.timeout(15):
            while await self.opinion(seat) != (rating, words):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.02)

    async def until(self, wanted: Callable[[], Found | None], *, within: float = 30.0) -> Found:
        """Wait until `wanted()` is true and give what it gave."""
        try:
            return await wait_until(self.slack, wanted, within=within)
        except AssertionError as fault:
            refused = [str(refusal) for refusal in self.slack.refusals[-5:]]
            told = [f"{shown.kind}: {shown.text[:80]}" for shown in self._shown()[-8:]]
            raise AssertionError(
                f"{fault}; refused: {refused}; shown: {told}; {self.said[-3000:]}"
            ) from None

    def _shown(self) -> list[Shown]:
        every = [shown for channel in self.slack.channels.values() for shown in channel.history]
        return sorted(every, key=lambda shown: shown.at)


async def _manifest(nursery: Nursery, folder: Path, variables: dict[str, str], way: Way) -> object:
    """What the bot itself says that the app is to be."""
    more = {"http": ["--http"], "socket": ["--socket"], "oauth": ["--http", "--many"]}[way]
    shown = await nursery.run(folder, "slack-manifest", *more, **variables)
    assert shown.status == 0, shown.err
    return json.loads(shown.out)


@asynccontextmanager
async def slack_bot(
    nursery: Nursery,
    folder: Path,
    way: Way = "http",
    *,
    app: str = "sandbox",
    config: Config | None = None,
    start: bool = True,
    **variables: str,
) -> AsyncIterator[House]:
    """A bot that has just begun to hear; `app` is the sandbox's app that it asks."""
    async with AsyncExitStack() as stack:
        slack = Slack(jitter=JITTER)
        team = slack.team("Acme", install=way != "oauth")
        slack.sockets.speed = SPEED
        served = await stack.enter_async_context(serve(slack))
        served.pusher.speed = SPEED
        sandbox = await stack.enter_async_context(counted_sandbox(config or Config(port=0)))
        port = free_port()
        settings = {
            "COMPLETION_API_URL": sandbox.url,
            "COMPLETION_API_KEY": f"app-{app}",
            "SLACK_API_URL": f"{served.url}/api/",
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            "PORT": str(port),
            "COMPLETION_MAX_STREAMS": "100",
            "PARLEY_SLACK_EDITS": "true",
            **_keys(slack, team, way),
            **variables,
        }
        slack.app.configure(await _manifest(nursery, folder, settings, way))  # type: ignore[arg-type]
        if way != "oauth":
            slack.installed(team.id).scopes = slack.app.scopes
        house = House(
            slack=slack,
            team=team,
            pusher=served.pusher,
            url=served.url,
            sandbox=sandbox,
            nursery=nursery,
            folder=folder,
            port=port,
            variables=settings,
        )
        try:
            if start:
                await house.start()
            yield house
        finally:
            if house.process is not None:
                # An end in peace keeps what was measured.
                await house.end(signal.SIGTERM)


def _keys(slack: Slack, team: Team, way: Way) -> dict[str, str]:
    """The secrets that this way in needs."""
    if way == "oauth":
        return {
            "SLACK_CLIENT_ID": slack.app.client_id,
            "SLACK_CLIENT_SECRET": slack.app.client_secret,
            "SLACK_TOKEN_KEYS": KEY,
            "SLACK_SIGNING_SECRET": slack.app.signing_secret,
        }
    more = {"SLACK_BOT_TOKEN": slack.token(team)}
    if way == "socket":
        return more | {"SLACK_APP_TOKEN": slack.app.token}
    return more | {"SLACK_SIGNING_SECRET": slack.app.signing_secret}


def secrets(house: House) -> list[str]:
    """What may stand nowhere but in the settings."""
    app = house.slack.app
    tokens = [install.token for install in house.slack.installs.values()]
    return [*tokens, app.client_secret, app.signing_secret, app.token]


def whole(post: Post) -> bool:
    """Whether it is a whole answer: then it can be rated."""
    return any("👍" in label for label in post.buttons)


async def answered(
    house: House, seat: Seat, root: Post | str | None = None, count: int = 1, within: float = 30.0
) -> Post:
    """The newest whole answer (below `root` if one is given), once there are `count` of them."""

    def found() -> list[Post]:
        seen = seat.answers if root is None else seat.thread(root)
        done = [post for post in seen if whole(post)]
        return done if len(done) >= count else []

    return (await house.until(found, within=within))[-1]


async def told(house: House, seat: Seat, words: str) -> Post:
    """The message of the bot that says so, to all or to this person, once it is there."""
    found = await house.until(
        lambda: [post for post in (*seat.answers, *seat.ephemerals) if words in post.readable]
    )
    return found[-1]


async def form(house: House, seat: Seat) -> View:
    """The modal that asks for something, once it is open."""

    def found() -> View | None:
        return seat.modal if seat.modal and seat.modal.inputs else None

    return await house.until(found)


def kinds(seat: Seat) -> list[str]:
    """What came onto the screen, one word for what is alike and follows each other."""
    seen = [shown.kind for shown in seat.channel.history]
    return [kind for at, kind in enumerate(seen) if not at or seen[at - 1] != kind]
