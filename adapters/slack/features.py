"""What a workspace can do: believed until Slack says otherwise."""

from typing import Literal

from bot.observe import get_logger

_log = get_logger(__name__)

Feature = Literal[
    "streams", "sessions", "thread_status", "prompts", "feedback_buttons", "markdown_block"
]


class Features:
    """Latches: each is on until Slack refuses it, and stays off until the next start.

    `streams`: messages that grow natively · `sessions`: the status with Slack's own Stop ·
    `thread_status`: the line of words under a thread · `prompts`: suggested prompts ·
    `feedback_buttons`: the thumbs under an answer · `markdown_block`: Markdown beside other blocks.
    """

    def __init__(self, team: str) -> None:
        self._team = team
        self._off: set[Feature] = set()

    def has(self, feature: Feature) -> bool:
        return feature not in self._off

    def switch_off(self, feature: Feature, code: str = "") -> None:
        """Slack refused it, with `code`."""
        if feature not in self._off:
            self._off.add(feature)
            _log.warning("slack lacks a feature", team=self._team, feature=feature, code=code)

    @property
    def streams(self) -> bool:
        return self.has("streams")

    @property
    def sessions(self) -> bool:
        return self.has("sessions")

    @property
    def thread_status(self) -> bool:
        return self.has("thread_status")

    @property
    def prompts(self) -> bool:
        return self.has("prompts")

    @property
    def feedback_buttons(self) -> bool:
        return self.has("feedback_buttons")

    @property
    def markdown_block(self) -> bool:
        return self.has("markdown_block")
