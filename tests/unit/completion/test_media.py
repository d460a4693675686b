"""Media types by first bytes."""

import pytest

from bot.completion.media import PICTURES, sniff


@pytest.mark.parametrize(
    ("data", "media_type", "extension"),
    [
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "audio/wav", "wav"),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 ", "image/webp", "webp"),
        (b"ID3\x04\x00\x00", "audio/mpeg", "mp3"),
        (b"\xff\xfb\x90\x64", "audio/mpeg", "mp3"),
        (b"\xff\xf3\x40\xc4", "audio/mpeg", "mp3"),
        (b"\xff\xf1\x50\x80", "audio/aac", "aac"),
        (b"\xff\xf9\x50\x80", "audio/aac", "aac"),
        (b"OggS\x00\x02", "audio/ogg", "ogg"),
        (b"fLaC\x00\x00", "audio/flac", "flac"),
        (b"\x00\x00\x00\x20ftypM4A \x00", "audio/mp4", "m4a"),
        (b"\x89PNG\r\n\x1a\n\x00", "image/png", "png"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg", "jpg"),
        (b"GIF89a\x01\x00", "image/gif", "gif"),
        (b"GIF87a\x01\x00", "image/gif", "gif"),
    ],
)
def test_known_beginnings(data: bytes, media_type: str, extension: str) -> None:
    assert sniff(data) == (media_type, extension)
    assert (media_type in PICTURES) == media_type.startswith("image/")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"\xff\xfb",
        b"null\n",
        b"<html><h1>Internal Server Error</h1></html>",
        b"RIFF\x24\x00\x00\x00AVI LIST",
        b"\x00\x00\x00\x1cftypavif\x00",
        b"\x00\x00\x00\x1cftypheic\x00",
        b"\xff\xea\x90\x00",  # reserved version
        b"\xff\xe1\x90\x00",  # reserved layer
        b"\xff\xfb\xf0\x00",  # no such bitrate
        "<html>".encode("utf-16"),  # its byte order mark looks like a frame of layer I
    ],
)
def test_anything_else_is_unknown(data: bytes) -> None:
    assert sniff(data) is None
