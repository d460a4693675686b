"""Speech as a file that Slack plays where it stands."""

from typing import Final

from adapters.slack import limits
from adapters.slack.errors import NoUpload, Unsupported
from adapters.slack.spot import Spot
from bot.surface import Forbidden, Rank, Speech

VOICE_TYPES: Final = ("audio/mpeg", "audio/ogg")
"""Slack has no voice messages of bots; both are played by a click, MP3 everywhere."""

_NAMES: Final = {"audio/mpeg": "answer.mp3", "audio/ogg": "answer.ogg"}


async def post(spot: Spot, speech: Speech) -> str | None:
    """The ts of the message that the file came in, if it can be found out.

    Raises Forbidden where no files are taken.
    """
    kind, chat = speech.media_type, spot.chat
    try:
        return await spot.turn(Rank.PERSON, tries=2).make(
            (*limits.upload(spot.team), *limits.post(spot.team, chat.id)),
            lambda: spot.calls.upload(
                chat.id,
                chat.thread,
                _NAMES.get(kind, "answer.wav"),
                speech.data,
                speech.title or _length(speech.seconds),
                kind,
            ),
        )
    except (NoUpload, Unsupported) as refused:
        raise Forbidden("no audio is taken here") from refused


def _length(seconds: float) -> str:
    """A title in every language."""
    minutes, rest = divmod(round(seconds), 60)
    return f"🔊 {minutes}:{rest:02}" if seconds > 0 else "🔊"
