"""SIGKILL at random moments under people in Slack: each question answered or offered once."""

from pathlib import Path

import pytest

from tests.fakes.nursery import Nursery
from tests.speed.soak import Office, worked

pytestmark = [pytest.mark.real_time, pytest.mark.timeout(120)]


@pytest.mark.unmeasured
async def test_whoever_is_killed_again_and_again_still_answers_every_question_once(
    nursery: Nursery, tmp_path: Path
) -> None:
    # Few people: what is repaired takes its turns, fifty in a minute.
    found = await worked(nursery, tmp_path, 7, Office(way="http", people=4, in_channel=1, rounds=2))
    assert found.faults == []
    # The kills hit answers at work, and the bot worked between them.
    assert found.questions >= 6
    assert found.whole >= 3
    assert found.offered >= 1
