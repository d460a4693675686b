"""Alembic's own command line, which whoever writes a migration uses."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.process import ROOT, environment

pytestmark = pytest.mark.real_time


def test_it_finds_the_migrations_and_the_database_by_itself(tmp_path: Path) -> None:
    variables = environment(DATABASE_URL=f"sqlite:///{tmp_path}/parley.db")
    del variables["PYTHONPATH"]

    def alembic(*arguments: str) -> str:
        command = (sys.executable, "-m", "alembic", *arguments)
        told = subprocess.run(
            command, cwd=ROOT, env=variables, check=True, capture_output=True, text=True
        )
        return told.stdout

    alembic("upgrade", "head")
    assert alembic("current").endswith("(head)\n")
