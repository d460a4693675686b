"""The project's own Slack keeps to what Slack is known to do."""

import asyncio
import json

import pytest

from tests.fakes.slack_api import PICTURE, InMemory, Seat, Slack


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
    assert table.error("chat.stopStream", **here, markdown_text=" three", blocks=[_rating()]) == ""
    post = table.seat.answers[0]
    assert post.readable == "one two three"
    assert post.buttons == ["Good", "Bad"]
    assert table.error("chat.appendStream", **here, markdown_text="x") == (
        "message_not_in_streaming_state"
    )
    assert table.error("chat.update", **here, markdown_text="whole") == ""
    assert post.readable == "whole"


def _rating() -> dict[str, object]:
    def side(label: str) -> dict[str, object]:
        return {"text": {"type": "plain_text", "text": label}, "value": label.lower()}

    element = {
        "type": "feedback_buttons",
        "action_id": "rate",
        "positive_button": side("Good"),
        "negative_button": side("Bad"),
    }
    return {"type": "context_actions", "elements": [element]}


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
    blocks = [_rating()]
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
        ([{"type": "context_actions", "elements": [_rating()["elements"]] * 6}], "invalid_blocks"),
        ([_rating()], ""),
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


def test_a_trigger_opens_one_view_within_three_seconds(table: Table) -> None:
    trigger = table.dm.command("").payload["trigger_id"]
    view = _modal("A title")
    assert table.error("views.open", trigger_id="x", view=view) == "invalid_trigger_id"
    assert table.error("views.open", trigger_id=trigger, view=_modal("t" * 25)) == "invalid_blocks"
    assert table.error("views.open", trigger_id=trigger, view=view) == ""
    assert table.error("views.open", trigger_id=trigger, view=view) == "exchanged_trigger_id"
    late = table.dm.command("").payload["trigger_id"]
    table.clock.now += 3.1
    assert table.error("views.open", trigger_id=late, view=view) == "expired_trigger_id"
    assert table.dm.modal
    assert table.dm.modal.title == "A title"


def _modal(title: str) -> dict[str, object]:
    label = {"type": "plain_text", "text": "City"}
    element = {"type": "plain_text_input", "action_id": "value"}
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": title},
        "submit": {"type": "plain_text", "text": "Send"},
        "blocks": [{"type": "input", "block_id": "city", "label": label, "element": element}],
    }


def test_a_modal_is_submitted_and_its_errors_are_shown(table: Table) -> None:
    opened = table.call(
        "views.open", trigger_id=table.dm.shortcut().payload["trigger_id"], view=_modal("A")
    )["view"]
    with pytest.raises(AssertionError, match="required"):
        table.dm.submit({})
    sent = table.dm.submit({"City": "Bern"})
    view = sent.payload["view"]
    assert isinstance(view, dict)
    assert isinstance(opened, dict)
    assert view["id"] == opened["id"]
    assert view["state"]["values"]["city"]["value"]["value"] == "Bern"
    assert sent.answered
    sent.answered(200, b'{"response_action":"errors","errors":{"city":"No such city."}}')
    assert table.dm.modal
    assert table.dm.modal.errors == {"city": "No such city."}
    sent.answered(500, b"")
    assert table.dm.modal.trouble
    sent.answered(200, b"")
    assert table.dm.modal is None


def test_a_home_is_published_and_guarded_by_its_hash(table: Table) -> None:
    view = {"type": "home", "blocks": [{"type": "divider"}]}
    made = table.call("views.publish", user_id=table.ada.id, view=view)["view"]
    assert isinstance(made, dict)
    again = {"user_id": table.ada.id, "view": view}
    assert table.error("views.publish", **again, hash=made["hash"]) == ""
    assert table.error("views.publish", **again, hash=made["hash"]) == "hash_conflict"


async def test_a_response_url_answers_five_times_within_half_an_hour(table: Table) -> None:
    wire = InMemory(table.slack)
    url = str(table.dm.command("a & b").payload["response_url"])

    async def say(**given: object) -> int:
        return (await wire.post(url, {}, json.dumps(given).encode()))[0]

    assert await say(text="one") == 200
    assert await say(text="all", response_type="in_channel") == 200
    assert await say(blocks=[{"type": "markdown", "text": "no"}]) == 500
    assert await say(text="instead", replace_original=True) == 400
    assert await say(text="five") == 200
    assert await say(text="six") == 404
    assert [post.readable for post in table.dm.ephemerals] == ["one", "five"]
    assert table.dm.shown() == ["all"]
    url = str(table.dm.command("again").payload["response_url"])
    table.clock.now += 1801
    assert await say(text="late") == 404


