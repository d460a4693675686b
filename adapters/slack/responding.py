"""What is said where the bot may not post, or to one person alone: ephemerals and response_urls."""

import asyncio
import secrets
from typing import Final

from adapters.slack import keyboard, markup
from adapters.slack.page import Page
from adapters.slack.remembered import Remembered
from adapters.slack.spot import Spot
from bot.events import MessageRef, Place
from bot.surface import Expired, Intend, Outgoing

USES: Final = 5
LASTING: Final = 29 * 60.0
"""Seconds; Slack takes five messages within 30 minutes, and this clock starts a little late."""

CLOSED_FOR: Final = 600.0
"""Seconds for which a channel counts as closed that refused a message: somebody may invite us."""

RESPONSE: Final = "response:"
"""Begins the id of what was said through a response_url; Slack tells none, so nobody edits it."""

_MOST: Final = 10_000  # addresses, and channels, that are remembered
_BLOCKS: Final = 48  # sections of one message, with room for its buttons


class Responding:
    """Counts the uses of every response_url, and knows the channels that take no messages."""

    def __init__(self, page: Page, *, hardened: bool) -> None:
        self._page = page
        self._hardened = hardened
        self._used: Remembered[str, tuple[int, float]] = Remembered(_MOST)
        self._closed: Remembered[tuple[str, str], float] = Remembered(_MOST)

    def close(self, place: Place) -> None:
        """The channel of `place` took no message."""
        until = asyncio.get_running_loop().time() + CLOSED_FOR
        self._closed.put((place.chat.workspace, place.chat.id), until)

    def open(self, place: Place) -> None:
        """It did."""
        self._closed.forget((place.chat.workspace, place.chat.id))

    def is_closed(self, place: Place) -> bool:
        until = self._closed.get((place.chat.workspace, place.chat.id))
        return until is not None and asyncio.get_running_loop().time() < until

    async def say(self, spot: Spot, message: Outgoing, *, intend: Intend) -> MessageRef:
        """A message through the response_url of the place; the last one there can be says that
        there is no room for more of an answer. Raises Expired when it is used up."""
        used = self._taken(spot.response_url)
        if used + 1 == USES and not message.mine:
            words = self._page.words(spot.place.user.language)
            message = Outgoing(text=words.too_long, mine=True)
        await intend()
        await spot.calls.respond(spot.response_url, self._payload(spot.place, message))
        return spot.ref(f"{RESPONSE}{secrets.token_hex(8)}")

    async def rewrite(self, spot: Spot, message: Outgoing) -> None:
        """Write over what was pressed, which only its own response_url can reach."""
        self._taken(spot.response_url)
        payload = self._payload(spot.place, message) | {"replace_original": True}
        await spot.calls.respond(spot.response_url, payload)

    async def remove(self, spot: Spot) -> None:
        """Take away what was pressed."""
        self._taken(spot.response_url)
        await spot.calls.respond(spot.response_url, {"delete_original": True})

    def _taken(self, url: str) -> int:
        """How many uses are behind it, this one not counted. Raises Expired."""
        now = asyncio.get_running_loop().time()
        used, since = self._used.get(url) or (0, now)
        if used >= USES or now > since + LASTING:
            raise Expired("the response_url is used up")
        self._used.put(url, (used + 1, since))
        return used

    def _payload(self, place: Place, message: Outgoing) -> keyboard.Block:
        asker = place.user.id if message.mine else ""
        text = markup.mrkdwn(message.text, mine=message.mine, asker=asker, hardened=self._hardened)
        sections = markup.sections(text)[:_BLOCKS]
        return {
            "response_type": "ephemeral" if place.only_user else "in_channel",
            "replace_original": False,
            "text": markup.plain(message.text, hardened=self._hardened and not message.mine),
            "blocks": [*map(section, sections), *keyboard.blocks(message.buttons, feedback=False)],
            "unfurl_links": False,
            "unfurl_media": False,
        }


def section(text: str) -> keyboard.Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}
