"""Every check, one after the other, and one summary: what `make test` runs."""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
PYTHON = sys.executable
BIN = Path(PYTHON).parent

PARALLEL = ("-n", "logical", "--dist", "worksteal")
# Each line: what it shows, and the command.
STEPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("format", (str(BIN / "ruff"), "format", "--check", "--quiet", ".")),
    ("lint", (str(BIN / "ruff"), "check", "--quiet", ".")),
    ("types", (str(BIN / "mypy"), "--no-error-summary")),
    ("imports", (str(BIN / "lint-imports"), "--no-logo")),
    ("tests", (PYTHON, "-m", "coverage", "run", "-m", "pytest", "-q", *PARALLEL)),
    ("combine", (PYTHON, "-m", "coverage", "combine", "--quiet")),
    ("coverage", (PYTHON, "-m", "coverage", "report")),
)


def main() -> int:
    """0 when every check passed; the rest run on when one fails, so that all is told at once."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run((PYTHON, "-m", "coverage", "erase"), cwd=ROOT, check=True)
    results: list[tuple[str, bool, float]] = []
    for name, command in STEPS:
        print(f"── {name}", flush=True)
        begun = time.monotonic()
        passed = subprocess.run(command, cwd=ROOT, env=environment).returncode == 0
        results.append((name, passed, time.monotonic() - begun))
    print("── summary")
    for name, passed, took in results:
        print(f"{'ok' if passed else 'FAILED':<7} {name:<9} {took:6.1f} s")
    failed = sum(not passed for _, passed, _ in results)
    print(f"checks: {len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
