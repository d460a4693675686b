"""House rules no linter knows: sizes, secrets, and nothing of any one machine."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

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


def test_every_file_stays_a_small_room() -> None:
    sizes = {named(path): len(path.read_bytes().splitlines()) for path in files("*.py")}
    assert {name: size for name, size in sizes.items() if size > LINES} == {}


def test_every_function_fits_on_a_screen() -> None:
    sizes = {
        f"{named(path)}:{function.lineno} {function.name}": size
        for path in files("bot/*.py", "adapters/*.py")
        for function in functions(ast.parse(path.read_bytes()))
        if (size := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION
    }
    assert sizes == {}


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Also those within classes, statements and other functions; none is within an expression."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
        if not isinstance(node, ast.expr):
            yield from functions(node)


HOSTS = re.compile(r"--(extra-)?index-url|--find-links|/simple/|files\.pythonhosted|pypi\.org")
KEYS = re.compile(r"\bapp-[A-Za-z0-9]{24}\b|\bxox[bp]-\d{9,}-|\b\d{8,10}:AA[A-Za-z0-9_-]{33}\b")


def test_no_registry_is_named() -> None:
    for path in files(".requirements/*", "*.toml", "Makefile", ".ci/*"):
        found = HOSTS.search(path.read_text(encoding="utf-8"))
        assert not found, f"{named(path)}: {found}"


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
