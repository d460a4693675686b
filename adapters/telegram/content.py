"""What a message of a person holds: its words, its files, and what else cannot be looked at."""

import mimetypes
from collections.abc import Iterator, Mapping

from adapters.telegram.updates import Content, Media, Message, Sticker
from bot.events import File

_DEEP = 40
"""Levels of a rich message that are read: it may have 16, and each may hold styles in styles."""
_KINDS = (
    *("venue", "location", "contact", "poll", "checklist", "dice"),
    *("game", "story", "paid_media", "giveaway", "invoice"),
)
_PARTS = ("text", "expression", "blocks", "items", "caption")
"""Where a rich block keeps its words; a table's are in `cells`."""


def words(message: Message) -> str:
    """The text or caption of a message; of a rich one its words, a line for each block."""
    plain = message.text or message.caption
    if plain or message.rich_message is None:
        return plain
    return "\n".join(line for line in _lines(message.rich_message, _DEEP) if line)


def files(bot: str, content: Content) -> tuple[File, ...]:
    """Its one file, if it has any; what is none, such as a place on a map, is told by its type."""
    if content.photo:
        # The sizes of one picture; Telegram makes the largest some 2,560 pixels wide.
        largest = max(content.photo, key=lambda size: size.width * size.height)
        return (_file(bot, largest.file_id, "image/jpeg", size=largest.file_size),)
    if content.animation:  # stands before the document that comes with it for old clients
        return (_media(bot, content.animation, "video/mp4"),)
    if content.document:
        return (_media(bot, content.document, _type_by_name(content.document)),)
    if content.sticker:
        return (_sticker(bot, content.sticker),)
    return _sound_or_film(bot, content)


def pictures_only(found: tuple[File, ...]) -> bool:
    return all(file.media_type.startswith("image/") for file in found)


def _sound_or_film(bot: str, content: Content) -> tuple[File, ...]:
    for media, usual in (
        (content.voice, "audio/ogg"),
        (content.audio, "audio/mpeg"),
        (content.video, "video/mp4"),
        (content.video_note, "video/mp4"),
    ):
        if media:
            return (_media(bot, media, usual),)
    kind = next((name for name in _KINDS if getattr(content, name) is not None), "")
    return (File(handle="", media_type=f"application/x-telegram-{kind}"),) if kind else ()


def _sticker(bot: str, sticker: Sticker) -> File:
    moving = "video/webm" if sticker.is_video else "application/x-tgsticker"
    still = not sticker.is_animated and not sticker.is_video
    kind = "image/webp" if still else moving
    return _file(bot, sticker.file_id, kind, size=sticker.file_size)


def _media(bot: str, media: Media, usual: str) -> File:
    kind = media.mime_type.lower()
    # Some clients call every file of theirs by this one.
    if not kind or kind == "application/octet-stream":
        kind = usual
    return _file(bot, media.file_id, kind, name=media.file_name, size=media.file_size)


def _file(bot: str, id: str, kind: str, *, name: str = "", size: int) -> File:
    """The handle names the bot too: only the one that was sent a file can read it."""
    return File(handle=f"{bot}:{id}", media_type=kind, name=name, size=size)


def _type_by_name(document: Media) -> str:
    guessed = mimetypes.guess_type(document.file_name)[0] or ""
    return guessed if guessed.startswith("image/") else "application/octet-stream"


def _lines(part: object, deep: int) -> Iterator[str]:
    """The words of rich blocks, as far as they are told apart by lines."""
    if deep <= 0:
        return
    if isinstance(part, list):
        for one in part:
            yield from _lines(one, deep - 1)
    elif isinstance(part, dict) and isinstance(part.get("cells"), list):
        yield from (_row(row, deep - 1) for row in part["cells"])
    elif isinstance(part, dict):
        for name in _PARTS:
            inner = part.get(name)
            if name in ("text", "expression"):
                yield _run(inner, deep - 1)
            else:
                yield from _lines(inner, deep - 1)


def _row(row: object, deep: int) -> str:
    cells = row if isinstance(row, list) else []
    return " | ".join(_run(cell, deep) for cell in cells)


def _run(part: object, deep: int) -> str:
    """A run of styled text without its styles."""
    if deep <= 0:
        return ""
    if isinstance(part, str):
        return part
    if isinstance(part, list):
        return "".join(_run(one, deep - 1) for one in part)
    if isinstance(part, Mapping):
        return "".join(_run(part.get(name), deep - 1) for name in ("text", "expression"))
    return ""
