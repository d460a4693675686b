"""The verbs of `python -m bot`; each imports what it needs only when it is called."""

import asyncio
import contextlib
import io
import os
import sys
import tomllib
from collections.abc import Callable, Coroutine
from importlib import metadata
from pathlib import Path
from typing import Any

import click

from bot import settings
from bot.console import STOPPED, reason

USAGE = 2  # exit status for settings or arguments that cannot be used


class _Verbs(click.Group):
    """Verbs in the order in which people meet them."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(self.commands)


def _show_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted:
        return
    try:
        version = metadata.version("parley")
    except metadata.PackageNotFoundError:
        project = (Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8")
        version = tomllib.loads(project)["project"]["version"]
    click.echo(f"Parley {version}")
    context.exit()


def _mend_streams() -> None:
    """Standard streams that are open, and take every letter."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest free number is what `open` gives; sockets must not get it.
            os.open(os.devnull, os.O_RDWR)
    sys.stdin = sys.stdin or os.fdopen(0, closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version.",
)
def main() -> None:
    """A Dify Completion app in the chats people already use."""
    _mend_streams()


@main.command("try")
@click.option("--port", default=8790, show_default=True, type=click.IntRange(0, 65535))
@click.option("--browser/--no-browser", default=True, help="Open the page in a browser.")
def try_(port: int, browser: bool) -> None:
    """Chat in a browser on this machine: no account, no key.

    What is said stays in the folder .parley. With COMPLETION_API_KEY the app answers, else a
    sandbox.
    """
    from bot import observe
    from bot.compose import SandboxError, trying
    from bot.store.database import DatabaseError

    loaded = _settings()
    observe.configure(level="warning", form="text", secrets=loaded.secrets())

    async def run() -> int:
        try:
            await trying.run(loaded, port=port, browser=browser, say=_invite)
        except SandboxError as error:
            return _fail(str(error))
        except DatabaseError as error:
            return _fail(f"The database cannot be used: {error}. Check DATABASE_URL.")
        except OSError as error:
            return _fail(f"Port {port} cannot be opened: {reason(error)}. Try another --port.")
        return 0

    _run(run())


def _invite(address: str) -> None:
    click.echo(f"Parley is open at {address}")
    click.echo("Ctrl-C ends it.")


@main.command()
@click.argument("text", required=False)
@click.option("--image", "images", multiple=True, metavar="FILE", help="A picture to send along.")
@click.option("--input", "inputs", multiple=True, metavar="NAME=VALUE", help="An input of the app.")
@click.option("--voice", metavar="FILE", help="Also speak the answer into .ogg, .mp3 or .wav.")
@click.option("--blocking", is_flag=True, help="Wait for the whole answer instead of streaming.")
def ask(
    text: str | None,
    images: tuple[str, ...],
    inputs: tuple[str, ...],
    voice: str | None,
    blocking: bool,
) -> None:
    """Ask the app; without TEXT, read questions line by line.

    Ctrl-C stops an answer at the API and keeps its text. Without COMPLETION_API_KEY the answers
    come from a sandbox on this machine.
    """
    from bot import terminal

    if voice is not None:
        try:
            terminal.check_voice(Path(voice))
        except terminal.Unusable as error:
            raise click.BadParameter(f"{error}.", param_hint="--voice") from None
    wish = terminal.Wish(
        images=tuple(map(Path, images)),
        inputs=dict(_pair(each) for each in inputs),
        voice=Path(voice) if voice else None,
        blocking=blocking,
    )
    loaded = _settings()
    _run(terminal.ask(loaded, text, wish) if text is not None else terminal.chat(loaded, wish))


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name.strip():
        raise click.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--input")
    return name.strip(), value


@main.command()
def serve() -> None:
    """Run the bot until it is told to stop."""
    from bot import observe
    from bot.compose import serving
    from bot.store.database import DatabaseError

    loaded = _settings("COMPLETION_API_KEY")
    observe.configure(
        level=loaded.parley_log_level, form=loaded.parley_log_format, secrets=loaded.secrets()
    )

    async def run() -> int:
        try:
            await serving.run(loaded)
        except DatabaseError as error:
            return _fail(f"The database cannot be used: {error}. Check DATABASE_URL.")
        except OSError as error:
            return _fail(f"Port {loaded.port} cannot be opened: {reason(error)}. Set PORT.")
        return 0

    _run(run())


