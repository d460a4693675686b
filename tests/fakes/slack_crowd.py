"""People in Slack who go on about their business while the bot is killed and restarted.

They do what Slack brings again when nobody took it: messages, edits, reactions and its own Stop. A
press or a command that meets no bot is refused in the person's face, and theirs to repeat.
"""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import database
from bot.store.tables import screens
from tests.fakes.counted_sandbox import MARK
from tests.fakes.crowd import Asked, Guest, question
from tests.fakes.doubts import Doubts, noted
from tests.fakes.slack_api import Post, Seat
from tests.fakes.slack_bot import House, whole

RETRIES = 3
"""Times that Slack brings an event again which nobody took."""


@dataclass(eq=False)
class Colleague(Guest):
    """Somebody in one chat of Slack, and the messages in which they asked there."""

    seat: Seat = field(kw_only=True)
    asking: dict[str, Post] = field(default_factory=dict)  # by mark

    @property
    def is_alone(self) -> bool:
        """Whether the chat is theirs with the bot; elsewhere it has to be mentioned."""
        return self.seat.channel.kind == "im"


class Colleagues:
    """Everybody with the bot in private, and some of them in one channel besides."""

    def __init__(self, house: House, people: int, in_channel: int) -> None:
        self.house = house
        self.guests = [self._colleague(house.visit(f"Guest{number}")) for number in range(people)]
        room = house.room(*(guest.seat.person for guest in self.guests[:in_channel]))
        for guest in self.guests[:in_channel]:
            self.guests.append(self._colleague(room.seat(guest.seat.person)))
        self.done: Counter[str] = Counter()
        """The deeds by kind."""
        self.below: Counter[str] = Counter()
        self.repeats: Counter[str] = Counter()
        self._number = 0
        self._rated: list[Post] = []

    def _colleague(self, seat: Seat) -> Colleague:
        chat = f"{seat.channel.id}/{seat.person.id}"
        return Colleague(seat.person.name, chat=chat, seat=seat)

    async def talk(self, dice: random.Random, *, pause: float) -> None:
        """Do this and that, `pause` seconds apart on average, until cancelled."""
        async with asyncio.TaskGroup() as talking:
            for guest in self.guests:
                # A channel takes one message a second, whoever they are for.
                slower = pause * (1 if guest.is_alone else 4)
                talking.create_task(self._visit(guest, random.Random(dice.random()), slower))

    async def look(self) -> dict[str, Any]:
        """What is on the screens, in the words of the playground: one chat for each of them."""
        return {"messages": [line for guest in self.guests for line in self._lines(guest)]}

    async def doubts(self) -> Doubts:
        async with self._database() as rows:
            return await noted(rows, lambda chat, user: f"{chat}/{user}")

    def faults(self) -> list[str]:
        """What Slack may never see of the bot's calls."""
        slack = self.house.slack
        broken = (f"against the rules: {no}" for no in slack.violations())
        pings = (f"somebody was called: {ping}" for ping in slack.pings())
        return [*broken, *pings, *(f"a session goes on: {thread}" for thread in self._at_work())]

    async def rest(self) -> None:
        """A session ends some time after its answer where there was no turn for it before."""
        with suppress(AssertionError):
            await self.house.until(lambda: not self._at_work(), within=20)

    def _at_work(self) -> list[str]:
        sessions = (channel.sessions.items() for channel in self.house.slack.channels.values())
        return [
            thread
            for several in sessions
            for thread, session in several
            if session.status == "processing"
        ]

    async def bring_again(self) -> None:
        """What met no bot at any try: Slack's last one is minutes after the first."""
        slack, send = self.house.slack, self.house.pusher.bring
        if not slack.app.request_url:
            send = slack.sockets.bring
        for one in [one for one in slack.delivered if one.kind == "events" and not one.done]:
            if len(one.tries) > RETRIES:
                await send(one)

    async def count_ratings(self) -> None:
        """A message that was killed over in the moment it was posted is nobody's: the bot says
        that it may be there, and knows of no reaction whose answer it means."""
        found = select(screens.c.ref).where(screens.c.ref.is_not(None))
        async with self._database() as rows:
            known = {ref.id for (ref,) in await rows.execute(found)}
        self.done["rate"] -= sum(post.ts not in known for post in self._rated)

    @asynccontextmanager
    async def _database(self) -> AsyncIterator[AsyncConnection]:
        kept = f"sqlite:///{self.house.folder / 'parley.db'}"
        async with database.opened(kept) as engine, engine.connect() as rows:
            yield rows

    # Deeds

    async def _visit(self, guest: Colleague, dice: random.Random, pause: float) -> None:
        deeds = self._deeds(guest, dice)
        weights = [often for often, _ in deeds]
        while True:
            await asyncio.sleep(dice.uniform(0.0, 2 * pause))
            [(_, deed)] = dice.choices(deeds, weights)
            deed()

    def _deeds(
        self, guest: Colleague, dice: random.Random
    ) -> Sequence[tuple[int, Callable[[], None]]]:
        """What somebody may do, and how often of 20 times they do it."""
        return (
            (12, lambda: self.ask(guest, dice)),
            (2, lambda: self.ask(guest, dice, picture=True)),
            (2, lambda: self._edit(guest, dice)),
            (2, lambda: self._rate(guest)),
            (2, lambda: self._stop(guest)),
        )

    def ask(self, guest: Colleague, dice: random.Random, *, picture: bool = False) -> None:
        mark = self._mark()
        guest.questions.append(Asked(mark, guest.chat))
        self.done["picture" if picture else "ask"] += 1
        say = guest.seat.say if guest.is_alone else guest.seat.mention
        files = [guest.seat.file()] if picture else []
        guest.asking[mark] = say(question(mark, dice), files=files)

    def _edit(self, guest: Colleague, dice: random.Random) -> None:
        """Change the newest question, whatever has become of its answer."""
        asked = guest.questions[-1] if guest.questions else None
        if asked is None or asked.sequel:
            return
        self.done["edit"] += 1
        post = guest.asking.pop(asked.mark)
        asked.sequel, asked.earlier, asked.mark = "edit", asked.mark, self._mark()
        guest.asking[asked.mark] = post
        hello = post.text.partition("Summarise")[0]
        guest.seat.edit(post, "", wire=hello + question(asked.mark, dice))

    def _rate(self, guest: Colleague) -> None:
        for asked in reversed(guest.questions):
            posts = [
                one for one in self._answers(guest) if asked.mark in MARK.findall(one.readable)
            ]
            if asked.sequel or not posts or not whole(posts[-1]):
                continue
            asked.sequel = "rate"
            self.done["rate"] += 1
            self._rated.append(posts[-1])
            guest.seat.react(posts[-1], "+1" if self.done["rate"] % 2 else "thumbsup::skin-tone-3")
            return

    def _stop(self, guest: Colleague) -> None:
        """By Slack's own Stop, where the newest answer has one."""
        if not guest.questions or guest.questions[-1].sequel:
            return
        root = guest.asking[guest.questions[-1].mark].root
        session = guest.seat.session(root)
        if session is not None and session.status == "processing":
            guest.questions[-1].sequel = "stop"
            self.done["stop"] += 1
            guest.seat.stop(root)

    def _mark(self) -> str:
        self._number += 1
        return f"mark{self._number}"

    # The screens

    def _answers(self, guest: Colleague) -> list[Post]:
        return [one for one in guest.seat.answers if self._owner(one) == guest.seat.person.id]

    def _owner(self, post: Post) -> str:
        """Whom a message of the bot is for: whoever wrote what it hangs on."""
        root = post.channel.posts.get(post.thread)
        return root.author if root else ""

    def _lines(self, guest: Colleague) -> list[dict[str, object]]:
        own = [post for post in guest.seat.posts if post.author == guest.seat.person.id]
        return [
            *(self._line(guest, post, post.author) for post in own),
            *(self._line(guest, post, "bot") for post in self._answers(guest)),
        ]

    def _line(self, guest: Colleague, post: Post, author: str) -> dict[str, object]:
        live = post.stream is not None and post.stream.state(self.house.slack.clock()) == "live"
        return {
            "id": post.ts,
            "chat": guest.chat,
            "author": author,
            "text": post.readable.replace("/ask retry", "/retry"),  # as elsewhere
            "buttons": [{"name": name} for name in _names(post)],
            "growing": live,
            "voice": None,
        }


def _names(post: Post) -> list[str]:
    """The core's names of its buttons."""
    kinds = [str(element["action_id"]).partition(":")[0] for element in post.elements]
    return [*kinds, *(["like", "dislike"] if "feedback" in kinds else [])]


async def kill_rounds(guests: Colleagues, rounds: int, seed: int, *, pause: float) -> None:
    """Let everybody do their deeds, and kill the bot at `rounds` random moments.

    Every third life is long enough for answers to come to their end and for texts to be kept.
    """
    dice, house = random.Random(seed), guests.house
    for number in range(rounds):
        talking = asyncio.create_task(guests.talk(random.Random(dice.random()), pause=pause))
        least, most = (3.0, 4.0) if number % 3 == 1 else (0.05, 1.6)
        await asyncio.wait([talking], timeout=dice.uniform(least, most))
        await house.end(signal.SIGKILL)
        house.slack.tiers.die()
        talking.cancel()
        await asyncio.wait([talking])
        if not talking.cancelled():
            talking.result()
        await house.start()
        house.slack.tiers.die()  # what was on its way to the one before is over as well
    await guests.bring_again()
    await guests.count_ratings()
