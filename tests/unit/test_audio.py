import io
import math
import struct
import subprocess
import sys
import wave

import numpy
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import audio
from bot.audio import AudioFault, MediaType, VoiceNote, convert, kind, voice_note

pytestmark = pytest.mark.real_time

ID3 = b"ID3\x04\0\0\0\0\x01\0" + bytes(128)


def tone(seconds: float, rate: int, channels: int = 1) -> numpy.ndarray:
    sine = 0.3 * numpy.sin(2 * math.pi * 440 * numpy.arange(int(seconds * rate)) / rate)
    return numpy.stack([sine.astype(numpy.float32)] * channels, axis=1)


def encoded(
    form: str,
    seconds: float = 1.0,
    rate: int = 24_000,
    channels: int = 1,
    subtype: str | None = None,
) -> bytes:
    target = io.BytesIO()
    soundfile.write(target, tone(seconds, rate, channels), rate, format=form, subtype=subtype)
    return target.getvalue()


def opus(seconds: float = 1.0) -> bytes:
    return encoded("OGG", seconds, 48_000, subtype="OPUS")


def unsized(wav: bytes, size: bytes) -> bytes:
    """As a server streams it: the sizes were not known when the header was sent."""
    return wav[:4] + size + wav[8:40] + size + wav[44:]


def without_length(mp3: bytes) -> bytes:
    """The frames alone, as a server streams them: no frame in front that counts them."""
    return mp3[audio._mp3_frame_length(mp3, 0) :]


async def heard(note: VoiceNote) -> float:
    """Decode the note again and check what players insist on; the seconds of sound in it."""
    samples, rate = soundfile.read(io.BytesIO(note.data), always_2d=True)
    assert kind(note.data) == note.media_type == "audio/ogg"
    assert soundfile.info(io.BytesIO(note.data)).subtype == "OPUS"
    assert (rate, samples.shape[1]) == (48_000, 1)
    assert len(samples) / rate == pytest.approx(note.duration, abs=0.01)
    return float((numpy.abs(samples) > 0.005).sum() / rate)


@pytest.mark.parametrize(
    "data",
    [
        encoded("WAV"),
        encoded("WAV", rate=44_100, channels=2, subtype="FLOAT"),
        encoded("WAV", rate=8_000, subtype="PCM_U8"),
        encoded("MP3"),
        encoded("MP3", rate=44_100, channels=2),
        encoded("FLAC", rate=96_000),
        encoded("OGG", rate=22_050, subtype="VORBIS"),
        opus(),
        ID3 + encoded("MP3"),
    ],
)
async def test_every_readable_format_becomes_a_voice_note(data: bytes) -> None:
    note = await voice_note(data)
    assert note.duration == pytest.approx(1.0, rel=0.05)
    assert await heard(note) == pytest.approx(1.0, rel=0.1)


@pytest.mark.parametrize(
    ("data", "seconds"),
    [
        (encoded("WAV") + encoded("WAV", 0.5, 16_000, 2) + encoded("WAV"), 2.5),
        (unsized(encoded("WAV"), bytes(4)), 1.0),
        (unsized(encoded("WAV"), b"\xff" * 4) * 2, 2.0),
        (unsized(encoded("WAV"), b"\0\xf0\xff\x7f") + encoded("WAV"), 2.0),
        (encoded("MP3") + encoded("MP3", 0.5) + encoded("MP3"), 2.5),
        (ID3 + encoded("MP3") + ID3 + encoded("MP3", rate=44_100, channels=2), 2.0),
        (encoded("MP3") + ID3, 1.0),
        (opus() + opus(0.5), 1.5),
        (encoded("OGG", rate=44_100, subtype="VORBIS") + opus(), 2.0),
    ],
)
async def test_files_joined_end_to_end_are_heard_as_their_sum(data: bytes, seconds: float) -> None:
    note = await voice_note(data)
    assert note.duration == pytest.approx(seconds, rel=0.05)
    assert await heard(note) == pytest.approx(seconds, rel=0.1)


@pytest.mark.parametrize(
    ("rate", "channels"), [*((rate, 1) for rate in audio.MP3_RATES), (24_000, 2), (44_100, 2)]
)
async def test_mp3_that_does_not_tell_its_length_is_heard_whole(rate: int, channels: int) -> None:
    piece = without_length(encoded("MP3", 1.0, rate, channels))
    note = await voice_note(piece + piece)
    # The encoder's padding, up to 0.15 s a piece at 8 kHz, is told by the cut-off frame only.
    assert note.duration == pytest.approx(2.0, abs=0.3)


