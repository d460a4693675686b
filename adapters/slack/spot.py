"""A place in Slack's terms: its workspace, its ids, and the turns to call in it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Self, TypeAlias, TypeVar

from adapters.slack import interaction
from adapters.slack.calls import Calls
from adapters.slack.features import Features
from adapters.slack.workspace import Workspace
from bot.events import Chat, MessageRef, Place
from bot.surface import Budget, Rank, RateLimited, Slots

PLATFORM: Final = "slack"
T = TypeVar("T")
Call: TypeAlias = Callable[[], Awaitable[T]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where something is said, and by which workspace's bot."""

    workspace: Workspace
    slots: Slots
    place: Place

    @property
    def chat(self) -> Chat:
        return self.place.chat

    @property
    def team(self) -> str:
        return self.place.chat.workspace

    @property
    def calls(self) -> Calls:
        return self.workspace.calls

    @property
    def features(self) -> Features:
        return self.workspace.features

    @property
    def response_url(self) -> str:
        """Takes a few messages where the bot itself may not post; "" where there is none."""
        return interaction.response_url(self.place.interaction)

    def ref(self, ts: str) -> MessageRef:
        return MessageRef(platform=PLATFORM, workspace=self.team, chat=self.chat.id, id=ts)

    def turn(self, rank: Rank, who: str = "", *, tries: int = 1) -> "Turn":
        return Turn(self.slots, rank, who, tries=tries)


class Turn:
    """One thing to be done, by one call or more: each takes its slot.

    After a 429 a call is made again up to its last of `tries`, when it is raised: nothing was done.
    """

    def __init__(self, slots: Slots, rank: Rank, who: str = "", *, tries: int = 1) -> None:
        self._slots = slots
        self._rank = rank
        self._who = who
        self._tries = tries
        self._granted: set[str] = set()

    def granted(self, *budgets: Sequence[Budget]) -> Self:
        """The same for one whose slots of these `budgets` have been taken already."""
        self._granted |= {budget.scope for several in budgets for budget in several}
        return self

    async def come(self, budgets: Sequence[Budget]) -> None:
        """Return when the next call that draws on `budgets` may be made."""
        needed = [budget for budget in budgets if budget.scope not in self._granted]
        if needed:
            await self._slots.slot(needed, self._rank, who=self._who)
            self._granted |= {budget.scope for budget in needed}

    async def make(self, budgets: Sequence[Budget], call: Call[T]) -> T:
        """`call` in its turn. A 429 silences for everybody what it is about."""
        for left in reversed(range(self._tries)):
            await self.come(budgets)
            self._granted -= {budget.scope for budget in budgets}
            try:
                return await call()
            except RateLimited as limited:
                self._pause(budgets, limited)
                if not left:
                    raise
        raise AssertionError("a turn has at least one try")

    def _pause(self, budgets: Sequence[Budget], limited: RateLimited) -> None:
        blamed = [budget for budget in budgets if budget.scope == limited.scope]
        self._slots.pause(blamed or budgets, limited.retry_after)
