"""Messages as Slack takes them: Markdown in a block, buttons under it, plain words for notices.

A block that the workspace does not know is left out from then on; one whose contents it refuses is
written the old way, once.
"""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from adapters.slack import keyboard, limits, markup
from adapters.slack.errors import NoStream, Refused, TooLong, Unsupported
from adapters.slack.keyboard import Block
from adapters.slack.remembered import Remembered
from adapters.slack.responding import RESPONSE, Responding, section
from adapters.slack.spot import Spot, Turn
from adapters.slack.status import Statuses
from bot.events import MessageRef
from bot.observe import get_logger
from bot.surface import Forbidden, Gone, Intend, Outgoing, nothing

T = TypeVar("T")

FILE: Final = "file:"
"""Begins the id of a file whose message Slack did not tell in time."""

NOTICE: Final = 3000
"""Characters of what notifications and screen readers get; an edit takes 4,000."""

MARKDOWN: Final = 12_000
"""Characters of Markdown in one message; what is refused beyond that is refused for its length."""

_EMPTY: Final = "…"
"""Slack takes no empty message."""

_LADDER: Final = 3  # with everything, without what is not known here, without Markdown
_MOST: Final = 10_000  # files whose message is remembered

_log = get_logger(__name__)


class Writing:
    """Writes messages and writes over them. Every verb makes its calls in `Turn`s."""

    def __init__(self, responding: Responding, statuses: Statuses, *, hardened: bool) -> None:
        self.statuses = statuses
        self.hardened = hardened
        self._responding = responding
        self._files: Remembered[tuple[str, str, str], bool] = Remembered(_MOST)

    def wired(self, spot: Spot, message: Outgoing) -> str:
        """The whole text as it goes over the wire."""
        return wired(spot, message, hardened=self.hardened)

    def notice(self, message: Outgoing) -> str:
        """What is told of it besides, and read aloud."""
        hardened = self.hardened and not message.mine
        return markup.plain(message.text, most=NOTICE, hardened=hardened).strip() or _EMPTY

    def buttons(self, spot: Spot, message: Outgoing) -> list[Block]:
        return keyboard.blocks(message.buttons, feedback=spot.features.feedback_buttons)

    async def post(
        self, turn: Turn, spot: Spot, message: Outgoing, *, intend: Intend = nothing
    ) -> MessageRef:
        """A new message: in the channel, else through the response_url where there is one.

        What only the person of the place may see is never in the channel.
        """
        if spot.place.only_user and not spot.chat.private:
            return await self._post_alone(turn, spot, message, intend)
        if not self._responding.is_closed(spot.place) or not spot.response_url:
            try:
                return await self.send(turn, spot, message, intend=intend)
            except Forbidden:
                if not spot.response_url:
                    raise
        return await self._responding.say(spot, message, intend=intend)

    async def _post_alone(
        self, turn: Turn, spot: Spot, message: Outgoing, intend: Intend
    ) -> MessageRef:
        if not self._responding.is_closed(spot.place) or not spot.response_url:
            try:
                return await self._ephemeral(turn, spot, message, intend)
            except Forbidden:
                self._responding.close(spot.place)
                if not spot.response_url:
                    raise
        return await self._responding.say(spot, message, intend=intend)

    async def send(
        self,
        turn: Turn,
        spot: Spot,
        message: Outgoing,
        text: str = "",
        *,
        intend: Intend = nothing,
    ) -> MessageRef:
        """A new message in the channel; `text` is how its words go over the wire, if known."""
        chat, budgets = spot.chat, limits.post(spot.team, spot.chat.id)

        async def post(blocks: list[Block]) -> str:
            await turn.come(budgets)
            await intend()
            return await turn.make(
                budgets,
                lambda: spot.calls.post(
                    chat.id, blocks=blocks, text=self.notice(message), thread=chat.thread
                ),
            )

        try:
            ts = await self.built(spot, message, text, post)
        except Forbidden:
            self._responding.close(spot.place)
            raise
        self.said(spot)
        return spot.ref(ts)

    async def rewrite(
        self, turn: Turn, spot: Spot, ts: str, message: Outgoing, text: str = ""
    ) -> None:
        """Write over a message, be it one that streams still since nobody ended it.

        Raises Gone for a file, which cannot become a text, and for what has no ts.
        """
        if not is_message(ts):
            raise Gone("nobody can reach it")
        if self._files.get((spot.team, spot.chat.id, ts)):
            raise Gone("a file cannot become a text")
        channel, budgets = spot.chat.id, limits.update(spot.team)

        async def update(blocks: list[Block]) -> None:
            await turn.make(
                budgets,
                lambda: spot.calls.update(channel, ts, blocks=blocks, text=self.notice(message)),
            )

        try:
            await self.built(spot, message, text, update)
        except NoStream:
            await self.end_stream(turn, spot, ts)
            await self.built(spot, message, text, update)

    async def end_stream(self, turn: Turn, spot: Spot, ts: str) -> None:
        """Whatever it has shown so far stays."""
        try:
            await turn.make(
                limits.stop(spot.team), lambda: spot.calls.stop_stream(spot.chat.id, ts)
            )
        except NoStream:
            return  # it has ended, which is all that is wanted

    async def built(
        self, spot: Spot, message: Outgoing, text: str, call: Callable[[list[Block]], Awaitable[T]]
    ) -> T:
        """`call` with the blocks of a message, then with plainer ones where those are refused."""
        text, plain = text or self.wired(spot, message), False
        for left in reversed(range(_LADDER)):
            features = spot.features
            old = plain or not features.markdown_block
            shown = self._sections(spot, message) if old else [markdown(text)]
            try:
                feedback = features.feedback_buttons and not plain
                return await call([*shown, *keyboard.blocks(message.buttons, feedback=feedback)])
            except Refused as refused:
                if not left or not refused.code.startswith("invalid_blocks"):
                    raise
                if len(text) > MARKDOWN:
                    raise TooLong(refused.code) from refused
                plain = not isinstance(refused, Unsupported) or left == 1
                _log.info("blocks refused", code=refused.code, plain=plain)
        raise AssertionError("the last of them is tried or raises")

    async def _ephemeral(
        self, turn: Turn, spot: Spot, message: Outgoing, intend: Intend
    ) -> MessageRef:
        chat, budgets = spot.chat, limits.ephemeral(spot.team)

        async def post(blocks: list[Block]) -> str:
            await turn.come(budgets)
            await intend()
            return await turn.make(
                budgets,
                lambda: spot.calls.post_ephemeral(
                    chat.id,
                    spot.place.user.id,
                    blocks=blocks,
                    text=self.notice(message),
                    thread=chat.thread,
                ),
            )

        return spot.ref(await self.built(spot, message, "", post))

    def said(self, spot: Spot) -> None:
        """A message is in the channel, so that others can be."""
        self._responding.open(spot.place)
        self.statuses.said(spot)

    def keep_file(self, spot: Spot, ts: str) -> None:
        """The message came with a file."""
        self._files.put((spot.team, spot.chat.id, ts), True)

    def _sections(self, spot: Spot, message: Outgoing) -> list[Block]:
        asker = spot.place.user.id if message.mine else ""
        text = markup.mrkdwn(message.text, mine=message.mine, asker=asker, hardened=self.hardened)
        return [*map(section, markup.sections(text or _EMPTY))]


def wired(spot: Spot, message: Outgoing, *, hardened: bool) -> str:
    own = len(message.text) if message.mine else message.own
    cut = len(message.text) - own
    theirs, ours = message.text[:cut], message.text[cut:]
    text = markup.wire(theirs, hardened=hardened) if theirs else ""
    if ours:
        text += markup.wire(ours, mine=True, asker=spot.place.user.id, hardened=hardened)
    return text if text.strip() else _EMPTY


def is_message(ts: str) -> bool:
    """Whether it can be changed: Slack tells no ts of some things that were said."""
    return not ts.startswith((RESPONSE, FILE))


def markdown(text: str) -> Block:
    return {"type": "markdown", "text": text}