@pytest.mark.parametrize("padding", [b"", b"\0"])
async def test_odd_wav_may_be_padded_or_not(padding: bytes) -> None:
    target = io.BytesIO()
    with wave.open(target, "wb") as writer:
        writer.setparams((1, 1, 8_000, 0, "NONE", ""))
        writer.writeframes(bytes(range(256)) * 31 + b"\x80")
    odd = target.getvalue()
    assert len(odd) % 2 == 1
    note = await voice_note(odd + padding + odd + padding + odd)
    assert note.duration == pytest.approx(3 * 7937 / 8_000, rel=0.01)


async def test_words_in_a_tag_are_not_taken_for_a_file() -> None:
    tag = b"ID3\x04\0\0\0\0\x01\0" + b"Xing Info ".ljust(128, b"\0")
    note = await voice_note(tag + encoded("MP3"))
    assert note.duration == pytest.approx(1.0, rel=0.05)


@pytest.mark.parametrize(
    ("media_type", "rate", "told"),
    [("audio/mpeg", 22_050, 22_050), ("audio/wav", 16_000, 16_000), ("audio/mpeg", 96_000, 48_000)],
)
async def test_other_formats_keep_a_rate_they_know(
    media_type: MediaType, rate: int, told: int
) -> None:
    made = await convert(encoded("WAV", rate=rate, channels=2), media_type)
    about = soundfile.info(io.BytesIO(made))
    assert kind(made) == media_type
    assert (about.samplerate, about.channels) == (told, 1)
    assert about.duration == pytest.approx(1.0, rel=0.05)


async def test_conversion_knows_voice_notes_too() -> None:
    assert kind(await convert(encoded("MP3"), "audio/ogg")) == "audio/ogg"


async def test_minute_of_speech_stays_small() -> None:
    noise = numpy.random.default_rng(1).uniform(-0.3, 0.3, 20 * 24_000).astype(numpy.float32)
    target = io.BytesIO()
    soundfile.write(target, noise, 24_000, format="WAV")
    note = await voice_note(target.getvalue())
    assert len(note.data) * 3 < 400_000  # noise is the worst case


async def test_wild_samples_are_tamed() -> None:
    wild = numpy.array([numpy.nan, numpy.inf, -numpy.inf, 1e30, 0] * 2400, dtype=numpy.float32)
    target = io.BytesIO()
    soundfile.write(target, wild, 24_000, format="WAV", subtype="FLOAT")
    made = await convert(target.getvalue(), "audio/wav")
    samples, _ = soundfile.read(io.BytesIO(made))
    assert numpy.abs(samples).max() <= 1.0


WAV = encoded("WAV", 0.1)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not audio"),
        (b"null\n", "not audio"),
        (b"<html>", "not audio"),
        (b"\0\0\0\x18ftypM4A ", "mp4 audio; only"),
        (b"ID3" + bytes(100), "damaged"),
        (WAV[:20], "damaged"),
        (b"OggS\0\x02" + bytes(50), "damaged"),
        (WAV[:44], "is empty"),
        (WAV[:24] + struct.pack("<I", 1) + WAV[28:], "sampling rate makes no sense"),
        (WAV[:24] + struct.pack("<I", 2_000_000_000) + WAV[28:], "sampling rate makes no sense"),
    ],
)
async def test_what_is_no_audio_is_told_in_a_sentence(data: bytes, words: str) -> None:
    with pytest.raises(AudioFault, match=words):
        await voice_note(data)


async def test_caps_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audio, "LONGEST", 0.5)
    with pytest.raises(AudioFault, match="longer than"):
        await voice_note(encoded("FLAC"))
    monkeypatch.setattr(audio, "LARGEST", 10)
    with pytest.raises(AudioFault, match="larger than"):
        await voice_note(encoded("WAV"))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"RIFF\0\0\0\0WAVE", "audio/wav"),
        (b"RIFF\0\0\0\0WEBP", None),
        (b"OggS", "audio/ogg"),
        (b"fLaC", "audio/flac"),
        (b"ID3\x04", "audio/mpeg"),
        (b"\xff\xfb\x90\x00", "audio/mpeg"),
        (b"\xff\xf3\x84\xc4", "audio/mpeg"),
        (b"\xff\xf1\x50\x80", "audio/aac"),
        (b"\xff\xfe\x00\x00", None),
        (b"\xff\xd8\xff\xe0", None),
        (b"\x1a\x45\xdf\xa3", "audio/webm"),
        (b"#!AMR\n", "audio/amr"),
        (b"\0\0\0\x20ftypisom", "audio/mp4"),
        (b"\xff", None),
        (b'{"code"', None),
    ],
)
def test_kinds_are_told_by_their_bytes(data: bytes, told: str | None) -> None:
    assert kind(data) == told


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 5), st.integers(0, 3000), st.binary(max_size=40))
def test_damaged_audio_gives_a_note_or_a_fault(which: int, at: int, junk: bytes) -> None:
    whole = [encoded("WAV", 0.1), encoded("MP3", 0.1), opus(0.1), encoded("FLAC", 0.1)][which % 4]
    at = at % len(whole)
    data = whole[:at] + junk + whole[at + (len(junk) if which > 2 else 0) :]
    try:
        made, seconds = audio._convert(data, "audio/ogg")
    except AudioFault:
        return
    assert kind(made) == "audio/ogg"
    assert 0 < seconds <= audio.LONGEST


