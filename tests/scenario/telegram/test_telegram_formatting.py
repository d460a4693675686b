"""How answers look in Telegram, and what a model's text cannot do there."""

import pytest

from tests.fakes.bot_api import Seat
from tests.fakes.bot_api.entities import cut, detected, span
from tests.fakes.telegram_bot import House, answered

pytestmark = [
    pytest.mark.real_time,
    pytest.mark.asyncio(loop_scope="session"),
    # how updates come in makes no difference to this
    pytest.mark.parametrize("house", ["polling"], indirect=True),
]


async def echoed(house: House, seat: Seat, markdown: str) -> str:
    """What people see of this CommonMark as an answer, its formatting written out."""
    seat.say(f"ECHO\n\n{markdown}\n")
    return (await answered(house, seat)).readable


async def test_formatting_is_seen_as_such(house: House) -> None:
    shown = await echoed(
        house,
        house.visit(),
        "# Head\n\n**bold** _slanted_ ~~gone~~ `code`\n\n```python\nx = 1\n```\n\n"
        "- one\n  - two\n\n> said\n\n[site](https://a.example/b)",
    )

    for piece in ("**bold**", "_slanted_", "~~gone~~", "`code`", "```python\nx = 1"):
        assert piece in shown
    assert "[site](https://a.example/b)" in shown
    assert "# Head" not in shown
    assert "• one" in shown or "– one" in shown


async def test_a_table_comes_as_one(house: House) -> None:
    shown = await echoed(house, house.visit(), "| a | b |\n|---|---|\n| 1 | 2 |")

    assert "<table" in shown


async def test_markup_of_a_model_is_text(house: House) -> None:
    seat = house.visit()
    nasty = (
        "<b>bold</b> <!-- note --> <tg-button data='x'>Pay</tg-button> &lt;i&gt; "
        "[me](tg://user?id=1) [run](javascript:alert(1)) ![x](https://evil.example/?q=1)"
    )
    shown = await echoed(house, seat, nasty)

    assert "<b>bold</b>" in shown
    assert "tg-button data" in shown
    post = seat.answers[-1]
    links = [str(mark.get("url", "")) for mark in post.entities]
    assert all(link.startswith(("http://", "https://")) for link in links if link)
    assert not post.previewed
    assert [label for label in post.buttons if "Pay" in label] == []


async def test_names_and_commands_of_a_model_do_nothing(house: House) -> None:
    seat = house.visit()
    await echoed(house, seat, "Ask @durov or send /start, see #news and $TON, mail a@b.example")

    post = seat.answers[-1]
    found = list(detected(post.text, post.entities))
    live = [cut(post.text, span(mark)[0], span(mark)[1] - span(mark)[0]) for mark in found]
    assert [word for word in live if word[0] in "@/#$"] == []


async def test_a_link_that_looks_like_another_host_shows_its_own(house: House) -> None:
    shown = await echoed(house, house.visit(), "[bank.example](https://evil.example/login)")

    assert "evil.example)" in shown.replace("https://evil.example/login", "")


async def test_a_long_answer_goes_on_in_further_messages(house: House) -> None:
    seat = house.visit()
    seat.say("n=800")
    last = await answered(house, seat)

    whole = " ".join(post.text for post in seat.answers)
    assert len(seat.answers) == 3
    assert whole.replace(" ", "") == "".join(f"chunk{at}é😀." for at in range(800))
    assert [bool(post.buttons) for post in seat.answers] == [False, False, True]
    assert last is seat.answers[-1]


async def test_what_is_beyond_the_most_messages_comes_as_a_file(house: House) -> None:
    seat = house.visit()
    seat.say("n=1500")

    found = await house.until(lambda: [post for post in seat.answers if post.medium], within=30)
    medium = found[0].medium
    assert medium
    assert medium.name.endswith(".md")
    assert "chunk 1499" in medium.data.decode()
    assert "chunk 0 " not in medium.data.decode()
    assert len(seat.answers) == 5
