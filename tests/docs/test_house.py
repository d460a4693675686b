"""House rules no linter knows: sizes, secrets, and nothing of any one machine."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
LINES = 400
FUNCTION = 40


def files(*patterns: str) -> list[Path]:
    """What git tracks, or would with the next commit."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return [path for line in listed.stdout.splitlines() if (path := ROOT / line).exists()]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", files("*.py"), ids=named)
def test_a_file_stays_a_small_room(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LINES


@pytest.mark.parametrize("path", files("bot/*.py", "adapters/*.py"), ids=named)
def test_a_function_fits_on_a_screen(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < FUNCTION, node.name


HOSTS = re.compile(r"--(extra-)?index-url|--find-links|/simple/|files\.pythonhosted|pypi\.org")
KEYS = re.compile(r"\bapp-[A-Za-z0-9]{24}\b|\bxox[bp]-\d{9,}-|\b\d{8,10}:AA[A-Za-z0-9_-]{33}\b")


@pytest.mark.parametrize("path", files(".requirements/*", "*.toml", "Makefile", ".ci/*"), ids=named)
def test_no_registry_is_named(path: Path) -> None:
    assert not HOSTS.search(path.read_text(encoding="utf-8"))


def test_no_secret_is_committed() -> None:
    for path in files("*.py", "*.md", "*.json", "*.toml", ".env*", "Makefile"):
        found = KEYS.search(path.read_text(encoding="utf-8"))
        assert not found, f"{named(path)}: {found}"


def test_every_requirement_is_pinned_and_hashed() -> None:
    for path in files(".requirements/*.txt"):
        text = path.read_text(encoding="utf-8")
        pins = re.findall(r"^[a-z0-9][^\n]*", text, re.MULTILINE)
        assert pins
        assert all(re.match(r"[a-z0-9._-]+(\[[a-z,]+\])?==\S+ ", pin + " ") for pin in pins)
        assert text.count("--hash=sha256:") >= len(pins)
