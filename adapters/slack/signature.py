"""Slack's signature under a request: HMAC-SHA256 over its time and its bytes, scheme v0."""

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

WINDOW: Final = 300.0
"""Seconds that a request may be older or newer than our clock; Slack's own advice."""
SIGNATURE: Final = "X-Slack-Signature"
TIMESTAMP: Final = "X-Slack-Request-Timestamp"

_TIME = re.compile(r"[0-9]{1,12}", re.ASCII)
_SIGNED = re.compile(r"v0=[0-9a-f]{64}", re.ASCII)


class Headers(Protocol):
    def getall(self, key: str, default: Sequence[str]) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a request says of itself: when it was signed, and how."""

    time: str
    signature: str

    def holds(self, secret: str, body: bytes) -> bool:
        """Whether it was signed with `secret`; takes as long whether or not."""
        return bool(secret) and hmac.compare_digest(self.signature, sign(secret, self.time, body))


def claim(headers: Headers, *, now: float) -> Claim | None:
    """What can be told before the body is read: each header is there once, as Slack writes it, and
    it was signed lately. `now` is in seconds since 1970."""
    times, signatures = headers.getall(TIMESTAMP, ()), headers.getall(SIGNATURE, ())
    if len(times) != 1 or len(signatures) != 1:
        return None
    time, signature = times[0], signatures[0]
    if not _TIME.fullmatch(time) or not _SIGNED.fullmatch(signature):
        return None
    return Claim(time=time, signature=signature) if abs(now - int(time)) <= WINDOW else None


def sign(secret: str, time: str, body: bytes) -> str:
    """The signature that Slack puts under `body` sent at `time`."""
    signed = hmac.new(secret.encode(), b"v0:" + time.encode() + b":" + body, hashlib.sha256)
    return f"v0={signed.hexdigest()}"
