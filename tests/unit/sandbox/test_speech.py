import asyncio
import importlib.util
import io
import sys
import textwrap
import time
from pathlib import Path

import numpy
import pytest
import soundfile

from bot.sandbox import speech
from bot.sandbox.engines.demonstrations import MARKDOWN
from bot.sandbox.speech import SpeechFault, available, guess_language, speak, speakable

pytestmark = pytest.mark.real_time

INSTALLED = importlib.util.find_spec("hibari") is not None
needs_voice = pytest.mark.skipif(not INSTALLED, reason="hibari-tts is not installed")

# Speaks like the real program: a tone as long as the text, under a header without true sizes.
ESPEAK = """\
#!{python}
import math, struct, sys, time
assert sys.argv[1:4] == ["-b", "1", "-v"] and sys.argv[5:] == ["--stdin", "--stdout"], sys.argv
text = sys.stdin.buffer.read().decode("utf-8")
if "wait" in text:
    time.sleep(5)
if "fail" in text:
    sys.exit(3)
rate = 22050
samples = [int(9000 * math.sin(at / 8)) for at in range(rate * len(text) // 20)]
header = struct.pack("<4sI8sIHHIIHH4sI", b"RIFF", 0x7FFFF024, b"WAVEfmt ", 16, 1, 1, rate,
                     rate * 2, 2, 16, b"data", 0x7FFFF000)
sys.stdout.buffer.write(header + struct.pack(f"<{{len(samples)}}h", *samples))
"""


@pytest.fixture
def espeak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "espeak-ng"
    program.write_text(ESPEAK.format(python=sys.executable))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.fixture
def no_espeak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.fixture
def no_voice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech, "_has_model", lambda: False)


def decoded(audio: bytes) -> tuple[float, float, str]:
    """Seconds, loudness from 0 to 1, format."""
    with soundfile.SoundFile(io.BytesIO(audio)) as source:
        samples = source.read()
        assert source.channels == 1
        return len(samples) / source.samplerate, float(numpy.abs(samples).max()), source.format


@needs_voice
async def test_english_is_spoken_as_mp3_and_as_wav() -> None:
    mp3 = await speak("Hello from the sandbox.")
    wav = await speak("Hello from the sandbox.", media_type="audio/wav")
    seconds, loudness, form = decoded(mp3)
    assert form == "MP3"
    assert 1.0 < seconds < 4.0
    assert loudness > 0.05
    assert decoded(wav)[2] == "WAV"
    assert decoded(wav)[0] == pytest.approx(seconds, rel=0.05)


@needs_voice
async def test_whole_text_is_spoken_and_twice_the_same() -> None:
    one = await speak("The tide is high.", media_type="audio/wav")
    three = await speak("The tide is high. The tide is high.\n\nThe tide is high.")
    assert decoded(three)[0] == pytest.approx(3 * decoded(one)[0], rel=0.15)
    assert await speak("The tide is high.", media_type="audio/wav") == one


@needs_voice
async def test_speaking_goes_on_beside_the_loop() -> None:
    await speak("Load the voice.")
    talk = asyncio.create_task(speak("A sentence to be spoken at length. " * 10))
    longest, last = 0.0, time.monotonic()
    while not talk.done():
        await asyncio.sleep(0.005)
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
    assert longest < 0.5
    assert decoded(await talk)[0] > 15


@needs_voice
async def test_speech_nobody_waits_for_is_left_off() -> None:
    await speak("Load the voice.")
    talk = asyncio.create_task(speak("A sentence to be spoken at length. " * 400))
    await asyncio.sleep(0.05)
    talk.cancel()
    await asyncio.wait([talk])
    asked = time.monotonic()
    await speak("Next.")
    assert time.monotonic() - asked < 1.5


@pytest.mark.parametrize("text", ["", "  \n", "🙂", "---", "```\nprint(1)\n```"])
async def test_nothing_to_say_is_a_short_silence(text: str) -> None:
    seconds, loudness, form = decoded(await speak(text))
    assert form == "MP3"
    assert seconds == pytest.approx(speech.SILENCE, rel=0.05)
    assert loudness < 0.001


@needs_voice
async def test_english_the_voice_cannot_read_is_silence_too() -> None:
    assert decoded(await speak("ⵣⵣ ⵣ", media_type="audio/wav"))[0] == speech.SILENCE


@needs_voice
@pytest.mark.parametrize("text", ["\0a\ud800b", "a" * 3000, "[x](/zzz/) y", "1e999 % & § €5.3bn"])
async def test_odd_text_does_no_harm(text: str) -> None:
    assert decoded(await speak(text))[0] > 0


@pytest.mark.usefixtures("espeak")
async def test_other_languages_go_to_the_program() -> None:
    text = "Привет, как дела?"
    seconds, loudness, form = decoded(await speak(text))
    assert form == "MP3"
    assert seconds == pytest.approx(len(text) / 20, rel=0.05)
    assert loudness > 0.1


