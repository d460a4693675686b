"""Tell WAV from MP3 from OGG by their bytes, and make a voice note of any of them.

Text-to-speech answers are labelled `audio/mpeg` whatever they are, and a stream's pieces may be
whole files joined end to end; decoders stop after the first of those, so they are parted here.
"""

import asyncio
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Samples = NDArray[numpy.float32]

MediaType = Literal["audio/ogg", "audio/mpeg", "audio/wav"]

# Twenty minutes of 16-bit speech at 24 kHz are 58 MB, of MP3 ten; more is no answer read aloud.
LARGEST = 64 * 1024 * 1024
LONGEST = 20 * 60.0  # seconds; a small file can unpack to hours
# Opus knows 8, 12, 16, 24 and 48 kHz; 48 is what it works in.
OPUS_RATE = 48_000
# libsndfile maps 0..1 to 256..6 kb/s a channel: 0.9 gives 31 kb/s, a quarter megabyte a minute.
OPUS_COMPRESSION = 0.9
_SLOWEST, _FASTEST = 6_000, 256_000  # bits a second: what compression 1 and 0 mean
# Chats draw the wave of a voice message only up to this size (Telegram: 1 MB), which is four and a
# half minutes; a longer one is encoded more tightly, down to what speech bears.
VOICE_SIZE = 1_000_000
# What MPEG audio layer III can carry (ISO 11172-3, 13818-3 and the 2.5 extension).
MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
# Outside these a header is damaged or hostile: resampling would not come to an end.
_LOWEST_RATE, _HIGHEST_RATE = 4_000, 384_000
_BLOCK = 32_768  # frames decoded at a time, under 1.4 s of speech

# Bit rates of layer III in kb/s, by index, and how often a version halves the sampling rate.
_MPEG_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MPEG_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_HALVINGS = {3: 0, 2: 1, 0: 2}

_DECODED = ("audio/wav", "audio/mpeg", "audio/ogg", "audio/flac")
_ENCODINGS: dict[MediaType, dict[str, str | float]] = {
    "audio/ogg": {"format": "OGG", "subtype": "OPUS", "compression_level": OPUS_COMPRESSION},
    "audio/mpeg": {"format": "MP3", "subtype": "MPEG_LAYER_III"},
    "audio/wav": {"format": "WAV", "subtype": "PCM_16"},
}


class AudioFault(Exception):
    """These bytes cannot be made into audio; the text is a sentence for a person."""


