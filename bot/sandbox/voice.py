"""Speech while the answer is still being written, and the small sounds of the recorded apps."""

import io
import re
import wave
from collections.abc import Awaitable, Callable

from bot.sandbox import speech
from bot.sandbox.apps import App

FIRST_GROUP, LARGEST_GROUP = 2, 7  # sentences spoken at once: 2, then 3, 4 … up to 7, as in Dify
PIECES = 3  # one group of sentences was recorded as three pieces of audio

_SENTENCE_END = re.compile(r"[。.!?]")

# One frame of silence: MPEG-1 layer III, 128 kbit/s, 44.1 kHz, joint stereo; 417 bytes, 26 ms.
_SILENT_FRAME = b"\xff\xfb\x90\x64" + bytes(413)

Speak = Callable[[str], Awaitable[bytes]]


class Groups:
    """Cuts growing text into the groups of sentences that are spoken together."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._sentences = 0  # that end in the pieces
        self._wanted = FIRST_GROUP

    def add(self, piece: str) -> str:
        """The group this piece completes, or nothing. Looks at every character once."""
        self._pieces.append(piece)
        self._sentences += len(_SENTENCE_END.findall(piece))
        if self._sentences < self._wanted:
            return ""
        self._wanted = min(self._wanted + 1, LARGEST_GROUP)
        self._sentences = 0
        text = "".join(self._pieces)
        end = max(found.end() for found in _SENTENCE_END.finditer(text))
        self._pieces = [text[end:]]
        return text[:end]

    def rest(self) -> str:
        rest = "".join(self._pieces)
        self._pieces.clear()
        return rest if rest.strip() else ""


async def say(app: App, text: str, *, wav: bool = False) -> bytes:
    """One audio file of the text: silence for the recorded apps, a voice for the sandbox's own.

    Raises speech.SpeechFault when the text cannot be spoken here.
    """
    if app.recorded or not speech.available():
        return silent_wav() if wav else silent_mp3(text)
    return await speech.speak(text, media_type="audio/wav" if wav else "audio/mpeg")


def silent_mp3(text: str) -> bytes:
    """Silence, about as long as the text takes to say, in whole pieces."""
    return _SILENT_FRAME * PIECES * max(1, min(len(text) // 8, 500))


def silent_wav() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(24_000)
        sound.writeframes(bytes(4_800))
    return file.getvalue()


def in_pieces(audio: bytes) -> list[bytes]:
    size = -(-len(audio) // PIECES)
    return [audio[start : start + size] for start in range(0, len(audio), size or 1)]
