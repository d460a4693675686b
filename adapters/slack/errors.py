"""What goes wrong on the way to Slack, and what it means for a message.

SurfaceError
├── RateLimited       429, or a body that says so; `scope` names the budget
├── Gone              the message, its thread or the file is not there or can no longer be changed
├── Forbidden         not in the channel, archived, without the right to speak, not installed
├── Expired           a response_url is used up or too old
│   └── BadTrigger        a trigger_id came too late, or was used
├── Stopped           the person pressed Slack's own Stop; the stream has ended
├── TooLarge          a file beyond what Slack takes
├── Unreachable       no answer, or none that can be read
└── Refused           any other no; `code` holds Slack's word for it
    ├── NoStream          the message is not streaming, or cannot: it may be posted or edited
    ├── TooLong           more text or blocks than one message holds
    ├── NoUpload          files of this kind, or any, are not taken
    ├── Conflict          somebody else changed the view meanwhile
    ├── Unsupported       this workspace does not know the method or the block; its latch is off
    │   └── MissingScope      the app was installed without the right to this
    └── Unauthorized      the token is wrong or revoked
"""

import re
from collections.abc import Mapping
from typing import Final, TypeAlias

import msgspec

from bot.surface import (
    Expired,
    Forbidden,
    Gone,
    RateLimited,
    Stopped,
    SurfaceError,
    TooLarge,
    Unreachable,
)

Json: TypeAlias = dict[str, object]

DEFAULT_WAIT: Final = 10.0
"""Seconds of quiet after a 429 that names none; Slack's own are 1 to 60."""

_LONGEST: Final = 86_400.0
"""Seconds of quiet that are believed."""

_CODE = re.compile(r"[a-zA-Z0-9_.:-]{1,80}")
_POINTER = re.compile(r"json-pointer:(/[a-z0-9_/]{1,80})")
_TYPE = re.compile(r"unsupported type: ([a-z_]{1,40})")


class Refused(SurfaceError):
    """Slack does not do this. `code`: its word for why.

    `pointers`: the places in the blocks or the view that it names, such as "/blocks/1".
    `types`: the kinds of block or element that it does not know. `needed`: the scope that the app
    would have to have.
    """

    def __init__(
        self,
        code: str = "",
        *,
        pointers: tuple[str, ...] = (),
        types: tuple[str, ...] = (),
        needed: str = "",
    ) -> None:
        super().__init__(code)
        self.code = code
        self.pointers = pointers
        self.types = types
        self.needed = needed


class NoStream(Refused):
    """The message does not stream (any more), or none can here; it may be posted or edited."""


class TooLong(Refused):
    """One message does not hold so much text, or so many blocks."""


class NoUpload(Refused):
    """Files of this kind, or any, are not taken here."""


class Conflict(Refused):
    """The view was changed meanwhile; it is to be built anew."""


class Unsupported(Refused):
    """This workspace does not know the method or the block; the latch is off now."""


class MissingScope(Unsupported):
    """The app was installed without the right to this."""


class Unauthorized(Refused):
    """The token is wrong, revoked, or not allowed this."""


class BadTrigger(Expired):
    """The trigger of a modal came too late, or was used already."""


class NotSent(Exception):
    """No connection: not one byte of the request left."""


class Lost(Exception):
    """No answer, or none that can be read: the call may have been heard."""


class Overlong(Exception):
    """A body has more bytes than may be read."""


def verdict(
    status: int, headers: Mapping[str, str], body: bytes, *, scope: str, creates: bool
) -> Json:
    """The answer to a call. Raises SurfaceError for every no.

    `scope` is the budget a 429 is about. A call that `creates` something may have been heard when
    the answer cannot be read: it is not to be made again.
    """
    answer = _decoded(body)
    if status == 429:
        raise RateLimited(quiet(headers), scope=scope)
    if answer is None or "ok" not in answer:
        raise _unreadable(status, creates=creates)
    if answer["ok"] is True:
        return answer
    code = plain_code(answer.get("error"))
    if code in _LIMITED:
        raise RateLimited(quiet(headers), scope=scope)
    if code in _TROUBLE:
        raise Unreachable(sent=creates and code not in _DID_NOTHING)
    kind = KINDS.get(code, Refused)
    if not issubclass(kind, Refused):
        raise kind(code)
    words = " ".join(_details(answer))
    raise kind(
        code,
        pointers=tuple(_POINTER.findall(words)),
        types=tuple(_TYPE.findall(words)),
        needed=plain_code(answer.get("needed")) if "needed" in answer else "",
    )


