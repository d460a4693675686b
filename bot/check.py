"""Is everything in place? One line a part, with what would mend it."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from bot import audio, compose
from bot import completion as api
from bot.phrases import operator
from bot.settings import Settings, SettingsError, load
from bot.store import database, migrate

DATABASE_PATIENCE = 10.0  # seconds; one that needs longer is of no use to a chat
UNUSABLE = 2  # exit status when the settings themselves are at fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one part is like; a `cure` makes it a fault."""

    part: str
    words: str
    cure: str = ""

    def __str__(self) -> str:
        mark = "FAIL" if self.cure else "ok"
        cure = f" → {self.cure}" if self.cure else ""
        return f"{mark:<4}  {self.part:<10}  {self.words}{cure}"


async def run() -> int:
    """Print the findings as they come; 0 when all is well, 1 when not, 2 for faulty settings."""
    try:
        settings = load()
    except SettingsError as error:
        for fault in error.faults:
            print(Finding(part="settings", words=str(fault), cure=f"correct {fault.name}"))
        return UNUSABLE
    failed = False
    async for finding in _findings(settings):
        print(finding, flush=True)
        failed |= bool(finding.cure)
    return int(failed)


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    if settings.completion_api_key:
        yield Finding(part="settings", words="every value can be used")
        async for finding in _api(settings):
            yield finding
    else:
        yield Finding(
            part="settings",
            words="COMPLETION_API_KEY is not set",
            cure="copy the key from the page “API Access” of the app",
        )
    if settings.telegram_bot_token:
        from bot.compose.telegram_check import examine

        async for words, cure in examine(settings):
            yield Finding(part="Telegram", words=words, cure=cure)
    if settings.slack_bot_token or settings.slack_client_id:
        from bot.compose import slack_check

        async for words, cure in slack_check.examine(settings):
            yield Finding(part="Slack", words=words, cure=cure)
    if not settings.hears_somebody:
        words = "none is switched on; TELEGRAM_BOT_TOKEN or SLACK_BOT_TOKEN does it"
        yield Finding(part="platforms", words=words)
    yield await _database(settings)
    yield await _voice()


async def _api(settings: Settings) -> AsyncIterator[Finding]:
    begun = time.monotonic()
    try:
        async with compose.completion(settings) as client:
            info = await client.info()
            took = time.monotonic() - begun
            yield _info(settings, info, took)
            yield _parameters(await client.parameters())
    except api.CompletionError as error:
        yield Finding(
            part="API",
            words=f"{settings.completion_api_url}: {error}",
            cure=operator.sentence(error),
        )


def _info(settings: Settings, info: api.AppInfo, took: float) -> Finding:
    words = f"“{_plain(info.name)}” answers at {settings.completion_api_url} ({took:.2f} s)"
    # Old servers do not tell the mode.
    if info.mode not in ("", "completion"):
        return Finding(
            part="API",
            words=f"{words}, but it is a {_plain(info.mode)} app",
            cure="use the key of a completion (text generator) app",
        )
    return Finding(part="API", words=words)


def _parameters(parameters: api.Parameters) -> Finding:
    inputs = ", ".join(
        f"{_plain(field.variable)}{'*' if field.required else ''}" for field in parameters.form
    )
    pictures = f"up to {parameters.picture_limit} pictures" if parameters.vision else "no pictures"
    speech = "speech" if parameters.text_to_speech.enabled else "no speech"
    return Finding(
        part="app", words=f"inputs: {inputs or 'query'} (* required); {pictures}; {speech}"
    )


async def _database(settings: Settings) -> Finding:
    try:
        async with (
            asyncio.timeout(DATABASE_PATIENCE),
            database.opened(settings.database_url.get_secret_value()) as engine,
        ):
            if database.forgets(engine):
                return Finding(part="database", words="in memory; nothing in it survives a restart")
            at, kind = await migrate.revision(engine), engine.dialect.name
    except (database.DatabaseError, TimeoutError) as error:
        words = str(error) or "no answer"
        return Finding(part="database", words=words, cure="check DATABASE_URL")
    if migrate.is_from_the_future(at):
        return Finding(
            part="database",
            words=f"{kind} at revision {at}, which belongs to a newer Parley",
            cure="install that version, or set DATABASE_URL to another database",
        )
    if at != migrate.head() and kind == "sqlite":
        words = f"sqlite, {'brought to this version' if at else 'made'} when serve begins"
        return Finding(part="database", words=words)
    if at != migrate.head():
        return Finding(
            part="database",
            words=f"{kind} at revision {at or 'none'}, this version needs {migrate.head()}",
            cure="run python -m bot migrate",
        )
    return Finding(part="database", words=f"{kind} at revision {at}")


async def _voice() -> Finding:
    """Whether this machine can make voice notes, shown by making one."""
    try:
        note = await audio.voice_note(_beep())
    except audio.AudioFault as error:
        return Finding(part="voice", words=str(error), cure="reinstall the package soundfile")
    return Finding(part="voice", words=f"voice notes are {note.media_type}")


def _beep() -> bytes:
    """A tenth of a second of silence as WAV: 8 kHz, 16 bits, one channel."""
    import io
    import wave

    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(1600))
    return file.getvalue()


def _plain(text: str) -> str:
    """Printable and short: it comes from a server and goes to a terminal."""
    return "".join(c if c.isprintable() else " " for c in text)[:80]
