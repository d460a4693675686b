"""Methods and arguments are those that Slack's own SDK knows."""

import inspect

from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack_line import CHANNEL, PERSON, Told, calls

TS = "1.1"
VIEW: dict[str, object] = {"type": "home", "blocks": []}
GRANTED: Told = {"upload_url": "https://files.slack.com/upload", "file_id": "F1"}


async def test_every_argument_is_known_and_none_is_missing() -> None:
    found: list[Told] = [{"channel": {"id": "D1"}}, {}, {}, {}, {}, {"file": {}}, {}, GRANTED]
    script, ours = calls([*found, {"files": []}, "file_not_found"])
    script.serve("https://files.slack.com/upload", (200, {}, b"OK"))
    await ours.open_dm(PERSON)
    await ours.user(PERSON)
    await ours.open_view("trigger", VIEW)
    await ours.update_view("V1", VIEW, "hash")
    await ours.publish_home(PERSON, VIEW, "hash")
    await ours.file_info("F1")
    await ours.permalink(CHANNEL, TS)
    await ours.upload(CHANNEL, TS, "a.md", b"a", "A", "text/markdown", "a")
    await ours.auth_test()
    await ours.post(CHANNEL, markdown="a", thread=TS, metadata={"event_type": "a"})
    await ours.post(CHANNEL, blocks=[{"type": "divider"}], text="a")
    await ours.post_ephemeral(CHANNEL, PERSON, markdown="a", thread=TS)
    await ours.update(CHANNEL, TS, blocks=[{"type": "divider"}], text="a")
    await ours.delete(CHANNEL, TS)
    await ours.start_stream(CHANNEL, TS, markdown="a", recipient_user=PERSON, recipient_team="T1")
    await ours.append_stream(CHANNEL, TS, "a")
    await ours.stop_stream(
        CHANNEL, TS, markdown="a", blocks=[{"type": "divider"}], session_status="active"
    )
    await ours.session_status(CHANNEL, TS, "active", title="a", initiator=PERSON)
    await ours.thread_status(CHANNEL, TS, "a", ["b"])
    await ours.suggested_prompts(CHANNEL, [("a", "b")], thread=TS, title="a")
    assert len(set(script.methods)) == 20
    for method, given in script.sent:
        known = inspect.signature(getattr(AsyncWebClient, method.replace(".", "_"))).parameters
        needed = {
            name
            for name, one in known.items()
            if one.default is inspect.Parameter.empty and name not in ("self", "kwargs")
        }
        assert needed <= given.keys() <= known.keys(), method
