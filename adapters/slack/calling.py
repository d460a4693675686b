"""One call: how long it is waited for, when it is made again, what its no means."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from adapters.slack.errors import (
    Json,
    Lost,
    MissingScope,
    NotSent,
    Overlong,
    Unauthorized,
    plain_code,
    verdict,
)
from adapters.slack.transport import Transport
from bot.observe import get_logger
from bot.surface import RateLimited, SurfaceError, Unreachable

_log = get_logger(__name__)

AGAIN_WITHIN: Final = 10.0
"""Seconds after which no further try begins: whoever waits for the call has other plans by then."""

_POST: Final = "chat.postMessage "

WARNINGS: Final = frozenset({"missing_agent_session_stopped_event_subscription"})
"""What the app's owner should put right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How calls of one kind are made.

    `timeout`: seconds for the whole call. `pauses`: seconds before each further try. `creates`:
    made twice it would be there twice, so it is tried again only when it surely did nothing.
    `waits`: a short quiet that Slack asks for is waited for here, since nobody else does.
    """

    timeout: float = 10.0
    pauses: tuple[float, ...] = (0.2, 0.8)
    creates: bool = False
    waits: bool = False


POST: Final = Manner(timeout=20.0, creates=True)
APPEND: Final = Manner(creates=True)
"""An addition made twice would be read twice."""

EDIT: Final = Manner()
"""What may be done twice: edits, endings, deletions."""

ASK: Final = Manner(waits=True)
"""What changes nothing."""

PASSING: Final = Manner(timeout=5.0, pauses=(0.2,))
"""By the time of a third try there are newer words to show."""

OPEN: Final = Manner(timeout=3.0, pauses=(0.1,), creates=True)
"""A trigger lives for 3 s, and can be used once."""

UPLOAD: Final = Manner(timeout=30.0, creates=True)

ONCE: Final = Manner(creates=True)
"""What can be had one time."""


class Silence(Unreachable):
    """`why` there is no answer, for logs."""

    def __init__(self, why: str, *, sent: bool) -> None:
        super().__init__(sent=sent)
        self.why = why


class Caller:
    """Makes the calls of one workspace. The token is in no error, no log and no repr."""

    def __init__(self, transport: Transport, token: str, *, team: str, org: bool = False) -> None:
        self._transport = transport
        self.team = team
        self._token = token
        self._org = org
        self._is_silent = False
        self._told: set[str] = set()
        self._quiet: dict[str, float] = {}  # until when, by method and what it is limited by

    def __repr__(self) -> str:
        return f"Caller({self.team})"

    @property
    def token(self) -> str:
        """For reading files, with Slack's own hosts alone."""
        return self._token

    @property
    def is_crowded(self) -> bool:
        """Whether posting is refused in several channels at a time."""
        now = asyncio.get_running_loop().time()
        posts = [key for key, until in self._quiet.items() if until > now and key.startswith(_POST)]
        return len(posts) > 1

    async def call(
        self, method: str, args: Mapping[str, object], manner: Manner, *, scope: str = ""
    ) -> Json:
        """Slack's answer, tried again as `manner` allows. Raises SurfaceError and only that.

        `args` that are None are left out.
        """
        given = {name: value for name, value in args.items() if value is not None}
        if self._org and self.team:
            given["team_id"] = self.team
        pauses = iter(manner.pauses)
        until = asyncio.get_running_loop().time() + AGAIN_WITHIN
        while True:
            pause: float | None
            try:
                return await self._once(method, given, manner, scope)
            except RateLimited as error:
                pause = error.retry_after if manner.waits else None
                if pause is None or asyncio.get_running_loop().time() + pause > until:
                    raise
            except Silence as error:
                pause = next(pauses, None)
                if pause is None or error.sent or asyncio.get_running_loop().time() >= until:
                    self._note(method, error.why)
                    raise
            await asyncio.sleep(pause)

    async def _once(
        self, method: str, args: Mapping[str, object], manner: Manner, scope: str
    ) -> Json:
        self._obey(method, scope)
        try:
            status, headers, body = await self._transport.send(
                method, args, self._token, timeout=manner.timeout
            )
        except (NotSent, Lost, Overlong) as error:
            sent, why = not isinstance(error, NotSent), str(error)
        else:
            return self._read(status, headers, body, method, manner, scope)
        # Outside of the block above, so that nothing of the transport's hangs on it.
        raise Silence(why, sent=sent and manner.creates)

    def _read(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        method: str,
        manner: Manner,
        scope: str,
    ) -> Json:
        try:
            answer = verdict(status, headers, body, scope=scope, creates=manner.creates)
        except Unreachable as error:
            raise Silence(f"status {status}", sent=error.sent) from None
        except RateLimited as limited:
            self._fall_quiet(f"{method} {scope}", limited.retry_after)
            raise
        except SurfaceError as error:
            self._tell(method, error)
            raise
        self._is_silent = False
        self._warn(answer)
        return answer

    def _fall_quiet(self, key: str, seconds: float) -> None:
        now = asyncio.get_running_loop().time()
        self._quiet = {other: until for other, until in self._quiet.items() if until > now}
        self._quiet[key] = max(now + seconds, self._quiet.get(key, now))

    def _obey(self, method: str, scope: str) -> None:
        """No call goes out before Slack will hear it, whoever makes it."""
        until = self._quiet.get(f"{method} {scope}")
        if until is None:
            return
        left = until - asyncio.get_running_loop().time()
        if left > 0:
            raise RateLimited(left, scope=scope)

    def _note(self, method: str, why: str) -> None:
        if not self._is_silent:
            self._is_silent = True  # said once, until a call comes through
            _log.warning("slack does not answer", team=self.team, method=method, why=why)

    def _tell(self, method: str, error: SurfaceError) -> None:
        """What only the app's owner can put right is said once."""
        if not isinstance(error, MissingScope | Unauthorized):
            return
        about = error.code if isinstance(error, Unauthorized) else f"{error.code}:{method}"
        if about not in self._told:
            self._told.add(about)
            facts = {"method": method, "code": error.code, "needed": error.needed}
            _log.error("slack refuses the app", team=self.team, **facts)

    def _warn(self, answer: Json) -> None:
        metadata = answer.get("response_metadata")
        named = metadata.get("warnings") if isinstance(metadata, dict) else None
        several = str(answer.get("warning") or "").split(",")
        for one in [*several, *(named if isinstance(named, list) else [])]:
            code = plain_code(one)
            if code in WARNINGS and code not in self._told:
                self._told.add(code)
                _log.warning("slack warns the app", team=self.team, code=code)
