"""Uploads, and the two ways to look at them again."""

import time
import uuid
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import PurePosixPath

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from bot.sandbox.access import optional_user
from bot.sandbox.apps import MEGABYTES, TENANT
from bot.sandbox.links import opens, origin, readable, signed_link
from bot.sandbox.replies import InvalidParam, Refusal, answer, proxy_page
from bot.sandbox.requests import arriving
from bot.sandbox.room import ROOM, Room, entered
from bot.sandbox.state import StoredFile

LONGEST_NAME = 200  # characters, then cut
BODY_LIMIT = (max(MEGABYTES.values()) + 1) * 2**20  # bytes: the largest file and its wrapping
FIELD_LIMIT = 64 * 2**10  # bytes of a form's plain field
MOST_PARTS = 1_000  # Werkzeug's max_form_parts

_KINDS = {
    "image": ("jpg", "jpeg", "png", "webp", "gif", "svg"),
    "audio": ("mp3", "m4a", "wav", "amr", "mpga"),
    "video": ("mp4", "mov", "mpeg", "webm"),
}


@dataclass(slots=True, kw_only=True)
class _Part:
    name: str
    filename: str
    media_type: str
    data: bytes = field(repr=False)


@dataclass(slots=True)
class _Form:
    fields: dict[str, object] = field(default_factory=dict)
    files: list[_Part] = field(default_factory=list)


async def upload(request: web.Request) -> web.StreamResponse:
    """Keep one file of this end user."""
    room, app = entered(request)
    async with arriving():
        form = await _read_form(request)
    end_user = await optional_user(room.state, app, form.fields)
    part = _only_file(form)
    file = StoredFile(
        id=str(uuid.uuid4()),
        app=app.id,
        end_user=end_user.id,
        name=_cut(part.filename),
        extension=_extension(part.filename),
        media_type=part.media_type,
        data=part.data,
        created_at=time.time(),
    )
    await room.state.keep_file(file)
    return answer(_shown(file, room, origin(request)), 201)


async def preview(request: web.Request) -> web.StreamResponse:
    """The bytes of a file that some message of this app refers to."""
    room, app = entered(request)
    file = await room.state.file(request.match_info["file_id"].lower())
    if file is None or not file.used:
        raise Refusal(404, "file_not_found", "File not found in message context")
    if file.app != app.id:
        raise Refusal(403, "file_access_denied", "Access to the requested file is denied")
    headers = {"Content-Type": file.media_type, "Cache-Control": "public, max-age=3600"}
    if request.query.get("as_attachment") in ("true", "True", "1"):
        headers["Content-Type"] = "application/octet-stream"
        headers["Content-Disposition"] = "attachment"
    return web.Response(body=file.data, headers=headers, reason="OK")


async def linked(request: web.Request) -> web.StreamResponse:
    """The bytes behind a signed link; no key is asked for."""
    room = request.app[ROOM]
    file_id = request.match_info["file_id"].lower()
    file = await room.state.file(file_id)
    if file is None or not opens(file_id, request.query, room.secret):
        raise Refusal(404, "not_found", "File not found or signature is invalid")
    return web.Response(
        body=file.data, headers={"Content-Type": "application/octet-stream"}, reason="OK"
    )


async def _read_form(request: web.Request) -> _Form:
    """The multipart body; whatever cannot be read counts as not sent. Raises Page 413."""
    form = _Form()
    if request.content_type != "multipart/form-data":
        return form
    left = BODY_LIMIT
    parts = 0
    try:
        reader = await request.multipart()
        async for part in reader:
            parts += 1
            if parts > MOST_PARTS:
                raise proxy_page(413)
            if not isinstance(part, BodyPartReader):
                break
            left -= await _read_part(part, form, left)
    except (ValueError, AssertionError, RuntimeError, HttpProcessingError):
        # Werkzeug reads as far as it can; so does this.
        return form
    return form


async def _read_part(part: BodyPartReader, form: _Form, left: int) -> int:
    """Put one part into the form; the number of its bytes."""
    name = part.name or ""
    is_file = part.filename is not None
    data = bytearray()
    while chunk := await part.read_chunk(2**16):
        data += chunk
        if len(data) > left or (not is_file and len(data) > FIELD_LIMIT):
            raise proxy_page(413)
    if is_file:
        media_type = part.headers.get("Content-Type", "")
        form.files.append(
            _Part(
                name=name,
                filename=readable(part.filename or ""),
                media_type=readable(media_type.partition(";")[0].strip().lower()),
                data=bytes(data),
            )
        )
    else:
        form.fields.setdefault(name, data.decode("utf-8", "replace"))
    return len(data)


def _only_file(form: _Form) -> _Part:
    """The part named `file`. Raises the refusal for what is wrong with it."""
    names = {part.name for part in form.files}
    if "file" not in names:
        raise Refusal(400, "no_file_uploaded")
    if len(names) > 1:
        raise Refusal(400, "too_many_files")
    part = form.files[0]
    if not part.media_type:
        raise Refusal(415, "unsupported_file_type")
    if not part.filename:
        raise Refusal(400, "filename_not_exists_error")
    if "/" in part.filename or "\\" in part.filename:
        raise InvalidParam("Filename contains invalid characters")
    if len(part.data) > _limit(_extension(part.filename)):
        raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "file_too_large")
    return part


def _limit(extension: str) -> int:
    """Bytes a file may have; its extension decides, whatever it really is."""
    kind = next((kind for kind, names in _KINDS.items() if extension in names), "file")
    return MEGABYTES[kind] * 2**20


def _extension(name: str) -> str:
    return PurePosixPath(name).suffix.lower().lstrip(".")


def _cut(name: str) -> str:
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name.split('.')[0][:LONGEST_NAME]}.{_extension(name)}"


def _shown(file: StoredFile, room: Room, base: str) -> dict[str, object]:
    return {
        "id": file.id,
        "name": file.name,
        "size": len(file.data),
        "extension": file.extension,
        "mime_type": file.media_type,
        "created_by": file.end_user,
        "created_at": int(file.created_at),
        "preview_url": None,
        "source_url": signed_link(base, file.id, room.secret),
        "original_url": None,
        "user_id": None,
        "tenant_id": TENANT,
        "conversation_id": None,
        "file_key": None,
    }
