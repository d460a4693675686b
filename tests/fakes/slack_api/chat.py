"""What an app says: chat.postMessage, update, delete, postEphemeral, getPermalink."""

from typing import TYPE_CHECKING

from tests.fakes.slack_api import payloads
from tests.fakes.slack_api.blocks import check_message, expansion_items
from tests.fakes.slack_api.refused import Refused, invalid
from tests.fakes.slack_api.things import Channel, Install, Json, Post

if TYPE_CHECKING:
    from tests.fakes.slack_api.server import Method, Slack

MARKDOWN_TEXT = 12_000  # characters (chat.postMessage)
TEXT = 40_000  # characters; more is cut off (chat.postMessage)
TEXT_OF_EDIT = 4_000  # characters (chat.update: msg_too_long)
EXPANSION = 50
NOT_OURS = ("link_names", "parse", "as_user", "attachments")  # would make words of a model live


def reachable(slack: "Slack", install: Install, given: object, *, public: bool = False) -> Channel:
    """The channel, if the app may write there; `public` where any public one will do."""
    channel = slack.channels.get(str(given))
    if channel is None or not _same_house(slack, install, channel):
        raise Refused("channel_not_found")
    if install.bot_user not in channel.members:
        if channel.kind != "channel":
            raise Refused("channel_not_found")
        if not (public and "chat:write.public" in install.scopes):
            raise Refused("not_in_channel")
    if channel.archived:
        raise Refused("is_archived")
    if channel.private and not slack.app.messages_tab:
        raise Refused("messages_tab_disabled")
    return channel


def _same_house(slack: "Slack", install: Install, channel: Channel) -> bool:
    if install.team:
        return channel.team == install.team
    return slack.teams[channel.team].enterprise == install.enterprise


def thread_of(channel: Channel, given: Json, error: str = "thread_not_found") -> str:
    """The thread named, if there is such a root; empty for none."""
    wanted = str(given.get("thread_ts", ""))
    if not wanted or wanted in channel.tombstones:
        return wanted
    root = channel.posts.get(wanted)
    if root is None:
        raise Refused(error)
    if root.thread:
        raise Refused("cannot_reply_to_message", "a thread is named by its root")
    return wanted


def body_of(slack: "Slack", channel: Channel, given: Json, *, edit: bool = False) -> Json:
    """`text`, `markdown` and `blocks` of a message; raises Refused."""
    for name in NOT_OURS:
        if name in given:
            raise invalid(f"{name} makes words live that are not the app's own")
    text, markdown = str(given.get("text", "")), str(given.get("markdown_text", ""))
    if markdown and (text or "blocks" in given):
        raise Refused("markdown_text_conflict")
    if not (text or markdown or given.get("blocks")):
        raise Refused("no_text")
    if len(text) > (TEXT_OF_EDIT if edit else TEXT):
        raise Refused("msg_too_long", "text")
    check_markdown(markdown)
    blocks = []
    if "blocks" in given:
        refuses = slack.teams[channel.team].refuses
        blocks = check_message(given["blocks"], frozenset(refuses))
        if blocks and not text:
            raise invalid("blocks need a text for notifications and screen readers")
    return {"text": text, "markdown": markdown, "blocks": blocks}


def check_markdown(text: str) -> None:
    if len(text) > MARKDOWN_TEXT:
        raise Refused("msg_too_long", "markdown_text")
    if expansion_items(text) > EXPANSION:
        raise Refused("invalid_blocks", "more than 50 headings and dividers")


def own(slack: "Slack", install: Install, given: Json, refusal: str) -> Post:
    """The app's message that is named; raises Refused."""
    channel = slack.channels.get(str(given["channel"]))
    if channel is None or not _same_house(slack, install, channel):
        raise Refused("channel_not_found")
    post = channel.posts.get(str(given["ts"]))
    if post is None:
        raise Refused("message_not_found")
    if post.author != install.bot_user:
        raise Refused(refusal)
    return post


