"""Every check, and one summary: what `make test` runs.

What only reads the text of the project is checked beside the tests, which often wait.
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PYTHON = sys.executable
BIN = Path(PYTHON).parent

# Twice as many as processors: while one waits for a bot or a page, another works. Which tests go
# together, and in what order, is told in tests/fakes/shares.py.
WORKERS = 2 * (os.cpu_count() or 1)
PARALLEL = ("-n", str(WORKERS), "--dist", "loadfile", "--no-loadscope-reorder")
# Each line: what it shows, and the command.
TEXT: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("format", (str(BIN / "ruff"), "format", "--check", "--quiet", ".")),
    ("lint", (str(BIN / "ruff"), "check", "--quiet", ".")),
    ("types", (str(BIN / "mypy"), "--no-error-summary")),
    ("imports", (str(BIN / "lint-imports"), "--no-logo")),
)
TESTS = (PYTHON, "-m", "coverage", "run", "-m", "pytest", "-q", *PARALLEL)
# Tests become bytecode of their own when they are found.
FIND = (PYTHON, "-m", "pytest", "--collect-only", "--quiet")
COVERAGE: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("combine", (PYTHON, "-m", "coverage", "combine", "--quiet")),
    ("coverage", (PYTHON, "-m", "coverage", "report")),
)


@dataclass(frozen=True)
class Result:
    name: str
    passed: bool
    seconds: float
    said: str = ""

    def show(self) -> None:
        print(f"── {self.name}\n{self.said}", end="", flush=True)


def run(name: str, command: tuple[str, ...]) -> Result:
    """What it says comes out as it is said."""
    print(f"── {name}", flush=True)
    begun = time.monotonic()
    passed = subprocess.run(command, cwd=ROOT, env=surroundings()).returncode == 0
    return Result(name, passed, time.monotonic() - begun)


def run_aside(name: str, command: tuple[str, ...]) -> Result:
    """What it says is kept, so that it does not come between the words of another."""
    begun = time.monotonic()
    ran = subprocess.run(
        command,
        cwd=ROOT,
        env=surroundings(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return Result(name, ran.returncode == 0, time.monotonic() - begun, ran.stdout)


def compile_once() -> None:
    """On a new clone every worker would compile all tests, at the same time as the others.

    What fails here fails again when the tests run, which tell why.
    """
    if not (ROOT / "tests" / "__pycache__").exists():
        subprocess.run(FIND, cwd=ROOT, env=surroundings(), stdout=subprocess.DEVNULL, check=False)


def surroundings() -> dict[str, str]:
    """Bytecode is kept: for every process, and for the next run."""
    return {name: word for name, word in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def main() -> int:
    """0 when every check passed; the rest run on when one fails, so that all is told at once."""
    subprocess.run((PYTHON, "-m", "coverage", "erase"), cwd=ROOT, check=True)
    with ThreadPoolExecutor(1) as aside:
        text = [aside.submit(run_aside, *step) for step in TEXT]
        compile_once()
        tests = run("tests", TESTS)
        results = [told.result() for told in text]
    for told in results:
        told.show()
    results += [tests, *(run(*step) for step in COVERAGE)]
    return summary(results)


def summary(results: Sequence[Result]) -> int:
    print("── summary")
    for told in results:
        print(f"{'ok' if told.passed else 'FAILED':<7} {told.name:<9} {told.seconds:6.1f} s")
    failed = sum(not told.passed for told in results)
    print(f"checks: {len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
