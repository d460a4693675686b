"""The composition root: settings in, running parts out; the only room that knows every other."""

from bot.compose.api import (
    SANDBOX_KEY,
    Api,
    SandboxError,
    best_engine,
    completion,
    open_api,
    sandbox_server,
)
from bot.compose.stopping import until_told_to_stop

__all__ = [
    "SANDBOX_KEY",
    "Api",
    "SandboxError",
    "best_engine",
    "completion",
    "open_api",
    "sandbox_server",
    "until_told_to_stop",
]
