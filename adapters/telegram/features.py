"""What this server can do: believed until it says otherwise."""

from typing import Literal

from adapters.telegram.errors import Unsupported
from bot.observe import get_logger

_log = get_logger(__name__)

Feature = Literal["draft", "draft_stop", "rich", "force_reply_keyboard", "button_style"]


class Features:
    """Latches: each is on until the server refuses it, and stays off until the next start.

    `draft`: sendMessageDraft · `draft_stop`: its Stop button · `rich`: rich messages ·
    `force_reply_keyboard`: buttons that also open a reply · `button_style`: coloured buttons.
    """

    def __init__(self) -> None:
        self._off: set[Feature] = set()

    def has(self, feature: Feature) -> bool:
        return feature not in self._off

    def switch_off(self, feature: Feature) -> None:
        """The server refused it."""
        if feature not in self._off:
            self._off.add(feature)
            _log.warning("telegram lacks a feature", feature=feature)

    def latch(self, feature: Feature) -> "Latch":
        """Around a call: `feature` is off when the server does not know the method."""
        return Latch(self, feature)

    @property
    def draft(self) -> bool:
        return self.has("draft")

    @property
    def draft_stop(self) -> bool:
        return self.has("draft_stop")

    @property
    def rich(self) -> bool:
        return self.has("rich")

    @property
    def force_reply_keyboard(self) -> bool:
        return self.has("force_reply_keyboard")

    @property
    def button_style(self) -> bool:
        return self.has("button_style")


class Latch:
    """A class, since every frame passes here and a generator takes five times as long."""

    __slots__ = ("_feature", "_features")

    def __init__(self, features: Features, feature: Feature) -> None:
        self._features = features
        self._feature = feature

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        if isinstance(error, Unsupported):
            self._features.switch_off(self._feature)
