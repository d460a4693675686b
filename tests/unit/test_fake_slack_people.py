"""What people do in the project's own Slack, and what the app hears and may do of it."""

import asyncio
import json

import pytest

from tests.fakes.slack_api import PICTURE, InMemory
from tests.fakes.slack_table import Table, rating


@pytest.fixture
def table() -> Table:
    return Table()


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
    table.call("chat.postMessage", channel=table.dm.channel.id, text="a", blocks=[rating()])
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
