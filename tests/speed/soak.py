"""Kills under a crowd, 240 of them: `python -m tests.speed.soak`, with status 1 for any fault.

Twenty rounds at a time in a room of their own, so that the whole history is still on the screen
when it is judged: with each database, each platform's behaviour, and Telegram and Slack themselves.
Every run has other moments; a seed that fails is printed and can be given.
"""

import asyncio
import secrets
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox import Config
from tests.fakes.counted_sandbox import counted_sandbox
from tests.fakes.crowd import crowd, kill_rounds
from tests.fakes.nursery import Nursery, nursery
from tests.fakes.postgres import running_postgres
from tests.fakes.slack_bot import Way as Slack
from tests.fakes.slack_bot import slack_bot
from tests.fakes.slack_crowd import Colleagues
from tests.fakes.slack_crowd import kill_rounds as kill_beneath
from tests.fakes.telegram_bot import Way, telegram_bot
from tests.fakes.telegram_crowd import Visitors
from tests.fakes.telegram_crowd import kill_rounds as kill_under
from tests.fakes.verdict import Verdict, verdict

ROOMS = 12
SOONER = 60.0
"""Times sooner that Slack brings what nobody took: after 1 and 5 s, with a bot there again."""
LATENCY = 0.1
"""Seconds of each call to Telegram: a kill is to hit some whose outcome nobody can know."""


@dataclass(frozen=True, kw_only=True)
class Evening:
    """How many people talk how often, and how often the bot is killed meanwhile."""

    behaviour: str = "ideal"
    people: int = 20
    rounds: int = 20
    postgres: bool = False  # the database; SQLite otherwise
    pause: float = 2.5  # seconds between two deeds of one person
    patience: float = 60.0  # seconds for everything to come to its end after the last start

    @property
    def name(self) -> str:
        return self.behaviour + " on PostgreSQL" * self.postgres


@dataclass(frozen=True, kw_only=True)
class Night:
    """The same in Telegram; `in_group` of the people are in one group besides."""

    way: Way
    people: int = 10
    in_group: int = 2
    rounds: int = 3
    pause: float = 1.2
    patience: float = 25.0

    @property
    def name(self) -> str:
        return f"Telegram by {self.way}"


@dataclass(frozen=True, kw_only=True)
class Office:
    """The same in Slack; `in_channel` of the people are in one channel besides.

    Slack brings what nobody took once more after a while, hence the patience.
    """

    way: Slack
    people: int = 10
    in_channel: int = 2
    rounds: int = 3
    pause: float = 1.2
    patience: float = 40.0

    @property
    def name(self) -> str:
        return f"Slack by {self.way}"


# Slack counts fifteen starts and stops a minute for everybody together.
EVENINGS: tuple[Evening | Night | Office, ...] = (
    Evening(),
    Evening(),
    Evening(postgres=True),
    Evening(behaviour="telegram", patience=120),
    Evening(behaviour="slack", people=8, patience=600),
    Night(way="polling", rounds=20, patience=120),
    Night(way="webhook", rounds=20, patience=120),
    Office(way="http", rounds=20, patience=300),
    Office(way="socket", rounds=20, patience=300),
)


async def soak(folder: Path, seed: int, evening: Evening = Evening(), **variables: str) -> Verdict:
    """One room, and its kills. `variables` are settings of the bot."""
    async with counted_sandbox(Config(port=0, word_delay=0.01)) as app:
        environment = {
            "COMPLETION_API_URL": app.url,
            "COMPLETION_API_KEY": "app-sandbox",
            **variables,
        }
        async with crowd(folder, evening.people, environment) as (guests, playground):
            await guests.behave(evening.behaviour)
            await kill_rounds(guests, playground, evening.rounds, seed, pause=evening.pause)
            return await verdict(guests, app, patience=evening.patience)


async def spent(children: Nursery, folder: Path, seed: int, night: Night) -> Verdict:
    """One Telegram, and the kills of a bot there."""
    config = Config(port=0, word_delay=0.02)
    async with telegram_bot(children, folder, night.way, config=config) as house:
        house.telegram.latency = LATENCY
        guests = Visitors(house, night.people, night.in_group)
        await kill_under(guests, night.rounds, seed, pause=night.pause)
        found = await verdict(guests, house.sandbox, patience=night.patience)
        found.faults += await guests.faults()
        return found


async def worked(children: Nursery, folder: Path, seed: int, office: Office) -> Verdict:
    """One Slack, and the kills of a bot there."""
    config = Config(port=0, word_delay=0.02)
    async with slack_bot(children, folder, office.way, config=config) as house:
        house.slack.latency = LATENCY
        house.pusher.speed = SOONER
        colleagues = Colleagues(house, office.people, office.in_channel)
        await kill_beneath(colleagues, office.rounds, seed, pause=office.pause)
        found = await verdict(colleagues, house.sandbox, patience=office.patience)
        await colleagues.rest()
        found.faults += colleagues.faults()
        return found


def _spend(evening: Evening | Night | Office, seed: int) -> Verdict:
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        if isinstance(evening, Night):
            children = stack.enter_context(nursery())
            return asyncio.run(spent(children, Path(folder), seed, evening))
        if isinstance(evening, Office):
            children = stack.enter_context(nursery())
            return asyncio.run(worked(children, Path(folder), seed, evening))
        variables = {}
        if evening.postgres:
            variables["DATABASE_URL"] = stack.enter_context(running_postgres())
        return asyncio.run(soak(Path(folder), seed, evening, **variables))


def main() -> int:
    seeds = [int(word) for word in sys.argv[1:]] or [secrets.randbits(32) for _ in range(ROOMS)]
    failed = False
    for number, seed in enumerate(seeds):
        evening = EVENINGS[number % len(EVENINGS)]
        found = _spend(evening, seed)
        print(
            f"{evening.name}, seed {seed}: {evening.rounds} kills, {found.questions} "
            f"questions, {found.whole} answered, {found.offered} offered again, "
            f"{found.orphans} orphans, {found.kept} with words, {found.unsaid} last words unsure",
            flush=True,
        )
        for fault in found.faults:
            print(f"  {fault}", flush=True)
        failed |= bool(found.faults) or not found.whole or not found.offered
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
