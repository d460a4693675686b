"""A local Completion API: the double of the tests, the demonstration, the load generator.

It is written from recordings of Dify 1.14.1 and shares no code with the client it answers.
Names are loaded when they are first used, so that looking at a fault's name costs no server.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.sandbox.app import Running, build, serve
    from bot.sandbox.config import Config
    from bot.sandbox.faults import FAULTS, UnknownFault
    from bot.sandbox.state import StateUnavailable
    from bot.sandbox.writer import EngineUnavailable

__all__ = [
    "FAULTS",
    "Config",
    "EngineUnavailable",
    "Running",
    "StateUnavailable",
    "UnknownFault",
    "build",
    "serve",
]

_HOMES = {
    "FAULTS": "faults",
    "Config": "config",
    "EngineUnavailable": "writer",
    "Running": "app",
    "StateUnavailable": "state",
    "UnknownFault": "faults",
    "build": "app",
    "serve": "app",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
