"""Files over HTTP: the page's own, and those that people and the bot put into the room."""

import asyncio
import re
from pathlib import Path

from aiohttp import web

from adapters.playground.behaviour import FILE_LIMIT
from adapters.playground.guard import Handler, Malformed, body
from adapters.playground.room import Room

_PAGE = Path(__file__).with_name("page")
_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
# What a browser shows or plays and cannot run; everything else is only ever downloaded.
_HARMLESS = frozenset(
    {
        *("image/png", "image/jpeg", "image/gif", "image/webp"),
        *("audio/ogg", "audio/mpeg", "audio/wav"),
    }
)
_MEDIA_TYPE = re.compile(r"[a-z]{1,20}/[a-z0-9.+-]{1,60}")


async def to_page(request: web.Request) -> web.StreamResponse:
    """The page's addresses are relative, so its own ends in a slash."""
    raise web.HTTPFound(f"{request.rel_url.path}/")


async def page(request: web.Request) -> web.StreamResponse:
    found = _PAGE / request.match_info.get("name", "index.html")
    kind = _TYPES.get(found.suffix)
    if kind is None or not found.is_file():
        raise web.HTTPNotFound
    data = await asyncio.to_thread(found.read_bytes)
    return web.Response(body=data, content_type=kind, charset="utf-8")


def upload(room: Room) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        name = request.query.get("name", "")[:200]
        told = request.content_type.lower()
        data = await body(request, FILE_LIMIT)
        if not data:
            raise Malformed("The file is empty.")
        kind = told if _MEDIA_TYPE.fullmatch(told) else "application/octet-stream"
        file = await room.upload(data, kind, name)
        return web.json_response({"id": file.id})

    return answer


def file(room: Room) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        stored = room.file(request.match_info["id"])
        data = await room.files.read(stored.id) if stored else None
        if stored is None or data is None:
            raise web.HTTPNotFound
        harmless = stored.media_type in _HARMLESS
        response = _part(request, data)
        response.content_type = stored.media_type if harmless else "application/octet-stream"
        if not harmless:
            response.headers["Content-Disposition"] = "attachment"
        response.headers["Accept-Ranges"] = "bytes"
        return response

    return answer


def _part(request: web.Request, data: bytes) -> web.Response:
    """The bytes asked for; players ask for some when they jump."""
    try:
        wanted = request.http_range
    except ValueError:
        wanted = slice(0, 0)
    if wanted.start is None and wanted.stop is None:
        return web.Response(body=data)
    start, stop, _ = wanted.indices(len(data))
    if start >= stop:
        unfit = {"Content-Range": f"bytes */{len(data)}"}
        return web.Response(status=416, headers=unfit)
    part = {"Content-Range": f"bytes {start}-{stop - 1}/{len(data)}"}
    return web.Response(status=206, body=data[start:stop], headers=part)
