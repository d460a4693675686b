"""SIGKILL at random moments: every question answered or offered again, exactly once."""

from pathlib import Path

import pytest

from tests.speed.soak import soak

pytestmark = [pytest.mark.real_time, pytest.mark.timeout(240)]


@pytest.mark.unmeasured
async def test_whoever_is_killed_twenty_times_still_answers_every_question_once(
    tmp_path: Path,
) -> None:
    found = await soak(tmp_path, seed=20)
    assert found.faults == []
    # The kills hit answers at work, and the bot worked between them.
    assert found.questions >= 20
    assert found.whole > 0
    assert found.offered > 0
    assert found.orphans > 0
