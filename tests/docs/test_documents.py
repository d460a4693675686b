"""The documents say what the code does."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot import settings
from bot.cli import main
from tests.docs.generated import PARTS, with_part

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("name", PARTS)
def test_what_is_generated_is_up_to_date(name: str) -> None:
    file, write = PARTS[name]
    document = (ROOT / file).read_text(encoding="utf-8")
    assert with_part(document, name, write()) == document, "run make docs"


def test_the_example_environment_can_be_used_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    loaded = settings.load(env_file=ROOT / ".env.example")
    assert loaded.completion_api_key is None
    assert loaded.port == 8080


def test_every_verb_is_in_the_readme_and_every_verb_there_exists() -> None:
    told = set(re.findall(r"`python -m bot ([a-z-]+)", README))
    assert told == set(main.commands)


@pytest.mark.parametrize(
    "line", sorted(set(re.findall(r"^(?:\.venv/bin/)?python -m bot .*$", README, re.MULTILINE)))
)
def test_every_command_of_the_readme_parses(line: str) -> None:
    words = shlex.split(line, comments=True)[3:]
    result = CliRunner().invoke(main, [*words[:1], "--help"])
    assert result.exit_code == 0
    for option in (word for word in words if word.startswith("--")):
        assert option in result.output


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_inside_the_project_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")):
        if not target.startswith("https://"):
            assert (path.parent / target).exists(), target


def test_every_make_target_of_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"^make ([a-z]+)", README, re.MULTILINE)) <= targets
