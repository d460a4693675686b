"""Long polling: updates fetched, kept, and only then confirmed."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import Final, NoReturn

from adapters.telegram.account import Account
from adapters.telegram.hearing import Ear
from adapters.telegram.updates import ALLOWED
from bot import observe
from bot.surface import Accept, Busy, SurfaceError, Unreachable

HELD: Final = 50
"""Seconds that Telegram holds a poll back while nothing happens: its most."""
MARGIN: Final = 15.0
"""Seconds beyond which a poll that has not come back is deaf, and its connection given up."""
ACKS: Final = 100
"""Presses being acknowledged at once; beyond it their buttons stop waiting by themselves."""
ACK_PATIENCE: Final = 10.0  # seconds

_log = observe.get_logger(__name__)


class Polling:
    """Fetches one account's updates. Nothing but Telegram's answers decides how fast."""

    def __init__(self, account: Account, ear: Ear) -> None:
        self.account = account
        self.health = account.health
        self._ear = ear
        self._next = 0  # the update to ask for; those before it are confirmed by that

    async def run(self, accept: Accept) -> None:
        """Until cancelled; what was not confirmed then comes again with the next start."""
        async with asyncio.TaskGroup() as group:
            acks = Acks(self.account, group)
            while True:
                try:
                    await self._prepare()
                    await self._listen(accept, acks)
                except (SurfaceError, TimeoutError) as error:
                    pause = self.health.fail(error)
                await asyncio.sleep(pause)
                # Whatever hindered the last poll, a connection that looks alive may be deaf.
                await self.account.renew()

    async def _prepare(self) -> None:
        """Polls are refused to a bot without a name and to one whose updates go to a webhook."""
        if not self.account.username:
            await self.account.meet()
        if (await self.account.calls.webhook_info()).get("url"):
            _log.warning("a webhook is set and taken away, since PUBLIC_URL is not set")
            await self.account.calls.delete_webhook()

    async def _listen(self, accept: Accept, acks: "Acks") -> NoReturn:
        """Raises SurfaceError or TimeoutError."""
        held = 0  # so that the first answer, and with it that all is well, comes at once
        while True:
            async with asyncio.timeout(held + MARGIN):
                updates = await self.account.calls.get_updates(
                    self._next, timeout=held, allowed=ALLOWED
                )
            after = self._after(updates)
            self.health.recover(name=self.account.username, by="polling")
            await self._take(updates, accept, acks)
            self._next = after
            held = HELD

    async def _take(
        self, updates: Sequence[Mapping[str, object]], accept: Accept, acks: "Acks"
    ) -> None:
        """All of them, or not at all confirmed; chats do not wait for each other."""
        chats: dict[str, list[Mapping[str, object]]] = {}
        for update in updates:
            chats.setdefault(_chat(update), []).append(update)
        async with asyncio.TaskGroup() as group:
            for queue in chats.values():
                group.create_task(self._take_queue(queue, accept, acks))

    async def _take_queue(
        self, updates: Sequence[Mapping[str, object]], accept: Accept, acks: "Acks"
    ) -> None:
        for update in updates:
            press = await self._hear(update, accept)
            if press:
                acks.begin(press)

    async def _hear(self, update: Mapping[str, object], accept: Accept) -> str:
        while True:
            try:
                return await self._ear.hear(update, accept)
            except Busy as busy:
                pause = busy.retry_after
            await asyncio.sleep(pause)

    def _after(self, updates: Sequence[Mapping[str, object]]) -> int:
        """The update that comes after these."""
        ids = [id for update in updates if isinstance(id := update.get("update_id"), int)]
        if updates and not ids:  # no server of Telegram's; asked again at once it would go on so
            raise Unreachable(sent=False)
        return max(ids) + 1 if ids else self._next


class Acks:
    """Tells Telegram, aside, that presses have arrived; until then their buttons look busy."""

    def __init__(self, account: Account, group: asyncio.TaskGroup) -> None:
        self._account = account
        self._group = group
        self._open = 0

    def begin(self, press: str) -> None:
        if self._open < ACKS:
            self._open += 1
            self._group.create_task(self._acknowledge(press))

    async def _acknowledge(self, press: str) -> None:
        try:
            # It was kept, which is what counts.
            with contextlib.suppress(SurfaceError, TimeoutError):
                async with asyncio.timeout(ACK_PATIENCE):
                    if not await self._account.presses.answered(press):
                        await self._account.calls.answer_callback(press)
        finally:
            self._open -= 1


def _chat(update: Mapping[str, object]) -> str:
    """The chat that an update is about, as far as that can be seen from outside."""
    for part in update.values():
        if isinstance(part, Mapping):
            about = part.get("message", part)
            chat = about.get("chat") if isinstance(about, Mapping) else None
            return str(chat.get("id")) if isinstance(chat, Mapping) else ""
    return ""
