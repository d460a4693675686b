"""Webhook delivery: a queue's updates one by one, again until a 2xx, whose body may be a call."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Self

from aiohttp import ClientError, ClientSession, ClientTimeout

from tests.fakes.bot_api.server import Telegram
from tests.fakes.bot_api.things import Bot, Queued

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
PATIENCE = 60.0  # seconds a webhook may take
MOST_PAUSE = 60.0  # seconds between two tries without Retry-After
_NOT_BY_ANSWER = {"setWebhook", "deleteWebhook", "close", "logOut"}

Answer = tuple[int, Mapping[str, str], bytes]
Send = Callable[[str, Mapping[str, str], bytes], Awaitable[Answer]]


def over(session: ClientSession) -> Send:
    """Deliver by real requests."""

    async def send(url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        timeout = ClientTimeout(total=PATIENCE)
        async with session.post(
            url, headers=headers, data=body, timeout=timeout, allow_redirects=False
        ) as answer:
            return answer.status, answer.headers, await answer.read()

    return send


class Pusher:
    """Pushes updates to the webhooks of all bots while its block lasts.

    `speed` shortens the pauses between tries; every update is delivered once more `twice`;
    `pushed` tells what each delivery came to: update id and status (0 for none).
    """

    def __init__(self, telegram: Telegram, send: Send, *, speed: float = 1.0) -> None:
        self.telegram = telegram
        self.speed = speed
        self.twice = False
        self.pushed: list[tuple[int, int]] = []
        self._send = send
        self._woken = asyncio.Event()
        self._busy: dict[tuple[int, str], asyncio.Task[None]] = {}

    async def __aenter__(self) -> Self:
        self._unlisten = self.telegram.listen(self._woken.set)
        self._group = asyncio.TaskGroup()
        await self._group.__aenter__()
        self._main = self._group.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._unlisten()
        self._main.cancel()
        for task in self._busy.values():
            task.cancel()
        await self._group.__aexit__(None, None, None)

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            for bot in self.telegram.bots.values():
                self._begin(bot)
            await self._woken.wait()

    def _begin(self, bot: Bot) -> None:
        """Start on every queue with something in it, as far as connections allow."""
        if bot.webhook is None:
            return
        for queued in list(self.telegram.pending(bot)):
            key = (bot.id, queued.queue)
            if len(self._busy) >= bot.webhook.most:
                return
            if key not in self._busy:
                self._busy[key] = self._group.create_task(self._deliver(bot, queued))

    async def _deliver(self, bot: Bot, queued: Queued) -> None:
        try:
            tries = 0
            while bot.webhook and queued in bot.queue:
                status, headers, body = await self._try(bot, queued)
                if 200 <= status < 300:
                    bot.queue.remove(queued)
                    self._obey(bot, body)
                    if self.twice:
                        await self._try(bot, queued)
                    return
                bot.webhook.last_error = f"Wrong response from the webhook: {status}"
                bot.webhook.last_error_at = int(self.telegram.wall())
                await asyncio.sleep(self._pause(tries, headers))
                tries += 1
        finally:
            del self._busy[bot.id, queued.queue]
            self._woken.set()

    def _pause(self, tries: int, headers: Mapping[str, str]) -> float:
        """The first retry is immediate, then 2, 4, 8 … s; Retry-After is honoured."""
        asked = headers.get("Retry-After", "")
        if asked.isdecimal():
            return min(int(asked), 3600) / self.speed
        return min(float(2**tries), MOST_PAUSE) / self.speed if tries else 0.0

    async def _try(self, bot: Bot, queued: Queued) -> Answer:
        assert bot.webhook
        headers = {"Content-Type": "application/json"}
        if bot.webhook.secret:
            headers[SECRET_HEADER] = bot.webhook.secret
        try:
            answer = await self._send(bot.webhook.url, headers, json.dumps(queued.update).encode())
        except (ClientError, TimeoutError, OSError):
            answer = (0, {}, b"")
        self.pushed.append((queued.id, answer[0]))
        return answer

    def _obey(self, bot: Bot, body: bytes) -> None:
        """A 2xx may carry one call; its result is told to nobody."""
        try:
            call = json.loads(body)
        except ValueError:
            return
        if isinstance(call, dict) and (method := str(call.pop("method", ""))):
            if method.startswith("get") or method in _NOT_BY_ANSWER:
                return
            self.telegram.call(bot.token, method, call)
