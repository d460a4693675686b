import io
import struct
import sys
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.sandbox import pictures
from bot.sandbox.pictures import Header, describe, read_header
from bot.sandbox.writer import Picture


def drawn(
    form: str, size: tuple[int, int] = (60, 40), colour: str = "red", **more: object
) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, colour).save(target, form, **more)
    return target.getvalue()


def picture(data: bytes, name: str = "a.png") -> Picture:
    return Picture(name=name, media_type="image/png", data=data)


def png_of_size(width: int, height: int) -> bytes:
    """A few bytes that claim to be a picture of any size."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (head, b"IDAT" + zlib.compress(b""), b"IEND")
    chunks = (
        struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part))
        for part in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize(
    ("data", "form"),
    [
        (drawn("PNG"), "PNG"),
        (drawn("JPEG"), "JPEG"),
        (drawn("JPEG", progressive=True, exif=b"Exif\0\0" + bytes(900)), "JPEG"),
        (drawn("JPEG").replace(b"\xff\xd8", b"\xff\xd8\xff\xff", 1), "JPEG"),
        (drawn("GIF"), "GIF"),
        (drawn("WEBP"), "WebP"),
        (drawn("WEBP", lossless=True), "WebP"),
        (drawn("WEBP", exif=b"Exif\0\0" + bytes(9)), "WebP"),
    ],
)
def test_size_is_read_from_every_kind_of_header(data: bytes, form: str) -> None:
    assert read_header(data) == Header(format=form, width=60, height=40)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"\x89PNG\r\n\x1a\nxxxxxxxx",
        b"GIF89a\x01",
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xda\x00\x00",
        b"\xff\xd8\xff\xe0\x00\x04\x00\x00xx",
        b"RIFF\0\0\0\0WEBPVP8?",
        drawn("BMP"),
    ],
)
def test_other_bytes_have_no_header(data: bytes) -> None:
    assert read_header(data) is None


@settings(max_examples=25, deadline=None)
@given(st.sampled_from([drawn("PNG"), drawn("JPEG"), drawn("GIF"), drawn("WEBP")]), st.data())
def test_any_cut_or_damage_is_survived(whole: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(whole)))
    junk = data.draw(st.binary(max_size=20))
    damaged = whole[:at] + junk + whole[at + len(junk) :]
    read_header(whole[:at])
    header = read_header(damaged)
    # What claims to be large would only be slow; what has no header is never looked at.
    if header is not None and header.width * header.height < 100_000:
        assert isinstance(pictures._main_colours(damaged), list)


@pytest.mark.real_time
async def test_picture_is_described_by_shape_size_and_colours() -> None:
    image = Image.new("RGB", (400, 100), "white")
    image.paste((0, 0, 255), (0, 0, 120, 100))
    target = io.BytesIO()
    image.save(target, "PNG")
    told = await describe(picture(target.getvalue(), "flag.png"))
    assert told.startswith("flag.png is a landscape PNG image of 400 × 100 pixels (")
    assert told.endswith(" bytes). Mostly white and blue.")


@pytest.mark.real_time
@pytest.mark.parametrize(
    ("colour", "name"),
    [
        ("#000", "black"),
        ("#fff", "white"),
        ("#ff0000", "red"),
        ("#22aa44", "green"),
        ("#fa0", "orange"),
    ],
)
async def test_colours_have_their_names(colour: str, name: str) -> None:
    told = await describe(picture(drawn("PNG", (40, 44), colour)))
    assert told.endswith(f"Mostly {name}.")
    assert "square" in told


@pytest.mark.real_time
async def test_transparent_parts_have_no_colour() -> None:
    target = io.BytesIO()
    Image.new("RGBA", (10, 20), (0, 0, 0, 0)).save(target, "PNG")
    told = await describe(picture(target.getvalue(), ""))
    assert told.startswith("The picture is a portrait PNG image of 10 × 20 pixels (")
    assert told.endswith(" bytes).")


async def test_unreadable_picture_is_told_as_such() -> None:
    told = await describe(picture(b"%PDF-" + bytes(2000)))
    assert told == "a.png (2 kB) is not a PNG, JPEG, GIF or WebP I can read."


async def test_bombs_are_not_unpacked() -> None:
    told = await describe(picture(png_of_size(30_000, 30_000)))
    assert told.endswith("30000 × 30000 pixels (65 bytes). It is too large to look at its colours.")
    heavy = await describe(picture(drawn("PNG") + bytes(pictures.MOST_BYTES)))
    assert "(21.0 MB)" in heavy
    assert "too large" in heavy


@pytest.mark.parametrize("size", [(10_000, 5_000), (10_000, 10_000), (20_000, 20_000)])
def test_library_s_own_reading_of_the_size_is_checked_too(size: tuple[int, int]) -> None:
    assert pictures._main_colours(png_of_size(*size)) == []


@pytest.mark.real_time
async def test_without_pillow_the_facts_remain(monkeypatch: pytest.MonkeyPatch) -> None:
    data = drawn("PNG")
    monkeypatch.setitem(sys.modules, "PIL", None)
    told = await describe(picture(data))
    assert told.startswith("a.png is a landscape PNG")
    assert "Mostly" not in told
