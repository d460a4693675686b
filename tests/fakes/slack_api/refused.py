"""How the server says no."""

from dataclasses import dataclass, field


class Refused(Exception):
    """A call that is answered with `ok: false`; `status` other than 200 where Slack does so."""

    def __init__(self, error: str, why: str = "", *, status: int = 200, retry_after: int = 0):
        super().__init__(f"{error}: {why}" if why else error)
        self.error = error
        self.why = why
        self.status = status
        self.retry_after = retry_after

    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after)} if self.retry_after else {}

    def body(self) -> dict[str, object]:
        body: dict[str, object] = {"ok": False, "error": self.error}
        if self.why:
            body["response_metadata"] = {"messages": [f"[ERROR] {self.why}"]}
        return body


def invalid(why: str) -> Refused:
    return Refused("invalid_arguments", why)


def too_many(seconds: int) -> Refused:
    return Refused("ratelimited", status=429, retry_after=seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A call that was refused, for tests to read."""

    method: str
    team: str
    error: str
    why: str = ""
    at: float = 0.0
    arguments: dict[str, object] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        return f"{self.method}: {self.error}" + (f" ({self.why})" if self.why else "")


# What a bot without fault never hears: it asked for something that cannot be.
OWN_FAULT = frozenset(
    {
        "cannot_reply_to_message",
        "exchanged_trigger_id",
        "file_not_found",
        "invalid_arguments",
        "invalid_auth",
        "invalid_blocks",
        "invalid_name",
        "invalid_thread_ts",
        "invalid_trigger_id",
        "invalid_uploads",
        "json_not_supported",
        "markdown_text_conflict",
        "message_not_owned_by_app",
        "missing_recipient_team_id",
        "missing_recipient_user_id",
        "missing_scope",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
        "not_authed",
        "streaming_state_conflict",
        "team_not_found",
        "user_not_found",
        "view_too_large",
    }
)
