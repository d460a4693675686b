"""One call as it is lived through: it takes time, may fail on the way, may wait for updates."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tests.fakes.bot_api.refused import Refused

if TYPE_CHECKING:
    from tests.fakes.bot_api.server import Telegram, Upload

Kind = Literal["silent", "silent after", "cut", "cut after", "500", "502", "not json"]
LONGEST_POLL = 50.0  # seconds (getUpdates)


class Silent(Exception):
    """No answer ever comes."""


class Cut(Exception):
    """The connection breaks."""


@dataclass(kw_only=True)
class Fault:
    """What goes wrong with the next `times` calls of `method` ("" for any).

    "after" means that the server has acted before it fell silent or broke off.
    """

    kind: Kind
    method: str = ""
    times: int = 1


async def perform(
    telegram: "Telegram",
    token: str,
    method: str,
    given: Mapping[str, object],
    files: "Mapping[str, Upload]",
) -> tuple[int, dict[str, object]]:
    """Status and body of a call; raises Silent or Cut where a fault wants it."""
    fault = telegram.faults.take(method)
    if telegram.latency:
        await asyncio.sleep(telegram.latency / 2)
    if fault in {"silent", "cut"}:
        raise Silent if fault == "silent" else Cut
    if fault in {"500", "502"}:
        status = int(fault)
        return status, {"ok": False, "error_code": status, "description": "Internal Server Error"}
    if method == "getUpdates":
        status, body = await _poll(telegram, token, given)
    else:
        status, body = telegram.call(token, method, given, files)
    if fault in {"silent after", "cut after"}:
        raise Silent if fault == "silent after" else Cut
    if telegram.latency:
        await asyncio.sleep(telegram.latency / 2)
    return status, body


async def _poll(
    telegram: "Telegram", token: str, given: Mapping[str, object]
) -> tuple[int, dict[str, object]]:
    """getUpdates: waits for the first update; a newer poll ends an older one."""
    status, body = telegram.call(token, "getUpdates", given)
    patience = min(float(str(given.get("timeout", 0))), LONGEST_POLL)
    if status != 200:
        return status, body
    bot = telegram.bots[token]
    bot.polls += 1
    mine = bot.polls
    telegram.changed()  # wakes the older poll
    woken = asyncio.Event()
    stop = telegram.listen(woken.set)
    until = telegram.clock() + patience
    try:
        while status == 200 and not body["result"] and (left := until - telegram.clock()) > 0:
            woken.clear()
            try:
                # `wait_for` of Python 3.11 loses a cancellation that comes with the wake-up.
                async with asyncio.timeout(left):
                    await woken.wait()
            except TimeoutError:
                break
            if bot.polls != mine:
                return _terminated(telegram)
            if bot.queue or bot.webhook:
                status, body = telegram.call(token, "getUpdates", given)
        return status, body
    finally:
        stop()


def _terminated(telegram: "Telegram") -> tuple[int, dict[str, object]]:
    no = Refused(
        409,
        "Conflict: terminated by other getUpdates request; "
        "make sure that only one bot instance is running",
    )
    telegram.refused("getUpdates", no, {})
    return no.code, no.body()


class Faults:
    """What is to go wrong, in the order in which it was asked for."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, kind: Kind, method: str = "", *, times: int = 1) -> None:
        self._waiting.append(Fault(kind=kind, method=method, times=times))

    def clear(self) -> None:
        self._waiting.clear()

    def take(self, method: str) -> Kind | None:
        for fault in self._waiting:
            if fault.method in {"", method} and fault.times > 0:
                fault.times -= 1
                return fault.kind
        return None
