"""Checks of request bodies, in the order and with the words of the recordings."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Literal, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.sandbox.apps import App, Control
from bot.sandbox.replies import Crash, InvalidParam, Refusal, proxy_page

PATIENCE = 60.0  # seconds a body may take to arrive; nginx's client_body_timeout
JSON_LIMIT = 15 * 2**20  # bytes; the proxy before a self-hosted Dify takes at most this much

_DOCS = re.compile(r"errors\.pydantic\.dev/[0-9.]+/")
_DOCS_RECORDED = "errors.pydantic.dev/2.12/"  # the release Dify 1.14.1 was recorded with


class Payload(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=False)


class CompletionRequestPayload(Payload):
    inputs: dict[str, object]
    query: str = ""
    files: list[dict[str, object]] | None = None
    response_mode: Literal["blocking", "streaming"] | None = None
    retriever_from: str = "dev"


class MessageFeedbackPayload(Payload):
    rating: Literal["like", "dislike"] | None = None
    content: str | None = None


class FeedbackListQuery(Payload):
    page: Annotated[int, Field(ge=1)] = 1
    limit: Annotated[int, Field(ge=1, le=101)] = 20


class TextToAudioPayload(Payload):
    message_id: str | None = None
    voice: str | None = None
    text: str | None = None
    streaming: bool | None = None


Shape = TypeVar("Shape", bound=Payload)


def check(shape: type[Shape], body: object) -> Shape:
    """The body as this shape. Raises InvalidParam with the recorded release's wording."""
    try:
        return shape.model_validate(body)
    except ValidationError as error:
        raise InvalidParam(_DOCS.sub(_DOCS_RECORDED, str(error))) from None


async def read_json(request: web.Request) -> dict[str, object]:
    """The body's object. Raises Refusal 400 or 415, Page 413, and Crash where Dify trips."""
    if not _says_json(request.content_type):
        raise Refusal(415, "unsupported_media_type")
    async with arriving():
        raw = await read_capped(request, JSON_LIMIT)
    try:
        body = json.loads(raw)
        if b"\\ud" in raw.lower():
            json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Crash from None  # half a surrogate pair: no database takes it
    except RecursionError:
        raise Crash from None
    except ValueError:
        raise Refusal(400, "bad_request") from None
    if not isinstance(body, dict):
        raise Crash
    return body


def _says_json(media_type: str) -> bool:
    return media_type == "application/json" or (
        media_type.startswith("application/") and media_type.endswith("+json")
    )


@asynccontextmanager
async def arriving() -> AsyncIterator[None]:
    """Wait for a body, not for ever. Raises Page 408, the proxy's, when it does not come."""
    try:
        async with asyncio.timeout(PATIENCE):
            yield
    except TimeoutError:
        raise proxy_page(408) from None


async def read_capped(request: web.Request, limit: int) -> bytes:
    """The whole body. Raises Page 413, the proxy's, beyond `limit` bytes."""
    parts: list[bytes] = []
    left = limit
    async for part in request.content.iter_any():
        left -= len(part)
        if left < 0:
            raise proxy_page(413)
        parts.append(part)
    return b"".join(parts)


def fill_form(app: App, given: dict[str, object]) -> dict[str, object]:
    """The app's variables out of the request's; what the form does not know is dropped.

    Raises InvalidParam for the first variable that does not fit, Crash where Dify trips.
    """
    return {
        control.variable: _clean(_fit(control, given.get(control.variable)))
        for control in app.controls
    }


def _fit(control: Control, value: object) -> object:
    if value is None:
        if control.required:
            raise InvalidParam(f"{control.variable} is required in input form")
        return None
    match control.kind:
        case "number":
            return _number(control, value)
        case "checkbox":
            return _tick(value)
        case _:
            return _text(control, value)


def _text(control: Control, value: object) -> str:
    if not isinstance(value, str):
        raise InvalidParam(
            f"(type '{control.kind}') {control.variable} in input form must be a string"
        )
    if control.options and value not in control.options:
        raise InvalidParam(
            f"{control.variable} in input form must be one of the following: "
            f"{list(control.options)}"
        )
    if control.max_length is not None and len(value) > control.max_length:
        raise InvalidParam(
            f"{control.variable} in input form must be less than {control.max_length} characters"
        )
    return value


def _number(control: Control, value: object) -> object:
    if isinstance(value, int | float):
        return value
    if not isinstance(value, str):
        raise Crash  # recorded for a list
    if not value.strip():
        return None
    try:
        return float(value) if "." in value else int(value)
    except ValueError:
        raise InvalidParam(f"{control.variable} in input form must be a valid number") from None


def _tick(value: object) -> object:
    word = str(value).strip().lower()
    if word in ("true", "yes", "on", "1"):
        return True
    if word in ("false", "no", "off", "0"):
        return False
    return value


def _clean(value: object) -> object:
    return value.replace("\x00", "") if isinstance(value, str) else value
