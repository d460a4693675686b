"""An httpx client on our transport, and what its errors give away."""

import contextlib
from collections.abc import AsyncIterator

import httpx

from bot.completion.transport import Transport

KEY = "app-very-secret"
# What means that not one byte of the request left.
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.LocalProtocolError)


@contextlib.asynccontextmanager
async def client(
    *,
    connect: float | None = 2.0,
    read: float | None = 2.0,
    write: float | None = 2.0,
    transport: Transport | None = None,
) -> AsyncIterator[httpx.AsyncClient]:
    timeout = httpx.Timeout(connect=connect, read=read, write=write, pool=None)
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(
        transport=transport or Transport(), timeout=timeout, headers=headers
    ) as session:
        yield session


def all_that_an_error_tells(error: BaseException | None) -> str:
    told = ""
    while error is not None:
        told += f"{error} {error!r} {error.args!r}"
        error = error.__cause__ or error.__context__
    return told
