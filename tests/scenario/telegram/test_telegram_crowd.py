"""Many people at once, and one very long answer among theirs."""

from collections import Counter
from pathlib import Path

import pytest

from tests.fakes.nursery import Nursery
from tests.fakes.telegram_bot import answered, telegram_bot, whole

pytestmark = pytest.mark.real_time

PEOPLE = 100
LONG = 2000  # chunks


async def test_a_hundred_people_at_once_get_a_hundred_whole_answers_and_no_refusal(
    nursery: Nursery, tmp_path: Path
) -> None:
    async with telegram_bot(nursery, tmp_path, COMPLETION_MAX_STREAMS="200") as house:
        telegram = house.telegram
        patient = house.visit()
        begun = telegram.clock()
        patient.say(f"n={LONG} d=0.005")
        seats = [house.visit() for _ in range(PEOPLE)]
        for seat in seats:
            seat.say("n=20 d=0.05")
        await house.until(lambda: all(any(map(whole, seat.answers)) for seat in seats), within=60)
        await answered(house, patient, within=60)
        seconds = telegram.clock() - begun

        expected = " ".join(f"chunk {at} é😀." for at in range(20))
        assert {tuple(seat.shown()) for seat in seats} == {(expected,)}
        told = "".join(post.text + " " for post in patient.answers)
        assert told.split() == " ".join(f"chunk {at} é😀." for at in range(LONG)).split()
        kinds = Counter(shown.kind for shown in patient.chat.history)
        # two frames may come at once; messages are as many as the text fills, and the question
        assert kinds["draft"] <= seconds + 2
        assert kinds["post"] == len(patient.answers) + 1
        assert kinds["edit"] == 0
        assert telegram.refusals == []
