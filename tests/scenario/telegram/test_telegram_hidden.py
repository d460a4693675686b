"""Administrators who speak as their group: what they ask is theirs, and the other ones'."""

import pytest

from bot.phrases import of
from tests.fakes.bot_api import Group, Seat
from tests.fakes.telegram_bot import House, answered, told
from tests.scenario.telegram.test_telegram_forms import offered

pytestmark = [
    pytest.mark.real_time,
    pytest.mark.asyncio(loop_scope="session"),
    # how updates come in makes no difference to this
    pytest.mark.parametrize("house", ["webhook"], indirect=True),
]

EN = of("en")
LONG = "n=400 d=0.02"
SHORT = "n=3"


def seats(house: House, *, admin: bool = False) -> tuple[Group, Seat, Seat, Seat]:
    """A group; one who speaks as the group, another administrator, and a member."""
    group = house.group(admin=admin)
    hidden = group.appoint(house.visit().person, hidden=True)
    return group, hidden, group.appoint(house.visit().person), group.seat(house.visit().person)


async def window(house: House, query: str) -> str:
    """What whoever has pressed is told alone, once the press is acknowledged."""
    await house.until(lambda: query in house.account.answered)
    return house.account.windows.get(query, "")


@pytest.mark.parametrize("who", [1, 2], ids=["themselves", "another administrator"])
async def test_an_answer_they_asked_for_is_stopped(house: House, who: int) -> None:
    there = seats(house)
    hidden, presser, member = there[1], (there[1], there[2])[who - 1], there[3]
    hidden.say(f"/ask {LONG}")
    post = (await house.until(lambda: hidden.answers))[-1]
    await house.until(lambda: "chunk" in post.text)

    query = member.press(post, "⏹")
    assert await window(house, query) == EN.only_administrators
    presser.press(post, "⏹")

    await house.until(lambda: EN.stopped in post.text)
    await house.until(lambda: not house.sandbox.running)
    assert len(hidden.answers) == 1


async def test_they_have_it_again_and_rate_it_as_the_group(house: House) -> None:
    group, hidden, admin, member = seats(house, admin=True)
    hidden.say(f"/ask {SHORT}")
    post = await answered(house, hidden)

    query = admin.press(post, "👍")
    assert await window(house, query) == EN.rating_of_other
    hidden.press(post, "👎")
    note = await told(house, hidden, EN.rating_ask_words)
    hidden.say("too short", reply_to=note)
    await told(house, hidden, EN.rating_thanks)

    await house.thinks(group, "dislike", "too short")
    hidden.react(post, "👍")
    await house.thinks(group, "like", "too short")
    hidden.press(post, "↻")
    assert (await answered(house, hidden, 2)).reply_to == hidden.posts[0].id
    assert member.answers == hidden.answers


async def test_their_details_are_filled_in(house: House) -> None:
    _, hidden, admin, member = seats(house)
    hidden.say(f"/inputs@{house.account.username}")
    post = await told(house, hidden, EN.inputs_list)

    query = member.press(post, EN.button_all)
    assert await window(house, query) == EN.only_administrators
    hidden.press(post, EN.button_all)
    admin.press(await offered(house, hidden, "friendly"), "friendly")
    title = await told(house, hidden, "Title")
    assert title.asks
    member.say("Sir", reply_to=title)
    await told(house, hidden, EN.only_administrators)
    hidden.say("Doctor", reply_to=title)
    await told(house, hidden, "Sentences in a summary")
    hidden.say(f"/inputs@{house.account.username}")
    await house.until(lambda: "friendly" in hidden.shown()[-1] and "Doctor" in hidden.shown()[-1])


async def test_a_visible_administrator_writes_what_they_were_asked(house: House) -> None:
    _, hidden, admin, _ = seats(house)
    hidden.say(f"/inputs@{house.account.username}")
    hidden.press(await offered(house, hidden, "Title"), "Title")
    title = await house.until(lambda: [post for post in hidden.answers if post.asks])

    admin.say("Doctor", reply_to=title[-1])

    await told(house, hidden, EN.inputs_saved)
    assert "Doctor" in hidden.shown()[-1]


async def test_what_somebody_else_was_asked_is_no_question_of_ones_own(house: House) -> None:
    group, hidden, _, member = seats(house)
    other = group.seat(house.visit().person)
    member.say(f"/inputs@{house.account.username}")
    member.press(await offered(house, member, "Title"), "Title")
    title = (await house.until(lambda: [post for post in member.answers if post.asks]))[-1]
    asked = len(house.sandbox.writings)

    for seat in (other, hidden):
        told_ = len([post for post in seat.answers if EN.reply_of_other in post.text])
        seat.say("Sir", reply_to=title)
        await house.until(
            lambda seat=seat, told_=told_: [
                post for post in seat.answers if EN.reply_of_other in post.text
            ][told_:]
        )
    member.say("Doctor", reply_to=title)

    await told(house, member, EN.inputs_saved)
    assert len(house.sandbox.writings) == asked


async def test_while_telegram_does_not_say_who_they_are_nothing_is_lost(house: House) -> None:
    _, hidden, _, _ = seats(house)
    hidden.say(f"/ask {SHORT}")
    post = await answered(house, hidden)
    house.telegram.faults.add("500", "getChatMember", times=3)

    query = hidden.press(post, "↻")
    # It may come too late for a window, and is said to all then.
    await house.until(
        lambda: (
            house.account.windows.get(query) == EN.standing_unknown
            or any(EN.standing_unknown in text for text in hidden.shown())
        )
    )
    hidden.press(post, "↻")

    await answered(house, hidden, 2)
