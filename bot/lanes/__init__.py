"""The inbox carried by this process: a lane's work in order, lanes side by side."""

from bot.lanes.lanes import DONE, FAILED, TALKS, Lanes, Perform, Rows, Verdict
from bot.lanes.queue import Recent

__all__ = ["DONE", "FAILED", "TALKS", "Lanes", "Perform", "Recent", "Rows", "Verdict"]
