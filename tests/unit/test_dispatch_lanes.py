from dataclasses import replace

from bot.dispatch import lane
from bot.events import Chat, Place, User
from tests.fakes.happenings import (
    action,
    command,
    deleted,
    edited,
    message,
    place,
    reaction,
    submission,
)

TALK = lane(message("m1"))


def kind(key: str) -> str:
    return key.partition(":")[0]


def test_whatever_speaks_to_one_person_in_a_chat_shares_a_lane() -> None:
    speaking = [
        message("m2"),
        message("m3", place(thread="t")),
        *(command(f"c-{name}", name) for name in ("ask", "voice", "retry")),
        *(action(f"a-{name}", name) for name in ("regenerate", "speak", "suggest", "revise")),
    ]
    assert {lane(event) for event in speaking} == {TALK}
    assert kind(TALK) == "talk"


def test_strangers_and_other_chats_have_lanes_of_their_own() -> None:
    places = [place(), place("d"), place(user="ben"), place(team="t2")]
    assert len({lane(message("m", where)) for where in places}) == 4


def test_a_stop_and_a_call_for_help_wait_for_nothing() -> None:
    quick = [
        *(command(f"c-{name}", name) for name in ("stop", "help", "start", "about", "inputs")),
        *(command(f"c-{name}", name) for name in ("feedback", "forget", "unheard-of")),
        *(action(f"a-{name}", name) for name in ("stop", "inputs", "unheard-of")),
    ]
    keys = [lane(event) for event in quick]
    assert {kind(key) for key in keys} == {"now"}
    assert len(set(keys)) == len(keys)


def test_a_voice_that_is_switched_does_not_wait_for_one_that_speaks() -> None:
    switched = {lane(replace(command(f"c-{way}", "voice"), text=way)) for way in ("on", "off")}
    assert len(switched) == 1
    assert TALK not in switched


def test_ratings_of_one_message_by_one_person_keep_their_order() -> None:
    same = {lane(reaction("r1")), lane(action("a1", "like")), lane(action("a2", "dislike"))}
    assert len(same) == 1
    others = {lane(reaction("r2", "m2")), lane(reaction("r3", where=place(user="ben")))}
    assert len(same | others) == 3
    assert {kind(key) for key in same | others} == {"rate"}


def test_edits_of_one_message_keep_their_order() -> None:
    assert lane(edited("e1")) == lane(edited("e2")) == lane(deleted("e3"))
    assert lane(edited("e1")) != lane(edited("e1", on="m2"))
    assert kind(lane(edited("e1"))) == "edit"


def test_the_steps_of_a_form_keep_their_order_beside_the_talk() -> None:
    steps = {lane(submission("s")), lane(action("a1", "choose")), lane(action("a2", "cancel"))}
    assert len(steps) == 1
    assert {kind(key) for key in steps} == {"form"}


def test_ids_that_hold_the_separator_do_not_meet_in_one_lane() -> None:
    def key(workspace: str, chat: str, team: str, user: str) -> str:
        where = Chat(platform="p", workspace=workspace, id=chat)
        return lane(message("m", Place(chat=where, user=User(id=user, workspace=team))))

    keys = [
        key("w", "a:b", "t", "u"),
        key("w:a", "b", "t", "u"),
        key("w", "a", "b:t", "u"),
        key("w", "a%3Ab", "t", "u"),
        key("w", "a", "b", "t:u"),
    ]
    assert len(set(keys)) == len(keys)
