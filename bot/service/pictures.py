"""Pictures of a question: looked at before anything is sent, read once, handed to the API."""

import asyncio
import contextlib
import re
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Literal, TypeVar

from bot.completion import LocalFile, Parameters, RemoteFile, sniff
from bot.completion.media import PICTURES
from bot.events import File, Message, Place, decode, encode
from bot.observe import Redaction
from bot.phrases import Phrases
from bot.service.tools import Tools, say, take_away
from bot.store.records import Dialog, Upload, scope
from bot.surface import Expired, Forbidden, Gone, SurfaceError, TooLarge

KEPT = 3600.0
"""Seconds a picture waits for its question; whoever writes later than that means something else."""

Fault = Literal["PicturesTooMany", "PictureTooLarge", "PictureWrongType", "PictureGone"]

_READABLE = ("image/", "application/octet-stream")
"""How the types begin of what may be a picture; what has no type is told by its bytes."""

_LINK = re.compile(r"https?://[^\s<>\"'`()\[\]，。！？；：、（）【】]+(?<![.,;:!?])", re.IGNORECASE)
_PICTURE = re.compile(r"\.(?:png|jpe?g|webp|gif)$", re.IGNORECASE)
_NO_SECRETS = Redaction()
_T = TypeVar("_T")


class Unfit(Exception):
    """A picture cannot go with the question."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


def takes_files(parameters: Parameters) -> bool:
    return parameters.vision and "local_file" in parameters.transfer_methods


def check(parameters: Parameters, files: Sequence[File]) -> None:
    """Raise Unfit for what can be known without reading; types and sizes told may be wrong."""
    if len(files) > parameters.picture_limit:
        raise Unfit("PicturesTooMany")
    if any(file.size > parameters.picture_bytes for file in files):
        raise Unfit("PictureTooLarge")


def unreadable(phrases: Phrases, files: Sequence[File]) -> str:
    """The sentence for what the app has no way to take in, "" where there is none of it."""
    odd = [file for file in files if not file.media_type.startswith(_READABLE)]
    if not odd:
        return ""
    heard = all(file.media_type.startswith("audio/") for file in odd)
    return phrases.sound_unheard if heard else phrases.file_unreadable


def links(parameters: Parameters, text: str, room: int) -> tuple[Upload, ...]:
    """The first `room` addresses of pictures in `text`, where the API may fetch them itself.

    Never one with a secret in it, such as the address of a platform's file.
    """
    if not parameters.vision or "remote_url" not in parameters.transfer_methods:
        return ()
    found = dict.fromkeys(link for link in _LINK.findall(text) if _is_open_picture(link))
    return tuple(Upload(url=link) for link in list(found)[: max(0, room)])


async def gather(
    tools: Tools, place: Place, end_user: str, files: Sequence[File]
) -> tuple[Upload, ...]:
    """Read all files, and only when every one is a picture that fits hand them to the API.

    Raises Unfit, CompletionError, or SurfaceError when the platform does not answer.
    """
    if not files:
        return ()
    parameters = await tools.app.parameters()
    check(parameters, files)
    limit = parameters.picture_bytes
    contents = await _side_by_side([_read(tools, place, file, limit) for file in files])
    named = zip(files, contents, strict=True)
    return await _side_by_side([_upload(tools, end_user, *each) for each in named])


def references(uploads: Sequence[Upload]) -> list[LocalFile | RemoteFile]:
    return [RemoteFile(url=one.url) if one.url else LocalFile(id=one.id) for one in uploads]


async def keep(tools: Tools, message: Message) -> None:
    """Keep pictures that came without words, and ask what to do with them.

    Several sent one by one belong together, and are asked about once.
    """
    earlier = await kept(tools, message.place)
    if earlier is not None:
        if message.ref == earlier[0].ref:
            return
        message = _joined(message, earlier[0])
        prompt = earlier[1]
    else:
        phrases = await tools.phrases_for(message.place)
        private = message.place.chat.private
        words = phrases.picture_what_to_do if private else phrases.picture_what_to_do_group
        prompt = (await say(tools, message.place, words)).id
    await _open(tools, message, prompt)


async def _open(tools: Tools, message: Message, prompt: str) -> None:
    kind, body = encode(message)
    state = {"kind": kind, "event": body.decode(), "prompt": prompt}
    asked = Dialog(kind="photo", state=state, asked_at=tools.now())
    await tools.store.open_dialog(scope(message.place), asked)


async def kept(tools: Tools, place: Place) -> tuple[Message, str] | None:
    """The pictures that wait for their question, and the id of the message that asks for it."""
    dialog = await tools.store.dialog(scope(place))
    if dialog is None or dialog.kind != "photo":
        return None
    if (tools.now() - dialog.asked_at).total_seconds() > KEPT:
        return None
    event = decode(str(dialog.state.get("kind")), str(dialog.state.get("event")).encode())
    return (event, str(dialog.state.get("prompt"))) if isinstance(event, Message) else None


async def drop(tools: Tools, place: Place, files: Sequence[File]) -> None:
    """Of the pictures that wait for their question, forget those whose message is gone."""
    found = await kept(tools, place)
    if found is None or not set(files) & set(found[0].files):
        return
    message, prompt = found
    left = tuple(one for one in message.files if one not in files)
    if left:
        await _open(tools, replace(message, files=left), prompt)
        return
    await tools.store.end_dialog(scope(place))
    with contextlib.suppress(SurfaceError):
        await take_away(tools, place, replace(message.ref, id=prompt))


def _joined(message: Message, earlier: Message) -> Message:
    files = (*earlier.files, *(one for one in message.files if one not in earlier.files))
    return replace(message, files=files)


async def _read(tools: Tools, place: Place, file: File, limit: int) -> bytes:
    try:
        data = await tools.surface(place).read_file(file, limit=limit)
    except TooLarge:
        raise Unfit("PictureTooLarge") from None
    except (Gone, Forbidden, Expired):
        raise Unfit("PictureGone") from None
    media = sniff(data[:64])
    if media is None or media.media_type not in PICTURES:
        raise Unfit("PictureWrongType")
    return data


async def _upload(tools: Tools, end_user: str, file: File, data: bytes) -> Upload:
    # Name and type of the platform may lie; the client sets both by the bytes.
    uploaded = await tools.completion.upload(data, user=end_user, name=file.name or "picture")
    return Upload(id=uploaded.id)


async def _side_by_side(steps: Sequence[Coroutine[object, object, _T]]) -> tuple[_T, ...]:
    """The results in order. The first failure ends the others and is raised by itself."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(step) for step in steps]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return tuple(task.result() for task in tasks)


def _is_open_picture(link: str) -> bool:
    path = link.partition("?")[0].partition("#")[0]
    authority = link.partition("//")[2].partition("/")[0]
    return bool(_PICTURE.search(path)) and "@" not in authority and _NO_SECRETS.clean(link) == link
