"""The shapes of answers and refusals: which key first, which separators, which page of HTML."""

import json
from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web

VERSION = "1.14.1"  # the Dify whose answers were recorded

HEADERS = {
    "X-Version": VERSION,
    "X-Env": "PRODUCTION",
    "Access-Control-Allow-Origin": "*",
    "Server": "parley-sandbox",
}

MESSAGES = {
    "app_unavailable": "App unavailable, please check your app configurations.",
    "bad_request": "The browser (or proxy) sent a request that this server could not understand.",
    "file_too_large": "File size exceeded. {message}",  # the braces were recorded like this
    "filename_not_exists_error": "The specified filename does not exist.",
    "internal_server_error": "The server encountered an internal error and was unable to complete "
    "your request. Either the server is overloaded or there is an error in the application.",
    "method_not_allowed": "The method is not allowed for the requested URL.",
    "no_file_uploaded": "Please upload your file.",
    "too_many_files": "Only one file is allowed.",
    "unsupported_file_type": "File type not allowed.",
    "unsupported_media_type": "Did not attempt to load JSON data because the request Content-Type "
    "was not 'application/json'.",
}

NOT_FOUND_PAGE = (
    "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n"
    "<p>The requested URL was not found on the server. If you entered the URL manually please "
    "check your spelling and try again.</p>\n"
)
WORKER_PAGE = (
    "<html>\n  <head>\n    <title>Internal Server Error</title>\n  </head>\n  <body>\n"
    "    <h1><p>Internal Server Error</p></h1>\n    \n  </body>\n</html>\n"
)


class Refusal(Exception):
    """A request answered with the API's error object; `message` defaults to the recorded one."""

    def __init__(self, status: int, code: str, message: str = "") -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message or MESSAGES[code]


class InvalidParam(Refusal):
    """What Dify answers to any ValueError: 400, the text of the error as the message."""

    def __init__(self, message: str) -> None:
        super().__init__(400, "invalid_param", message)


class Crash(Exception):
    """A request on which Dify itself trips: 500, with the keys in an order of their own."""


class Page(Exception):
    """An answer that is not the API's: a page of the web server or of a proxy before it."""

    def __init__(
        self,
        status: int,
        text: str,
        media_type: str = "text/html",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status)
        self.status = status
        self.text = text
        self.media_type = media_type
        self.headers = headers or {}


def proxy_page(status: int) -> Page:
    """The page nginx shows in place of the API."""
    title = f"{status} {HTTPStatus(status).phrase}"
    return Page(
        status,
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1>"
        "</center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n",
    )


def dumps(payload: object) -> bytes:
    """JSON as Flask writes it: spaces after separators, ASCII only, a newline at the end."""
    return json.dumps(payload).encode() + b"\n"


def compact(payload: object) -> bytes:
    """JSON as the stream carries it: no spaces, UTF-8, line separators as they are."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def answer(payload: object, status: int = 200) -> web.Response:
    return web.Response(
        status=status,
        reason=reason(status),
        body=dumps(payload),
        headers={"Content-Type": "application/json"},
    )


def success() -> web.Response:
    return answer({"result": "success"})


def reason(status: int) -> str:
    return HTTPStatus(status).phrase.upper()


def refused(refusal: Refusal) -> web.Response:
    response = answer(
        {"code": refusal.code, "message": refusal.message, "status": refusal.status},
        refusal.status,
    )
    if refusal.status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="api"'
    return response


def crashed() -> web.Response:
    return answer({"message": "Internal Server Error", "code": "unknown", "status": 500}, 500)


def page(shown: Page) -> web.Response:
    return web.Response(
        status=shown.status,
        reason=reason(shown.status),
        text=shown.text,
        content_type=shown.media_type,
        charset="utf-8",
        headers=dict(shown.headers),
    )


def not_found() -> Page:
    return Page(404, NOT_FOUND_PAGE)
