"""Build the wheel, install it alone, and start what is in it: what `make wheel` runs."""

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PATIENCE = 30.0  # seconds for a started server to answer


def main() -> int:
    """0 when the wheel runs far away from this checkout."""
    with tempfile.TemporaryDirectory(prefix="parley-wheel-") as name:
        folder = Path(name)
        wheel = _build(folder)
        python = _install(folder, wheel)
        _start(folder, python)
    print(f"{wheel.name} is installed alone, asks, opens its page, migrates and serves")
    return 0


def _build(folder: Path) -> Path:
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    command = (sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder))
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return next(folder.glob("*.whl"))


def _install(folder: Path, wheel: Path) -> Path:
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    pip = (str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    locked = str(ROOT / ".requirements" / "base.txt")
    subprocess.run((*pip, "--require-hashes", "-r", locked), check=True)
    subprocess.run((*pip, "--no-deps", str(wheel)), check=True)
    subprocess.run((str(python), "-m", "pip", "check"), check=True, stdout=subprocess.DEVNULL)
    return python


def _start(folder: Path, python: Path) -> None:
    variables = {"PATH": os.environ["PATH"], "HOME": str(folder)}

    def bot(*arguments: str) -> str:
        command = (str(python), "-m", "bot", *arguments)
        told = subprocess.run(
            command, cwd=folder, env=variables, check=True, capture_output=True, text=True
        )
        return told.stdout

    parley = subprocess.run(
        (str(python.parent / "parley"), "--version"), check=True, capture_output=True, text=True
    )
    assert parley.stdout.startswith("Parley "), parley.stdout
    assert "chunk 1" in bot("ask", "n=2")
    assert "revision" in bot("migrate")
    port = _free_port()
    with _running(folder, variables, python, "try", "--no-browser", "--port", str(port)) as said:
        page = said().split()[-1]
        assert "<html" in _get(page)
        for file in ("page.js", "page.css"):
            assert _get(page + file), file
    port = _free_port()
    variables |= {"COMPLETION_API_KEY": "app-none", "PORT": str(port)}
    with _running(folder, variables, python, "serve"):
        assert asyncio.run(_ready(port)) == "ready\n"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        return int(unused.getsockname()[1])


@contextlib.contextmanager
def _running(
    folder: Path, variables: dict[str, str], python: Path, *arguments: str
) -> Iterator[Callable[[], str]]:
    """The bot at work for the length of a block; gives what reads its next line."""
    command = (str(python), "-m", "bot", *arguments)
    with subprocess.Popen(
        command, cwd=folder, env=variables, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline
        finally:
            server.terminate()
    assert server.returncode == 0, server.returncode


async def _ready(port: int) -> str:
    """What `/readyz` says, once it answers."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return await asyncio.to_thread(_get, f"http://127.0.0.1:{port}/readyz")
        except OSError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)


def _get(address: str) -> str:
    with urllib.request.urlopen(address, timeout=5) as response:  # noqa: S310 - loopback
        return str(response.read().decode())


if __name__ == "__main__":
    sys.exit(main())
