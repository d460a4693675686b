"""Tell a file's media type from its first bytes; headers and names lie."""

from typing import NamedTuple


class Media(NamedTuple):
    media_type: str
    extension: str
    """Without a dot."""


PICTURES = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})
"""What the Completion API takes with a question."""

_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", Media("image/png", "png")),
    (b"\xff\xd8\xff", Media("image/jpeg", "jpg")),
    (b"GIF87a", Media("image/gif", "gif")),
    (b"GIF89a", Media("image/gif", "gif")),
    (b"ID3", Media("audio/mpeg", "mp3")),
    (b"OggS", Media("audio/ogg", "ogg")),
    (b"fLaC", Media("audio/flac", "flac")),
)
_RIFF = {b"WAVE": Media("audio/wav", "wav"), b"WEBP": Media("image/webp", "webp")}
# HEIC and AVIF pictures share the container, so the brand decides.
_MP4_AUDIO_BRANDS = (b"M4A ", b"M4B ", b"mp41", b"mp42", b"isom", b"iso2", b"iso5", b"iso6")


def sniff(data: bytes) -> Media | None:
    """The type of an audio file or a picture, or None; 12 bytes are enough."""
    for beginning, media in _BEGINNINGS:
        if data.startswith(beginning):
            return media
    if data[:4] in (b"RIFF", b"RF64"):
        return _RIFF.get(data[8:12])
    if data[4:8] == b"ftyp":
        return Media("audio/mp4", "m4a") if data[8:12] in _MP4_AUDIO_BRANDS else None
    return _frames(data)


def _frames(data: bytes) -> Media | None:
    """Bare MP3 or AAC: a frame begins with eleven set bits, then version and layer."""
    if len(data) < 3 or data[0] != 0xFF or data[1] & 0xE0 != 0xE0:
        return None
    if data[1] & 0xF6 == 0xF0:
        return Media("audio/aac", "aac")
    version, layer, bitrate = data[1] >> 3 & 3, data[1] >> 1 & 3, data[2] >> 4
    if version == 1 or layer not in (1, 2) or bitrate == 15:
        return None
    return Media("audio/mpeg", "mp3")
