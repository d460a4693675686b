"""The use cases: what the bot does for people, whatever the platform."""

from bot.service.cases import Service

__all__ = ["Service"]
