"""Messages that are written while people watch: chat.startStream, appendStream, stopStream."""

from typing import TYPE_CHECKING

from tests.fakes.slack_api.blocks import check_message, expansion_items
from tests.fakes.slack_api.chat import (
    EXPANSION,
    check_markdown,
    described,
    own,
    reachable,
    thread_of,
)
from tests.fakes.slack_api.refused import Refused, invalid
from tests.fakes.slack_api.sessions import move
from tests.fakes.slack_api.things import Channel, Install, Json, Post, Stream

if TYPE_CHECKING:
    from tests.fakes.slack_api.server import Method, Slack

CUMULATIVE = 12_000  # of a streamed message; whether characters or bytes is not known, so bytes


def start(slack: "Slack", install: Install, given: Json) -> Json:
    channel = reachable(slack, install, given["channel"])
    if channel.kind == "mpim":
        raise Refused("channel_type_not_supported")
    thread = thread_of(channel, given, "invalid_thread_ts")
    if not thread:
        raise Refused("invalid_thread_ts", "slack-sdk sends every stream into a thread")
    text = _said(given)
    recipient = _recipient(slack, install, channel, given)
    stream = Stream(since=slack.clock(), recipient=recipient)
    _grow(stream, text)
    post = slack.post(
        channel,
        install.bot_user,
        thread=thread,
        markdown=text,
        stream=stream,
        via="chat.startStream",
    )
    return {"channel": channel.id, "ts": post.ts}


def _recipient(slack: "Slack", install: Install, channel: Channel, given: Json) -> str:
    """Who is answered; outside of DMs with their own workspace."""
    user, team = str(given.get("recipient_user_id", "")), str(given.get("recipient_team_id", ""))
    if not user and not team and channel.private:
        return ""
    if not user:
        raise Refused("missing_recipient_user_id")
    if not team:
        raise Refused("missing_recipient_team_id")
    if user == install.bot_user:
        raise Refused("user_not_found", "a stream to the bot itself is blank until it stops")
    if user not in slack.people:
        raise Refused("user_not_found")
    if slack.people[user].team != team:
        raise Refused("team_not_found", "recipient_team_id is the person's own workspace")
    return user


def _said(given: Json) -> str:
    if "chunks" in given:
        raise invalid("this server takes markdown_text")
    text = str(given.get("markdown_text", ""))
    check_markdown(text)
    return text


def _grow(stream: Stream, text: str) -> None:
    stream.size += len(text.encode())
    if stream.full or stream.size > CUMULATIVE:
        stream.full = True
        raise Refused("msg_too_long", "a streamed message holds 12,000 altogether")


def _live(slack: "Slack", install: Install, given: Json) -> tuple[Post, Stream]:
    post = own(slack, install, given, "message_not_owned_by_app")
    state = post.stream.state(slack.clock()) if post.stream else "done"
    if state == "stopped":
        raise Refused("stopped_by_user")
    if post.stream is None or state != "live":
        raise Refused("message_not_in_streaming_state")
    return post, post.stream


def append(slack: "Slack", install: Install, given: Json) -> Json:
    post, stream = _live(slack, install, given)
    text = _said(given)
    if not text:
        raise Refused("no_text")
    _add(slack, post, stream, text)
    slack.show(post.channel, "append", post.ts, post.readable)
    return {"channel": post.channel.id, "ts": post.ts}


def _add(slack: "Slack", post: Post, stream: Stream, text: str) -> None:
    if expansion_items(post.markdown + text) > EXPANSION:
        raise Refused("invalid_blocks", "more than 50 headings and dividers")
    _grow(stream, text)
    post.markdown += text
    post.at = slack.clock()
    slack.judge(post)


def stop(slack: "Slack", install: Install, given: Json) -> Json:
    post, stream = _live(slack, install, given)
    text = _said(given)
    blocks: list[Json] = []
    if "blocks" in given:
        refuses = slack.teams[post.channel.team].refuses
        blocks = check_message(given["blocks"], frozenset(refuses))
    if text:
        _add(slack, post, stream, text)
    post.blocks = blocks
    stream.ended = "done"
    post.at = slack.clock()
    if status := given.get("session_status"):
        move(slack, post.channel, post.thread, str(status))
    slack.show(post.channel, "stop", post.ts, post.readable)
    slack.judge(post)
    return {"channel": post.channel.id, "ts": post.ts, "message": described(slack, post)}


METHODS: "dict[str, Method]" = {
    "chat.startStream": start,
    "chat.appendStream": append,
    "chat.stopStream": stop,
}
