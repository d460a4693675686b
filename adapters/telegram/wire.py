"""PTB's bot on a line that knows the token: nothing of PTB's ever holds, logs or raises it."""

import json
from collections.abc import Mapping
from typing import Any, Final, TypedDict

import msgspec
from telegram import Bot
from telegram._utils.defaultvalue import DefaultValue
from telegram.request import BaseRequest, RequestData
from telegram.request._requestparameter import RequestParameter

from adapters.telegram.errors import Broken, refusal

PLACE: Final = "message_id", "date", "chat"
"""What is read of a message that we sent: making objects of its entities, of its buttons and of
what it replies to costs as much as sending it."""


class Timeouts(TypedDict):
    """Seconds; PTB's arguments of every method."""

    connect_timeout: float
    write_timeout: float
    read_timeout: float


class Line(BaseRequest):
    """Carries the calls of one bot: the token goes into the address here, and nowhere else.

    Answers other than 2xx are raised as `Refusal`, with the server's words.
    """

    __slots__ = ("_api", "_request")

    def __init__(self, request: BaseRequest, *, api_url: str, token: str) -> None:
        self._request = request
        self._api = f"{api_url}/bot{token}"

    @property
    def read_timeout(self) -> float | None:
        return self._request.read_timeout

    async def initialize(self) -> None:
        await self._request.initialize()

    async def shutdown(self) -> None:
        await self._request.shutdown()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        status, payload = await self._request.do_request(
            self._api + url,
            method,
            request_data,
            read_timeout,
            write_timeout,
            connect_timeout,
            pool_timeout,
        )
        if not 200 <= status < 300:
            raise refusal(status, payload)
        return status, payload

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Raises Broken for what is no answer of the Bot API, and logs nothing of it."""
        try:
            try:
                answer = msgspec.json.decode(payload)
            except msgspec.DecodeError:  # half a surrogate pair, which only `json` takes
                answer = json.loads(payload.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict) or "result" not in answer:
            raise Broken("the answer is none of the Bot API's")
        return answer


class Wire(Bot):
    """PTB's methods, and `raw` for what PTB does not know or would take apart.

    It is never initialized: that would ask for the bot's name before anybody can wait for it.
    """

    def __init__(self, line: Line, polling: Line, *, id: str) -> None:
        super().__init__(
            token=id,  # all that PTB needs of it
            base_url=lambda _: "",
            base_file_url=lambda _: "",
            request=line,
            get_updates_request=polling,
        )
        self._straight = line

    async def raw(
        self, method: str, parameters: Mapping[str, object], timeouts: Timeouts
    ) -> object:
        """The result as JSON. Parameters that are None are left out."""
        given = {name: value for name, value in parameters.items() if value is not None}
        return await super()._do_post(method, given, **timeouts)

    async def quick(
        self, method: str, parameters: Mapping[str, object], timeouts: Timeouts
    ) -> object:
        """As `raw`, past everything that PTB does for a call: for what is called all the time."""
        given = [
            RequestParameter(name, value, None)
            for name, value in parameters.items()
            if value is not None
        ]
        _, payload = await self._straight.do_request(
            f"/{method}",
            "POST",
            RequestData(given),
            timeouts["read_timeout"],
            timeouts["write_timeout"],
            timeouts["connect_timeout"],
        )
        return self._straight.parse_json_payload(payload)["result"]

    async def quick_message(
        self, method: str, parameters: Mapping[str, object], timeouts: Timeouts
    ) -> int:
        """The id of the message that this leaves in a chat; as `quick`."""
        sent = await self.quick(method, parameters, timeouts)
        if not isinstance(sent, dict) or any(name not in sent for name in PLACE):
            raise Broken("the answer is no message")
        if not isinstance(id := sent["message_id"], int):
            raise Broken("the message has no id")
        return id

    def _insert_defaults(self, data: dict[str, object]) -> None:
        # PTB looks through everything for media, which never comes this way: a tenth of a frame.
        for name, value in data.items():
            if isinstance(value, DefaultValue):
                data[name] = value.value

    async def _do_post(self, endpoint: str, data: dict[str, Any], **timeouts: Any) -> Any:
        result = await super()._do_post(endpoint, data, **timeouts)
        if endpoint.startswith("edit"):
            return True  # as for a message of inline mode; whoever edits one knows it
        if not endpoint.startswith("send") or result is True:
            return result
        if not isinstance(result, dict) or any(name not in result for name in PLACE):
            raise Broken("the answer is no message")
        return {name: result[name] for name in PLACE}
