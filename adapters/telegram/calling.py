"""One call: whether it may be made, how long it is waited for, when it is made again."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from telegram.error import TelegramError

from adapters.telegram import limits
from adapters.telegram.chats import Chats
from adapters.telegram.errors import (
    ENDED,
    Refusal,
    Unauthorized,
    Unsupported,
    ends_the_chat,
    reason,
    translated,
)
from adapters.telegram.health import Health
from adapters.telegram.outflow import Outflow
from adapters.telegram.wire import Timeouts
from bot.surface import Forbidden, Gone, RateLimited, SurfaceError, Unreachable

T = TypeVar("T")

AGAIN_WITHIN: Final = 10.0
"""Seconds after which no further try begins: whoever waits for the call has other plans by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How calls of one kind are made.

    `read`, `write`: seconds to wait for the answer, and to send. `pauses`: seconds before each
    further try. `creates`: it leaves something behind that would be there twice, so it is tried
    again only when it surely did nothing. `passes`: it shows something that passes, and draws on
    the budget for that.
    """

    read: float = 10.0
    write: float = 5.0
    pauses: tuple[float, ...] = (0.2, 0.8)
    creates: bool = False
    passes: bool = False

    @property
    def timeouts(self) -> Timeouts:
        return Timeouts(connect_timeout=5.0, write_timeout=self.write, read_timeout=self.read)


SEND: Final = Manner(read=15.0, creates=True)
"""Telegram's server holds a call back for 3 s before it says 429; its own calls take up to 10."""

UPLOAD: Final = Manner(read=30.0, write=60.0, creates=True)
"""50 MB, the most that Telegram takes, at 7 Mbit/s."""

EDIT: Final = Manner()

DRAFT: Final = Manner(read=4.0, write=1.0, pauses=(0.1,), passes=True)
"""Newer words, and the last one, wait for it; by the time of a third try there are such."""

ASK: Final = Manner()
"""What changes nothing in a chat."""

ONCE: Final = Manner(pauses=())
"""For callers that have a rhythm of their own."""


class Caller:
    """Makes the calls of one account. Knows chats that are dead, and those that moved."""

    def __init__(self, bot: str, chats: Chats, health: Health) -> None:
        self._bot = bot
        self._chats = chats
        self._health = health
        self._outflow = Outflow()
        self.known = False  # whether the server has ever answered to the token

    async def call(
        self, manner: Manner, make: Callable[[Timeouts], Awaitable[T]], *, scope: str = ""
    ) -> T:
        """What `make` gives, tried again as `manner` allows. Raises SurfaceError and only that."""
        pauses = iter(manner.pauses)
        began = asyncio.get_running_loop().time()
        while True:
            try:
                result = await make(manner.timeouts)
            except TelegramError as error:
                failure, pause = error, next(pauses, None)
            else:
                self.known = True
                if self._health.is_silent:
                    self._health.answer(began)
                return result
            late = asyncio.get_running_loop().time() >= began + AGAIN_WITHIN
            if pause is None or late or not _may_go_again(failure, manner):
                # Outside of the block above, so that nothing of PTB's hangs on it.
                raise self._translated(failure, manner, scope)
            await asyncio.sleep(pause)

    async def call_in(
        self, chat: int, manner: Manner, make: Callable[[int, Timeouts], Awaitable[T]]
    ) -> T:
        """A call in a chat, wherever that has moved to."""
        # Whoever asks knows the chat by this id, and has drawn on its budgets.
        scoped = limits.draft_scope if manner.passes else limits.chat_scope
        scope = scoped(self._bot, str(chat))
        for _ in range(2):
            now = self._chats.moved(chat)
            if self._chats.is_dead(now):
                break
            once = partial(make, now)
            try:
                if manner.passes:
                    return await self.call(manner, once, scope=scope)
                return await self._counted(manner, once, scope, now)
            except _Moved as moved:
                self._chats.move(now, moved.to)
                if manner is EDIT:  # there the id is another message's
                    raise Gone("the message stayed behind when its group moved") from None
            except Forbidden as error:
                if ends_the_chat(error):
                    self._chats.bury(now)
                raise
        raise Forbidden(ENDED)

    async def _counted(
        self, manner: Manner, make: Callable[[Timeouts], Awaitable[T]], scope: str, chat: int
    ) -> T:
        """One of the messages and edits to all chats together."""
        async with self._outflow.flight():
            try:
                return await self.call(manner, make, scope=scope)
            except RateLimited as limited:
                if not self._outflow.is_refused(chat):
                    raise
                wait = limited.retry_after
        raise RateLimited(wait, scope=limits.bot_scope(self._bot))

    def _translated(self, error: TelegramError, manner: Manner, scope: str) -> SurfaceError:
        if isinstance(error, Refusal) and error.migrated_to:
            return _Moved(error.migrated_to)
        failure = translated(
            error, scope=scope or limits.bot_scope(self._bot), creates=manner.creates
        )
        if isinstance(failure, Unsupported) and not self.known:
            return Unauthorized(failure.text)
        if isinstance(failure, Unreachable):
            self._health.silence(reason(error))
        return failure


class _Moved(SurfaceError):
    """The group is a supergroup now, with another id."""

    def __init__(self, to: int) -> None:
        super().__init__("the chat has moved")
        self.to = to


def _may_go_again(error: TelegramError, manner: Manner) -> bool:
    failure = translated(error, scope="", creates=manner.creates)
    return isinstance(failure, Unreachable) and not failure.sent
