"""What the page sends, checked by type and size before anything is done with it."""

from typing import Annotated, TypeVar

import msgspec
from aiohttp import web
from msgspec import Meta

from adapters.playground.guard import JSON_LIMIT, Malformed, body

Id = Annotated[str, Meta(min_length=1, max_length=128)]
Text = Annotated[str, Meta(max_length=20_000)]
Word = Annotated[str, Meta(max_length=128)]


class Deed(msgspec.Struct, kw_only=True):
    """`id` is the page's own: the same one again is the same deed."""

    id: Id


class Send(Deed, kw_only=True):
    person: Id
    chat: Id
    text: Text = ""
    files: Annotated[list[Id], Meta(max_length=10)] = []
    reply_to: Word | None = None


class Edit(Deed, kw_only=True):
    message: Id
    text: Text


class Delete(Deed, kw_only=True):
    message: Id


class React(Deed, kw_only=True):
    person: Id
    message: Id
    emoji: Annotated[str, Meta(min_length=1, max_length=32)]
    on: bool


class Press(Deed, kw_only=True):
    person: Id
    message: Id
    name: Id
    value: Word = ""


class Submit(Deed, kw_only=True):
    person: Id
    chat: Id
    form: Id
    values: Annotated[dict[Word, Text], Meta(max_length=100)]


class Dismiss(msgspec.Struct, kw_only=True):
    """A form that was closed without an answer; nothing the bot would hear of."""

    person: Id
    chat: Id
    form: Id


class Name(msgspec.Struct):
    name: Word


Asked = TypeVar("Asked")


async def read(request: web.Request, kind: type[Asked]) -> Asked:
    """Raises Malformed, TooMuch."""
    if request.content_type != "application/json":
        raise Malformed("This is not what the page sends.")
    data = await body(request, JSON_LIMIT)
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed("This is not what the page sends, or it is too long.") from error
