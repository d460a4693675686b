"""The transport that tells each call, for whoever hunts a fault, in the place of the silent one."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from adapters.slack.errors import plain_code
from adapters.slack.transport import Answer, Transport
from bot import observe

_log = observe.get_logger(__name__)


class DetailedTransport:
    """Of addresses only the host is told: what follows lets anybody write who knows it."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def send(
        self, method: str, args: Mapping[str, object], token: str, *, timeout: float
    ) -> Answer:
        with observe.step(_log, "slack called", method=method) as step:
            answer = await self._transport.send(method, args, token, timeout=timeout)
            step |= _told(answer)
        return answer

    async def get(self, url: str, *, token: str, limit: int, timeout: float) -> Answer:
        with observe.step(_log, "slack's file read", host=_host(url)) as step:
            answer = await self._transport.get(url, token=token, limit=limit, timeout=timeout)
            step |= {"status": answer[0], "bytes": len(answer[2])}
        return answer

    async def post(self, url: str, data: bytes, *, media_type: str, timeout: float) -> Answer:
        with observe.step(_log, "slack posted to", host=_host(url)) as step:
            answer = await self._transport.post(url, data, media_type=media_type, timeout=timeout)
            step["status"] = answer[0]
        return answer


class _Said(msgspec.Struct):
    error: str = ""


def _told(answer: Answer) -> Mapping[str, object]:
    status, headers, body = answer
    told: dict[str, object] = {"status": status}
    try:
        said = msgspec.json.decode(body, type=_Said)
    except (msgspec.DecodeError, RecursionError):
        said = _Said(error="unreadable")
    if said.error:  # with 200, as a rule
        told["code"] = plain_code(said.error)
    if after := headers.get("Retry-After"):
        told["retry_after"] = after
    return told


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
