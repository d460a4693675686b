"""`try`: the playground in a browser on this machine, with the settings' app or a sandbox."""

import asyncio
import os
import secrets
import sys
import webbrowser
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pydantic import SecretStr

from adapters.playground.adapter import Playground
from adapters.playground.journal import RoomTaken
from bot import phrases, web
from bot.completion import CompletionClient, CompletionError
from bot.compose.api import Api, SandboxError, best_engine, open_api
from bot.compose.bot import assembled
from bot.compose.stopping import until_told_to_stop
from bot.sandbox import FAULTS
from bot.settings import Settings
from bot.store.store import Store
from bot.surface import Slots

FOLDER = Path(".parley")
"""Where the playground keeps its room, its token and, unless DATABASE_URL is set, its database."""

COMMANDS = ("ask", "stop", "retry", "voice", "inputs", "feedback", "about", "help", "forget")


async def run(settings: Settings, *, port: int, browser: bool, say: Callable[[str], None]) -> None:
    """Serve the playground until told to stop.

    `say` is told the page's address. Raises SandboxError, DatabaseError, OSError.
    """
    token = await asyncio.to_thread(_token, FOLDER)
    settings = _in_folder(settings, FOLDER)
    engine = "" if settings.completion_api_key else best_engine(settings)
    async with open_api(settings, sandbox=engine) as api:

        def platforms(slots: Slots, _: Store) -> Sequence[web.Adapter]:
            try:
                return (_playground(api, slots, token),)
            except RoomTaken:
                raise SandboxError(
                    f"Another playground is open in {FOLDER.absolute()}. "
                    "End it, or start this one in another folder."
                ) from None

        whole = assembled(settings, api.client, platforms, host="127.0.0.1", port=port)
        async with whole as (bot, opened):
            address = f"http://127.0.0.1:{opened}/playground/{token}/"
            say(address)
            if browser and _has_desktop():
                await asyncio.to_thread(webbrowser.open, address)
            await bot.run(until_told_to_stop)


def _playground(api: Api, slots: Slots, token: str) -> Playground:
    english = phrases.of("en")

    async def site() -> Mapping[str, object]:
        return await _dress(api.client)

    async def play(fault: str) -> None:
        if api.sandbox:
            api.sandbox.play(fault)

    return Playground(
        slots=slots,
        token=token,
        path=FOLDER / "room",
        site=site,
        faults=[(fault.name, fault.what) for fault in FAULTS] if api.sandbox else [],
        set_fault=play if api.sandbox else None,
        commands=[(name, getattr(english, f"command_{name}")) for name in COMMANDS],
    )


async def _dress(client: CompletionClient) -> Mapping[str, object]:
    """What the page wears: the app's own name, icon and colours."""
    try:
        site = await client.site()
    except CompletionError:
        return {}
    return {
        "title": site.title,
        "icon": site.icon if site.icon_type == "emoji" else "",
        "icon_background": site.icon_background,
        "color": site.chat_color_theme,
        "inverted": site.chat_color_theme_inverted,
        "description": site.description,
        "copyright": site.copyright,
        "disclaimer": site.custom_disclaimer,
        "privacy": site.privacy_policy,
        "placeholder": site.input_placeholder,
    }


def _token(folder: Path) -> str:
    """The word in the page's address: the same over restarts, so that an open page goes on."""
    folder.mkdir(mode=0o700, exist_ok=True)  # what is said is nobody else's on this machine
    file = folder / "token"
    try:
        known = file.read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        known = ""
    if len(known) >= 20 and known.isalnum():
        return known
    token = secrets.token_hex(16)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as opened:
        opened.write(token + "\n")
    return token


def _in_folder(settings: Settings, folder: Path) -> Settings:
    """The settings with everything that is not set elsewhere kept in the folder."""
    changes: dict[str, object] = {}
    if "database_url" not in settings.model_fields_set:
        changes["database_url"] = SecretStr(f"sqlite:///{folder / 'parley.db'}")
    if not settings.parley_sandbox_state:
        # Ratings and uploads of yesterday's chat are still known today.
        changes["parley_sandbox_state"] = str(folder / "sandbox.db")
    return settings.model_copy(update=changes)


def _has_desktop() -> bool:
    """Whether a browser would open in a window, and not in the terminal."""
    return sys.platform in ("darwin", "win32") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
