"""A message that grows: an answer on a screen while it is written."""

from bot.live.ending import Length
from bot.live.part import Screens
from bot.live.reply import LiveReply

__all__ = ["Length", "LiveReply", "Screens"]
