"""What is shown while an app works: agent sessions, statuses below a thread, suggested prompts."""

from typing import TYPE_CHECKING

from tests.fakes.slack_api.chat import reachable
from tests.fakes.slack_api.refused import Refused, invalid
from tests.fakes.slack_api.things import Channel, Install, Json, Session, Status

if TYPE_CHECKING:
    from tests.fakes.slack_api.server import Method, Slack

STATUS_LASTS = 120.0  # seconds (assistant.threads.setStatus)
TITLE = 200  # characters (agents.sessions.setStatus)
LOADING, LOADING_LENGTH = 10, 50  # messages, characters each (assistant.threads.setStatus)
PROMPTS = 4


def _thread(channel: Channel, given: Json) -> str:
    thread = str(given.get("thread_ts", ""))
    root = channel.posts.get(thread)
    if thread not in channel.tombstones and (root is None or root.thread):
        raise Refused("invalid_thread_ts")
    return thread


def move(slack: "Slack", channel: Channel, thread: str, status: str) -> None:
    """Set a session's status where there is one."""
    if session := channel.sessions.get(thread):
        session.status = status
        slack.show(channel, "session", thread, status)


def set_session(slack: "Slack", install: Install, given: Json) -> Json:
    channel = reachable(slack, install, given["channel_id"], public=True)
    if install.bot_user not in channel.members:
        raise Refused("not_authorized")
    if not slack.teams[channel.team].agent:
        raise Refused("feature_disabled")
    if not given.get("thread_ts"):
        raise Refused("thread_ts_required")
    thread, title = _thread(channel, given), str(given.get("title", ""))
    if len(title) > TITLE:
        raise invalid("title is longer than 200 characters")
    initiator = str(given.get("initiator_user_id", ""))
    if initiator and initiator not in channel.members:
        raise Refused("user_not_found")
    session = channel.sessions.setdefault(
        thread, Session(status="active", title=title, initiator=initiator)
    )
    session.status = str(given["status"])
    slack.show(channel, "session", thread, session.status)
    result: Json = {"status": session.status, "agent_status": session.status}
    result["title"] = session.title
    if "agent_session_stopped" not in slack.app.events:
        result["warning"] = "missing_agent_session_stopped_event_subscription"
    return result


def set_status(slack: "Slack", install: Install, given: Json) -> Json:
    channel = reachable(slack, install, given["channel_id"])
    thread = _thread(channel, given)
    loading = given.get("loading_messages", [])
    if not isinstance(loading, list) or len(loading) > LOADING:
        raise invalid("loading_messages are at most 10")
    if not all(isinstance(each, str) and 1 <= len(each) <= LOADING_LENGTH for each in loading):
        raise invalid("loading_messages have at most 50 characters")
    channel.statuses.pop(thread, None)
    if words := str(given["status"]):
        until = slack.clock() + STATUS_LASTS
        channel.statuses[thread] = Status(words=words, loading=tuple(loading), until=until)
    slack.show(channel, "status", thread, words)
    return {}


def set_prompts(slack: "Slack", install: Install, given: Json) -> Json:
    channel = reachable(slack, install, given["channel_id"])
    if not channel.private:
        raise Refused("channel_not_found")
    if not slack.teams[channel.team].agent:
        raise Refused("not_agent_app")
    thread = _thread(channel, given) if given.get("thread_ts") else ""
    prompts = given["prompts"]
    if not isinstance(prompts, list) or not 1 <= len(prompts) <= PROMPTS:
        raise invalid("prompts are 1 to 4")
    for prompt in prompts:
        if not isinstance(prompt, dict) or prompt.keys() != {"title", "message"}:
            raise invalid("a prompt has a title and a message")
        if not (prompt["title"] and prompt["message"]):
            raise invalid("a prompt's title and message are not empty")
    channel.prompts[thread] = (str(given.get("title", "")), prompts)
    slack.show(channel, "prompts", thread, str(given.get("title", "")))
    return {}


METHODS: "dict[str, Method]" = {
    "agents.sessions.setStatus": set_session,
    "assistant.threads.setStatus": set_status,
    "assistant.threads.setSuggestedPrompts": set_prompts,
}