def test_libraries_are_loaded_at_first_use_only() -> None:
    code = "import sys, bot.audio; print([m for m in sys.modules if m in ('numpy', 'soundfile')])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


def test_note_does_not_print_its_bytes() -> None:
    assert repr(VoiceNote(data=b"secret", duration=1.0)).count("secret") == 0


async def test_mp3_is_decoded_without_a_word_on_stderr(
    capfd: pytest.CaptureFixture[str],
) -> None:
    bursts = numpy.sin(2 * math.pi * 3 * numpy.arange(96_000) / 24_000) > 0
    noise = 0.3 * bursts * numpy.random.default_rng(1).standard_normal(96_000)
    mp3 = io.BytesIO()
    soundfile.write(mp3, noise.clip(-1, 1), 24_000, format="MP3")
    await voice_note(mp3.getvalue())
    assert capfd.readouterr().err == ""


async def test_audio_fits_the_first_format_that_can_be_made() -> None:
    note = await audio.fit(encoded("WAV"), ("audio/mp4", "audio/mpeg", "audio/ogg"))
    assert kind(note.data) == note.media_type == "audio/mpeg"
    assert note.duration == pytest.approx(1.0, abs=0.1)
    with pytest.raises(AudioFault):
        await audio.fit(encoded("WAV"), ("audio/mp4",))
    assert not audio.can_make(("audio/mp4",))


async def test_without_opus_the_next_format_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soundfile, "check_format", lambda form, subtype: form != "OGG")
    note = await audio.fit(encoded("WAV"), ("audio/ogg", "audio/mpeg"))
    assert note.media_type == kind(note.data) == "audio/mpeg"
    assert note.duration == pytest.approx(1.0, abs=0.1)
    with pytest.raises(audio.NoCodec, match="audio/ogg"):
        await voice_note(encoded("WAV"))


@pytest.mark.parametrize("library", ["soundfile", "soxr"])
async def test_without_a_library_what_can_be_played_is_taken_as_it_is(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mp3, wav = encoded("MP3"), encoded("WAV")
    monkeypatch.setitem(sys.modules, library, None)  # importing it fails then
    note = await audio.fit(mp3, ("audio/ogg", "audio/mpeg"))
    assert (note.data, note.media_type, note.duration) == (mp3, "audio/mpeg", 0.0)
    for unplayable in (audio.fit(wav, ("audio/ogg", "audio/mpeg")), audio.measure(mp3)):
        with pytest.raises(audio.NoCodec, match="libsndfile"):
            await unplayable


async def test_pieces_of_several_formats_become_one_recording() -> None:
    joined = await audio.join([encoded("WAV", 0.5), encoded("MP3", 0.5), opus(0.5)])
    assert (await voice_note(joined)).duration == pytest.approx(1.5, abs=0.2)
    assert await audio.join([ID3, ID3]) == ID3 + ID3


async def test_a_note_made_before_is_measured() -> None:
    assert (await audio.measure(opus(0.5))).duration == pytest.approx(0.5, abs=0.05)
    with pytest.raises(AudioFault):
        await audio.measure(b"OggS nothing of the kind")


def test_a_long_voice_note_is_encoded_more_tightly() -> None:
    minutes = encoded("WAV", seconds=600.0, rate=8_000)
    assert audio._tightened("audio/ogg", minutes[: 44 + 16_000 * 200], "audio/wav") == {}
    [(name, level)] = audio._tightened("audio/ogg", minutes, "audio/wav").items()
    bits = 256_000 - float(level) * 250_000
    assert name == "compression_level"
    assert bits * 600 / 8 == pytest.approx(0.9 * audio.VOICE_SIZE, rel=0.01)
    assert audio._tightened("audio/mpeg", minutes, "audio/wav") == {}


async def test_a_voice_note_keeps_to_what_chats_draw_a_wave_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(audio, "VOICE_SIZE", 30_000)
    note = await voice_note(encoded("WAV", seconds=20.0))
    assert 15_000 < len(note.data) <= 30_000
    assert await heard(note) == pytest.approx(20.0, abs=0.5)
