"""Settings from the environment and `.env`: every fault at once, no secret ever printed."""

from bot.settings.faults import Fault, SettingsError
from bot.settings.loading import load
from bot.settings.model import Settings
from bot.settings.values import is_local

__all__ = ["Fault", "Settings", "SettingsError", "is_local", "load"]
