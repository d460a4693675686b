"""The project's own Slack keeps to what Slack is known to do: tokens, tiers, streams, blocks."""

import pytest

from tests.fakes.slack_table import Table, rating


@pytest.fixture
def table() -> Table:
    return Table()


def test_tokens_and_scopes_are_asked_for(table: Table) -> None:
    assert table.slack.call("", "auth.test")[2]["error"] == "not_authed"
    assert table.slack.call("xoxb-other", "auth.test")[2]["error"] == "invalid_auth"
    assert table.call("auth.test")["team_id"] == table.team.id
    table.slack.installed(table.team.id).scopes = frozenset()
    assert table.error("chat.postMessage", channel="C1", text="a") == "missing_scope"


def test_arguments_are_held_against_the_list(table: Table) -> None:
    here = table.dm.channel.id
    assert table.error("chat.post") == "unknown_method"
    assert table.error("chat.postMessage", channel=here, tekst="a") == "invalid_arguments"
    assert table.error("chat.postMessage", text="a") == "invalid_arguments"
    assert table.error("chat.postMessage", channel=here, blocks="{no") == "invalid_arguments"
    assert table.error("chat.postMessage", channel=here, unfurl_links="no") == "invalid_arguments"
    assert table.error("chat.postMessage", channel=here) == "no_text"
    conflict = {"text": "a", "markdown_text": "b"}
    assert table.error("chat.postMessage", channel=here, **conflict) == "markdown_text_conflict"
    assert (
        table.error("chat.postMessage", channel=here, markdown_text="a" * 12_001) == "msg_too_long"
    )


def test_membership_decides_where_may_be_posted(table: Table) -> None:
    public = table.slack.channel(table.ada, bot=False).channel.id
    private = table.slack.channel(table.ada, kind="private", bot=False).channel.id
    stream = {"recipient_user_id": table.ada.id, "recipient_team_id": table.ada.team}
    assert table.error("chat.postMessage", channel=private, text="a") == "channel_not_found"
    assert table.error("chat.postMessage", channel=public, text="a") == ""
    assert table.error("chat.startStream", channel=public, **stream) == "not_in_channel"
    install = table.slack.installed(table.team.id)
    install.scopes -= {"chat:write.public"}
    assert table.error("chat.postMessage", channel=public, text="a") == "not_in_channel"
    table.slack.app.messages_tab = False
    here = table.dm.channel.id
    assert table.error("chat.postMessage", channel=here, text="a") == "messages_tab_disabled"


def test_a_message_is_posted_edited_and_deleted(table: Table) -> None:
    root = table.seat.say("hello")
    here = {"channel": table.seat.channel.id}
    ts = table.call("chat.postMessage", **here, thread_ts=root.ts, markdown_text="**hi**")["ts"]
    assert table.seat.shown(root) == ["**hi**"]
    assert table.error("chat.update", **here, ts=ts, text="x" * 4001) == "msg_too_long"
    assert table.error("chat.update", **here, ts=root.ts, text="x") == "cant_update_message"
    assert table.error("chat.update", **here, ts=ts, markdown_text="bye &lt;") == ""
    assert table.seat.shown(root) == ["bye <"]
    assert table.error("chat.postMessage", **here, thread_ts=ts, text="x") != ""
    assert table.error("chat.delete", **here, ts=ts) == ""
    assert table.seat.answers == []
    assert table.error("chat.delete", **here, ts=ts) == "message_not_found"


def test_an_ephemeral_is_seen_by_one_person(table: Table) -> None:
    ben = table.room.seat(table.slack.person("Ben"))
    here = table.seat.channel.id
    assert table.error("chat.postEphemeral", channel=here, user=table.ada.id, text="psst") == ""
    assert [post.readable for post in table.seat.ephemerals] == ["psst"]
    assert ben.ephemerals == []
    other = table.slack.person("Cleo").id
    assert table.error("chat.postEphemeral", channel=here, user=other, text="a") == (
        "user_not_in_channel"
    )


