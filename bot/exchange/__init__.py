"""HTTP/1.1 for calls that are made all the time: a small request, and what comes back for it."""

from bot.exchange.connection import Broken, Exchange, Failure, NotSent, Silent, TooLong
from bot.exchange.pool import Head, Origin, Pool

__all__ = [
    "Broken",
    "Exchange",
    "Failure",
    "Head",
    "NotSent",
    "Origin",
    "Pool",
    "Silent",
    "TooLong",
]
