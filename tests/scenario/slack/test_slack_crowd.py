"""Many people at once."""

import pytest

from tests.fakes.slack_bot import House, whole

pytestmark = [
    pytest.mark.real_time,
    pytest.mark.asyncio(loop_scope="session"),
    # how things come in makes no difference to this
    pytest.mark.parametrize("house", ["http"], indirect=True),
]

PEOPLE = 100


async def test_a_hundred_people_at_once_get_a_hundred_whole_answers(house: House) -> None:
    seats = [house.visit() for _ in range(PEOPLE)]
    asked = [seat.say("n=20 d=0.05") for seat in seats]

    await house.until(lambda: all(any(map(whole, seat.answers)) for seat in seats), within=90)

    expected = " ".join(f"chunk {at} é😀." for at in range(20))
    assert {tuple(seat.shown(root)) for seat, root in zip(seats, asked, strict=True)} == {
        (expected,)
    }
    assert house.slack.floods() == []
    assert [each for each in house.pusher.slow if each.at >= asked[0].at] == []
