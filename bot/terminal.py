"""The terminal as a chat: the answer grows as it arrives, Ctrl-C stops it and keeps its text."""

import asyncio
import getpass
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import assert_never

from bot import audio, compose
from bot import completion as api
from bot.console import STOPPED, Interrupts, Lines, Screen, reason
from bot.phrases import operator
from bot.settings import Settings

# The endings `--voice` takes, and what they stand for.
SOUNDS: Mapping[str, audio.MediaType] = {
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
}
PICTURE_READ_LIMIT = 100 * 1024 * 1024  # bytes; more is no picture any app takes

ENGINES: Mapping[str, str] = {
    "offline": "It follows rules, no model: it summarises, finds key points, describes pictures, "
    "shows tables and code.",
    "local": "SmolLM2 with 135 million parameters writes them. It is fluent in English and quick; "
    "it is often wrong about facts, cannot translate and cannot see pictures.",
    "openai": "The endpoint in PARLEY_SANDBOX_UPSTREAM writes them.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How questions are asked: what goes along, and what is done with the answers."""

    images: tuple[Path, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)
    voice: Path | None = None
    blocking: bool = False


class Unusable(Exception):
    """Something the person gave cannot be used; the text says what, and what would do."""


def check_voice(path: Path) -> None:
    """Raise Unusable where speech could not be written to `path`, before an answer is paid for."""
    if path.suffix.lower() not in SOUNDS:
        raise Unusable(f"the name must end in one of {', '.join(SOUNDS)}")
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise Unusable(f"{path} cannot be written")


async def ask(settings: Settings, text: str, wish: Wish) -> int:
    """Ask one question. 0 when it was answered, 1 when it failed, 130 when it was stopped."""
    screen = Screen()
    with Interrupts(screen.note) as interrupts:
        try:
            async with compose.open_api(settings) as opened:
                _introduce(opened, screen)
                return await _Talk(opened.client, wish, screen, interrupts).answer(text)
        except compose.SandboxError as error:
            screen.note(str(error))
            return 1


async def chat(settings: Settings, wish: Wish) -> int:
    """Ask line by line until the input ends; 1 when a question failed, else 0."""
    screen, lines = Screen(), Lines()
    failed = False
    with Interrupts(screen.note) as interrupts:
        try:
            async with compose.open_api(settings) as opened:
                _introduce(opened, screen)
                talk = _Talk(opened.client, wish, screen, interrupts)
                await talk.greet()
                screen.invite()
                while (line := await lines.read()) is not None:
                    if line.strip():
                        failed |= await talk.answer(line) == 1
                    screen.invite()
        except compose.SandboxError as error:
            screen.note(str(error))
            return 1
    return int(failed)


async def sandbox(settings: Settings, *, host: str, port: int, engine: str) -> int:
    """Serve the sandbox until Ctrl-C or SIGTERM."""
    screen = Screen()
    try:
        async with compose.sandbox_server(settings, host=host, port=port, engine=engine) as running:
            url = running.url
            screen.note(f"A Completion API answers at {url} (engine: {engine}).")
            screen.note(f"COMPLETION_API_URL={url}")
            screen.note(f"COMPLETION_API_KEY={compose.SANDBOX_KEY}")
            await compose.until_told_to_stop()
    except compose.SandboxError as error:
        screen.note(str(error))
        return 1
    except OSError as error:
        screen.note(f"{host}:{port} cannot be opened: {reason(error)}. Try another --port.")
        return 1
    return 0


def _introduce(opened: compose.Api, screen: Screen) -> None:
    if opened.engine:
        screen.note(f"The answers come from a sandbox on this machine. {ENGINES[opened.engine]}")


class _Talk:
    """Questions and answers between one person and one app."""

    def __init__(
        self, client: api.CompletionClient, wish: Wish, screen: Screen, interrupts: Interrupts
    ) -> None:
        self._client = client
        self._wish = wish
        self._screen = screen
        self._interrupts = interrupts
        self._user = _end_user()
        self._parameters: api.Parameters | None = None

    async def greet(self) -> None:
        """The app's opening words; where they cannot be had, the first question will tell why."""
        if not self._screen.interactive:
            return
        try:
            opening = (await self._known()).opening_statement
        except api.CompletionError:
            opening = ""
        if opening:
            self._screen.note(opening)
        self._screen.note("Ctrl-C stops an answer, Ctrl-D ends the chat.")

    async def answer(self, text: str) -> int:
        """Ask and show the answer; 0 answered, 1 failed, 130 stopped."""
        status = await self._interrupts.asking(self._answer(text))
        if status is not None:
            return status
        self._screen.end_text()
        kept = "; the app may still write its answer" if self._wish.blocking else ""
        self._screen.note(f"— stopped{kept}")
        return STOPPED

    async def _answer(self, text: str) -> int:
        try:
            parameters = await self._known()
            if self._wish.voice and not parameters.text_to_speech.enabled:
                raise Unusable("This app does not speak. Its feature “Text to Speech” is off.")
            values = {api.message_variable(parameters): text, **self._wish.inputs}
            inputs = api.build_inputs(parameters, values)
            files = await self._upload(parameters)
            if self._wish.blocking:
                return await self._answer_whole(inputs, files)
            return await self._answer_growing(inputs, files)
        except api.InputFaults as error:
            self._screen.note(f"{operator.inputs(error)} Inputs are given as --input NAME=VALUE.")
        except api.CompletionError as error:
            self._screen.end_text()
            self._screen.note(operator.sentence(error))
        except (Unusable, audio.AudioFault) as error:
            self._screen.end_text()
            self._screen.note(str(error))
        return 1

    async def _answer_growing(
        self, inputs: Mapping[str, object], files: tuple[api.LocalFile, ...]
    ) -> int:
        begun = time.monotonic()
        first = 0.0
        async with (
            self._client.stream(inputs, user=self._user, files=files) as stream,
            self._interrupts.stopping(stream.stop),
        ):
            async for event in stream:
                first = first or time.monotonic() - begun
                self._show(event)
                if isinstance(event, api.Finished) and self._wish.voice is None:
                    # Speech may follow for seconds, and nobody is going to hear it.
                    break
        self._screen.end_text()
        if stream.stopped:
            self._screen.note("— stopped; the text so far is kept")
        self._tell(stream.usage, stream.sources, time.monotonic() - begun, first)
        await self._speak(stream.text, stream.speech)
        return STOPPED if stream.stopped else 0

    def _show(self, event: api.StreamEvent) -> None:
        match event:
            case api.TextAdded():
                self._screen.add(event.delta)
            case api.TextReplaced():
                self._screen.replace(event.text)
            case api.Failed():
                raise event.error
            case api.SpeechAdded() | api.Finished():
                pass
            case _:
                assert_never(event)

    async def _answer_whole(
        self, inputs: Mapping[str, object], files: tuple[api.LocalFile, ...]
    ) -> int:
        begun = time.monotonic()
        whole = await self._client.complete(inputs, user=self._user, files=files)
        self._screen.add(whole.answer)
        self._screen.end_text()
        self._tell(whole.usage, whole.sources, time.monotonic() - begun, 0.0)
        await self._speak(whole.answer, b"")
        return 0

    def _tell(
        self, usage: api.Usage | None, sources: tuple[api.Source, ...], took: float, first: float
    ) -> None:
        if sources:
            names = dict.fromkeys(each.document_name or each.title for each in sources)
            self._screen.note("Sources: " + "; ".join(name for name in names if name))
        facts = [f"{took:.1f} s"]
        if first:
            facts.append(f"{first:.1f} s to the first words")
        if usage and usage.total_tokens:
            facts.append(f"{usage.total_tokens} tokens")
        if usage and usage.total_price:
            facts.append(f"{usage.total_price:f} {usage.currency or ''}".strip())
        self._screen.note("— " + " · ".join(facts))

    async def _speak(self, text: str, speech: bytes) -> None:
        path = self._wish.voice
        if path is None or not text.strip():
            return
        data = speech or (await self._client.speak(text=text, user=self._user)).data
        sound = await audio.convert(data, SOUNDS[path.suffix.lower()])
        try:
            await asyncio.to_thread(path.write_bytes, sound)
        except OSError as error:
            raise Unusable(f"{path} cannot be written: {error.strerror}.") from None
        self._screen.note(f"Spoken into {path}.")

    async def _upload(self, parameters: api.Parameters) -> tuple[api.LocalFile, ...]:
        paths = self._wish.images
        if not paths:
            return ()
        if not parameters.vision:
            raise Unusable("This app takes no pictures.")
        if len(paths) > parameters.picture_limit:
            raise Unusable(f"This app takes {parameters.picture_limit} pictures at most.")
        pictures = [await asyncio.to_thread(_read, path) for path in paths]
        for path, data in zip(paths, pictures, strict=True):
            _fits(path, data, parameters.picture_bytes)
        uploads = (
            self._client.upload(data, name=path.name, user=self._user)
            for path, data in zip(paths, pictures, strict=True)
        )
        return tuple(api.LocalFile(id=file.id) for file in await asyncio.gather(*uploads))

    async def _known(self) -> api.Parameters:
        if self._parameters is None:
            self._parameters = await self._client.parameters()
        return self._parameters


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(PICTURE_READ_LIMIT + 1)
    except OSError as error:
        raise Unusable(f"{path} cannot be read: {error.strerror}.") from None
    if len(data) > PICTURE_READ_LIMIT:
        raise Unusable(f"{path} is too large for a picture.")
    return data


def _fits(path: Path, data: bytes, limit: int) -> None:
    media = api.sniff(data)
    if media is None or not media.media_type.startswith("image/"):
        raise Unusable(f"{path} is no PNG, JPEG, WebP or GIF picture.")
    if len(data) > limit:
        megabytes = limit // (1024 * 1024)
        raise Unusable(f"{path} is too large; this app takes pictures up to {megabytes} MB.")


def _end_user() -> str:
    """Stable for one person on one machine, so that files and ratings find their owner."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):
        name = ""
    # The API takes 255 characters for a user.
    return f"terminal:{name}"[:255]
