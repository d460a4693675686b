"""Answers on the Telegram stage: how one is shown, grown and looked at."""

from dataclasses import replace

from adapters.telegram.outbound import TelegramSurface
from bot.events import MessageRef, Place
from bot.live import LiveReply
from bot.surface import Button, Growing, Outgoing, Rank
from tests.fakes.bot_api import Post, Seat
from tests.fakes.stage import Forgetful
from tests.fakes.telegram_stage import TelegramStage, place

STOP = Button(label="⏹ Stop", name="stop", value="a1")
LIKE = Button(label="👍", name="like", value="a1")


def growing(text: str) -> Outgoing:
    return Outgoing(text=text, buttons=(STOP,))


async def show(stage: TelegramStage, message: Growing, text: str) -> bool:
    """One frame as the core shows it; False when it costs nothing."""
    cost = message.cost(growing(text))
    if cost:
        await stage.pace.slot(cost, Rank.FRAME)
        await message.show(growing(text))
    return bool(cost)


def kinds(seat: Seat) -> list[str]:
    return [shown.kind for shown in seat.chat.history]


def drawn(seat: Seat) -> list[str]:
    return [shown.text for shown in seat.chat.history if shown.kind == "draft"]


def live(stage: TelegramStage, where: Place, *, who: str = "a1") -> LiveReply:
    return LiveReply(stage.surface, where, stage.pace, Forgetful(), who=who, buttons=(STOP,))


def asked(seat: Seat, text: str = "Tea?") -> Place:
    """The place of a question that has just been asked."""
    where, post = place(seat), seat.say(text)
    return replace(where, reply_to=ref(where, post))


def ref(where: Place, post: Post) -> MessageRef:
    chat = where.chat
    return MessageRef(platform="telegram", workspace=chat.workspace, chat=chat.id, id=str(post.id))


async def grown(stage: TelegramStage, where: Place, text: str) -> MessageRef:
    """An answer that was seen growing."""
    async with stage.surface.grow(where) as message:
        frame = Outgoing(text=text[:10], buttons=(STOP,))
        await stage.pace.slot(message.cost(frame), Rank.FRAME)
        await message.show(frame)
        return await message.finish(Outgoing(text=text, buttons=(LIKE,)))


def with_rich(stage: TelegramStage, rich: str) -> TelegramSurface:
    assert rich in ("auto", "always", "never")
    accounts = {stage.account.id: stage.account}
    if rich == "always":
        return TelegramSurface(accounts, stage.pace, rich="always")
    return TelegramSurface(accounts, stage.pace, rich="auto" if rich == "auto" else "never")
