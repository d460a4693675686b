"""Who asks: the key of an app, and the end user it names."""

from collections.abc import Mapping

from aiohttp import web

from bot.sandbox.apps import App, Apps
from bot.sandbox.replies import Crash, InvalidParam, Refusal
from bot.sandbox.state import SHARED_USER, EndUser, State

LONGEST_USER = 255  # characters; the column's width in Dify, which fails beyond it


def app_of(request: web.Request, apps: Apps) -> App:
    """The app whose key the request carries. Raises Refusal 401 or 403."""
    header = request.headers.get("Authorization", "")
    scheme, space, key = header.partition(" ")
    if not space:
        raise Refusal(
            401, "unauthorized", "Authorization header must be provided and start with 'Bearer'"
        )
    if scheme.lower() != "bearer":
        raise Refusal(401, "unauthorized", "Authorization scheme must be 'Bearer'")
    app = apps.find(key.strip())
    if app is None:
        raise Refusal(401, "unauthorized", "Access token is invalid")
    if not app.enabled:
        raise Refusal(403, "forbidden", "The app's API service has been disabled.")
    return app


async def required_user(state: State, app: App, body: Mapping[str, object]) -> EndUser:
    """The end user the body must name. Raises InvalidParam, Crash."""
    user = body.get("user")
    if not user:
        raise InvalidParam("Arg user must be provided.")
    return await _end_user(state, app, user)


async def optional_user(state: State, app: App, body: Mapping[str, object]) -> EndUser:
    return await _end_user(state, app, body.get("user") or SHARED_USER)


async def _end_user(state: State, app: App, user: object) -> EndUser:
    name = str(user)
    if "\x00" in name:
        raise InvalidParam("A string literal cannot contain NUL (0x00) characters.")
    if len(name) > LONGEST_USER:
        raise Crash
    return await state.end_user(app, name)


def writes_completions(app: App) -> None:
    """Refuse the key of an app of another mode."""
    if app.mode != "completion":
        raise Refusal(400, "app_unavailable")
