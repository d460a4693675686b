"""Any endpoint that speaks OpenAI's chat completions: a local Ollama, vLLM, or a paid service."""

import base64
import json
import re
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import aiohttp

from bot.sandbox.engines.prompting import background, clean
from bot.sandbox.writer import EngineUnavailable, Task, WriterFault

CONNECT = 10.0  # seconds
SILENCE = 120.0  # seconds without a byte: a large model may read a long prompt that long
# One line carries a few tokens, or in the worst case a whole answer.
LONGEST_LINE = 1024 * 1024
LONGEST_BODY = 4 * 1024 * 1024
# Providers explain themselves in a sentence or two; what follows is a trace or a page.
LONGEST_MESSAGE = 300

_KEY_LIKE = re.compile(r"\b(?:sk|key|pk|gsk)[-_][\w*.-]{6,}|\bBearer\s+\S+", re.I)


class OpenAIEngine:
    name = "openai"

    def __init__(self, upstream: str, *, key: str, model: str, silence: float = SILENCE) -> None:
        """`upstream` is the base URL; to be called on a running loop. Raises EngineUnavailable."""
        self._url = f"{_checked(upstream)}/chat/completions"
        if not model:
            raise EngineUnavailable("Name the model that the upstream is to use.")
        if not re.fullmatch(r"[!-~]*", key):
            raise EngineUnavailable("The upstream's key holds characters no key can have.")
        self._key = key
        self._model = model
        self._session = aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT, sock_read=silence),
        )

    def __repr__(self) -> str:
        return f"OpenAIEngine({self._url!r}, model={self._model!r})"

    async def write(self, task: Task) -> AsyncIterator[str]:
        """Closing the generator closes the connection, by which the upstream stops."""
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        try:
            # A redirect could carry the key elsewhere.
            async with self._session.post(
                self._url, json=self._body(task), headers=headers, allow_redirects=False
            ) as response:
                try:
                    async for piece in self._answer(response):
                        yield piece
                finally:
                    response.close()
        except aiohttp.ClientConnectorError as error:
            raise WriterFault("The upstream cannot be reached. Check that it runs.") from error
        except TimeoutError as error:
            raise WriterFault("The upstream fell silent.") from error
        except aiohttp.ClientError as error:
            raise WriterFault("The upstream broke off.") from error

    async def close(self) -> None:
        await self._session.close()

    def _body(self, task: Task) -> dict[str, object]:
        prompt = clean(task.prompt)
        content: object = prompt
        if task.pictures:
            parts: list[object] = [{"type": "text", "text": prompt}]
            for picture in task.pictures:
                encoded = base64.b64encode(picture.data).decode()
                url = f"data:{picture.media_type};base64,{encoded}"
                parts.append({"type": "image_url", "image_url": {"url": url}})
            content = parts
        messages = [{"role": "user", "content": content}]
        if told := background(task):
            messages.insert(0, {"role": "system", "content": told})
        return {"model": self._model, "messages": messages, "stream": True}

    async def _answer(self, response: aiohttp.ClientResponse) -> AsyncIterator[str]:
        thought = _Thought()
        async for event in self._events(response):
            for piece in thought.pieces(event):
                yield piece
        if thought.open:
            yield thought.close()

    async def _events(self, response: aiohttp.ClientResponse) -> AsyncIterator[dict[str, object]]:
        if response.status != 200:
            detail = self._safe(_decode(await _read(response)))
            raise WriterFault(f"The upstream refused with status {response.status}{detail}")
        if response.content_type == "application/json":  # it does not stream
            yield self._checked_event(await _read(response))
            return
        ended = False
        async for data in _data(response):
            if data == b"[DONE]":
                return
            event = self._checked_event(data)
            ended = ended or _has_ended(event)
            yield event
        if not ended:
            raise WriterFault("The upstream broke off before the answer was complete.")

    def _checked_event(self, data: bytes) -> dict[str, object]:
        event = _decode(data)
        if not isinstance(event, dict):
            raise WriterFault("The upstream sent something that cannot be read.")
        if event.get("error"):
            raise WriterFault(f"The upstream failed{self._safe(event)}")
        return event

    def _safe(self, event: object) -> str:
        """What went wrong in the upstream's words: one line, no key, not too long."""
        message = event
        for _ in range(3):
            if isinstance(message, dict):
                found = (message.get(name) for name in ("error", "message", "detail"))
                message = next((value for value in found if value), "")
        if not isinstance(message, str) or not message.strip():
            return "."
        text = " ".join(message.split())
        if self._key:
            text = text.replace(self._key, "[key]")
        text = _KEY_LIKE.sub("[key]", text)
        return f": {text[:LONGEST_MESSAGE]}"


class _Thought:
    """Reasoning between <think> tags, as Dify puts it into the answer."""

    def __init__(self) -> None:
        self.open = False

    def pieces(self, event: dict[str, object]) -> Iterator[str]:
        match event:
            case {"choices": [{"delta": dict(said)}, *_]}:
                pass
            case {"choices": [{"message": dict(said)}, *_]}:
                pass
            case _:
                return
        # vLLM, SGLang and DeepSeek say reasoning_content, Ollama and OpenRouter reasoning.
        thinking = said.get("reasoning_content") or said.get("reasoning")
        if isinstance(thinking, str) and thinking:
            yield thinking if self.open else f"<think>\n{thinking}"
            self.open = True
        text = said.get("content")
        if isinstance(text, str) and text:
            yield self.close() + text if self.open else text

    def close(self) -> str:
        self.open = False
        return "\n</think>\n"


def _has_ended(event: dict[str, object]) -> bool:
    match event:
        case {"choices": [{"finish_reason": str()}, *_]}:
            return True
    return False


def _decode(data: bytes) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


async def _data(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """What stands on each data line, parted at LF: JSON strings may hold U+2028 and its like."""
    rest = b""
    async for chunk in response.content.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            name, _, value = line.partition(b":")
            if name == b"data" and value.strip():
                yield value.strip()
        if len(rest) > LONGEST_LINE:
            raise WriterFault("The upstream sent a line without end.")


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = b""
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > LONGEST_BODY:
            raise WriterFault("The upstream sent more than an answer can be.")
    return body


def _checked(upstream: str) -> str:
    cure = "Set it to a base URL such as http://127.0.0.1:11434/v1."
    try:
        url = urlsplit(upstream)
        usable = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        url, usable = urlsplit(""), False
    if not usable:
        raise EngineUnavailable(f"PARLEY_SANDBOX_UPSTREAM is no web address. {cure}")
    if url.username or url.password or url.query or url.fragment:
        raise EngineUnavailable(
            f"PARLEY_SANDBOX_UPSTREAM holds more than an address; a key goes elsewhere. {cure}"
        )
    return upstream.rstrip("/")