def test_posts_in_a_channel_come_one_a_second(table: Table) -> None:
    table.slack.tiers.enforced = True
    here = {"channel": table.dm.channel.id, "text": "a"}
    assert [table.error("chat.postMessage", **here) for _ in range(3)] == ["", "", "ratelimited"]
    status, headers, _ = table.slack.call(table.slack.token(table.team), "chat.postMessage", here)
    assert status == 429
    assert int(headers["Retry-After"]) > 1
    assert len(table.slack.floods()) == 2
    assert len(table.slack.tiers.hammered) == 1  # it was told to wait
    assert len(table.slack.violations()) == 1
    table.clock.now += 10
    assert table.error("chat.postMessage", **here) == ""


def test_a_process_that_has_just_begun_cannot_know_what_another_was_told(table: Table) -> None:
    table.slack.tiers.enforced = True
    here = {"channel": table.dm.channel.id, "text": "a"}
    assert [table.error("chat.postMessage", **here) for _ in range(3)] == ["", "", "ratelimited"]
    table.slack.tiers.die()
    assert table.error("chat.postMessage", **here) == "ratelimited"
    assert table.slack.tiers.hammered == []
    assert table.error("chat.postMessage", **here) == "ratelimited"
    assert len(table.slack.tiers.hammered) == 1


def test_a_call_already_on_its_way_is_not_made_against_what_was_told(table: Table) -> None:
    tiers = table.slack.tiers
    tiers.enforced, tiers.jitter = True, 0.5
    here = {"channel": table.dm.channel.id, "text": "a"}
    while not table.error("chat.postMessage", **here):
        pass
    assert table.error("chat.postMessage", **here) == "ratelimited"
    assert tiers.hammered == []
    table.clock.now += 0.6
    assert table.error("chat.postMessage", **here) == "ratelimited"
    assert len(tiers.hammered) == 1


def test_tiers_are_counted_by_method_and_workspace(table: Table) -> None:
    table.slack.tiers.enforced = True
    channel, _ = table.started(table.dm)
    root = table.dm.posts[0].ts
    starts = [table.error("chat.startStream", channel=channel, thread_ts=root) for _ in range(20)]
    assert starts == [""] * 19 + ["ratelimited"]
    other = table.slack.team("Other")
    there = table.slack.dm(table.slack.person("Ben", team=other))
    given = {"channel": there.channel.id, "thread_ts": there.say("hi").ts}
    assert table.slack.call(table.slack.token(other), "chat.startStream", given)[0] == 200


def test_a_stream_grows_and_stops_with_blocks(table: Table) -> None:
    channel, ts = table.started(table.seat, "one")
    here = {"channel": channel, "ts": ts}
    assert table.error("chat.appendStream", **here, markdown_text=" two") == ""
    assert table.error("chat.update", **here, text="x") == "streaming_state_conflict"
    assert table.error("chat.stopStream", **here, markdown_text=" three", blocks=[rating()]) == ""
    post = table.seat.answers[0]
    assert post.readable == "one two three"
    assert post.buttons == ["Good", "Bad"]
    assert table.error("chat.appendStream", **here, markdown_text="x") == (
        "message_not_in_streaming_state"
    )
    assert table.error("chat.update", **here, markdown_text="whole") == ""
    assert post.readable == "whole"


def test_a_stream_breaks_after_five_minutes_and_an_update_repairs_it(table: Table) -> None:
    channel, ts = table.started(table.dm, "one")
    table.clock.now += 301
    for method in ("chat.appendStream", "chat.stopStream"):
        assert table.error(method, channel=channel, ts=ts, markdown_text="x") == (
            "message_not_in_streaming_state"
        )
    stream = table.dm.answers[0].stream
    assert stream
    assert stream.state(table.clock()) == "broken"
    assert table.error("chat.update", channel=channel, ts=ts, markdown_text="one x") == ""
    assert stream.state(table.clock()) == "done"


def test_a_stream_is_full_for_ever_at_twelve_thousand(table: Table) -> None:
    channel, ts = table.started(table.dm, "a" * 7000)
    assert table.error("chat.appendStream", channel=channel, ts=ts, markdown_text="é" * 2501) == (
        "msg_too_long"
    )
    assert table.error("chat.appendStream", channel=channel, ts=ts, markdown_text="a") == (
        "msg_too_long"
    )


def test_a_stream_outside_of_a_dm_names_a_person_and_their_own_workspace(table: Table) -> None:
    root = table.seat.say("hi").ts
    here = {"channel": table.seat.channel.id, "thread_ts": root}
    assert table.error("chat.startStream", **here) == "missing_recipient_user_id"
    here["recipient_user_id"] = table.ada.id
    assert table.error("chat.startStream", **here) == "missing_recipient_team_id"
    other = table.slack.team("Other")
    assert table.error("chat.startStream", **here, recipient_team_id=other.id) == "team_not_found"


