"""Answering by a response_url: five times within half an hour, and not by every means."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.fakes.slack_api.blocks import check_message
from tests.fakes.slack_api.chat import remove
from tests.fakes.slack_api.refused import Refused
from tests.fakes.slack_api.things import Channel, Json, Person, Post

if TYPE_CHECKING:
    from tests.fakes.slack_api.server import Slack

USES, LASTS = 5, 1800.0  # times, seconds
_KNOWN = frozenset(
    {
        *("text", "blocks", "response_type", "replace_original", "delete_original"),
        *("thread_ts", "unfurl_links", "unfurl_media", "mrkdwn"),
    }
)
Raw = tuple[int, dict[str, str], bytes]


@dataclass(kw_only=True)
class Hook:
    """Where one person's command or press may be answered; `post` is the message pressed on."""

    person: Person
    channel: Channel
    at: float
    post: Post | None = None
    thread: str = ""
    uses: int = 0


def made(slack: "Slack", kind: str, hook: Hook) -> str:
    """A new address; `kind` as in its path."""
    number = slack.new_id("r")
    slack.hooks[number] = hook
    return f"{slack.hook_host}/{kind}/{hook.channel.team}/{number}/sesame"


def posted(slack: "Slack", address: str, data: bytes) -> Raw:
    """What a POST to a response_url brings."""
    slack.settle()
    hook = next((hook for number, hook in slack.hooks.items() if f"/{number}/" in address), None)
    try:
        given = json.loads(data)
        if hook is None:
            raise Refused("invalid_url", status=404)
        if slack.clock() - hook.at > LASTS:
            raise Refused("expired_url", status=404)
        if hook.uses >= USES:
            raise Refused("used_url", status=404)
        hook.uses += 1
        _answer(slack, hook, given)
    except ValueError:
        return 400, {}, b"invalid_payload"
    except Refused as no:
        slack.refused("response_url", no, {})
        return no.status, {}, json.dumps(no.body()).encode()
    slack.changed()
    return 200, {}, b"ok"


def _answer(slack: "Slack", hook: Hook, given: Json) -> None:
    if unknown := sorted(given.keys() - _KNOWN):
        raise Refused("invalid_payload", f"unknown field {unknown[0]!r}", status=400)
    if given.get("delete_original"):
        _take_away(slack, hook)
    elif given.get("replace_original"):
        _replace(slack, hook, _body(given))
    else:
        show(slack, hook, _body(given), unfurls=given.get("unfurl_links") is not False)


def _body(given: Json) -> Json:
    text, blocks = str(given.get("text", "")), given.get("blocks", [])
    assert isinstance(blocks, list)
    if not (text or blocks):
        raise Refused("no_text", status=400)
    if any(block.get("type") == "markdown" for block in blocks):
        raise Refused("server_error", "markdown blocks do not pass here", status=500)
    try:
        check_message(blocks)
    except Refused as no:
        raise Refused(no.error, no.why, status=400) from None
    kind = given.get("response_type", "ephemeral")
    if kind not in {"ephemeral", "in_channel"}:
        raise Refused("invalid_payload", "response_type", status=400)
    return {"text": text, "blocks": blocks, "response_type": kind}


def show(slack: "Slack", hook: Hook, body: Json, *, unfurls: bool = False) -> Post:
    """Put an answer on the screen, for one person or for all."""
    alone = body.get("response_type") != "in_channel"
    install = slack.installed(hook.channel.team)
    post = slack.post(
        hook.channel,
        install.bot_user,
        text=str(body.get("text", "")),
        blocks=body.get("blocks", []),
        thread=hook.thread,
        only=hook.person.id if alone else "",
        via="response_url",
    )
    slack.judge(post, unfurls=unfurls and not alone)
    return post


def _original(hook: Hook) -> Post:
    if hook.post is None:
        raise Refused("invalid_payload", "a command has no message to replace", status=400)
    return hook.post


def _replace(slack: "Slack", hook: Hook, body: Json) -> None:
    post = _original(hook)
    post.text, post.markdown, post.blocks = str(body["text"]), "", body["blocks"]  # type: ignore[assignment]
    post.edits += 1
    slack.show(post.channel, "update", post.ts, post.readable)
    slack.judge(post)


def _take_away(slack: "Slack", hook: Hook) -> None:
    post = _original(hook)
    if post.only:
        post.channel.ephemerals.remove(post)
    else:
        remove(slack, post)
