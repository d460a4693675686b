"""Slack: one room for everything that knows Slack."""
