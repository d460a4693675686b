"""The `files` of a completion request: checked, fetched, described as the end of a stream does."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import PurePosixPath

import aiohttp
from yarl import URL

from bot.sandbox.apps import MEGABYTES, PICTURES_A_MESSAGE, App
from bot.sandbox.links import signed_link
from bot.sandbox.replies import InvalidParam
from bot.sandbox.room import Room
from bot.sandbox.state import EndUser
from bot.sandbox.writer import Picture

FETCH_PATIENCE = 2.0  # seconds for a picture on this machine
_METHODS = ("remote_url", "local_file", "tool_file", "datasource_file")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    picture: Picture
    shown: dict[str, object]  # the entry of `message_end.files`


async def attach(
    room: Room, app: App, end_user: EndUser, entries: Sequence[Mapping[str, object]], base: str
) -> list[Attachment]:
    """The files a message brings. Raises InvalidParam for the first that is no good.

    An app without vision ignores them all, unseen.
    """
    if not app.vision:
        return []
    meant = [entry for entry in entries if _names_something(entry)]
    attached = [await _attach(room, end_user, entry, base) for entry in meant]
    if len(attached) > PICTURES_A_MESSAGE:
        raise InvalidParam(f"Number of image files exceeds the maximum limit {PICTURES_A_MESSAGE}")
    return attached


def _names_something(entry: Mapping[str, object]) -> bool:
    method = entry.get("transfer_method")
    return bool(method) and (method != "remote_url" or bool(entry.get("url")))


async def _attach(
    room: Room, end_user: EndUser, entry: Mapping[str, object], base: str
) -> Attachment:
    method = entry["transfer_method"]
    if method not in _METHODS:
        raise InvalidParam(f"{method!r} is not a valid FileTransferMethod")
    if method == "remote_url":
        attached = await _remote(str(entry["url"]))
    else:
        attached = await _local(room, end_user, entry.get("upload_file_id"), base)
    if entry.get("type") != "image":
        raise InvalidParam(f"File validation failed for file: {attached.picture.name}")
    return attached


async def _local(room: Room, end_user: EndUser, file_id: object, base: str) -> Attachment:
    if not file_id:
        raise InvalidParam("Invalid upload file id")
    try:
        known = str(uuid.UUID(str(file_id)))
    except ValueError:
        raise InvalidParam("Invalid upload file id format") from None
    file = await room.state.file(known)
    if file is None or file.end_user != end_user.id:
        raise InvalidParam("Invalid upload file")
    await room.state.mark_used(file.id)
    picture = Picture(name=file.name, media_type=file.media_type, data=file.data)
    shown = _shown(picture, "local_file", signed_link(base, file.id, room.secret))
    return Attachment(picture=picture, shown=shown | {"upload_file_id": file.id, "remote_url": ""})


async def _remote(address: str) -> Attachment:
    picture = await _fetch(address)
    shown = _shown(picture, "remote_url", address)
    return Attachment(
        picture=picture, shown=shown | {"upload_file_id": None, "remote_url": address}
    )


def _shown(picture: Picture, method: str, address: str) -> dict[str, object]:
    return {
        "related_id": str(uuid.uuid4()),
        "extension": PurePosixPath(picture.name).suffix.lower(),
        "filename": picture.name,
        "size": len(picture.data),
        "mime_type": picture.media_type,
        "transfer_method": method,
        "type": "image",
        "url": address,
    }


async def _fetch(address: str) -> Picture:
    """A picture from this machine; nothing beyond it is ever asked."""
    unreachable = InvalidParam(f"Reached maximum retries (3) for URL {address}")
    try:
        url = URL(address)
    except ValueError:
        raise unreachable from None
    if url.scheme not in ("http", "https") or not _is_here(url.host or ""):
        raise unreachable
    timeout = aiohttp.ClientTimeout(total=FETCH_PATIENCE)
    limit = MEGABYTES["image"] * 2**20
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(url, allow_redirects=False) as response,
        ):
            data = await _read(response, limit)
            media_type = response.content_type
    except (aiohttp.ClientError, TimeoutError, ValueError):
        raise unreachable from None
    if response.status != 200 or data is None:
        raise unreachable
    return Picture(name=url.name or "file", media_type=media_type, data=data)


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes | None:
    """The body, or None beyond the limit."""
    data = bytearray()
    async for part in response.content.iter_any():
        data += part
        if len(data) > limit:
            return None
    return bytes(data)


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
