"""Speech as a voice message, or as what comes next to one."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from adapters.telegram.errors import Refused
from adapters.telegram.spot import Call, Spot, Turn
from bot.observe import get_logger
from bot.surface import Forbidden, Rank, Speech

VOICE_TYPES: Final = ("audio/ogg", "audio/mpeg")
"""A voice message with its wave is OGG with Opus; MP3 is played as music is."""

_NAMES: Final = {"audio/ogg": "answer.ogg", "audio/mpeg": "answer.mp3"}

_log = get_logger(__name__)

Sent = Callable[[Turn, Call[int]], Awaitable[int]]


async def post(spot: Spot, speech: Speech, sent: Sent) -> int:
    """The new message's id; `sent` makes a call that posts something.

    Some people take voice messages from nobody, some groups take no music or no files: what is
    refused is tried as the next kind. Raises Forbidden where nothing is taken.
    """
    refused: Refused | Forbidden | None = None
    for send in _ways(spot, speech):
        try:
            return await sent(spot.turn(Rank.PERSON, tries=2), send)
        except (Refused, Forbidden) as refusal:
            _log.info("speech refused", kind=type(refusal).__name__)
            refused = refusal
    raise Forbidden("no audio is taken here") from refused


def _ways(spot: Spot, speech: Speech) -> Sequence[Call[int]]:
    calls, to, data = spot.account.calls, spot.to, speech.data
    kind, seconds, reply_to = speech.media_type, speech.seconds, spot.reply_to
    name = _NAMES.get(kind, "answer.wav")

    def voice() -> Awaitable[int]:
        return calls.send_voice(to, data, seconds=seconds, reply_to=reply_to)

    def audio() -> Awaitable[int]:
        return calls.send_audio(
            to, data, seconds=seconds, media_type=kind, title=speech.title, reply_to=reply_to
        )

    def document() -> Awaitable[int]:
        return calls.send_document(to, name, data, kind, reply_to=reply_to)

    by_kind: dict[str, Sequence[Call[int]]] = {
        "audio/ogg": [voice, audio, document],
        "audio/mpeg": [audio, document],
    }
    return by_kind.get(kind, [document])
