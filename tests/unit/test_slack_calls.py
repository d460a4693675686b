"""Calls against the strict server: what is said arrives as it was meant."""

import asyncio

import pytest
from structlog.testing import capture_logs

from adapters.slack.errors import (
    BadTrigger,
    Conflict,
    Refused,
    Unsupported,
)
from bot.surface import Forbidden, Gone, Unreachable
from tests.fakes.slack_api import Slack
from tests.fakes.slack_line import CHANNEL, THUMBS, Scripted, calls, workspace, world

WORDS: dict[str, object] = {"type": "markdown", "text": "**a**"}
HOME: dict[str, object] = {"type": "home", "blocks": []}
MODAL: dict[str, object] = {
    "type": "modal",
    "title": {"type": "plain_text", "text": "Ask"},
    "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "a"}}],
}

# Messages


async def test_message_arrives_in_its_thread_and_unfurls_nothing() -> None:
    there = world()
    question = there.seat.say("hi")
    ts = await there.calls.post(
        there.channel,
        markdown="**a** https://example.org",
        thread=question.ts,
        metadata={"event_type": "parley", "event_payload": {"answer": "1"}},
    )
    assert there.seat.shown(question) == ["**a** https://example.org"]
    assert [post.ts for post in there.seat.answers] == [ts]
    assert not there.slack.unfurled()
    assert not there.slack.violations()


async def test_blocks_go_with_a_text_for_notifications() -> None:
    there = world()
    await there.calls.post(there.channel, blocks=[WORDS, THUMBS], text="a")
    [answer] = there.seat.answers
    assert (answer.text, answer.buttons) == ("a", ["Good", "Bad"])


async def test_edit_and_delete_change_what_is_seen() -> None:
    there = world()
    ts = await there.calls.post(there.channel, markdown="a")
    await there.calls.update(there.channel, ts, markdown="ab")
    assert there.seat.answers[0].readable == "ab"
    await there.calls.update(there.channel, ts, blocks=[WORDS], text="a")
    assert there.seat.answers[0].readable == "**a**"
    await there.calls.delete(there.channel, ts)
    assert there.seat.answers == []
    for late in (
        there.calls.update(there.channel, ts, markdown="b"),
        there.calls.delete(there.channel, ts),
    ):
        with pytest.raises(Gone):
            await late


async def test_ephemeral_message_is_seen_by_one_person() -> None:
    there = world()
    await there.calls.post_ephemeral(there.channel, there.user, markdown="only you")
    assert [post.readable for post in there.seat.ephemerals] == ["only you"]


async def test_message_where_the_bot_is_not_is_forbidden() -> None:
    there = world()
    room = there.slack.channel(there.seat.person, kind="private", bot=False)
    with pytest.raises(Forbidden):
        await there.calls.post(room.channel.id, markdown="a")


async def test_block_that_the_workspace_does_not_know_is_latched_off() -> None:
    there = world()
    there.team.refuses["context_actions"] = "invalid_blocks"
    with capture_logs() as lines:
        for _ in range(2):
            with pytest.raises(Unsupported):
                await there.calls.post(there.channel, blocks=[WORDS, THUMBS], text="a")
            await asyncio.sleep(1)
    assert not there.workspace.features.feedback_buttons
    assert there.workspace.features.markdown_block
    assert [line["feature"] for line in lines] == ["feedback_buttons"]
    await there.calls.post(there.channel, blocks=[WORDS], text="a")


@pytest.mark.parametrize(
    ("told", "off"),
    [
        ("[ERROR] unsupported type: markdown [json-pointer:/blocks/0/type]", "markdown_block"),
        ("[ERROR] failed to match [json-pointer:/blocks/1/elements/0]", "feedback_buttons"),
        ("[ERROR] too long [json-pointer:/blocks/0/text]", ""),
        ("[ERROR] no such place [json-pointer:/blocks/7]", ""),
        ("[ERROR] must be here [json-pointer:/view]", ""),
        ("[ERROR] unsupported type: hologram", ""),
        ("", ""),
    ],
)
async def test_latch_goes_off_only_when_the_no_names_it(told: str, off: str) -> None:
    no = {"ok": False, "error": "invalid_blocks", "response_metadata": {"messages": [told]}}
    there = workspace(Scripted(no))
    with pytest.raises(Refused) as refused:
        await there.calls.update(CHANNEL, "1.1", blocks=[WORDS, THUMBS], text="a")
    assert isinstance(refused.value, Unsupported) is bool(off)
    known = there.features
    assert [known.markdown_block, known.feedback_buttons].count(False) == bool(off)
    assert not off or not getattr(known, off)


# What passes


