"""The sandbox server: routes, the shapes of what goes wrong, start and end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.sandbox import about, completions, feedback, files, sound, speech
from bot.sandbox.apps import RECORDED, Apps, sandbox_app
from bot.sandbox.config import Config
from bot.sandbox.faults import choose
from bot.sandbox.replies import (
    HEADERS,
    Crash,
    Page,
    Refusal,
    crashed,
    not_found,
    page,
    refused,
)
from bot.sandbox.room import ROOM, Room
from bot.sandbox.state import open_state
from bot.sandbox.writer import make_engine

_UUID = "[A-Fa-f0-9]{8}(?:-[A-Fa-f0-9]{4}){3}-[A-Fa-f0-9]{12}"
SHUTDOWN = 0.2  # seconds an open stream may take to end when the server stops

ROUTES = (
    web.get("/", about.index),
    web.get("/openapi.json", about.openapi),
    web.get(f"/files/{{file_id:{_UUID}}}/file-preview", files.linked),
    web.post("/v1/completion-messages", completions.create),
    web.post("/v1/completion-messages/{task_id}/stop", completions.stop),
    web.post("/v1/files/upload", files.upload),
    web.get(f"/v1/files/{{file_id:{_UUID}}}/preview", files.preview),
    web.post(f"/v1/messages/{{message_id:{_UUID}}}/feedbacks", feedback.rate),
    web.get("/v1/app/feedbacks", feedback.feedbacks),
    web.post("/v1/text-to-audio", sound.speak),
    web.post("/v1/audio-to-text", sound.transcribe),
    web.get("/v1/info", about.info),
    web.get("/v1/parameters", about.parameters),
    web.get("/v1/site", about.site),
    web.get("/v1/meta", about.meta),
    web.get(f"/v1/end-users/{{end_user_id:{_UUID}}}", about.end_user),
)


@dataclass(frozen=True, slots=True)
class Running:
    """A sandbox that listens."""

    url: str  # what a client calls its base address; ends in /v1
    _room: Room = field(repr=False)

    def play(self, fault: str) -> None:
        """Let every request from now on suffer `fault`, or none for "". Raises UnknownFault."""
        choose(fault)
        self._room.config = replace(self._room.config, fault=fault)


def build(config: Config) -> web.Application:
    """The server as an application; its engine and its state start and end with it.

    Raises faults.UnknownFault for a configured fault that does not exist.
    """
    choose(config.fault)
    app = web.Application(middlewares=[_shape])
    app.add_routes(ROUTES)
    app.on_response_prepare.append(_sign)

    async def open_room(app: web.Application) -> AsyncIterator[None]:
        async with _open(config) as room:
            app[ROOM] = room
            yield

    app.cleanup_ctx.append(open_room)
    return app


@asynccontextmanager
async def serve(config: Config) -> AsyncIterator[Running]:
    """The server, listening while the context lasts; port 0 takes any that is free.

    Raises writer.EngineUnavailable, state.StateUnavailable, faults.UnknownFault, and OSError when
    the port is taken.
    """
    application = build(config)
    runner = web.AppRunner(
        application,
        access_log=None,
        auto_decompress=False,  # nor does Dify unpack a request
        handler_cancellation=True,
        shutdown_timeout=SHUTDOWN,
    )
    try:
        await runner.setup()
        site = web.TCPSite(runner, config.host, config.port)
        await site.start()
        host, port = runner.addresses[0][:2]
        shown = f"[{host}]" if ":" in host else host
        yield Running(f"http://{shown}:{port}/v1", application[ROOM])
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _open(config: Config) -> AsyncIterator[Room]:
    engine = await make_engine(
        config.engine,
        upstream=config.upstream,
        upstream_key=config.upstream_key,
        upstream_model=config.upstream_model,
    )
    try:
        async with open_state(config.state_file) as state:
            apps = Apps((*RECORDED, sandbox_app(speech=speech.available())))
            yield Room(config=config, apps=apps, state=state, engine=engine)
    finally:
        await engine.close()


@web.middleware
async def _shape(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer what goes wrong in the shape the API gives it."""
    try:
        await request.app[ROOM].suffer(request)
        return await handler(request)
    except Refusal as refusal:
        return refused(refusal)
    except Crash:
        return crashed()
    except Page as shown:
        return page(shown)
    except web.HTTPNotFound:
        return page(not_found())
    except web.HTTPMethodNotAllowed as wrong:
        response = refused(Refusal(405, "method_not_allowed"))
        response.headers["Allow"] = ", ".join(sorted(wrong.allowed_methods))
        return response


async def _sign(_: web.Request, response: web.StreamResponse) -> None:
    """What the API says of itself with every answer."""
    response.headers.update(HEADERS)
