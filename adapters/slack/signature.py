"""Slack's signature under a request: HMAC-SHA256 over its time and its bytes, scheme v0."""

import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import Final, Protocol

WINDOW: Final = 300.0
"""Seconds that a request may be older or newer than our clock; Slack's own advice."""
SIGNATURE: Final = "X-Slack-Signature"
TIMESTAMP: Final = "X-Slack-Request-Timestamp"

_TIME = re.compile(r"[0-9]{1,12}", re.ASCII)
_SIGNED = re.compile(r"v0=[0-9a-f]{64}", re.ASCII)


class Headers(Protocol):
    def getall(self, key: str, default: Sequence[str]) -> Sequence[str]: ...


def is_good(secret: str, headers: Headers, body: bytes, *, now: float) -> bool:
    """Whether Slack signed `body` lately: each header there once, and as Slack writes it.

    `now` is in seconds since 1970.
    """
    times, signatures = headers.getall(TIMESTAMP, ()), headers.getall(SIGNATURE, ())
    if len(times) != 1 or len(signatures) != 1 or not secret:
        return False
    time, given = times[0], signatures[0]
    if not _TIME.fullmatch(time) or not _SIGNED.fullmatch(given):
        return False
    # Compared first, so that how long it takes tells nothing about the time.
    same = hmac.compare_digest(given, sign(secret, time, body))
    return same and abs(now - int(time)) <= WINDOW


def sign(secret: str, time: str, body: bytes) -> str:
    """The signature that Slack puts under `body` sent at `time`."""
    signed = hmac.new(secret.encode(), b"v0:" + time.encode() + b":" + body, hashlib.sha256)
    return f"v0={signed.hexdigest()}"