def quiet(headers: Mapping[str, str]) -> float:
    """Seconds that a 429 asks for."""
    for name, value in headers.items():
        if name.lower() == "retry-after" and re.fullmatch(r"\d{1,9}(\.\d+)?", value.strip()):
            return min(max(1.0, float(value)), _LONGEST)
    return DEFAULT_WAIT


def plain_code(code: object) -> str:
    """Slack's word for an error, for comparing and for logs; "unreadable" for what is none."""
    return code if isinstance(code, str) and _CODE.fullmatch(code) else "unreadable"


def _decoded(body: bytes) -> Json | None:
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _unreadable(status: int, *, creates: bool) -> SurfaceError:
    if status == 413:
        return TooLarge("more than Slack takes")
    if 300 <= status < 500 and status != 408:
        # Not Slack's way to say no: a proxy, or an address that is not the Web API.
        return Refused(f"http_{status}")
    return Unreachable(sent=creates)


def _details(answer: Json) -> list[str]:
    metadata = answer.get("response_metadata")
    messages = metadata.get("messages") if isinstance(metadata, dict) else None
    lines = [messages, answer.get("errors"), answer.get("detail")]
    return [str(line)[:2000] for line in lines if line]


_LIMITED: Final = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})

_DID_NOTHING: Final = frozenset(
    {"service_unavailable", "request_timeout", "team_added_to_org", "external_channel_migrating"}
)
_TROUBLE: Final = _DID_NOTHING | {
    "fatal_error",
    "internal_error",
    "update_failed",
    "messaging_processing_failed",
    "file_update_failed",
}
"""Slack's own trouble, which passes. With a fatal or an internal one it may have acted."""

_CODES: Final[Mapping[type[SurfaceError], str]] = {
    Gone: """
        message_not_found cant_update_message edit_window_closed is_inactive
        message_not_owned_by_app cannot_reply_to_message thread_not_found invalid_thread_ts
        file_not_found file_deleted file_is_deleted not_found""",
    Forbidden: """
        channel_not_found not_in_channel is_archived channel_is_archived channel_is_limited_access
        restricted_action restricted_action_non_threadable_channel
        restricted_action_read_only_channel restricted_action_thread_locked
        restricted_action_thread_only_channel posting_to_channel_denied messages_tab_disabled
        app_access_restricted access_denied ekm_access_denied no_permission not_authorized
        user_not_in_channel user_not_found user_not_visible user_disabled cannot_dm_bot
        user_is_restricted team_access_not_granted team_not_found not_visible
        duplicate_channel_not_found posting_to_general_channel_denied action_prohibited
        slack_connect_file_link_sharing_blocked slack_connect_canvas_sharing_blocked
        slack_connect_lists_sharing_blocked invalid_channel enterprise_is_restricted""",
    Stopped: "stopped_by_user",
    BadTrigger: "expired_trigger_id exchanged_trigger_id invalid_trigger_id",
    Expired: "expired_url used_url invalid_token",
    TooLarge: "file_upload_size_restricted",
    NoStream: """
        message_not_in_streaming_state streaming_state_conflict channel_type_not_supported
        missing_recipient_user_id missing_recipient_team_id
        not_subscribed_to_message_stream_stopped""",
    TooLong: "msg_too_long msg_blocks_too_long msg_blocks_too_many view_too_large",
    NoUpload: """
        file_uploads_disabled file_uploads_except_images_disabled file_type_not_allowed
        storage_limit_reached blocked_file_type file_share_limit_reached snippet_too_large
        slack_connect_blocked_file_type slack_connect_clip_sharing_blocked
        slack_connect_file_upload_sharing_blocked""",
    Conflict: "hash_conflict",
    Unsupported: """
        unknown_method method_deprecated deprecated_endpoint feature_not_enabled feature_disabled
        not_agent_app not_enabled not_implemented not_allowed_token_type""",
    MissingScope: "missing_scope",
    Unauthorized: """
        invalid_auth not_authed token_revoked token_expired account_inactive org_login_required
        two_factor_setup_required""",
}

KINDS: Final[Mapping[str, type[SurfaceError]]] = {
    code: kind for kind, codes in _CODES.items() for code in codes.split()
}
"""Slack's words by what they mean."""
