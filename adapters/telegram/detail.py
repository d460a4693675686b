"""The parts that tell each call, for whoever hunts a fault, in the place of the silent ones."""

from typing import Any

from telegram.request import RequestData

from adapters.telegram.errors import Refusal
from adapters.telegram.files import Files
from adapters.telegram.wire import Line
from bot import observe

_log = observe.get_logger(__name__)


class DetailedLine(Line):
    """Tells of each try, hence of calls that are made again as well."""

    __slots__ = ()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        *timeouts: Any,
        **named: Any,
    ) -> tuple[int, bytes]:
        with observe.step(_log, "telegram called", method=url.removeprefix("/")) as step:
            try:
                answer = await super().do_request(url, method, request_data, *timeouts, **named)
            except Refusal as refused:
                step |= {"status": refused.status, "why": refused.message}
                if refused.retry_after:
                    step["retry_after"] = refused.retry_after
                raise
            step["status"] = answer[0]
        return answer


class DetailedFiles:
    def __init__(self, files: Files) -> None:
        self._files = files

    async def aclose(self) -> None:
        await self._files.aclose()

    async def read(self, path: str, *, limit: int) -> bytes:
        with observe.step(_log, "a file of telegram's read") as step:
            data = await self._files.read(path, limit=limit)
            step["bytes"] = len(data)
        return data
