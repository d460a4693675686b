"""People in Telegram who go on about their business while the bot is killed and restarted."""

import asyncio
import random
import re
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import database
from bot.store.tables import screens
from tests.fakes.bot_api import PICTURE, Post, Seat
from tests.fakes.counted_sandbox import MARK
from tests.fakes.crowd import STOPPED, Asked, Guest, question
from tests.fakes.doubts import Doubts, noted
from tests.fakes.telegram_bot import House, whole

_ITALIC = re.compile(r"(?<![\w_])_([^_]+)_(?!\w)")
_STOP = "⏹"
_AGAIN = "↻"


@dataclass(eq=False)
class Visitor(Guest):
    """Somebody in one chat of Telegram, and the messages in which they asked there."""

    seat: Seat = field(kw_only=True)
    hello: str = ""
    """What a question in a group begins with."""
    asking: dict[str, Post] = field(default_factory=dict)  # by mark


class Visitors:
    """Everybody with the bot in private, and some of them in one group besides."""

    def __init__(self, house: House, people: int, in_group: int) -> None:
        self.house = house
        self.group = house.group(admin=True)
        self.guests = [self._visitor(house.visit(f"Guest{number}")) for number in range(people)]
        for guest in self.guests[:in_group]:
            seat = self.group.seat(guest.seat.person)
            self.guests.append(self._visitor(seat, hello=f"@{house.account.username} "))
        self.done: Counter[str] = Counter()
        """The deeds by kind."""
        self.below: Counter[str] = Counter()
        """How often a whole answer of a chat was asked for once more, which goes below it."""
        self.repeats: Counter[str] = Counter()
        """How often the question of a mark was asked once more."""
        self._number = 0
        self._reacted: list[tuple[int, int]] = []  # the chats and messages

    def _visitor(self, seat: Seat, hello: str = "") -> Visitor:
        chat = f"{seat.chat.id}/{seat.person.id}"
        return Visitor(seat.person.name, chat=chat, seat=seat, hello=hello)

    async def talk(self, dice: random.Random, *, pause: float) -> None:
        """Do this and that, `pause` seconds apart on average, until cancelled."""
        async with asyncio.TaskGroup() as talking:
            for guest in self.guests:
                # A group takes twenty messages a minute, whoever they are for.
                slower = pause * (8 if guest.hello else 1)
                talking.create_task(self._visit(guest, random.Random(dice.random()), slower))

    async def look(self) -> dict[str, Any]:
        """What is on the screens, in the words of the playground: one chat for each visitor."""
        return {"messages": [line for guest in self.guests for line in self._lines(guest)]}

    async def doubts(self) -> Doubts:
        async with self._database() as rows:
            return await noted(rows, lambda chat, user: f"{chat}/{user}")

    async def count_ratings(self) -> None:
        """A message that was killed over in the moment it was posted is nobody's: a button on it
        names its answer, and a reaction does not."""
        found = select(screens.c.ref).where(screens.c.ref.is_not(None))
        async with self._database() as rows:
            known = {(int(ref.chat), int(ref.id)) for (ref,) in await rows.execute(found)}
        self.done["rate"] -= sum(post not in known for post in self._reacted)

    @asynccontextmanager
    async def _database(self) -> AsyncIterator[AsyncConnection]:
        kept = f"sqlite:///{self.house.folder / 'parley.db'}"
        async with database.opened(kept) as engine, engine.connect() as rows:
            yield rows

    async def faults(self) -> list[str]:
        """What nobody may ever see of the bot, or Telegram of its calls."""
        # Where last words may be missing nothing takes a draft's place; it fades by itself.
        unsaid = (await self.doubts()).unsaid
        telegram = self.house.telegram
        strangers = [
            post
            for post in self.group.seat(self.guests[0].seat.person).answers
            if not self._owner(post)
        ]
        drafts = [
            f"{guest.chat}: a draft that nobody writes on: {draft.text!r}"
            for guest in self.guests
            if (draft := guest.seat.draft()) and not unsaid[guest.chat]
        ]
        # A press that was acknowledged just before a kill is acknowledged once more after it.
        refused = [no for no in telegram.violations() if "query is too old" not in no.description]
        return [
            *(f"refused: {no}" for no in refused),
            *(f"a message in the group for nobody: {post.text!r}" for post in strangers),
            *drafts,
        ]

    # Deeds

    async def _visit(self, guest: Visitor, dice: random.Random, pause: float) -> None:
        deeds = self._deeds(guest, dice)
        weights = [often for often, _ in deeds]
        while True:
            await asyncio.sleep(dice.uniform(0.0, 2 * pause))
            [(_, deed)] = dice.choices(deeds, weights)
            deed()

    def _deeds(
        self, guest: Visitor, dice: random.Random
    ) -> Sequence[tuple[int, Callable[[], None]]]:
        """What somebody may do, and how often of 22 times they do it."""
        return (
            (12, lambda: self.ask(guest, dice)),
            (2, lambda: self.ask(guest, dice, pictures=2)),
            (2, lambda: self._edit(guest, dice)),
            (2, lambda: self._press(guest, "again")),
            (2, lambda: self._press(guest, "rate")),
            (2, lambda: self._stop(guest)),
        )

    def ask(self, guest: Visitor, dice: random.Random, *, pictures: int = 0) -> None:
        mark = self._mark()
        guest.questions.append(Asked(mark, guest.chat))
        words = guest.hello + question(mark, dice)
        self.done["album" if pictures else "ask"] += 1
        if pictures:
            guest.asking[mark] = guest.seat.album([PICTURE] * pictures, words)[0]
        else:
            guest.asking[mark] = guest.seat.say(words)

    def _edit(self, guest: Visitor, dice: random.Random) -> None:
        """Change the newest question, whatever has become of its answer."""
        asked = guest.questions[-1] if guest.questions else None
        if asked is None or asked.sequel:
            return
        self.done["edit"] += 1
        post = guest.asking.pop(asked.mark)
        asked.sequel, asked.earlier, asked.mark = "edit", asked.mark, self._mark()
        guest.asking[asked.mark] = post
        guest.seat.edit(post, guest.hello + question(asked.mark, dice))

    def _press(self, guest: Visitor, kind: str) -> None:
        """Have an answer once more, or say what one thinks of it: by button, or by reaction."""
        for asked in reversed(guest.questions):
            posts = [post for post in self._answers(guest) if asked.mark in MARK.findall(post.text)]
            if asked.sequel or not posts or not _has(posts[-1], _AGAIN):
                continue
            post = posts[-1]
            if kind == "again":
                asked.sequel = kind
                self.done["again"] += 1
                self.repeats[asked.mark] += 1
                # What was stopped is written over.
                self.below[guest.chat] += whole(post) and not _markdown(post).endswith(STOPPED)
                guest.seat.press(post, _AGAIN)
            elif whole(post):
                asked.sequel = kind
                self.done["rate"] += 1
                if self.done["rate"] % 2:
                    self._reacted.append((guest.seat.chat.id, post.id))
                    guest.seat.react(post, "👍")
                else:
                    guest.seat.press(post, "👍")
            return

    def _stop(self, guest: Visitor) -> None:
        """By the draft's own stop, by the button, or by command."""
        if guest.questions and not guest.questions[-1].sequel:
            guest.questions[-1].sequel = "stop"
        draft = guest.seat.draft()
        growing = [post for post in self._answers(guest) if _has(post, _STOP)]
        if draft is not None and draft.can_stop and not draft.stopped:
            self.done["stop by draft"] += 1
            guest.seat.stop_generation()
        elif growing:
            self.done["stop by button"] += 1
            guest.seat.press(growing[-1], _STOP)
        else:
            self.done["stop"] += 1
            guest.seat.say("/stop" + f"@{self.house.account.username}" * bool(guest.hello))

    def _mark(self) -> str:
        self._number += 1
        return f"mark{self._number}"

    # The screens

    def _answers(self, guest: Visitor) -> list[Post]:
        posts = guest.seat.answers
        if not guest.hello:
            return posts
        return [post for post in posts if self._owner(post) == guest.seat.person.id]

    def _owner(self, post: Post) -> int:
        """Whom a message of the bot in the group is for: whoever wrote what it replies to."""
        question = post.chat.posts.get(post.reply_to)
        return question.author if question else 0

    def _lines(self, guest: Visitor) -> list[dict[str, object]]:
        own = [post for post in guest.seat.posts if post.author == guest.seat.person.id]
        return [
            *(_line(guest, post, str(post.author)) for post in own),
            *(_line(guest, post, "bot") for post in self._answers(guest)),
        ]