async def test_status_shows_below_the_thread_until_it_is_taken_away() -> None:
    there = world()
    question = there.seat.say("hi")
    loading = ["x" * 60, "", *(str(turn) for turn in range(12))]
    await there.calls.thread_status(there.channel, question.ts, "thinks", loading)
    status = there.seat.channel.statuses[question.ts]
    assert status.words == "thinks"
    assert (len(status.loading), status.loading[0]) == (10, "x" * 50)
    await there.calls.thread_status(there.channel, question.ts, "")
    assert not there.seat.channel.statuses
    assert not there.slack.violations()


async def test_prompts_are_offered_four_at_most() -> None:
    there = world()
    offered = [(f"title {turn}", f"words {turn}") for turn in range(6)]
    await there.calls.suggested_prompts(there.channel, offered, title="Try")
    title, prompts = there.seat.channel.prompts[""]
    assert (title, len(prompts)) == ("Try", 4)
    assert prompts[0] == {"title": "title 0", "message": "words 0"}
    await there.calls.suggested_prompts(there.channel, [])
    assert not there.slack.refusals


async def test_app_that_is_no_agent_is_remembered() -> None:
    there = world()
    there.team.agent = False
    question = there.seat.say("hi")
    with pytest.raises(Unsupported):
        await there.calls.session_status(there.channel, question.ts, "processing")
    with pytest.raises(Unsupported):
        await there.calls.suggested_prompts(there.channel, [("a", "b")])
    features = there.workspace.features
    assert (features.sessions, features.prompts, features.thread_status) == (False, False, True)


async def test_status_that_no_workspace_method_shows_is_remembered() -> None:
    there = world()
    there.team.refuses["assistant.threads.setStatus"] = "method_deprecated"
    question = there.seat.say("hi")
    with pytest.raises(Unsupported):
        await there.calls.thread_status(there.channel, question.ts, "thinks")
    assert not there.workspace.features.thread_status


# Views, people, links


async def test_modal_is_opened_by_its_trigger_once_and_in_time() -> None:
    there = world()
    triggers = [str(there.seat.command("").payload["trigger_id"]) for _ in range(2)]
    view = await there.calls.open_view(triggers[0], MODAL)
    assert there.seat.modal is not None
    await there.calls.update_view(view, MODAL | {"title": {"type": "plain_text", "text": "New"}})
    assert there.seat.modal.title == "New"
    await asyncio.sleep(4)
    for trigger in triggers:
        with pytest.raises(BadTrigger):
            await there.calls.open_view(trigger, MODAL)


async def test_view_that_was_changed_meanwhile_is_not_written_over() -> None:
    there = world()
    view = await there.calls.publish_home(there.user, HOME)
    assert there.seat.person.home is not None
    assert there.seat.person.home.id == view
    with pytest.raises(Conflict):
        await there.calls.publish_home(there.user, HOME, "an old hash")


async def test_person_is_known_with_language_and_own_team() -> None:
    there = world()
    person = await there.calls.user(there.user)
    assert (person.id, person.team, person.name) == (there.user, there.team.id, "Ada")
    assert (person.locale, person.tz, person.is_bot) == ("de-DE", "Europe/London", False)
    with pytest.raises(Forbidden):
        await there.calls.user("U0NOBODY")


async def test_person_of_whom_slack_tells_nothing_has_an_id() -> None:
    _, ours = calls([{"user": None}, {"user": {"name": "a", "real_name": 3, "profile": []}}])
    assert (await ours.user("U1")).id == "U1"
    assert (await ours.user("U1")).name == "a"


async def test_conversation_is_opened_with_a_person() -> None:
    there = world()
    assert await there.calls.open_dm(there.user) == there.channel
    _, ours = calls([{"channel": {}}])
    with pytest.raises(Unreachable):
        await ours.open_dm("U1")


async def test_message_has_an_address() -> None:
    there = world()
    ts = await there.calls.post(there.channel, markdown="a")
    assert await there.calls.permalink(there.channel, ts) == (
        f"https://acme.slack.com/archives/{there.channel}/p{ts.replace('.', '')}"
    )


async def test_press_or_command_is_answered_through_its_own_address_five_times() -> None:
    there = world()
    hook = str(there.seat.command("hi").payload["response_url"])
    for turn in range(5):
        await there.calls.respond(hook, {"text": f"{turn}"})
    assert [post.readable for post in there.seat.ephemerals] == list("01234")
    with pytest.raises(Exception, match="used_url"):
        await there.calls.respond(hook, {"text": "6"})


# Files


async def test_photo_of_a_person_is_read() -> None:
    there = world()
    photo = there.seat.file(b"\x89PNG")
    there.seat.say("look", files=[photo])
    for url in (photo.url, ""):
        assert await there.calls.read_file(photo.id, url, limit=10) == b"\x89PNG"


async def test_photo_without_the_scope_is_forbidden() -> None:
    slack = Slack(clock=asyncio.get_running_loop().time)
    slack.app.scopes -= {"files:read"}
    there = world(slack)
    photo = there.seat.file(b"\x89PNG")
    for url in (photo.url, ""):
        with pytest.raises(Forbidden):
            await there.calls.read_file(photo.id, url, limit=9999)
