"""Answers on the Slack stage: how one is shown, grown and looked at."""

from adapters.slack.interaction import Interaction
from bot.events import Place
from bot.live import LiveReply
from bot.surface import Button, Growing, Outgoing, Rank
from tests.fakes.slack_api import Post, Seat
from tests.fakes.slack_stage import SlackStage, place
from tests.fakes.stage import Forgetful

STOP = Button(label="⏹ Stop", name="stop", value="a1")
LIKE = Button(label="👍", name="like", value="a1")
DISLIKE = Button(label="👎", name="dislike", value="a1")
AGAIN = Button(label="↻ Again", name="regenerate", value="a1")
THUMBS = (LIKE, DISLIKE)


def growing(text: str) -> Outgoing:
    return Outgoing(text=text, buttons=(STOP,))


def answer(text: str, *buttons: Button) -> Outgoing:
    return Outgoing(text=text, buttons=buttons or THUMBS)


async def show(stage: SlackStage, message: Growing, text: str) -> bool:
    """One frame as the core shows it; False when it costs nothing."""
    cost = message.cost(growing(text))
    if cost:
        await stage.pace.slot(cost, Rank.FRAME)
        await message.show(growing(text))
    return bool(cost)


def live(stage: SlackStage, where: Place, *, who: str = "a1") -> LiveReply:
    return LiveReply(stage.surface, where, stage.pace, Forgetful(), who=who, buttons=(STOP,))


def kinds(seat: Seat) -> list[str]:
    """What came onto the screen after the person's own words."""
    return [shown.kind for shown in seat.channel.history][1:]


def last(seat: Seat) -> Post:
    """The newest message of the bot."""
    return seat.answers[-1]


def commanded(seat: Seat, text: str = "What is tea?", *, only_user: bool = False) -> Place:
    """Where a slash command was given."""
    payload = seat.command(text).payload
    packed = Interaction(
        kind="command",
        trigger=str(payload["trigger_id"]),
        response_url=str(payload["response_url"]),
    ).packed()
    return place(seat, interaction=packed, only_user=only_user)


def pressed(seat: Seat, post: Post, label: str, *, only_user: bool = False) -> Place:
    """Where a button was pressed."""
    payload = seat.press(post, label).payload
    packed = Interaction(
        kind="press",
        trigger=str(payload["trigger_id"]),
        response_url=str(payload["response_url"]),
    ).packed()
    return place(seat, post.thread, interaction=packed, only_user=only_user)
