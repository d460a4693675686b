"""What an app says of itself, and what the sandbox says of itself."""

from aiohttp import web

from bot.sandbox.apps import TENANT, App
from bot.sandbox.faults import FAULTS, HEADER
from bot.sandbox.links import origin
from bot.sandbox.openapi import description
from bot.sandbox.replies import Refusal, answer
from bot.sandbox.room import ROOM, entered
from bot.sandbox.state import naive

_FORBIDDEN = (
    "You don't have the permission to access the requested resource. It is either read-protected "
    "or not readable by the server."
)


async def info(request: web.Request) -> web.StreamResponse:
    _, app = entered(request)
    return answer(app.info())


async def parameters(request: web.Request) -> web.StreamResponse:
    _, app = entered(request)
    return answer(app.parameters())


async def site(request: web.Request) -> web.StreamResponse:
    _, app = entered(request)
    if not app.published:
        raise Refusal(403, "forbidden", _FORBIDDEN)
    return answer(app.site())


async def meta(request: web.Request) -> web.StreamResponse:
    entered(request)
    return answer({"tool_icons": {}})


async def end_user(request: web.Request) -> web.StreamResponse:
    room, app = entered(request)
    found = await room.state.known_end_user(app, request.match_info["end_user_id"].lower())
    if found is None:
        raise Refusal(404, "end_user_not_found", "End user not found.")
    return answer(
        {
            "id": found.id,
            "tenant_id": TENANT,
            "app_id": app.id,
            "type": "service-api",
            "external_user_id": found.name,
            "name": None,
            "is_anonymous": False,
            "session_id": found.name,
            "created_at": naive(found.created_at),
            "updated_at": naive(found.created_at),
        }
    )


async def openapi(request: web.Request) -> web.StreamResponse:
    return answer(description())


async def index(request: web.Request) -> web.StreamResponse:
    """One plain page for whoever opens the address in a browser."""
    keys = [f"  {app.key:<14} {app.summary}" for app in request.app[ROOM].apps]
    words = [line for app in request.app[ROOM].apps for line in _moderated(app)]
    faults = [f"  {fault.name:<18} {fault.what}" for fault in FAULTS]
    lines = [
        "Parley's sandbox: a Completion API on this machine, answering like Dify 1.14.1.",
        f"Its address for a client is {origin(request)}/v1, its description /openapi.json.",
        "",
        "Keys:",
        *keys,
        "",
        "Moderated words:",
        *words,
        "",
        f"Faults, by the header {HEADER}: name=value, or by /name at the start of a prompt:",
        *faults,
        "",
    ]
    return web.Response(text="\n".join(lines), reason="OK")


def _moderated(app: App) -> list[str]:
    sides = (("questions", app.barred_inputs), ("answers", app.barred_outputs))
    return [
        f"  {app.key:<14} in {side}: {', '.join(barred.words)}"
        for side, barred in sides
        if barred.words
    ]
