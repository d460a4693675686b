"""Text to speech for the sandbox: English by hibari, other languages by Debian's espeak-ng."""

import asyncio
import importlib
import importlib.util
import io
import re
import shutil
import textwrap
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Literal

from bot.sandbox.prose import FUNCTION_WORDS, sentences, words

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Samples = NDArray[numpy.float32] | NDArray[numpy.int16]

# Twice the sandbox's longest answer; read aloud, about twenty minutes.
LONGEST_TEXT = 20_000
LONGEST_SPEECH = 20 * 60.0  # seconds of audio
# The model reads a sentence at once, and its memory grows with the sentence.
LONGEST_SENTENCE = 400
SILENCE = 0.4  # seconds, for a text with nothing to say
# espeak-ng speaks hundreds of times faster than people: 20,000 characters take about 5 s.
PATIENCE = 60.0
_VOICE_RATE = 24_000  # what hibari gives

_ENCODINGS: dict[str, dict[str, str]] = {
    "audio/mpeg": {"format": "MP3", "subtype": "MPEG_LAYER_III"},
    "audio/wav": {"format": "WAV", "subtype": "PCM_16"},
}
_NAMES = {
    "en": "English",
    "fr": "French",
    "de": "German",
    "es": "Spanish",
    "it": "Italian",
    "pt": "Portuguese",
    "nl": "Dutch",
    "ja": "Japanese",
    "ko": "Korean",
    "cmn": "Chinese",
    "ru": "Russian",
    "el": "Greek",
    "ar": "Arabic",
    "he": "Hebrew",
    "hi": "Hindi",
    "th": "Thai",
}
_SCRIPTS = tuple(
    (code, re.compile(f"[{letters}]"))
    for code, letters in (
        ("ja", "\u3040-\u30ff"),
        ("ko", "\u1100-\u11ff\uac00-\ud7af"),
        ("cmn", "\u3400-\u4dbf\u4e00-\u9fff"),
        ("ru", "\u0400-\u04ff"),
        ("el", "\u0370-\u03ff"),
        ("ar", "\u0600-\u06ff"),
        ("he", "\u0590-\u05ff"),
        ("hi", "\u0900-\u097f"),
        ("th", "\u0e00-\u0e7f"),
    )
)


class SpeechFault(Exception):
    """This text cannot be spoken here; the text says why and what helps."""


def available() -> bool:
    return _has_model() or _espeak() is not None


async def speak(
    text: str, *, media_type: Literal["audio/mpeg", "audio/wav"] = "audio/mpeg"
) -> bytes:
    """A complete audio file of the whole text, markdown left out. Raises SpeechFault."""
    if len(text) > LONGEST_TEXT:
        raise SpeechFault(f"The text is too long to speak: at most {LONGEST_TEXT:,} characters.")
    spoken = speakable(text.encode(errors="replace").decode().replace("\0", ""))
    if not any(map(str.isalnum, spoken)):
        return await asyncio.to_thread(_encode, (), _VOICE_RATE, media_type)
    language = guess_language(spoken)
    if language == "en" and _has_model():
        return await _studio().record(spoken, media_type)
    if program := _espeak():
        wave = await _run_espeak(program, spoken, language)
        return await asyncio.to_thread(_encode_wave, wave, media_type)
    raise SpeechFault(
        f"No voice here speaks {_NAMES[language]}: install "
        + ("Parley's extra `sandbox` or espeak-ng." if language == "en" else "espeak-ng.")
    )


def speakable(text: str) -> str:
    """What a reader would say of CommonMark: no code blocks, marks, addresses or thinking."""
    text = re.sub(r"[ \t]+", " ", text)
    for pattern, instead in _UNSPOKEN:
        text = pattern.sub(instead, text)
    return re.sub(r"\s*\n\s*\n\s*", "\n\n", text).strip()


def guess_language(text: str) -> str:
    """A code espeak-ng knows; English in doubt.

    By script when three letters of ten are of another one than Latin, else by function words, of
    which another language needs more than English. So a short phrase, and one in a Latin-written
    language not listed here, passes for English.
    """
    letters = sum(map(str.isalpha, text))
    shares = {code: len(script.findall(text)) / max(letters, 1) for code, script in _SCRIPTS}
    # Japanese is written with Chinese characters too: a tenth of kana tells it.
    if shares["ja"] > 0.1:
        return "ja"
    foreign = max(shares, key=lambda code: shares[code])
    if shares[foreign] > 0.3:
        return foreign
    found = words(text)
    hits = {code: sum(word in known for word in found) for code, known in FUNCTION_WORDS.items()}
    best = max(hits, key=lambda code: hits[code])
    return best if hits[best] > max(hits["en"], 1) else "en"


