"""Telegram: messages in, answers that grow out, for one bot account or several."""
