"""What writes the sandbox's answers: the words the server and the engines share."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol


class WriterFault(Exception):
    """An engine failed at this task; the API's client sees `completion_request_error`."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class EngineUnavailable(Exception):
    """This engine cannot work here; the text says what to install or to set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    name: str
    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One generation: the prompt made of the app's inputs, and what goes with it.

    `inputs` may shape the answer: `title` (a heading), `tone` (plain, formal, friendly),
    `sentences` (length of a summary), `bullets` (a list in place of prose).
    `passages` are what a knowledge base found for this prompt.
    """

    prompt: str = field(repr=False)
    inputs: Mapping[str, object] = field(repr=False)
    pictures: tuple[Picture, ...] = ()
    passages: tuple[str, ...] = field(default=(), repr=False)


class Engine(Protocol):
    name: str

    def write(self, task: Task) -> AsyncIterator[str]:
        """The answer in pieces, none empty. `aclose()` of the generator stops the work.

        Raises WriterFault when the task cannot be done, before or amid the text.
        """
        ...

    async def close(self) -> None: ...


async def make_engine(
    name: str, *, upstream: str = "", upstream_key: str = "", upstream_model: str = ""
) -> Engine:
    """Start the engine `offline`, `local` or `openai`; the upstream is for the last one.

    Raises EngineUnavailable, whose text names the cure.
    """
    match name:
        case "offline":
            from bot.sandbox.engines.offline import OfflineEngine

            return OfflineEngine()
        case "local":
            from bot.sandbox.engines.local import LocalEngine

            return await LocalEngine.load()
        case "openai":
            from bot.sandbox.engines.openai import OpenAIEngine

            return OpenAIEngine(upstream, key=upstream_key, model=upstream_model)
    raise EngineUnavailable(f"There is no engine {name!r}: choose offline, local or openai.")
