"""What a model's text cannot do in Slack, and who is not answered."""

import pytest

from tests.fakes.slack_api import Post, Seat
from tests.fakes.slack_bot import House, answered

pytestmark = [
    pytest.mark.real_time,
    pytest.mark.asyncio(loop_scope="session"),
    # how things come in makes no difference to this
    pytest.mark.parametrize("house", ["socket"], indirect=True),
]


async def echoed(house: House, seat: Seat, markdown: str) -> Post:
    """This CommonMark as an answer."""
    return await answered(house, seat, seat.say(f"ECHO\n\n{markdown}\n"))


async def test_formatting_is_left_to_slack(house: House) -> None:
    text = "# Head\n\n**bold** _slanted_ `code`\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- one\n- two"
    post = await echoed(house, house.visit(), text)
    for line in ("# Head", "**bold** _slanted_ `code`", "| 1 | 2 |", "- two"):
        assert line in post.readable


async def test_nobody_is_pinged_by_a_model(house: House) -> None:
    seat = house.visit()
    ben = house.newcomer("Ben").id
    post = await echoed(
        house,
        seat,
        f"<!channel> <!here|all> <!everyone> <@{ben}> <#C024BE7LR> <!subteam^S012> "
        f"<!date^1^{{date}}|x> `<!here>`\n```\n<!channel>\n```\n&lt;!here&gt; [<!here>](http://a.b)",
    )
    assert "<!channel>" in post.readable
    assert house.slack.pings() == []


async def test_a_label_does_not_lie_about_where_its_link_leads(house: House) -> None:
    post = await echoed(house, house.visit(), "[paypal.com](https://evil.example/x)")
    assert "evil.example" in post.readable.replace("https://evil.example/x", "")
    assert house.slack.unfurled() == []


async def test_a_very_long_answer_goes_on_in_further_messages(house: House) -> None:
    seat = house.visit()
    rows = "".join(f"| {number} | {'x' * 60} |\n" for number in range(250))
    asked = seat.say(f"ECHO\n\n| a | b |\n|---|---|\n{rows}")
    await answered(house, seat, asked)
    posts = seat.thread(asked)
    assert len(posts) > 1
    shown = "\n".join(post.readable for post in posts)
    assert all(f"| {number} | x" in shown for number in range(250))
    assert all(post.readable.count("|---|") == 1 for post in posts)