def described(slack: "Slack", post: Post) -> Json:
    """As a message object."""
    message: Json = {
        "type": "message",
        "user": post.author,
        "ts": post.ts,
        "text": post.text or post.markdown,
        "team": post.channel.team,
    }
    if slack.is_bot(post.author):
        install = slack.installed(post.channel.team)
        message |= {"bot_id": install.bot_id, "app_id": slack.app.id}
    if post.thread:
        message |= {"thread_ts": post.thread}
    if post.blocks:
        message |= {"blocks": post.blocks}
    if post.files:
        message |= {"files": [file.described() for file in post.files]}
    return message


def post_message(slack: "Slack", install: Install, given: Json) -> Json:
    channel = reachable(slack, install, given["channel"], public=True)
    thread = thread_of(channel, given)
    body = body_of(slack, channel, given)
    post = slack.post(
        channel,
        install.bot_user,
        thread=thread,
        via="chat.postMessage",
        metadata=given.get("metadata"),
        **body,
    )
    unfurls = given.get("unfurl_links") is not False or given.get("unfurl_media") is not False
    slack.judge(post, unfurls=unfurls)
    if slack.echoes:
        payloads.announce(slack, post)
    return {"channel": channel.id, "ts": post.ts, "message": described(slack, post)}


def update(slack: "Slack", install: Install, given: Json) -> Json:
    post = own(slack, install, given, "cant_update_message")
    if post.stream and post.stream.state(slack.clock()) == "live":
        raise Refused("streaming_state_conflict")
    body = body_of(slack, post.channel, given, edit=True)
    before = payloads.message(slack, post)
    if "blocks" not in given and body["markdown"]:
        body["blocks"] = []  # as markdown is blocks itself
    elif "blocks" not in given:
        body["blocks"] = post.blocks
    for name, value in body.items():
        setattr(post, name, value)
    if post.stream:
        post.stream.ended = "done"  # this repairs what a stream left behind
    post.edits += 1
    post.at = slack.clock()
    slack.show(post.channel, "update", post.ts, post.readable)
    slack.judge(post)
    if slack.echoes:
        payloads.changed(slack, post, before)
    return {"channel": post.channel.id, "ts": post.ts, "text": post.text}


def delete(slack: "Slack", install: Install, given: Json) -> Json:
    post = own(slack, install, given, "cant_delete_message")
    remove(slack, post)
    return {"channel": post.channel.id, "ts": post.ts}


def remove(slack: "Slack", post: Post) -> None:
    """Take a message off the screen; a root with replies leaves a tombstone."""
    channel = post.channel
    channel.posts.pop(post.ts, None)
    post.gone = True
    if any(other.thread == post.ts for other in channel.posts.values()):
        channel.tombstones.add(post.ts)
    slack.show(channel, "delete", post.ts, "")
    slack.changed()


def post_ephemeral(slack: "Slack", install: Install, given: Json) -> Json:
    channel = reachable(slack, install, given["channel"])
    user = str(given["user"])
    if user not in channel.members:
        raise Refused("user_not_in_channel")
    thread = thread_of(channel, given)
    body = body_of(slack, channel, given)
    post = slack.post(
        channel, install.bot_user, thread=thread, only=user, via="chat.postEphemeral", **body
    )
    return {"message_ts": post.ts}


def permalink(slack: "Slack", install: Install, given: Json) -> Json:
    channel = reachable(slack, install, given["channel"], public=True)
    ts = str(given["message_ts"])
    if ts not in channel.posts:
        raise Refused("message_not_found")
    domain = slack.teams[channel.team].domain
    address = f"https://{domain}.slack.com/archives/{channel.id}/p{ts.replace('.', '')}"
    return {"channel": channel.id, "permalink": address}


METHODS: "dict[str, Method]" = {
    "chat.postMessage": post_message,
    "chat.update": update,
    "chat.delete": delete,
    "chat.postEphemeral": post_ephemeral,
    "chat.getPermalink": permalink,
}
