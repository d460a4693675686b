"""What can be said of a picture without seeing it: format, size, colours."""

import asyncio
import io
import struct
import warnings
from collections import Counter
from dataclasses import dataclass

from bot.sandbox.writer import Picture

# Above this, colours are left out: decoding takes about 4 bytes a pixel, here 160 MB at most.
MOST_PIXELS = 40_000_000
# The Completion API takes images up to 10 MB by default; twice that is no photo to look into.
MOST_BYTES = 20 * 1024 * 1024
# A colour that covers less of the picture than this is not worth naming.
SMALLEST_SHARE = 0.08

_NAMED = {
    "black": (0, 0, 0),
    "dark grey": (72, 72, 72),
    "grey": (128, 128, 128),
    "light grey": (200, 200, 200),
    "white": (255, 255, 255),
    "red": (215, 30, 35),
    "dark red": (120, 15, 20),
    "orange": (245, 140, 20),
    "brown": (115, 70, 35),
    "beige": (225, 205, 170),
    "yellow": (250, 225, 40),
    "olive": (115, 115, 30),
    "green": (40, 160, 60),
    "dark green": (15, 80, 30),
    "light green": (150, 225, 140),
    "turquoise": (40, 190, 180),
    "light blue": (140, 195, 240),
    "blue": (35, 85, 210),
    "dark blue": (15, 25, 95),
    "purple": (125, 45, 165),
    "pink": (245, 150, 190),
    "magenta": (220, 30, 170),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    format: str
    width: int
    height: int


def read_header(data: bytes) -> Header | None:
    """Format and size in pixels of a PNG, JPEG, GIF or WebP; None for anything else or cut."""
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR":
            width, height = struct.unpack_from(">II", data, 16)
            return Header(format="PNG", width=width, height=height)
        if data.startswith((b"GIF87a", b"GIF89a")):
            width, height = struct.unpack_from("<HH", data, 6)
            return Header(format="GIF", width=width, height=height)
        if data.startswith(b"\xff\xd8\xff"):
            return _read_jpeg(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _read_webp(data)
    except (struct.error, IndexError):
        pass
    return None


def _read_jpeg(data: bytes) -> Header | None:
    """Walk the segments (ITU T.81, annex B) to the frame header, which holds the size."""
    at = 2
    while data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, at + 5)
            return Header(format="JPEG", width=width, height=height)
        if marker in (0xD9, 0xDA):  # pixels or the end before any frame header
            return None
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    return None


def _read_webp(data: bytes) -> Header | None:
    """The three layouts of RFC 9649: lossy, lossless and extended."""
    match data[12:16]:
        case b"VP8X":
            width = 1 + int.from_bytes(data[24:27], "little")
            height = 1 + int.from_bytes(data[27:30], "little")
        case b"VP8L":
            bits = struct.unpack_from("<I", data, 21)[0]
            width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        case b"VP8 ":
            width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
        case _:
            return None
    return Header(format="WebP", width=width, height=height)


async def describe(picture: Picture) -> str:
    """One or two sentences of plain facts; never raises for a broken picture."""
    name = picture.name or "The picture"
    header = read_header(picture.data)
    if header is None:
        return f"{name} ({_size(picture.data)}) is not a PNG, JPEG, GIF or WebP I can read."
    shape = _shape(header)
    facts = (
        f"{name} is a {shape} {header.format} image of {header.width} × {header.height} pixels "
        f"({_size(picture.data)})."
    )
    if header.width * header.height > MOST_PIXELS or len(picture.data) > MOST_BYTES:
        return f"{facts} It is too large to look at its colours."
    colours = await asyncio.to_thread(_main_colours, picture.data)
    return f"{facts} Mostly {_join(colours)}." if colours else facts


def _shape(header: Header) -> str:
    if header.width > header.height * 1.1:
        return "landscape"
    return "portrait" if header.height > header.width * 1.1 else "square"


def _size(data: bytes) -> str:
    if len(data) < 1000:
        return f"{len(data)} bytes"
    if len(data) < 1_000_000:
        return f"{len(data) / 1000:.0f} kB"
    return f"{len(data) / 1_000_000:.1f} MB"


def _join(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _main_colours(data: bytes) -> list[str]:
    """Up to three names, the commonest first; none without Pillow or from a broken picture."""
    try:
        from PIL import Image
    except ImportError:
        return []
    # What Pillow only warns of on stderr is too large for us already.
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "GIF", "WEBP")) as image:
            # The header was checked before, but Pillow reads sizes of its own.
            if image.width * image.height > MOST_PIXELS:
                return []
            # A JPEG is decoded straight at an eighth of its size.
            image.draft("RGB", (64, 64))
            small = image.convert("RGBA").resize((48, 48))
    except (OSError, EOFError, ValueError, SyntaxError):
        return []
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return []
    pixels = small.tobytes()
    names = Counter(
        _name(pixels[at], pixels[at + 1], pixels[at + 2])
        for at in range(0, len(pixels), 4)
        if pixels[at + 3] >= 128
    )
    seen = names.total()
    return [name for name, count in names.most_common(3) if count >= SMALLEST_SHARE * seen]


def _name(red: int, green: int, blue: int) -> str:
    """The nearest named colour, distances weighted by how eyes see red, green and blue."""

    def distance(name: str) -> int:
        r, g, b = _NAMED[name]
        return 3 * (red - r) ** 2 + 4 * (green - g) ** 2 + 2 * (blue - b) ** 2

    return min(_NAMED, key=distance)