def test_people_stop_a_session_and_its_streams(table: Table) -> None:
    channel, ts = table.started(table.dm, "one")
    root = table.dm.posts[0]
    session = {"channel_id": channel, "thread_ts": root.ts, "status": "processing"}
    assert table.error("agents.sessions.setStatus", **session) == ""
    table.dm.stop(root)
    told = table.slack.outbox[-1].event
    assert told["type"] == "agent_session_stopped"
    assert told["streaming_message_ts"] == [ts]
    assert table.error("chat.appendStream", channel=channel, ts=ts, markdown_text="x") == (
        "stopped_by_user"
    )
    table.team.agent = False
    assert table.error("agents.sessions.setStatus", **session) == "feature_disabled"


def test_a_status_fades_and_goes_with_a_message(table: Table) -> None:
    root = table.dm.say("hi")
    here = {"channel_id": table.dm.channel.id, "thread_ts": root.ts}
    table.call("assistant.threads.setStatus", **here, status="Thinking…")
    assert table.dm.status(root) == "Thinking…"
    table.clock.now += 121
    assert table.dm.status(root) == ""
    table.call("assistant.threads.setStatus", **here, status="Thinking…")
    table.call("chat.postMessage", channel=table.dm.channel.id, thread_ts=root.ts, text="hello")
    assert table.dm.status(root) == ""
    loading = {"status": "a", "loading_messages": ["x" * 51]}
    assert table.error("assistant.threads.setStatus", **here, **loading) == "invalid_arguments"


def test_a_workspace_may_refuse_a_feature(table: Table) -> None:
    table.team.refuses |= {"chat.startStream": "feature_not_enabled", "context_actions": ""}
    root = table.dm.say("hi").ts
    here = {"channel": table.dm.channel.id}
    assert table.error("chat.startStream", **here, thread_ts=root) == "feature_not_enabled"
    blocks = [rating()]
    assert table.error("chat.postMessage", **here, text="a", blocks=blocks) == "invalid_blocks"


@pytest.mark.parametrize(
    ("blocks", "error"),
    [
        ([{"type": "section", "text": {"type": "mrkdwn", "text": "a" * 3001}}], "invalid_blocks"),
        ([{"type": "divider"}] * 51, "invalid_blocks"),
        ([{"type": "markdown", "text": "# a\n" * 51}], "invalid_blocks"),
        ([{"type": "markdown", "text": "a" * 6001}] * 2, "msg_too_long"),
        ([{"type": "markdown", "text": "```\n# a\n" + "# b\n" * 60 + "```"}], ""),
        ([{"type": "input", "label": {"type": "plain_text", "text": "a"}}], "invalid_blocks"),
        ([{"type": "actions", "elements": []}], "invalid_blocks"),
        ([{"type": "section", "tekst": "a"}], "invalid_blocks"),
        ([{"type": "context_actions", "elements": [rating()["elements"]] * 6}], "invalid_blocks"),
        ([rating()], ""),
        ("no blocks", "invalid_arguments"),
        ({"type": "divider"}, "invalid_blocks_format"),
    ],
)
def test_blocks_are_held_against_their_limits(table: Table, blocks: object, error: str) -> None:
    given = {"channel": table.dm.channel.id, "text": "a", "blocks": blocks}
    assert table.error("chat.postMessage", **given) == error


def test_what_goes_live_is_written_down(table: Table) -> None:
    channel, ts = table.started(table.dm, "hello <!chan")
    assert table.slack.pings() == []
    table.call("chat.appendStream", channel=channel, ts=ts, markdown_text=f"nel> <@{table.ada.id}>")
    assert [ping.words for ping in table.slack.pings(table.ada.id)] == ["<!channel>"]
    table.call("chat.postMessage", channel=channel, text="&lt;!here&gt; https://a.example")
    assert [ping.words for ping in table.slack.unfurled()] == ["https://a.example"]
    quiet = {"unfurl_links": False, "unfurl_media": False}
    table.call("chat.postMessage", channel=channel, text="https://b.example", **quiet)
    assert len(table.slack.unfurled()) == 1
    assert len(table.slack.links()) == 2
