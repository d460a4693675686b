"""Who the API is told somebody is, and what runs in this process."""

from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest

from bot.events import Place, User
from bot.service.running import Running
from bot.service.tools import Rules, Tools, end_user, same_person
from tests.fakes.bench import DIRECT

PLACE = Place(chat=DIRECT, user=User(id="7", name="Ann"))


def ruled(**rules: object) -> Tools:
    return cast(Tools, SimpleNamespace(rules=Rules(**rules)))  # type: ignore[arg-type]  # by name


def test_a_person_is_one_end_user_in_every_chat() -> None:
    elsewhere = replace(PLACE, chat=replace(DIRECT, id="group", private=False))
    assert end_user(ruled(), PLACE) == end_user(ruled(), elsewhere) == "screen:7"


def test_ids_of_workspaces_name_their_workspace() -> None:
    place = replace(PLACE, user=User(id="U1", workspace="T1"))
    assert end_user(ruled(), place) == "screen:T1:U1"


def test_with_a_secret_no_id_is_told_and_it_stays_the_same_person() -> None:
    first, second = (end_user(ruled(end_user_secret=b"key"), PLACE) for _ in range(2))
    assert first == second
    assert first != "7" and len(first) == 64
    assert first != end_user(ruled(end_user_secret=b"other"), PLACE)


def test_people_are_told_apart_by_platform_and_workspace() -> None:
    assert same_person(PLACE, replace(PLACE, user=User(id="7", name="renamed")))
    assert not same_person(PLACE, replace(PLACE, user=User(id="7", workspace="T1")))
    assert not same_person(PLACE, replace(PLACE, chat=replace(DIRECT, platform="other")))


def test_only_what_runs_here_can_be_ended_here_and_the_first_cause_counts() -> None:
    running = Running()
    with running.opened("a") as run:
        assert "a" in running
        assert running.end("a", "stop")
        assert running.end("a", "cut")
        assert run.cause == "stop"
        running.end_all("lost")
        assert run.cause == "lost"
    assert not running.end("a", "stop")
    assert len(running) == 0


def test_an_answer_taken_up_again_is_not_forgotten_by_the_end_of_its_first_try() -> None:
    running = Running()
    with running.opened("a"):
        again = running.opened("a")
        run = again.__enter__()
    assert running.end("a", "stop")
    assert run.cause == "stop"
    again.__exit__(None, None, None)
    assert len(running) == 0


@pytest.mark.parametrize("name", ["end_user_secret"])
def test_the_secret_is_in_no_repr(name: str) -> None:
    assert "hush" not in repr(Rules(**{name: b"hush"}))  # type: ignore[arg-type]  # by name