async def test_a_pressed_button_can_replace_its_message(table: Table) -> None:
    table.call("chat.postMessage", channel=table.dm.channel.id, text="a", blocks=[_rating()])
    sent = table.dm.press(table.dm.answers[0], "Bad")
    actions = sent.payload["actions"]
    assert isinstance(actions, list)
    assert actions[0]["value"] == "bad"
    url = str(sent.payload["response_url"])
    data = json.dumps({"text": "thanks", "replace_original": True}).encode()
    assert (await InMemory(table.slack).post(url, {}, data))[0] == 200
    assert table.dm.shown() == ["thanks"]


async def test_a_file_is_uploaded_in_three_steps_and_appears_a_little_later(table: Table) -> None:
    wire = InMemory(table.slack)
    made = table.call("files.getUploadURLExternal", filename="a.mp3", length=3)
    assert (await wire.post(str(made["upload_url"]), {}, b"ab"))[0] == 400
    assert (await wire.post(str(made["upload_url"]), {}, b"abc"))[0] == 200
    whole = [{"id": made["file_id"], "title": "A voice"}]
    given = {"files": whole, "channel_id": table.dm.channel.id}
    assert table.error("files.completeUploadExternal", **given) == ""
    assert table.dm.answers == []
    table.clock.now += 1
    assert [file.title for post in table.dm.answers for file in post.files] == ["A voice"]
    about = table.call("files.info", file=made["file_id"])["file"]
    assert isinstance(about, dict)
    assert about["shares"]["private"][table.dm.channel.id][0]["ts"] == table.dm.answers[0].ts


async def test_a_file_is_read_with_the_token_else_there_is_a_page_to_sign_in(table: Table) -> None:
    wire = InMemory(table.slack)
    file = table.dm.file()
    table.dm.say("look", files=[file])
    assert table.slack.outbox[-1].event["subtype"] == "file_share"
    status, headers, data = await wire.get(file.url, {})
    assert (status, headers["Content-Type"].partition(";")[0]) == (200, "text/html")
    token = table.slack.token(table.team)
    assert (await wire.get(file.url, {"Authorization": f"Bearer {token}"}))[2] == PICTURE
    assert b"Sign in" in data


def test_a_mention_is_told_twice_with_event_ids_of_their_own(table: Table) -> None:
    post = table.seat.mention("what is 1 < 2?")
    kinds = [sent.event["type"] for sent in table.slack.outbox]
    assert kinds == ["message", "app_mention"]
    assert len({str(sent.payload["event_id"]) for sent in table.slack.outbox}) == 2
    assert post.text.endswith("what is 1 &lt; 2?")
    table.slack.outbox.clear()
    stranger = table.slack.channel(table.ada, bot=False).seat(table.ada)
    stranger.mention("hello")
    assert table.slack.outbox == []


def test_the_app_hears_of_edits_deletions_reactions_and_its_own_posts(table: Table) -> None:
    post = table.dm.say("helo")
    table.dm.edit(post, "hello")
    table.dm.react(post, "+1::skin-tone-2")
    table.dm.delete(post)
    table.call("chat.postMessage", channel=table.dm.channel.id, text="hi")
    told = [sent.event for sent in table.slack.outbox]
    assert [event.get("subtype", event["type"]) for event in told] == [
        *("message", "message_changed", "reaction_added", "message_deleted", "message")
    ]
    assert told[-1]["bot_id"]


async def test_faults_are_lived_through_once(table: Table) -> None:
    wire = InMemory(table.slack, patience=0.01)
    token = table.slack.token(table.team)
    here = {"channel": table.dm.channel.id, "text": "a"}
    table.slack.faults.add("cut after", "chat.postMessage")
    with pytest.raises(ConnectionError):
        await wire.call("chat.postMessage", here, token)
    assert len(table.dm.answers) == 1
    table.slack.faults.add("silent")
    with pytest.raises(TimeoutError):
        await wire.call("chat.postMessage", here, token)
    assert (await wire.call("auth.test", {}, token))[0] == 200
    assert asyncio.get_running_loop().time() > 0