class _Studio:
    """The English voice: loaded at first use, one recording at a time, on a thread of its own."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="speech")
        self._voice: Callable[..., Samples] | None = None

    async def record(self, text: str, media_type: str) -> bytes:
        unwanted = threading.Event()
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self._thread, self._record, text, media_type, unwanted)
        try:
            return await work
        finally:
            # A recording nobody waits for any more ends with its sentence.
            unwanted.set()

    def _record(self, text: str, media_type: str, unwanted: threading.Event) -> bytes:
        if self._voice is None:
            try:
                self._voice = importlib.import_module("hibari").Hibari()
            except (ImportError, OSError, RuntimeError) as error:
                raise SpeechFault("The English voice is installed but does not start.") from error
        voice = self._voice
        # The same text gives the same audio: the seed fixes the voice's breath.
        read = (voice(part, seed=0) for part in _short_parts(text) if not unwanted.is_set())
        return _encode(read, _VOICE_RATE, media_type)


@cache
def _studio() -> _Studio:
    """One for the process: the model takes 100 MB."""
    return _Studio()


def _short_parts(text: str) -> Iterator[str]:
    for sentence in sentences(text):
        yield from textwrap.wrap(sentence, LONGEST_SENTENCE)


def _encode(parts: Iterable["Samples"], rate: int, media_type: str) -> bytes:
    import numpy
    import soundfile

    target = io.BytesIO()
    full = room = int(LONGEST_SPEECH * rate)
    with soundfile.SoundFile(target, "w", rate, 1, **_ENCODINGS[media_type]) as encoder:
        for samples in parts:
            room -= len(samples)
            if room < 0:
                raise SpeechFault(
                    f"The speech would be longer than {LONGEST_SPEECH / 60:.0f} minutes."
                )
            encoder.write(samples)
        if room == full:
            encoder.write(numpy.zeros(int(SILENCE * rate), numpy.float32))
    return target.getvalue()


async def _run_espeak(program: str, text: str, language: str) -> bytes:
    """A WAV file whose header gives no true length, as a program writing to a pipe leaves it."""
    # "-b 1": the text is UTF-8. It goes by stdin, where no letter of it is an option.
    command = (program, "-b", "1", "-v", language, "--stdin", "--stdout")
    pipe = asyncio.subprocess.PIPE
    running = await asyncio.create_subprocess_exec(
        *command, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(PATIENCE):
            wave, _ = await running.communicate(text.encode())
    except TimeoutError:
        raise SpeechFault("espeak-ng did not finish in time. Try a shorter text.") from None
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()
    if running.returncode or wave[:4] != b"RIFF" or b"data" not in wave[:100]:
        raise SpeechFault(f"espeak-ng failed with this text (status {running.returncode}).")
    return wave


def _encode_wave(wave: bytes, media_type: str) -> bytes:
    """From 16-bit mono: the rate stands at byte 24, the samples follow the data chunk's size."""
    import numpy

    rate = int.from_bytes(wave[24:28], "little")
    start = wave.index(b"data") + 8
    samples = numpy.frombuffer(wave[start : len(wave) - (len(wave) - start) % 2], "<i2")
    return _encode([samples], rate, media_type)


def _has_model() -> bool:
    return all(importlib.util.find_spec(name) for name in ("hibari", "onnxruntime"))


def _espeak() -> str | None:
    return shutil.which("espeak-ng")


# In this order. Tables lose their rules, and rows, items and headings become paragraphs, so that
# the voice pauses after each. None may search far from every place where it could begin: a long
# text would take seconds of everybody's time.
_UNSPOKEN = tuple(
    (re.compile(pattern, re.M | re.S if "?:.*?" in pattern else re.M), instead)
    for pattern, instead in (
        (r"<think>(?s:(?:(?!<think>).)*?)</think>", ""),
        (r"^[ \t]*(```|~~~)(?:.*?)(?:^[ \t]*\1[ \t]*$|\Z)", ""),
        (r"!?\[([^\[\]\n]*)\]\((?:[^()\n]|\([^()\n]*\))*\)", r"\1"),
        (r"<?https?://[^\s>]+>?", "link"),
        (r"</?[a-zA-Z][^<>\n]{0,200}>", ""),
        (r"^[ \t]*\|?[ \t]*:?-{3}[-:| \t]*$", ""),
        (r"^[ \t]*(?:[*_][ \t]*){3,}$", ""),
        (r"^[ \t]*\|(.*?)\|?[ \t]*$", r"\n\1\n"),
        (r"[ \t]*\|[ \t]*", ", "),
        (r"^[ \t]*(?:#{1,6}|>)[ \t]+(.*)$", r"\n\1\n"),
        (r"^[ \t]*(?:[-*+]|(?P<number>\d+)[.)])[ \t]+(?:\[[ xX]\][ \t]+)?(.*)$", r"\n\2\n"),
        (r"\\([!-/:-@\[-`{-~])", r"\1"),
        (r"(\*\*\*|\*\*|\*|~~|`+)(?=\S)([^*`~\n]+?)(?<=\S)\1", r"\2"),
        (r"(?<!\w)(__|_)(?=\S)([^_\n]+?)(?<=\S)\1(?!\w)", r"\2"),
        (r"[\u200d\ufe0f\u2190-\u21ff\u2600-\u27bf\U0001f000-\U0001faff]", ""),
    )
)
