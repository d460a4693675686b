"""A place in Telegram's terms: its ids, its budgets, and the turns to call in it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Self, TypeAlias, TypeVar

from adapters.telegram import limits
from adapters.telegram.account import Account
from adapters.telegram.quoting import Quoting
from adapters.telegram.shapes import To
from bot.events import Chat, MessageRef, Place
from bot.surface import Budget, Rank, RateLimited, Slots

PLATFORM = "telegram"
T = TypeVar("T")
Call: TypeAlias = Callable[[], Awaitable[T]]


class Spot:
    """Where something is said, and by which account."""

    def __init__(self, account: Account, slots: Slots, place: Place, quoting: Quoting) -> None:
        chat = place.chat
        self.account = account
        self.slots = slots
        self.place = place
        self.to = To(chat=int(chat.id), thread=int(chat.thread) if chat.thread else None)
        self._quoting = quoting

    @property
    def chat(self) -> Chat:
        return self.place.chat

    @property
    def reply_to(self) -> int | None:
        """The message that what is said now replies to; those of a moved chat stay behind."""
        return None if self.now != self.chat.id else self._quoting.reply_to(self.place)

    @property
    def now(self) -> str:
        """The chat's id today: of a group that has moved it is another one."""
        return self.account.moved(self.chat.id)

    def left(self, ref: MessageRef) -> bool:
        """Whether the message stayed behind when its group moved: its id is another's there."""
        return ref.chat != self.now

    @property
    def messages(self) -> Sequence[Budget]:
        """What a message or an edit draws on."""
        return limits.chat(self.account.id, self.chat.id, group=not self.chat.private)

    @property
    def drafts(self) -> Sequence[Budget]:
        """What a draft or a chat action draws on."""
        return limits.drafts(self.account.id, self.chat.id)

    def ref(self, message: int) -> MessageRef:
        return MessageRef(
            platform=PLATFORM, workspace=self.account.id, chat=self.now, id=str(message)
        )

    def turn(self, rank: Rank, who: str = "", *, tries: int = 1) -> "Turn":
        """For messages and edits."""
        return Turn(self.slots, self.messages, rank, who, tries=tries)


class Turn:
    """One thing to be done, by one call or more: each takes its slot.

    After a 429 a call is made again up to its last of `tries`, when it is raised: nothing was done.
    """

    def __init__(
        self,
        slots: Slots,
        budgets: Sequence[Budget],
        rank: Rank,
        who: str = "",
        *,
        tries: int = 1,
    ) -> None:
        self._slots = slots
        self._budgets = budgets
        self._rank = rank
        self._who = who
        self._tries = tries
        self._is_granted = False

    def granted(self) -> Self:
        """The same for one whose first slot has been taken already."""
        self._is_granted = True
        return self

    async def come(self) -> None:
        """Return when the next call may be made."""
        if not self._is_granted:
            await self._slots.slot(self._budgets, self._rank, who=self._who)
            self._is_granted = True

    def give_back(self) -> None:
        """The slot is not used."""
        self._is_granted = False
        self._slots.give_back(self._budgets)

    async def make(self, call: Call[T]) -> T:
        """`call` in its turn. A 429 silences for everybody what it is about."""
        for left in reversed(range(self._tries)):
            await self.come()
            self._is_granted = False
            try:
                return await call()
            except RateLimited as limited:
                self._pause(limited)
                if not left:
                    raise
        raise AssertionError("a turn has at least one try")

    def _pause(self, limited: RateLimited) -> None:
        blamed = [budget for budget in self._budgets if budget.scope == limited.scope]
        # A chat that has moved is known by its new id to those who refuse.
        self._slots.pause(blamed or self._budgets[:1], limited.retry_after)
