"""Is Slack in place? What `check` finds out about the app whose tokens are set."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from adapters.slack.errors import Lost, NotSent, Overlong, plain_code
from adapters.slack.manifest import EDIT_SCOPES, INSTALL_PATH, PATH, SCOPES
from adapters.slack.transport import API_URL
from adapters.slack.workspace import Line
from bot.settings import Settings
from bot.store import database
from bot.store.store import keeping

PATIENCE: Final = 10.0  # seconds for one answer
PASSING: Final = frozenset({"ratelimited", "internal_error", "fatal_error", "service_unavailable"})
"""Refusals that say nothing about what was asked."""
MANIFEST: Final = "python -m bot slack-manifest"
NOBODY: Final = "no workspace has installed it yet"

Found: TypeAlias = tuple[str, str]
"""What was found, and what would mend it, "" where nothing has to be."""


class _Silent(Exception):
    """Slack could not be asked; the text says why."""


async def examine(settings: Settings) -> AsyncIterator[Found]:
    """Ask Slack about the app, changing nothing; does not raise."""
    line = Line(api_url=settings.slack_api_url)
    try:
        if settings.slack_bot_token:
            token, edits = settings.slack_bot_token.get_secret_value(), settings.parley_slack_edits
            async for found in _workspace(token, line, edits=edits):
                yield found
        else:
            async for found in _many(settings):
                yield found
        yield await _way_in(settings, line)
    except _Silent as error:
        yield (
            f"{settings.slack_api_url}: {error}",
            "check the network, and SLACK_API_URL if it is set",
        )
    finally:
        await line.aclose()


async def _workspace(token: str, line: Line, *, edits: bool) -> AsyncIterator[Found]:
    headers, me = await _asked(line, "auth.test", token)
    if me.get("ok") is not True:
        yield (
            f"the bot token is refused ({plain_code(me.get('error'))})",
            "copy it from “OAuth & Permissions” of the app into SLACK_BOT_TOKEN again",
        )
        return
    if not me.get("bot_id"):
        yield (
            f"the token is that of {_plain(me.get('user'))}, a person",
            "copy the “Bot User OAuth Token”, which begins with xoxb-, into SLACK_BOT_TOKEN",
        )
        return
    yield f"@{_plain(me.get('user'))} in {_plain(me.get('team'))} ({_plain(me.get('team_id'))})", ""
    for found in rights(headers, edits=edits):
        yield found


def rights(headers: Mapping[str, str], *, edits: bool) -> list[Found]:
    """What the token may not do, by the header that Slack sends with every answer."""
    wanted = {**SCOPES, **(EDIT_SCOPES if edits else {})}
    named = {name.lower(): value for name, value in headers.items()}.get("x-oauth-scopes")
    if named is None:
        return []
    granted = {scope.strip() for scope in named.split(",")}
    missing = [scope for scope in wanted if scope not in granted]
    if missing:
        lacks = ", ".join(f"{scope} ({wanted[scope]})" for scope in missing)
        cure = f"paste what {MANIFEST} prints under “App Manifest” of the app, and install it again"
        return [(f"the app has no right to {lacks}", cure)]
    return [("every right is there", "")]


async def _many(settings: Settings) -> AsyncIterator[Found]:
    address = (settings.public_url or "") + INSTALL_PATH
    if settings.slack_api_url == API_URL and not address.startswith("https://"):
        yield (
            f"Slack sends nobody back to {address}",
            "set PUBLIC_URL to an address that begins with https://",
        )
    else:
        yield f"workspaces install the app at {address}", ""
    yield await _installations(settings)


async def _installations(settings: Settings) -> Found:
    from bot.compose.slack_many import PLATFORM, seal

    address = settings.database_url.get_secret_value()
    if not database.is_there(address):
        return NOBODY, ""
    try:
        async with database.opened(address) as engine, keeping(engine) as (store, _):
            rows = await store.installations(PLATFORM).everything()
    except (database.DatabaseError, database.Fault):
        return "which workspaces have installed it cannot be read yet", ""
    own = [row for row in rows if not row.through]
    opener = seal(settings)
    closed = [row.workspace for row in own if opener.unseal(row.sealed) is None]
    if closed:
        return (
            f"the tokens of {len(closed)} workspaces cannot be opened, such as {closed[0]}",
            "add the key they were sealed with to SLACK_TOKEN_KEYS, behind the first",
        )
    older = sum(not opener.is_newest(row.sealed) for row in own)
    rest = f", {older} sealed with an older key until serve begins" if older else ""
    return f"installed in {len(own)} workspaces{rest}" if own else NOBODY, ""


async def _way_in(settings: Settings, line: Line) -> Found:
    if settings.slack_app_token:
        return await socket(settings.slack_app_token.get_secret_value(), line)
    if settings.public_url is None:
        return f"events come by HTTP to {PATH} of this server, under the address Slack is told", ""
    address = settings.public_url + PATH
    scheme = urlsplit(address).scheme
    if settings.slack_api_url == API_URL and scheme != "https":
        return (
            f"Slack brings nothing to {address}",
            "set PUBLIC_URL to an address that begins with https://, or set SLACK_APP_TOKEN",
        )
    return f"Slack is to bring events, commands and what is pressed to {address}", ""


async def socket(token: str, line: Line) -> Found:
    """Whether Slack lets the app-level token connect."""
    _, answer = await _asked(line, "apps.connections.open", token)
    if answer.get("ok") is True:
        return "events come by socket", ""
    why = plain_code(answer.get("error"))
    if why in ("missing_scope", "not_allowed_token_type"):
        return (
            f"the app-level token may not connect ({why})",
            "make one with the scope connections:write under “Basic Information” of the app",
        )
    if why == "socket_mode_not_enabled":
        return "Socket Mode is off", "switch it on under “Socket Mode” of the app"
    return (
        f"the app-level token is refused ({why})",
        "copy it from “Basic Information” of the app into SLACK_APP_TOKEN again",
    )


async def _asked(
    line: Line, method: str, token: str
) -> tuple[Mapping[str, str], Mapping[str, object]]:
    """Headers and body of one answer, a refusal included."""
    try:
        status, headers, body = await line.transport.send(method, {}, token, timeout=PATIENCE)
    except (NotSent, Lost, Overlong) as error:
        raise _Silent(str(error)) from None
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or "ok" not in answer:
        raise _Silent(f"status {status}, and no answer of Slack's")
    if (why := plain_code(answer.get("error"))) in PASSING:
        raise _Silent(why)
    return headers, answer


def _plain(text: object) -> str:
    """Printable and short: it comes from a server and goes to a terminal."""
    return "".join(c if c.isprintable() else " " for c in str(text))[:80]
