"""SIGKILL at random moments: every question answered or offered again, exactly once."""

import socket
from pathlib import Path

import pytest

from bot.sandbox import Config
from tests.fakes.counted_sandbox import counted_sandbox
from tests.fakes.crowd import Playground, crowd, kill_rounds, verdict

pytestmark = [pytest.mark.real_time, pytest.mark.timeout(240)]

PEOPLE = 20
ROUNDS = 20


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        return int(unused.getsockname()[1])


async def test_whoever_is_killed_twenty_times_still_answers_every_question_once(
    tmp_path: Path,
) -> None:
    async with counted_sandbox(Config(port=0, word_delay=0.01)) as app:
        environment = {"COMPLETION_API_URL": app.url, "COMPLETION_API_KEY": "app-sandbox"}
        playground = Playground(tmp_path, free_port(), environment)
        async with crowd(playground, PEOPLE) as guests:
            await kill_rounds(guests, playground, ROUNDS, seed=20)
            found = await verdict(guests, app)
    assert found.faults == []
    # The kills hit answers at work, and the bot worked between them.
    assert found.questions >= PEOPLE
    assert found.whole > 0
    assert found.offered > 0
