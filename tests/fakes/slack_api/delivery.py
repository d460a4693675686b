"""Bringing things to the app over HTTP: signed, again when they were not taken in time."""

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping
from typing import Self

from aiohttp import ClientError, ClientSession, ClientTimeout

from tests.fakes.slack_api.payloads import Delivery
from tests.fakes.slack_api.server import Slack

PATIENCE = 3.0  # seconds until an answer must be there
PAUSES = (0.0, 60.0, 300.0)  # seconds before each retry of an event
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


def signed(slack: Slack, media_type: str, body: bytes) -> dict[str, str]:
    """The headers that prove where a request comes from."""
    stamp = str(int(slack.wall()))
    base = b"v0:" + stamp.encode() + b":" + body
    proof = hmac.new(slack.app.signing_secret.encode(), base, hashlib.sha256).hexdigest()
    return {
        "Content-Type": media_type,
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={proof}",
        "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
    }


class Pusher:
    """Brings what is in the outbox to the app's request URL while its block lasts.

    `speed` shortens the pauses before retries; with `twice` every event is brought once more,
    as if its first answer had been lost; `slow` are the deliveries that were not taken in time.
    """

    def __init__(self, slack: Slack, send: Send, *, speed: float = 1.0) -> None:
        self.slack = slack
        self.speed = speed
        self.twice = False
        self.slow: list[Delivery] = []
        self.took: list[float] = []  # seconds until each answer
        self._send = send
        self._woken = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._unlisten = self.slack.listen(self._woken.set)
        self._group = asyncio.TaskGroup()
        await self._group.__aenter__()
        self._tasks = {self._group.create_task(self._run())}
        return self

    async def __aexit__(self, *_: object) -> None:
        self._unlisten()
        for task in self._tasks:
            task.cancel()
        await self._group.__aexit__(None, None, None)

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            while self.slack.app.request_url and self.slack.outbox:
                task = self._group.create_task(self.bring(self.slack.outbox.pop(0)))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            await self._woken.wait()

    async def bring(self, delivery: Delivery) -> None:
        """Bring it until it is taken; commands and interactions are brought once."""
        self.slack.delivered.append(delivery)
        status, headers, body = await self._try(delivery)
        if delivery.kind == "events":
            for number, pause in enumerate(PAUSES, 1):
                again = self.twice and number == 1
                if headers.get("X-Slack-No-Retry") or (200 <= status < 300 and not again):
                    break
                await asyncio.sleep(pause / self.speed)
                reason = "http_error" if status and not again else "http_timeout"
                status, headers, body = await self._try(delivery, number, reason)
        delivery.done = 200 <= status < 300
        if delivery.answered:
            delivery.answered(status, body)
        self.slack.changed()

    async def _try(self, delivery: Delivery, number: int = 0, reason: str = "") -> Answer:
        media_type, data = delivery.body()
        headers = signed(self.slack, media_type, data)
        if number:
            headers |= {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": reason}
        began = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await self._send(self.slack.app.request_url, headers, data)
        except (ClientError, TimeoutError, OSError):
            answer = (0, {}, b"")
        self.took.append(asyncio.get_running_loop().time() - began)
        if not answer[0]:
            self.slow.append(delivery)
        delivery.tries.append(answer[0])
        return answer

    async def raw(self, payload: bytes, media_type: str = "application/json") -> Answer:
        """Bring a body as it is, well signed: a check of the address, or junk."""
        headers = signed(self.slack, media_type, payload)
        return await self._send(self.slack.app.request_url, headers, payload)

    async def verify(self) -> bool:
        """Check the request URL as Slack does when it is entered."""
        body = b'{"token":"t","challenge":"a-challenge","type":"url_verification"}'
        status, _, answer = await self.raw(body)
        return status == 200 and b"a-challenge" in answer
