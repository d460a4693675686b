"""Build the wheel, install it alone, and start what is in it: what `make wheel` runs."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
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
    print(f"{wheel.name} is installed alone, asks, migrates and serves")
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
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    variables |= {"COMPLETION_API_KEY": "app-none", "PORT": str(port)}
    command = (str(python), "-m", "bot", "serve")
    with subprocess.Popen(command, cwd=folder, env=variables) as server:
        try:
            assert asyncio.run(_ready(port)) == "ready\n"
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