@main.command(short_help="Verify that everything is in place, with the cure.")
def check() -> None:
    """Verify settings, API, platforms, database and audio; a line each, with the cure."""
    from bot import check as checks

    _run(checks.run())


@main.command()
def migrate() -> None:
    """Bring the database to this version's schema."""
    from bot.store import migrate as steps
    from bot.store.database import DatabaseError, opened

    loaded = _settings()

    async def run() -> int:
        try:
            async with opened(loaded.database_url.get_secret_value()) as engine:
                at = await steps.upgrade(engine)
        except DatabaseError as error:
            return _fail(f"The database cannot be used: {error}. Check DATABASE_URL.")
        click.echo(f"The database is at revision {at}.")
        return 0

    _run(run())


@main.command("slack-manifest", short_help="Print what a Slack app needs to be.")
@click.option("--socket", "way", flag_value="socket", help="For Socket Mode.")
@click.option("--http", "way", flag_value="http", help="For events by HTTP, to PUBLIC_URL.")
@click.option("--many", is_flag=True, help="Let any workspace install it; needs PUBLIC_URL.")
@click.option("--name", default="Parley", show_default=True, help="The app's name in Slack.")
def slack_manifest(way: str | None, many: bool, name: str) -> None:
    """Print what a Slack app needs to be, to paste at api.slack.com/apps.

    It is for Socket Mode, unless PUBLIC_URL is set and SLACK_APP_TOKEN is not.
    """
    from bot.compose.slack_manifest import Unfit, printed

    try:
        click.echo(printed(_settings(), way=way or "", many=many, name=name))
    except Unfit as error:
        raise click.UsageError(str(error)) from None


@main.command(short_help="Serve a local Completion API.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8787, show_default=True, type=click.IntRange(0, 65535))
@click.option(
    "--engine",
    type=click.Choice(["offline", "local", "openai"]),
    help="Who writes the answers; PARLEY_SANDBOX_ENGINE unless given.",
)
@click.option("--state", metavar="FILE", help="Keep the state in a file instead of memory.")
@click.option("--fault", metavar="NAME", help="Play a fault on every request.")
def sandbox(host: str, port: int, engine: str | None, state: str | None, fault: str | None) -> None:
    """Serve a local Completion API that behaves like the real one."""
    from bot import terminal

    loaded = _settings()
    changes = {"parley_sandbox_state": state, "parley_sandbox_fault": fault}
    loaded = loaded.model_copy(update={name: value for name, value in changes.items() if value})
    _run(terminal.sandbox(loaded, host=host, port=port, engine=engine or loaded.sandbox_engine))


@main.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
)
@click.option("--output", metavar="FILE", help="Write to a file instead of the terminal.")
@click.option("--rating", type=click.Choice(["like", "dislike"]), help="Only these.")
def feedbacks(form: str, output: str | None, rating: str | None) -> None:
    """List or export the ratings that people gave the app."""
    from bot import ratings

    loaded = _settings("COMPLETION_API_KEY")
    _run(ratings.export(loaded, form=form, output=Path(output) if output else None, only=rating))


def _settings(*require: str) -> settings.Settings:
    try:
        return settings.load(require=require)
    except settings.SettingsError as error:
        for fault in error.faults:
            click.echo(str(fault), err=True)
        sys.exit(USAGE)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def _fail(sentence: str) -> int:
    click.echo(sentence, err=True)
    return 1


def _drop_output() -> int:
    """Let what is still in the buffer go nowhere, or Python would complain at the exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def _run(work: Coroutine[Any, Any, int | None]) -> None:
    """Run to the end on the quickest loop there is, and leave with its status."""
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            status = runner.run(work)
    except (KeyboardInterrupt, asyncio.CancelledError):
        status = STOPPED
    except BrokenPipeError:
        # Whoever read the output has gone; nothing can be said to them any more.
        status = _drop_output()
    except OSError as error:
        if error.errno is None:
            raise
        with contextlib.suppress(OSError):
            _fail(f"Reading or writing failed: {error.strerror}.")
        status = _drop_output()
    sys.exit(status or 0)