class NoCodec(AudioFault):
    """This machine cannot make it, of whatever bytes: its libsndfile is missing or knows less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceNote:
    """OGG with Opus, mono, 48 kHz: what Telegram and browsers play as a voice message."""

    data: bytes = field(repr=False)
    duration: float  # seconds; 0 where nothing here can tell
    media_type: str = "audio/ogg"


def kind(data: bytes) -> str | None:
    """The media type told by the first bytes; None when they are of no audio format known here."""
    if data[:4] in (b"RIFF", b"RF64") and data[8:12] == b"WAVE":
        return "audio/wav"
    if data[4:8] == b"ftyp":
        return "audio/mp4"
    for magic, media_type in (
        (b"OggS", "audio/ogg"),
        (b"fLaC", "audio/flac"),
        (b"ID3", "audio/mpeg"),
        (b"\x1a\x45\xdf\xa3", "audio/webm"),
        (b"#!AMR", "audio/amr"),
    ):
        if data.startswith(magic):
            return media_type
    if _is_mp3_frame(data, 0):
        return "audio/mpeg"
    if len(data) > 1 and data[0] == 0xFF and data[1] & 0xF6 == 0xF0:  # ADTS: layer bits are 0
        return "audio/aac"
    return None


async def voice_note(data: bytes) -> VoiceNote:
    """Decode WAV, MP3, OGG or FLAC and encode a voice note, of VOICE_SIZE at most where that is
    possible. Raises AudioFault."""
    encoded, duration = await asyncio.to_thread(_convert, data, "audio/ogg")
    return VoiceNote(data=encoded, duration=duration)


async def convert(data: bytes, media_type: MediaType) -> bytes:
    """The same audio, mono, in another format. Raises AudioFault."""
    encoded, _ = await asyncio.to_thread(_convert, data, media_type)
    return encoded


def can_make(media_types: Iterable[str]) -> bool:
    """Whether `fit` can make any of these."""
    return any(media_type in _ENCODINGS for media_type in media_types)


async def fit(data: bytes, media_types: Iterable[str]) -> VoiceNote:
    """The same audio in the first of `media_types` that can be made. Raises AudioFault.

    Where this machine can make none of them, it stays as it is if it is one of them.
    """
    wanted = [known for media_type in media_types for known in _ENCODINGS if known == media_type]
    fault = AudioFault("None of the formats that can be sent there can be made.")
    for encoding in wanted:
        try:
            encoded, duration = await asyncio.to_thread(_convert, data, encoding)
        except NoCodec as lack:
            fault = lack
        else:
            return VoiceNote(data=encoded, duration=duration, media_type=encoding)
    if found := next((encoding for encoding in wanted if encoding == kind(data)), None):
        return VoiceNote(data=data, duration=0.0, media_type=found)
    raise fault


async def join(parts: Sequence[bytes]) -> bytes:
    """Pieces of one recording as one that `fit` reads, in order. Raises AudioFault.

    Files of one format are read one behind the other; others become WAV first.
    """
    if len({kind(part) for part in parts}) > 1:
        parts = [await convert(part, "audio/wav") for part in parts]
    return b"".join(parts)


async def measure(data: bytes) -> VoiceNote:
    """A voice note made before, with its length. Raises AudioFault."""
    return VoiceNote(data=data, duration=await asyncio.to_thread(_duration, data))


def _duration(data: bytes) -> float:
    _require_library()
    import soundfile

    try:
        found = soundfile.info(io.BytesIO(data))
    except soundfile.SoundFileError as error:
        raise AudioFault("The audio is damaged and cannot be read.") from error
    return float(found.duration)


def _require_library(media_type: MediaType | None = None) -> None:
    """Raises NoCodec where `media_type` cannot be made, or nothing at all."""
    try:
        import soundfile
        import soxr  # noqa: F401 - whether it is there
    except (ImportError, OSError) as error:  # libsndfile is looked for on import
        raise NoCodec("This machine lacks libsndfile, without which no audio is made.") from error
    encoding = _ENCODINGS[media_type] if media_type else {}
    if encoding and not soundfile.check_format(encoding["format"], encoding["subtype"]):
        raise NoCodec(f"The libsndfile of this machine cannot make {media_type}.")


def _convert(data: bytes, media_type: MediaType) -> tuple[bytes, float]:
    _require_library(media_type)
    import soundfile

    if len(data) > LARGEST:
        raise AudioFault(f"The audio is larger than {LARGEST // 1024**2} MB. Ask for less text.")
    found = kind(data)
    if found not in _DECODED:
        what = "not audio" if found is None else f"{found.removeprefix('audio/')} audio"
        raise AudioFault(f"This is {what}; only WAV, MP3, OGG and FLAC can be read.")
    target = io.BytesIO()
    frames = 0
    try:
        blocks = _decode(data, found)
        first_rate, first = next(blocks, (0, None))
        if first is None:
            raise AudioFault("The audio is empty.")
        rate = first_rate if media_type != "audio/ogg" and first_rate in MP3_RATES else OPUS_RATE
        encoding = _ENCODINGS[media_type] | _tightened(media_type, data, found)
        with soundfile.SoundFile(target, "w", rate, 1, **encoding) as encoder:
            for samples in _resample(first_rate, first, blocks, rate):
                encoder.write(samples)
                frames += len(samples)
    except soundfile.SoundFileError as error:
        raise AudioFault("The audio is damaged and cannot be read.") from error
    return target.getvalue(), frames / rate


def _tightened(media_type: MediaType, data: bytes, found: str) -> dict[str, str | float]:
    """What is encoded otherwise so that a long voice note keeps to VOICE_SIZE.

    Raises soundfile.SoundFileError.
    """
    import soundfile

    if media_type != "audio/ogg":
        return {}
    duration = sum(soundfile.info(io.BytesIO(part)).duration for part in _parts(data, found))
    # A tenth is left: pages take some, and the encoder only means well.
    rate = 0.9 * VOICE_SIZE * 8 / max(duration, 1.0)
    level = 1.0 - (rate - _SLOWEST) / (_FASTEST - _SLOWEST)
    return {"compression_level": min(1.0, level)} if level > OPUS_COMPRESSION else {}


def _decode(data: bytes, found: str) -> Iterator[tuple[int, "Samples"]]:
    """Rate and mono samples, block by block, over all files joined in `data`."""
    import numpy
    import soundfile

    class Forward(soundfile.SoundFile):  # type: ignore[misc]  # untyped library
        """Read from front to back.

        soundfile seeks after every block of what it may seek in. In an MP3, whose frames borrow
        bits of those before, the decoder then reads some of them twice, and complains on stderr.
        """

        def seekable(self) -> bool:
            return False

    seconds = 0.0
    for part in _parts(data, found):
        with Forward(io.BytesIO(part)) as source:
            rate = source.samplerate
            if not _LOWEST_RATE <= rate <= _HIGHEST_RATE:
                raise AudioFault("The audio is damaged: its sampling rate makes no sense.")
            while len(block := source.read(_BLOCK, dtype="float32", always_2d=True)):
                seconds += len(block) / rate
                if seconds > LONGEST:
                    raise AudioFault(
                        f"The audio is longer than {LONGEST / 60:.0f} minutes. Ask for less text."
                    )
                # Float WAV files may hold anything; encoders are promised -1 to 1.
                tame = numpy.nan_to_num(block, posinf=1.0, neginf=-1.0).clip(-1.0, 1.0)
                yield rate, tame.mean(axis=1)


def _resample(
    rate: int, samples: "Samples", blocks: Iterator[tuple[int, "Samples"]], wanted: int
) -> Iterator["Samples"]:
    """All samples at the wanted rate; the rate may change from one joined file to the next."""
    import soxr

    stream = soxr.ResampleStream(rate, wanted, 1, dtype="float32")
    yield stream.resample_chunk(samples)
    for next_rate, block in blocks:
        if next_rate != rate:
            yield stream.resample_chunk(samples[:0], last=True)
            rate = next_rate
            stream = soxr.ResampleStream(rate, wanted, 1, dtype="float32")
        yield stream.resample_chunk(block)
    yield stream.resample_chunk(samples[:0], last=True)


def _parts(data: bytes, found: str) -> list[bytes]:
    match found:
        case "audio/wav":
            return _wav_parts(data)
        case "audio/mpeg":
            starts = _mp3_starts(data)
            ends = [*starts[1:], len(data)]
            return [_with_length(data[a:b]) for a, b in zip(starts, ends, strict=True)]
        case "audio/ogg":
            # A page with the flag "begin of stream": version 0, flag bit 2 (RFC 3533).
            starts = [page.start() for page in re.finditer(rb"OggS\0[\x02\x03\x06\x07]", data)]
        case _:
            starts = []
    ends = [*starts[1:], len(data)]
    return [data[a:b] for a, b in zip(starts, ends, strict=True)] if starts else [data]


def _wav_parts(data: bytes) -> list[bytes]:
    """Whole WAV files. A size that leads nowhere was never filled in, as streams leave it."""
    parts: list[bytes] = []
    start = 0
    while start < len(data):
        end = start + 8 + int.from_bytes(data[start + 4 : start + 8], "little")
        end += data[end : end + 5] == b"\0RIFF"  # an odd file may be padded
        if end >= len(data) or data[end : end + 4] != b"RIFF" or end == start + 8:
            following = re.compile(rb"RIFF....WAVE", re.S).search(data, start + 12)
            end = following.start() if following else len(data)
        parts.append(_with_sizes(data[start:end]))
        start = end
    return parts


def _with_sizes(part: bytes) -> bytes:
    """The file with its data chunk reaching to the end, where its size says 0 or too much."""
    at = 12
    while at + 8 <= len(part):
        size = int.from_bytes(part[at + 4 : at + 8], "little")
        left = len(part) - at - 8
        if part[at : at + 4] == b"data":
            if 0 < size <= left:
                return part
            sizes = (value.to_bytes(4, "little") for value in (len(part) - 8, left))
            return part[:4] + next(sizes) + part[8 : at + 4] + next(sizes) + part[at + 8 :]
        at += 8 + size + size % 2
    return part


def _mp3_starts(data: bytes) -> list[int]:
    """Where files begin: at ID3 tags, and at frames that announce a file's length.

    That frame's count is the file's own, so a decoder ends there, whatever follows.
    """
    starts = {0}
    tagged: set[int] = set()
    for tag in re.finditer(rb"ID3[\x02-\x04][\0-\x10].([\0-\x7f]{4})", data, re.S):
        size = int.from_bytes(bytes(tag[1]), "big")
        length = sum((size >> 8 * at & 0x7F) << 7 * at for at in range(4))
        if _is_mp3_frame(data, tag.end() + length):
            starts.add(tag.start())
            tagged.add(tag.end() + length)
    for tag in re.finditer(rb"Xing|Info", data):
        for offset in (13, 21, 36):
            start = tag.start() - offset
            if _is_mp3_frame(data, start) and _xing_offset(data, start) == offset:
                starts |= {start} - tagged
    return sorted(starts)


def _with_length(part: bytes) -> bytes:
    """The MP3 with a frame in front that tells its length, where it has none.

    Without it the decoder guesses from the first frame's bit rate and stops there, which cuts off
    most of a stream of varying rate.
    """
    at = _next_mp3_frame(part, 0)
    if at < 0 or part[at + _xing_offset(part, at) :][:4] in (b"Xing", b"Info"):
        return part
    version = part[at + 1] & 0x18
    # Bit rate 9 of the table, no padding, no checksum: room for the 12 bytes at every rate.
    head = bytes((0xFF, part[at + 1] | 1, 0x90 | part[at + 2] & 0x0C, part[at + 3]))
    frame = bytearray(_mp3_frame_length(head, 0))
    frame[:4] = head
    offset = _xing_offset(head, 0)
    count = 0
    first = at
    while at >= 0:
        count += part[at + 1] & 0x18 == version
        at = _next_mp3_frame(part, at + _mp3_frame_length(part, at))
    frame[offset : offset + 12] = b"Info" + (1).to_bytes(4, "big") + count.to_bytes(4, "big")
    return bytes(frame) + part[first:]


def _next_mp3_frame(data: bytes, at: int) -> int:
    """The first frame at or after `at`; -1 where there is none."""
    while at >= 0 and not _is_mp3_frame(data, at):
        at = data.find(b"\xff", at + 1)
    return at


def _mp3_frame_length(data: bytes, at: int) -> int:
    """In bytes, by ISO 11172-3, 2.4.2.3. The free format (bit rate 0) counts as its header."""
    first = data[at + 1] & 0x08
    kilobits = (_MPEG_1 if first else _MPEG_2)[data[at + 2] >> 4]
    rate = (44_100, 48_000, 32_000)[data[at + 2] >> 2 & 3] >> _HALVINGS[data[at + 1] >> 3 & 3]
    return max((144 if first else 72) * kilobits * 1000 // rate + (data[at + 2] >> 1 & 1), 4)


def _xing_offset(data: bytes, at: int) -> int:
    """Behind the header and the side information, which mono and the later versions halve."""
    mono = data[at + 3] >> 6 == 3
    return ((21, 36), (13, 21))[not data[at + 1] & 0x08][not mono]


def _is_mp3_frame(data: bytes, at: int) -> bool:
    """Sync bits, layer III, and neither bit rate nor sampling rate of a forbidden value."""
    head = data[at : at + 4] if at >= 0 else b""
    return (
        len(head) == 4
        and head[0] == 0xFF
        and head[1] & 0xE6 == 0xE2
        and head[1] & 0x18 != 0x08
        and head[2] & 0xF0 != 0xF0
        and head[2] & 0x0C != 0x0C
    )