def _line(guest: Visitor, post: Post, author: str) -> dict[str, object]:
    names = [str(b["callback_data"]).partition(":")[0] for row in post.rows for b in row]
    return {
        "id": str(post.id),
        "chat": guest.chat,
        "author": author,
        "text": _markdown(post),
        "buttons": [{"name": name} for name in names],
        "growing": False,
        "voice": None,
    }


def _markdown(post: Post) -> str:
    return _ITALIC.sub(r"*\1*", post.readable)


def _has(post: Post, sign: str) -> bool:
    return any(sign in label for label in post.buttons)


async def kill_rounds(
    guests: Visitors, rounds: int, seed: int, *, pause: float, longest: float = 1.6
) -> None:
    """Let everybody do their deeds, and kill the bot at `rounds` random moments.

    Every third life is long enough for answers to come to their end and for texts to be kept.
    """
    dice, house = random.Random(seed), guests.house
    for number in range(rounds):
        talking = asyncio.create_task(guests.talk(random.Random(dice.random()), pause=pause))
        least, most = (3.0, 4.0) if number % 3 == 1 else (0.05, longest)
        await asyncio.wait([talking], timeout=dice.uniform(least, most))
        await house.end(signal.SIGKILL)
        talking.cancel()
        await asyncio.wait([talking])
        if not talking.cancelled():
            talking.result()
        await house.start()
    await guests.count_ratings()
