"""Files: what a bot uploads, what people send, how it is fetched."""

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tests.fakes.bot_api.refused import bad_request
from tests.fakes.bot_api.things import Bot, Medium

if TYPE_CHECKING:
    from tests.fakes.bot_api.server import Telegram, Upload

SENT = ("voice", "audio", "document", "photo")
UPLOAD_LIMIT = 50_000_000  # bytes (Bot FAQ)
PHOTO_LIMIT = 10_000_000
DOWNLOAD_LIMIT = 20 << 20  # the official server's constant for getFile
WAVE_LIMIT = 1_000_000  # no wave is drawn for a voice message larger than 1 MB
_NUMBERS = itertools.count(1)


def received(
    telegram: "Telegram", kind: str, given: dict[str, object], files: "Mapping[str, Upload]"
) -> Medium:
    """The file a bot uploads with a call; raises Refused."""
    reference = str(given[kind])
    part = files.get(reference.removeprefix("attach://"))
    if not reference.startswith("attach://") or part is None:
        raise bad_request(f"there is no {kind} in the request")
    name, data, media_type = part
    if not data:
        raise bad_request("file must be non-empty")
    if len(data) > (PHOTO_LIMIT if kind == "photo" else UPLOAD_LIMIT):
        raise bad_request("file is too big")
    is_opus = data.startswith(b"OggS") and b"OpusHead" in data[:100]
    if kind == "voice" and not is_opus:
        raise bad_request("a voice message is an OGG file with OPUS")
    seconds = given.get("duration", 0)
    assert isinstance(seconds, int)
    medium = Medium(
        kind=kind,
        data=data,
        name=name,
        media_type=media_type,
        seconds=seconds,
        has_wave=kind == "voice" and len(data) <= WAVE_LIMIT,
    )
    return stored(telegram, medium)


def stored(telegram: "Telegram", medium: Medium, *, claimed: int = 0) -> Medium:
    """Keep the file and describe it as the field of a message; `claimed` is a size to lie about."""
    number = next(_NUMBERS)
    handle = f"file-{number}"
    telegram.files[handle] = medium
    plain: dict[str, object] = {
        "file_id": handle,
        "file_unique_id": f"unique-{number}",
        "file_size": claimed or len(medium.data),
    }
    named = {"file_name": medium.name} if medium.name else {}
    typed = {"mime_type": medium.media_type} if medium.media_type else {}
    screen = {"width": 320, "height": 240}
    medium.described = {
        "photo": lambda: _sizes(telegram, medium, plain),
        "sticker": lambda: (
            plain
            | screen
            | {
                "type": "regular",
                "is_animated": medium.media_type == "application/x-tgsticker",
                "is_video": medium.media_type == "video/webm",
            }
        ),
        "voice": lambda: plain | typed | {"duration": medium.seconds},
        "audio": lambda: plain | typed | named | {"duration": medium.seconds},
        "video": lambda: plain | typed | named | screen | {"duration": medium.seconds},
        "animation": lambda: plain | typed | named | screen | {"duration": medium.seconds},
        "video_note": lambda: plain | {"length": 240, "duration": medium.seconds},
        "document": lambda: plain | typed | named,
    }[medium.kind]()
    return medium


def _sizes(telegram: "Telegram", medium: Medium, plain: dict[str, object]) -> list[object]:
    """A photo comes in several sizes, the largest last."""
    small = Medium(kind="photo", data=medium.data[:1024], media_type=medium.media_type)
    handle = f"{plain['file_id']}-small"
    telegram.files[handle] = small
    thumb = {
        "file_id": handle,
        "file_unique_id": f"{plain['file_unique_id']}-small",
        "file_size": len(small.data),
    }
    return [thumb | {"width": 90, "height": 67}, plain | {"width": 1280, "height": 960}]


def get_file(telegram: "Telegram", bot: Bot, given: dict[str, object], _: object) -> object:
    handle = str(given["file_id"])
    medium = telegram.files.get(handle)
    if medium is None:
        raise bad_request("wrong file_id or the file is temporarily unavailable")
    if len(medium.data) > DOWNLOAD_LIMIT:
        raise bad_request("file is too big")
    return {
        "file_id": handle,
        "file_unique_id": f"unique-{handle}",
        "file_size": len(medium.data),
        "file_path": f"{medium.kind}s/{handle}",
    }


def fetched(telegram: "Telegram", token: str, path: str) -> bytes | None:
    """What lies under the path that getFile gave; None for an unknown one."""
    medium = telegram.files.get(path.partition("/")[2])
    return medium.data if medium is not None and token in telegram.bots else None
