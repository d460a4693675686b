"""The nine endpoints of the Completion API as verbs."""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Literal, Self

import httpx

from bot.completion.calls import JSON_LIMIT, Reply, Sender, call, open_response, persist
from bot.completion.checks import checked_base_url, checked_key, checked_user, segment, true_name
from bot.completion.errors import InvalidInput, NoSpeech, Unreadable
from bot.completion.media import PICTURES, sniff
from bot.completion.models import AppInfo, Completion, Feedback, Parameters, Site, UploadedFile
from bot.completion.patience import Patience
from bot.completion.reading import (
    read_completion,
    read_feedback,
    read_file,
    read_info,
    read_parameters,
    read_site,
)
from bot.completion.reasoning import without_reasoning
from bot.completion.slots import MAX_STREAMS, Slots, Waiting
from bot.completion.stream import AnswerStream, Ready
from bot.completion.transport import Transport

SPEECH_LIMIT = 20 * 1024 * 1024
"""Bytes of one piece of speech: twenty minutes of MP3."""
FEEDBACK_PAGE_LIMIT = 101  # the API refuses more
STALE_PAGES = 3  # pages of known rows in a row, after which a listing goes in circles

Rating = Literal["like", "dislike"]
TransportFactory = Callable[[], httpx.AsyncBaseTransport]


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFile:
    """A picture uploaded before by the same end user."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """A picture the API fetches itself; never one whose address holds a secret."""

    url: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    data: bytes = field(repr=False)
    media_type: str
    """By the bytes: the API labels WAV as audio/mpeg."""


class CompletionClient:
    """One app of a Completion API. Use it as an async context manager, in one event loop.

    `base_url` usually ends in /v1; plain http is refused for public hosts. At most `max_streams`
    generations are open at once, others wait in a fair queue. Every method raises `CompletionError`
    and nothing else of the network; `user` is 1 to 255 characters, else ValueError.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        max_streams: int = MAX_STREAMS,
        show_reasoning: bool = False,
        patience: Patience | None = None,
        transport: TransportFactory = Transport,
    ) -> None:
        self._base_url = checked_base_url(base_url)
        self._patience = patience or Patience()
        self._show_reasoning = show_reasoning
        self._slots = Slots(max_streams)
        headers = {"Authorization": f"Bearer {checked_key(api_key)}", "User-Agent": "parley"}
        # Two clients: a stop or a rating never queues behind streams.
        self._long, self._short = (
            Sender(
                transport(),
                headers=headers,
                timeout=httpx.Timeout(None, connect=self._patience.connect),
            )
            for _ in range(2)
        )
        self._exit = AsyncExitStack()

    def __repr__(self) -> str:
        return f"CompletionClient({self._base_url!r})"

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._long)
            await stack.enter_async_context(self._short)
            self._exit = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._exit.aclose()

    def stream(
        self,
        inputs: Mapping[str, object],
        *,
        user: str,
        files: Sequence[LocalFile | RemoteFile] = (),
        waiting: Waiting | None = None,
        ready: Ready | None = None,
    ) -> AnswerStream:
        """An answer as it is written. `waiting` hears how many have to go before (0: your turn).

        `ready` is awaited when its turn has come, before the request leaves, and again before it
        leaves once more; it may stop the stream, and what it raises is raised.
        Entering the stream raises what the API refuses with; see `AnswerStream` for the rest.
        """
        body = _question(inputs, user, files, "streaming")

        async def open_once() -> httpx.Response:
            request = self._post("/completion-messages", body, client=self._long)
            return await open_response(self._long, request, seconds=self._patience.first_byte)

        async def send_stop(task_id: str) -> None:
            await self.stop(task_id, user=user)

        return AnswerStream(
            slot=self._slots.take(user, waiting),
            open_response=open_once,
            send_stop=send_stop,
            patience=self._patience,
            show_reasoning=self._show_reasoning,
            ready=ready,
        )

    async def complete(
        self,
        inputs: Mapping[str, object],
        *,
        user: str,
        files: Sequence[LocalFile | RemoteFile] = (),
        waiting: Waiting | None = None,
    ) -> Completion:
        """A whole answer at once; for short ones. It cannot be stopped."""
        body = _question(inputs, user, files, "blocking")
        async with self._slots.take(user, waiting):
            reply = await self._send_long(
                "/completion-messages",
                body,
                self._patience.blocking,
                hint="Long answers need streaming.",
            )
        try:
            completion = read_completion(reply.json())
        except ValueError:
            raise Unreadable from None
        if self._show_reasoning:
            return completion
        return replace(completion, answer=without_reasoning(completion.answer))

    async def stop(self, task_id: str, *, user: str) -> None:
        """Ask to stop a generation. The API says yes even to a task it does not know."""
        path = f"/completion-messages/{segment(task_id)}/stop"
        await self._send_short(path, {"user": checked_user(user)}, repeatable=True)

    async def upload(
        self, data: bytes, *, user: str, name: str = "", media_type: str = ""
    ) -> UploadedFile:
        """Hand over a picture for a question of the same `user`.

        The bytes decide over `media_type` and over the extension of `name`, which may both lie.
        """
        name, media_type = true_name(data, name, media_type)
        user = checked_user(user)
        seconds = self._patience.upload

        async def attempt() -> Reply:
            request = self._long.build_request(
                "POST",
                self._base_url + "/files/upload",
                data={"user": user},
                files={"file": (name, data, media_type)},
            )
            return await call(self._long, request, seconds=seconds)

        reply = await persist(attempt, repeatable=False, patience=self._patience)
        uploaded = read_file(reply.json())
        if not uploaded.id:
            raise Unreadable
        return uploaded

    async def rate(
        self, message_id: str, rating: Rating | None, *, user: str, content: str = ""
    ) -> None:
        """Set the rating of the person who asked, or take it back with None.

        Words left out are erased at the API. Only the asking `user` may rate, others get NotFound.
        """
        body: dict[str, object] = {"rating": rating, "user": checked_user(user)}
        if content:
            body["content"] = content.replace("\0", "")
        try:
            await self._send_short(
                f"/messages/{segment(message_id)}/feedbacks", body, repeatable=False
            )
        except InvalidInput:
            # The API refuses to take back a rating that is not there, which is what was wanted.
            if rating is not None:
                raise

    async def feedbacks(self, *, page_size: int = 100) -> AsyncIterator[Feedback]:
        """Every rating of the app, newest first, each once though pages shift while read."""
        if not 1 <= page_size <= FEEDBACK_PAGE_LIMIT:
            raise ValueError(f"a page has 1 to {FEEDBACK_PAGE_LIMIT} feedbacks")
        seen: set[str] = set()
        page = stale = 0
        while stale < STALE_PAGES:
            page += 1
            rows = await self._feedback_page(page, page_size)
            if not rows:
                return
            stale += 1
            for row in rows:
                if row.id not in seen:
                    stale = 0
                    seen.add(row.id)
                    yield row

    async def speak(
        self, *, user: str, text: str | None = None, message_id: str | None = None
    ) -> Speech:
        """Speech of a text, or of an answer by its id; the API prefers the id.

        Raises NoSpeech where it has nothing to say: an unknown id, an answer that is still empty.
        """
        body: dict[str, object] = {"user": checked_user(user)}
        if text is not None:
            body["text"] = text.replace("\0", "")
        if message_id is not None:
            body["message_id"] = message_id
        async with self._slots.take(user):
            reply = await self._send_long(
                "/text-to-audio", body, self._patience.speech, limit=SPEECH_LIMIT
            )
        return _speech(reply)

    async def info(self) -> AppInfo:
        return read_info(await self._get("/info"))

    async def parameters(self) -> Parameters:
        return read_parameters(await self._get("/parameters"))

    async def site(self) -> Site:
        return read_site(await self._get("/site"))

    async def _feedback_page(self, page: int, size: int) -> list[Feedback]:
        rows = (await self._get(f"/app/feedbacks?page={page}&limit={size}")).get("data")
        if not isinstance(rows, list):
            raise Unreadable
        return [read_feedback(row) for row in rows]

    async def _get(self, path: str) -> Mapping[str, object]:
        async def attempt() -> Mapping[str, object]:
            request = self._short.build_request("GET", self._base_url + path)
            reply = await call(self._short, request, seconds=self._patience.short)
            told = reply.json()
            if not isinstance(told, dict):
                raise Unreadable
            return told

        return await persist(attempt, repeatable=True, patience=self._patience)

    async def _send_short(self, path: str, body: Mapping[str, object], *, repeatable: bool) -> None:
        async def attempt() -> Reply:
            request = self._post(path, body, client=self._short)
            return await call(self._short, request, seconds=self._patience.short)

        reply = await persist(attempt, repeatable=repeatable, patience=self._patience)
        reply.json()

    async def _send_long(
        self,
        path: str,
        body: Mapping[str, object],
        seconds: float,
        *,
        limit: int = JSON_LIMIT,
        hint: str = "",
    ) -> Reply:
        async def attempt() -> Reply:
            request = self._post(path, body, client=self._long)
            return await call(self._long, request, seconds=seconds, limit=limit, hint=hint)

        return await persist(attempt, repeatable=False, patience=self._patience)

    def _post(self, path: str, body: Mapping[str, object], *, client: Sender) -> httpx.Request:
        # ASCII escapes carry any text, lone surrogates included, which UTF-8 does not.
        content = json.dumps(body, allow_nan=False).encode("ascii")
        return client.post_of(self._base_url + path, content)


def _question(
    inputs: Mapping[str, object],
    user: str,
    files: Sequence[LocalFile | RemoteFile],
    mode: Literal["streaming", "blocking"],
) -> Mapping[str, object]:
    body: dict[str, object] = {
        "inputs": dict(inputs),
        "response_mode": mode,
        "user": checked_user(user),
    }
    if files:
        body["files"] = [_file_reference(file) for file in files]
    return body


def _file_reference(file: LocalFile | RemoteFile) -> Mapping[str, str]:
    if isinstance(file, LocalFile):
        return {"type": "image", "transfer_method": "local_file", "upload_file_id": file.id}
    return {"type": "image", "transfer_method": "remote_url", "url": file.url}


def _speech(reply: Reply) -> Speech:
    if not reply.body or reply.body.strip() == b"null":
        raise NoSpeech
    sniffed = sniff(reply.body)
    if sniffed is not None and sniffed.media_type not in PICTURES:
        return Speech(data=reply.body, media_type=sniffed.media_type)
    if not reply.media_type.startswith("audio/"):
        raise Unreadable
    return Speech(data=reply.body, media_type=reply.media_type)