@pytest.mark.usefixtures("espeak", "no_voice")
async def test_english_goes_to_the_program_where_the_voice_is_absent() -> None:
    assert available()
    assert decoded(await speak("Hello there.", media_type="audio/wav"))[0] == pytest.approx(0.6)


@pytest.mark.usefixtures("no_espeak", "no_voice")
async def test_without_any_voice_the_cure_is_named() -> None:
    assert not available()
    with pytest.raises(SpeechFault, match="speaks English: install Parley's extra"):
        await speak("Hello there")
    with pytest.raises(SpeechFault, match="speaks Japanese: install espeak-ng"):
        await speak("これは日本語です")


@needs_voice
@pytest.mark.usefixtures("no_espeak")
def test_the_voice_alone_is_enough() -> None:
    assert available()


@pytest.mark.usefixtures("espeak")
async def test_failing_program_is_a_fault() -> None:
    with pytest.raises(SpeechFault, match="status 3"):
        await speak("Привет fail")


@pytest.mark.usefixtures("espeak")
async def test_program_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech, "PATIENCE", 0.2)
    with pytest.raises(SpeechFault, match="did not finish in time"):
        await speak("Привет wait")


async def test_caps_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SpeechFault, match="at most 20,000 characters"):
        await speak("a" * 20_001)
    monkeypatch.setattr(speech, "LONGEST_SPEECH", 0.1)
    with pytest.raises(SpeechFault, match="longer than"):
        speech._encode([numpy.zeros(24_000, numpy.float32)], 24_000, "audio/wav")


async def test_voice_that_does_not_start_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech, "_has_model", lambda: True)
    monkeypatch.setattr(speech, "_studio", speech._Studio)
    monkeypatch.setitem(sys.modules, "hibari", None)
    with pytest.raises(SpeechFault, match="installed but does not start"):
        await speak("Hello there")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hello world", "en"),
        ("The word 'bonjour' is a greeting that is used in France", "en"),
        ("Bonjour, comment est-ce que vous allez dans la maison", "fr"),
        ("Das ist nicht so gut, wie wir dachten", "de"),
        ("El perro no es de la casa", "es"),
        ("Il gatto non è sul tavolo della cucina", "it"),
        ("O gato não está em casa, mas você é da família", "pt"),
        ("Het is niet van mij maar van de buurman", "nl"),
        ("今日は学校へ行きます", "ja"),
        ("今天天气很好", "cmn"),
        ("안녕하세요", "ko"),
        ("Как дела?", "ru"),
        ("Καλημέρα", "el"),
        ("مرحبا", "ar"),
        ("שלום", "he"),
        ("नमस्ते", "hi"),
        ("สวัสดี", "th"),
        ("The Chinese word 你好 means hello", "en"),
        ("", "en"),
        ("12 + 3", "en"),
    ],
)
def test_language_is_told_by_script_and_small_words(text: str, language: str) -> None:
    assert guess_language(text) == language


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("# Title\ntext", "Title\n\ntext"),
        ("**bold** *it* ***both*** `code` ~~gone~~ __b__ _i_", "bold it both code gone b i"),
        ("2 * 3 * 4 and snake_case_name", "2 * 3 * 4 and snake_case_name"),
        ("[link](https://x.y/(a)) end", "link end"),
        ("![alt](a.png) see https://x.y/z?q=1 now", "alt see link now"),
        ("- one\n- [x] two\n3. three", "one\n\ntwo\n\nthree"),
        ("| a | b |\n|---|:-:|\n| 1 | 2 |", "a, b\n\n1, 2"),
        ("a\n\n---\n\nb", "a\n\nb"),
        ("x\n```py\ncode\n```\ny", "x\n\ny"),
        ("x\n```py\nnever closed", "x"),
        ("<think>\nhm\n</think>\nYes <b>now</b>", "Yes now"),
        ("\\*plain\\* 🙂", "plain"),
        ("a < b and c > d", "a < b and c > d"),
        ("> quoted", "quoted"),
    ],
)
def test_markdown_is_not_read_out(text: str, spoken: str) -> None:
    assert speakable(text) == spoken


@pytest.mark.parametrize("piece", ["[", "![a](", "<think>", " ", "\t", "-", "*a", "\n "])
def test_marks_without_end_are_read_in_no_time(piece: str) -> None:
    started = time.process_time()
    speakable(piece * (speech.LONGEST_TEXT // len(piece) - 1) + "x")
    assert time.process_time() - started < 0.3  # quadratic in the length takes seconds


def test_demonstration_keeps_its_words_and_loses_its_marks() -> None:
    spoken = speakable(MARKDOWN)
    assert "Plain words, bold, italic, both, struck, inline code, and a" in spoken
    for mark in ("```", "**", "| ", "###", "](", "[x]", "~~"):
        assert mark not in spoken


def test_long_sentences_are_cut_for_the_model() -> None:
    parts = list(speech._short_parts("word " * 500))
    assert max(map(len, parts)) <= speech.LONGEST_SENTENCE
    assert " ".join(parts) == textwrap.shorten("word " * 500, 10_000)
