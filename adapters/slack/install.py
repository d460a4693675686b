"""Installing by oneself: a link that leads to Slack, and the way back."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from adapters.slack.consent import LIFE, Consents
from adapters.slack.errors import Refused
from adapters.slack.grants import Grants
from adapters.slack.installed import Installed
from adapters.slack.manifest import EDIT_SCOPES, INSTALL_PATH, REDIRECT_PATH, SCOPES
from bot import observe
from bot.surface import SurfaceError

COOKIE: Final = "parley-slack-install"

_HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

_log = observe.get_logger(__name__)


class Install:
    """What the one HTTP server serves for installing.

    `api_url` tells whose consent page it is; `edits` is as in the manifest.
    """

    def __init__(
        self,
        installed: Installed,
        grants: Grants,
        consents: Consents,
        *,
        client_id: str,
        public_url: str,
        api_url: str,
        edits: bool = False,
    ) -> None:
        self._installed = installed
        self._grants = grants
        self._consents = consents
        self._client_id = client_id
        self._public_url = public_url.rstrip("/")
        self._scopes = ",".join((*SCOPES, *(EDIT_SCOPES if edits else ())))
        self._slack = api_url.rstrip("/").removesuffix("/api")

    def routes(self) -> Sequence[web.RouteDef]:
        # Whoever only looks where the link back leads must not use it up.
        back = web.get(REDIRECT_PATH, self._return, allow_head=False)
        return [web.get(INSTALL_PATH, self._begin), back]

    async def run(self) -> None:
        """Until cancelled. After the start an older key is needed no longer."""
        try:
            await self._seal_anew()
            await asyncio.Event().wait()
        finally:
            await self._installed.settle()

    async def uninstalled(self, *, team: str, enterprise: str, org: bool, at: datetime) -> None:
        """Slack told so, at `at`: what is older than that goes, with all that was said there."""
        key = enterprise if org or not team else team
        if key and await self._installed.remove(key, at):
            _log.info("slack workspace is gone", workspace=key)

    async def _seal_anew(self) -> None:
        try:
            await self._installed.renew()
        except SurfaceError as error:
            _log.warning("slack tokens are not sealed anew", why=str(error))

    async def _begin(self, request: web.Request) -> web.StreamResponse:
        state, cookie = self._consents.begin(request.cookies.get(COOKIE, ""))
        asked = {
            "client_id": self._client_id,
            "scope": self._scopes,
            "redirect_uri": self._public_url + REDIRECT_PATH,
            "state": state,
        }
        response = web.Response(
            status=HTTPStatus.FOUND,
            headers={
                **_HEADERS,
                "Location": f"{self._slack}/oauth/v2/authorize?{urlencode(asked)}",
            },
        )
        parts = urlsplit(self._public_url)
        response.set_cookie(
            COOKIE,
            cookie,
            max_age=int(LIFE),
            path=parts.path + REDIRECT_PATH.rpartition("/")[0],
            secure=parts.scheme == "https",
            httponly=True,
            samesite="Lax",
        )
        return response

    async def _return(self, request: web.Request) -> web.StreamResponse:
        query = request.query
        state, code = query.get("state", ""), query.get("code", "")
        if not self._consents.redeem(state, request.cookies.get(COOKIE, "")):
            return self._page(
                HTTPStatus.BAD_REQUEST,
                "This link is used up",
                "It is good for ten minutes, once, and in the browser in which you began.",
            )
        if query.get("error") == "access_denied":
            return self._page(HTTPStatus.OK, "Nothing was installed", "You can do so at any time.")
        if query.get("error") or not code:
            return self._page(
                HTTPStatus.BAD_REQUEST, "Slack did not agree", "Nothing was installed."
            )
        return await self._redeem(code)

    async def _redeem(self, code: str) -> web.Response:
        try:
            found = await self._grants.redeem(code, self._public_url + REDIRECT_PATH)
            await self._installed.install(found)
        except SurfaceError as error:
            why = error.code if isinstance(error, Refused) else type(error).__name__
            _log.error("a slack workspace cannot install the app", why=why)
            return self._page(
                HTTPStatus.BAD_GATEWAY,
                "Slack could not finish",
                "Nothing was installed. Try again in a moment.",
            )
        _log.info("slack workspace has installed the app", workspace=found.key)
        where = {"app": found.app, **({"team": found.team} if found.team else {})}
        return self._page(
            HTTPStatus.OK,
            f"Installed in {found.name or found.key}",
            "Write to the app, mention it in a channel, or choose its shortcuts."
            if found.team
            else "An administrator of the organisation now adds it to workspaces.",
            link=(f"{self._slack}/app_redirect?{urlencode(where)}", "Open Slack"),
        )

    def _page(
        self, status: HTTPStatus, title: str, words: str, link: tuple[str, str] | None = None
    ) -> web.Response:
        address, label = link or (self._public_url + INSTALL_PATH, "Begin again")
        text = _PAGE.format(
            title=escape(title), words=escape(words), address=escape(address), label=escape(label)
        )
        return web.Response(status=status, text=text, content_type="text/html", headers=_HEADERS)


_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
  :root {{ color-scheme: light dark }}
  body {{ font: 17px/1.5 system-ui, sans-serif; max-width: 32rem; margin: 15vh auto;
          padding: 0 1rem }}
  h1 {{ font-size: 1.5rem; overflow-wrap: anywhere }}
  a {{ display: inline-block; padding: .6rem 1.2rem; border-radius: .5rem; text-decoration: none;
       background: #1c64f2; color: #fff }}
  a:focus-visible {{ outline: 3px solid; outline-offset: 2px }}
</style>
<h1>{title}</h1>
<p>{words}</p>
<p><a href="{address}">{label}</a></p>
</html>
"""
