"""One call as it is lived through: it takes time, and may fail on the way."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tests.fakes.slack_api.server import Slack

Kind = Literal[
    "silent",
    "silent after",
    "cut",
    "cut after",
    "500",
    "503",
    "not json",
    "rate_limited",
    "internal_error",
    "fatal_error",
]
Raw = tuple[int, dict[str, str], bytes]
_JSON = {"Content-Type": "application/json; charset=utf-8"}


class Silent(Exception):
    """No answer ever comes."""


class Cut(Exception):
    """The connection breaks."""


@dataclass(kw_only=True)
class Fault:
    """What goes wrong with the next `times` calls of `method` ("" for any), after `skip` of them.

    "after" means that the server has acted before it fell silent or broke off; a word of Slack's
    is an `ok: false` of that name.
    """

    kind: Kind
    method: str = ""
    times: int = 1
    skip: int = 0


async def perform(slack: "Slack", token: str, method: str, given: Mapping[str, object]) -> Raw:
    """Status, headers and body of a call; raises Silent or Cut where a fault wants it."""
    fault = slack.faults.take(method)
    if slack.latency:
        await asyncio.sleep(slack.latency / 2)
    if fault in {"silent", "cut"}:
        raise Silent if fault == "silent" else Cut
    if fault in {"500", "503"}:
        return int(fault), {"Content-Type": "text/html"}, b"<html>Server Error</html>"
    if fault in {"rate_limited", "internal_error", "fatal_error"}:
        return 200, dict(_JSON), json.dumps({"ok": False, "error": fault}).encode()
    status, headers, body = slack.call(token, method, given)
    if fault in {"silent after", "cut after"}:
        raise Silent if fault == "silent after" else Cut
    if slack.latency:
        await asyncio.sleep(slack.latency / 2)
    if fault == "not json":
        return 200, {"Content-Type": "text/html"}, b"<html>Please wait"
    return status, headers | _JSON, json.dumps(body).encode()


class Faults:
    """What is to go wrong, in the order in which it was asked for."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, kind: Kind, method: str = "", *, times: int = 1, skip: int = 0) -> None:
        self._waiting.append(Fault(kind=kind, method=method, times=times, skip=skip))

    def clear(self) -> None:
        self._waiting.clear()

    def take(self, method: str) -> Kind | None:
        for fault in self._waiting:
            if fault.method in {"", method} and fault.times > 0:
                if fault.skip:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                return fault.kind
        return None
