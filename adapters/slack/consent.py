"""Proof that who comes back from Slack's page is who was sent there."""

import hmac
import re
import secrets
from collections.abc import Callable
from hashlib import blake2b
from typing import Final

LIFE: Final = 600.0
"""Seconds to read what Slack asks, sign in, and find out whom to ask for permission."""

_COOKIE = re.compile(r"[A-Za-z0-9_-]{43}")
_STATE = re.compile(r"(\d{1,12})\.([A-Za-z0-9_-]{22})\.([0-9a-f]{64})")


class Consents:
    """States, each good once, for a while, and with the cookie of the browser it was made for.

    Nothing is kept for those who only begin, so that nobody can fill the memory or push others out.
    A restart voids them all: whoever was on the way begins anew. `now` counts seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._key = secrets.token_bytes(32)
        self._used: dict[str, int] = {}

    def begin(self, cookie: str = "") -> tuple[str, str]:
        """A new state, and the cookie to set: the browser's own, if it has one of ours."""
        if not _COOKIE.fullmatch(cookie):
            cookie = secrets.token_urlsafe(32)
        until, nonce = int(self._now() + LIFE), secrets.token_urlsafe(16)
        return f"{until}.{nonce}.{self._mark(until, nonce, cookie)}", cookie

    def redeem(self, state: str, cookie: str) -> bool:
        """Whether it is good; from then on it is not."""
        parts = _STATE.fullmatch(state)
        if parts is None or not _COOKIE.fullmatch(cookie):
            return False
        until, nonce, mark = int(parts[1]), parts[2], parts[3]
        if not hmac.compare_digest(mark, self._mark(until, nonce, cookie)):
            return False
        now = self._now()
        self._used = {one: end for one, end in self._used.items() if end >= now}
        if until < now or nonce in self._used:
            return False
        self._used[nonce] = until
        return True

    def _mark(self, until: int, nonce: str, cookie: str) -> str:
        text = f"{until}.{nonce}.{cookie}"
        return blake2b(text.encode(), key=self._key, digest_size=32).hexdigest()
