"""What is known of people: their language, their name, and their own chat with the bot.

Looked up aside and remembered, so that nobody waits for it longer than PATIENCE, and that once.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

from adapters.slack.aside import Aside
from adapters.slack.asking import Person
from adapters.slack.remembered import Remembered
from adapters.slack.workspace import Workspace
from bot.surface import SurfaceError

PATIENCE: Final = 0.4
"""Seconds an event waits for what Slack says of its person; all of them have to be kept in 3 s."""
NEEDED: Final = 1.5
"""Seconds for what it cannot do without."""
KEPT: Final = 6 * 3600.0
"""Seconds that what was told of somebody counts: people change their language, but seldom."""
FAILED: Final = 60.0
"""Seconds before somebody is asked about again whom Slack told nothing of."""
LOOKUPS: Final = 80
"""Of people in a minute, and half as many of chats: Slack allows a hundred and fifty. What would
have to wait for its turn would be too late, so that beyond them somebody is just not known yet."""
MINUTE: Final = 60.0
MOST: Final = 20_000
"""People remembered."""


class People:
    """`aside` is where lookups go on when nobody waits for them any more."""

    def __init__(self, aside: Aside) -> None:
        self._aside = aside
        self._times: Remembered[tuple[str, str], deque[float]] = Remembered(MOST)
        self._found: Remembered[tuple[str, str], tuple[float, Person | None]] = Remembered(MOST)
        self._chats: Remembered[tuple[str, str], str] = Remembered(MOST)
        self._teams: Remembered[tuple[str, str], str] = Remembered(MOST)
        self._asked: dict[tuple[str, str, str], asyncio.Event] = {}

    # Who they are

    async def person(
        self, workspace: Workspace, user: str, *, patience: float = PATIENCE
    ) -> Person | None:
        """What is known of `user` after `patience` seconds at most."""
        key = workspace.team, user
        if not self._is_fresh(key):
            await self._wait("person", key, partial(self._ask, workspace, user), patience)
        return self.known(*key)

    def known(self, team: str, user: str) -> Person | None:
        """What was told of them before."""
        found = self._found.get((team, user))
        return found[1] if found else None

    async def names(self, workspace: Workspace, users: Sequence[str]) -> dict[str, str]:
        found = await asyncio.gather(*(self.person(workspace, user) for user in users))
        return {
            user: person.name
            for user, person in zip(users, found, strict=True)
            if person is not None and person.name
        }

    # Whose own team is which

    def note_team(self, workspace: Workspace, user: str, team: str) -> None:
        """Slack has told it with something they did."""
        self._teams.put((workspace.team, user), team)

    def team(self, workspace: Workspace, user: str) -> str:
        """As Slack told it last, "" where it did not."""
        return self._teams.get((workspace.team, user)) or ""

    # Where they talk with the bot alone

    def note_chat(self, workspace: Workspace, user: str, channel: str) -> None:
        self._chats.put((workspace.team, user), channel)

    async def chat(self, workspace: Workspace, user: str, *, patience: float) -> str:
        """Their own chat with the bot, "" where it is not known after `patience` seconds."""
        key = workspace.team, user
        if self._chats.get(key) is None:
            await self._wait("chat", key, partial(self._open, workspace, user), patience)
        return self._chats.get(key) or ""

    # Looking up

    async def _wait(
        self,
        what: str,
        key: tuple[str, str],
        ask: Callable[[], Awaitable[None]],
        patience: float,
    ) -> None:
        """Ask, unless it is being asked already, and wait for the answer."""
        asked = what, *key
        told = self._asked.get(asked)
        if told is None:
            told = asyncio.Event()
            lookup = partial(self._lookup, asked, told, ask)
            if not self._may_ask(what, key[0]) or not self._aside.begin(lookup):
                return
            self._asked[asked] = told
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await told.wait()

    def _may_ask(self, what: str, team: str) -> bool:
        """Whether one more lookup keeps within what a workspace allows in a minute."""
        now = asyncio.get_running_loop().time()
        times = self._times.get((what, team)) or deque()
        self._times.put((what, team), times)
        while times and now - times[0] >= MINUTE:
            times.popleft()
        if len(times) >= (LOOKUPS if what == "person" else LOOKUPS // 2):
            return False
        times.append(now)
        return True

    async def _lookup(
        self,
        asked: tuple[str, str, str],
        told: asyncio.Event,
        ask: Callable[[], Awaitable[None]],
    ) -> None:
        try:
            await ask()
        finally:
            told.set()
            self._asked.pop(asked, None)

    async def _ask(self, workspace: Workspace, user: str) -> None:
        person = None
        with contextlib.suppress(SurfaceError):
            person = await workspace.calls.user(user)
        now = asyncio.get_running_loop().time()
        self._found.put((workspace.team, user), (now, person))

    async def _open(self, workspace: Workspace, user: str) -> None:
        with contextlib.suppress(SurfaceError):
            self.note_chat(workspace, user, await workspace.calls.open_dm(user))

    def _is_fresh(self, key: tuple[str, str]) -> bool:
        found = self._found.get(key)
        if found is None:
            return False
        age = asyncio.get_running_loop().time() - found[0]
        return age < (KEPT if found[1] is not None else FAILED)
