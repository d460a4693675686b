"""Who comes back from Slack's page must be who was sent there."""

from adapters.slack.consent import LIFE, Consents


class Time:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_state_is_good_once_with_the_cookie_it_was_made_for() -> None:
    consents = Consents(Time())
    state, cookie = consents.begin()
    assert not consents.redeem(state, "")
    assert not consents.redeem(state, consents.begin()[1])
    assert consents.redeem(state, cookie)
    assert not consents.redeem(state, cookie)


def test_a_state_ends() -> None:
    time = Time()
    consents = Consents(time)
    state, cookie = consents.begin()
    time.now += LIFE + 1
    assert not consents.redeem(state, cookie)


def test_nobody_makes_a_state_up() -> None:
    time = Time()
    consents = Consents(time)
    state, cookie = consents.begin()
    until, nonce, mark = state.split(".")
    for forged in (
        "",
        "x",
        f"{int(until) + 60}.{nonce}.{mark}",
        f"{until}.{'A' * 22}.{mark}",
        f"{until}.{nonce}.{'0' * 64}",
        state + "0",
        state.replace(".", "·"),
        f"{'9' * 5000}.{nonce}.{mark}",
    ):
        assert not consents.redeem(forged, cookie)
    assert not Consents(time).redeem(state, cookie), "another process made it"
    assert consents.redeem(state, cookie)


def test_two_windows_of_a_browser_can_both_come_back() -> None:
    consents = Consents(Time())
    first, cookie = consents.begin()
    second, same = consents.begin(cookie)
    assert same == cookie
    assert consents.redeem(first, cookie)
    assert consents.redeem(second, cookie)


def test_a_cookie_that_is_not_ours_is_replaced() -> None:
    assert Consents(Time()).begin("; evil")[1] != "; evil"


def test_those_who_only_begin_take_no_room_and_used_ones_go_with_time() -> None:
    time = Time()
    consents = Consents(time)
    for _ in range(100):
        consents.begin()
    for _ in range(10):
        assert consents.redeem(*consents.begin())
        time.now += LIFE
    assert len(consents._used) <= 2
