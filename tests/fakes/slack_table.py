"""One workspace of our own Slack with somebody in it, and calls with the app's token."""

from tests.fakes.slack_api import Seat, Slack


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Table:
    """A Slack with one workspace, one channel and one direct message, and calls with its token."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.slack = Slack(self.clock)
        self.slack.tiers.enforced = False
        self.team = self.slack.team()
        self.ada = self.slack.person("Ada")
        self.dm = self.slack.dm(self.ada)
        self.room = self.slack.channel(self.ada)
        self.seat = self.room.seat(self.ada)

    def call(self, method: str, /, **given: object) -> dict[str, object]:
        _, _, body = self.slack.call(self.slack.token(self.team), method, given)
        return body

    def error(self, method: str, /, **given: object) -> str:
        return str(self.call(method, **given).get("error", ""))

    def started(self, seat: Seat, text: str = "") -> tuple[str, str]:
        """Channel and ts of a new stream below a message of the person's."""
        root = seat.say("hello")
        given = {"channel": seat.channel.id, "thread_ts": root.ts, "markdown_text": text}
        if not seat.channel.private:
            given |= {"recipient_user_id": self.ada.id, "recipient_team_id": self.ada.team}
        return seat.channel.id, str(self.call("chat.startStream", **given)["ts"])


def rating() -> dict[str, object]:
    """A block of feedback buttons, "Good" and "Bad"."""

    def side(label: str) -> dict[str, object]:
        return {"text": {"type": "plain_text", "text": label}, "value": label.lower()}

    element = {
        "type": "feedback_buttons",
        "action_id": "rate",
        "positive_button": side("Good"),
        "negative_button": side("Bad"),
    }
    return {"type": "context_actions", "elements": [element]}
