"""Files of people, and the few addresses that the bot speaks to besides the Web API.

Addresses come in events and answers, so each is checked before anything goes there: the token goes
to Slack's own hosts over https, or to exactly the host that the Web API was set to, and nowhere
else, whoever redirects there.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

import msgspec
from yarl import URL

from adapters.slack.calling import AGAIN_WITHIN
from adapters.slack.errors import KINDS, Lost, NotSent, Overlong, Refused, plain_code, quiet
from adapters.slack.transport import Answer, Transport
from bot.observe import get_logger
from bot.surface import Expired, Forbidden, Gone, RateLimited, SurfaceError, TooLarge, Unreachable

_log = get_logger(__name__)

AT_ONCE: Final = 4
"""Files read at the same time; each may be as large as the limit, and all of it is in memory."""

WAITING, READING, WRITING = 30.0, 60.0, 60.0
"""Seconds: for a turn; for a whole file to come, or to go: 20 MB at 2.7 Mbit/s."""

REDIRECTS: Final = 3

_PAUSES: Final = (0.3, 1.0)
_HTML: Final = (b"<!doctype html", b"<html", b"<head")


class Files:
    """Reads and brings files, and answers hooks, for all workspaces together."""

    def __init__(self, transport: Transport, *, api_url: str) -> None:
        self._transport = transport
        own = URL(api_url)
        self._own = None if _is_slack(own) else own.origin()
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._hinted: set[str] = set()

    async def read(self, url: str, token: str, *, limit: int, team: str = "") -> bytes:
        """The bytes. Raises Forbidden, Gone, TooLarge beyond `limit`, RateLimited, Unreachable.

        Forbidden: an address outside of Slack, or the app may not read files.
        """
        try:
            async with asyncio.timeout(WAITING):
                await self._turns.acquire()
        except TimeoutError:
            raise Unreachable(sent=False) from None
        try:
            return await self._read(url, token, limit, team)
        finally:
            self._turns.release()

    async def bring(self, url: str, data: bytes) -> None:
        """Put a file where Slack said it goes; it is not seen by anybody yet."""
        if not self._is_known(url):
            raise Refused("foreign_upload_url")
        status, headers, _ = await self._post(url, data, _BYTES, timeout=WRITING, creates=False)
        if status == 429:
            raise RateLimited(quiet(headers))
        if status == 413:
            raise TooLarge("more than Slack takes")
        if status >= 500:
            raise Unreachable(sent=False)
        if not 200 <= status < 300:
            raise Refused(f"http_{status}")

    async def respond(self, url: str, body: bytes) -> None:
        """Answer through a response_url.

        Raises Expired when it is used up or too old, Unreachable with `sent` when it may have been
        heard.
        """
        if not self._may_hook(url):
            raise Expired("no address of Slack's hooks")
        status, headers, answer = await self._post(url, body, _JSON, timeout=10.0, creates=True)
        if status == 429:
            raise RateLimited(quiet(headers))
        if status >= 500:
            raise Unreachable(sent=True)
        code = _hook_code(answer)
        if 200 <= status < 300 and code in ("ok", ""):
            return
        if status in (404, 410) and code not in KINDS:
            raise Expired("the response_url is used up or too old")
        raise KINDS.get(code, Refused)(code or f"http_{status}")

    async def _read(self, url: str, token: str, limit: int, team: str) -> bytes:
        status, headers, body = await self._followed(url, token, limit, team)
        if status == 200 and not _is_page(headers, body):
            return body
        if status in (200, 401, 403):
            raise self._unreadable(team)
        raise _missing(status, headers)

    async def _followed(self, url: str, token: str, limit: int, team: str) -> Answer:
        """What is there, after redirects within one host."""
        for _ in range(REDIRECTS + 1):
            if not self._is_known(url):
                raise Forbidden("a file outside of Slack")
            answer = await self._get(url, token, limit)
            if answer[0] not in _ELSEWHERE:
                return answer
            onwards = _joined(url, _header(answer[1], "location"))
            if not _same_host(url, onwards):
                raise self._unreadable(team)
            url = onwards
        raise Gone("the file is nowhere")

    async def _get(self, url: str, token: str, limit: int) -> Answer:
        """Reading changes nothing: what broke off is read again."""
        pauses = iter(_PAUSES)
        until = asyncio.get_running_loop().time() + AGAIN_WITHIN
        while True:
            failure: SurfaceError = Unreachable(sent=False)
            try:
                answer = await self._transport.get(url, token=token, limit=limit, timeout=READING)
                if answer[0] < 500:
                    return answer
            except Overlong:
                failure = TooLarge(f"the file has more than {limit} bytes")
            except (NotSent, Lost):
                pass  # raised below, without what names the address
            pause = next(pauses, None)
            late = asyncio.get_running_loop().time() >= until
            if pause is None or late or isinstance(failure, TooLarge):
                raise failure
            await asyncio.sleep(pause)

    async def _post(
        self, url: str, data: bytes, media_type: str, *, timeout: float, creates: bool
    ) -> Answer:
        pauses = iter(_PAUSES)
        while True:
            try:
                return await self._transport.post(url, data, media_type=media_type, timeout=timeout)
            except NotSent:
                sent = False
            except (Lost, Overlong):
                sent = True
            pause = next(pauses, None)
            if pause is None or (sent and creates):
                raise Unreachable(sent=sent and creates)
            await asyncio.sleep(pause)

    def _unreadable(self, team: str) -> Forbidden:
        """Slack sends those without the right to a file to its login page."""
        if team not in self._hinted:
            self._hinted.add(team)
            _log.error(
                "slack shows a login page instead of a file",
                team=team,
                hint="the app needs the scope files:read; add it and install the app again",
            )
        return Forbidden("the app may not read this file")

    def _is_known(self, url: str) -> bool:
        """Whether token and files may go there."""
        address = _parsed(url)
        return address is not None and (_is_slack(address) or self._is_own(address))

    def _may_hook(self, url: str) -> bool:
        address = _parsed(url)
        if address is None:
            return False
        return (_is_slack(address) and address.host == "hooks.slack.com") or self._is_own(address)

    def _is_own(self, address: URL) -> bool:
        return self._own is not None and address.origin() == self._own


_ELSEWHERE: Final = (301, 302, 303, 307, 308)
_BYTES: Final = "application/octet-stream"
_JSON: Final = "application/json; charset=utf-8"


def _hook_code(answer: bytes) -> str:
    """Hooks say no in a word, or as the Web API does; "ok" for a yes."""
    try:
        said = msgspec.json.decode(answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        said = answer[:100].decode(errors="replace").strip()
    if isinstance(said, dict):
        said = "ok" if said.get("ok") is not False else said.get("error")
    return plain_code(said) if said else ""


def _parsed(url: str) -> URL | None:
    """None for what is no plain address: with a password, say, or without a host."""
    try:
        address = URL(url)
        address.origin()
    except ValueError:
        return None
    return address if address.user is None and address.password is None else None


def _is_slack(address: URL) -> bool:
    host = (address.host or "").lower()
    own = host == "slack.com" or host.endswith(".slack.com")
    return own and address.scheme == "https" and address.port == 443


def _joined(url: str, location: str) -> str:
    try:
        return str(URL(url).join(URL(location)))
    except ValueError:
        return ""


def _same_host(url: str, other: str) -> bool:
    first, second = _parsed(url), _parsed(other)
    return first is not None and second is not None and first.origin() == second.origin()


def _is_page(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether this is Slack's login page, and not a page that somebody has uploaded."""
    if _header(headers, "content-disposition").lower().startswith("attachment"):
        return False
    kind = _header(headers, "content-type").lower()
    return kind.startswith("text/html") or body[:200].lstrip().lower().startswith(_HTML)


def _header(headers: Mapping[str, str], name: str) -> str:
    return next((value for given, value in headers.items() if given.lower() == name), "")


def _missing(status: int, headers: Mapping[str, str]) -> SurfaceError:
    if status == 429:
        return RateLimited(quiet(headers))
    if 400 <= status < 500:
        return Gone("the file is not there any more")
    return Unreachable(sent=False)
