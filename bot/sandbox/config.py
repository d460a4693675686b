"""What can be set about a sandbox."""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """One sandbox server.

    `engine` writes for the key `app-sandbox`: `offline`, `local`, or `openai` with an upstream.
    `state_file` keeps messages, files and feedback over a restart; empty keeps them in memory.
    Either way the oldest go when there are many (`state.Bounds`).
    `fault` is a fault of `faults.FAULTS` that every answer and every speech suffers.
    `busy_status` is how too many requests are answered: 400 as recorded, or the documented 429.
    `word_delay` slows an engine down, in seconds a piece. `speed` is for tests: 20 lets time pass
    twenty times faster, pings included.
    """

    host: str = "127.0.0.1"
    port: int = 8787
    engine: str = "offline"
    upstream: str = ""
    upstream_key: str = field(default="", repr=False)
    upstream_model: str = ""
    state_file: str = ""
    fault: str = ""
    busy_status: Literal[400, 429] = 400
    word_delay: float = 0.0
    speed: float = 1.0
