"""The one slash command: what its words say. Pure.

Slack keeps names such as `/feedback` for itself, so all the bot does stands behind one name. A word
counts as a command only where the whole text is one, so that "/ask stop the music" is a question.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from adapters.slack import heard, payloads, words
from adapters.slack.heard import NOTHING, Heard, Me, convert
from adapters.slack.interaction import Interaction
from bot.events import Command, Place

ALONE: Final = frozenset(
    {"stop", "voice", "inputs", "feedback", "retry", "help", "about", "forget", "stats"}
)
"""Words that are commands when nothing follows."""
SWITCHED: Final[Mapping[str, frozenset[str]]] = {"voice": frozenset({"on", "off"})}
"""Commands that take one of these words."""
SPOKEN: Final = frozenset({"feedback"})
"""Commands that take whatever words follow."""
PRIVATE: Final = "private"
"""Before a question: only who asks sees it and its answer."""


def parse(
    payload: Mapping[str, object], me: Me, *, names: Mapping[str, str], now: datetime
) -> Heard:
    """Read one slash command without nulls. Raises Unreadable."""
    command = convert(payload, payloads.Command)
    if not command.user_id or not command.channel_id:
        return NOTHING
    private, name, text = split(words.plain(command.text, names))
    interaction = Interaction(
        kind="command", trigger=command.trigger_id, response_url=command.response_url
    )
    place = Place(
        # Two people's own chat looks like the one with the bot.
        chat=heard.chat(me, command.channel_id, private=False),
        user=heard.user(command.user_id, command.user_team_id, command.user_name),
        interaction=interaction.packed(),
        only_user=private,
    )
    event = Command(
        id=heard.happening(me, "command", command.trigger_id, now),
        place=place,
        at=now,
        name=name,
        text=text,
    )
    return Heard(event=event)


def split(text: str) -> tuple[bool, str, str]:
    """Whether only the asker is to see it, the command's name, and its words."""
    text = text.strip()
    first, *more = text.split(maxsplit=1) or [""]
    head, rest = first.lower(), more[0] if more else ""
    if head == PRIVATE:
        return True, "ask", rest
    if (head in ALONE and not rest) or head in SPOKEN:
        return False, head, rest
    if rest.lower() in SWITCHED.get(head, frozenset()):
        return False, head, rest.lower()
    return False, "ask", text
