"""What was asked in a group's name, and what somebody else was asked there: who may answer."""

import asyncio
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from bot.events import Message, Quote, itself
from bot.surface import Again, Busy, Forbidden, RateLimited, Standing, Unreachable
from tests.fakes.bench import EN, GROUP, Bench, wired
from tests.fakes.completion_wire import PNG, Wire, end, message, stream
from tests.fakes.details import QUERY, TONE, TOPIC, asking, press, sent
from tests.fakes.rated import RATE, chosen, ratings_sent, told
from tests.scenario.test_answers_pictures import SEES

pytestmark = pytest.mark.real_time
ASK = "POST /completion-messages"
HIDDEN = itself(GROUP.id)  # as whom hidden administrators speak
CHANNEL = itself("-1009")  # as whom somebody of that channel speaks in the group
STANDINGS: dict[str, Standing] = {
    "ada": "hidden",
    "bob": "administrator",
    "-1009 cat": "administrator",
    "-1009 bob": "member",
}


def asks(bench: Bench, text: str = "Why?", user: str = HIDDEN, **more: object) -> Message:
    bench.screen.standings = STANDINGS
    return bench.message(text, user=user, chat=GROUP, **more)


def reply(bench: Bench, text: str, user: str) -> Message:
    """To the newest message of the bot."""
    note = bench.screen.bubbles[-1]
    return asks(bench, text, user, quoted=Quote(ref=note.ref, text=note.message.text))


@pytest.mark.parametrize("user", ["ada", "bob"])
async def test_administrators_stop_what_was_asked_in_the_groups_name(
    tmp_path: Path, user: str
) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("Half of"), wire.stop_asked, end()))
    async with wired(tmp_path, wire) as bench, asyncio.TaskGroup() as group:
        group.create_task(bench.do(asks(bench)))
        await bench.until(lambda: bench.screen.texts == ["Half of"])
        await bench.do(bench.press("stop", bench.screen.bubbles[0], user=user, chat=GROUP))
    assert bench.screen.texts == [f"Half of\n\n*{EN.stopped}*"]


async def test_others_hear_that_only_administrators_can(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("one"), end()))
    async with wired(tmp_path, wire) as bench:
        await bench.do(asks(bench))
        await bench.do(bench.press("regenerate", bench.screen.bubbles[0], user="cat", chat=GROUP))
        told_ = bench.screen.bubbles[-1]
    assert (told_.message.text, told_.place.only_user) == (EN.only_administrators, True)
    assert wire.times(ASK) == 1


@pytest.mark.parametrize("error", [Unreachable(sent=False), RateLimited(0.01)])
async def test_who_cannot_be_told_apart_is_asked_to_press_again(
    tmp_path: Path, error: Exception
) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("one"), end()), stream(message("two"), end()))
    async with wired(tmp_path, wire) as bench:
        await bench.do(asks(bench))
        [bubble] = bench.screen.bubbles
        bench.screen.fail_next(error, verb="standing")  # type: ignore[arg-type]  # one of these
        await bench.do(bench.press("regenerate", bubble, user="bob", chat=GROUP))
        assert bench.screen.texts == ["one", EN.standing_unknown]
        await bench.do(bench.press("regenerate", bubble, user="bob", chat=GROUP))
        newest = await bench.latest(HIDDEN, chat=GROUP)
    assert bench.screen.texts == ["one", EN.standing_unknown, "two"]
    assert newest.end_user == f"screen:{HIDDEN}"


async def test_what_somebody_asked_openly_is_theirs_and_nobody_is_looked_up(
    tmp_path: Path,
) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("one"), end()))
    async with wired(tmp_path, wire) as bench:
        await bench.do(asks(bench, user="cat"))
        [bubble] = bench.screen.bubbles
        bench.screen.fail_next(Unreachable(), verb="standing")
        await bench.do(bench.press("regenerate", bubble, user="bob", chat=GROUP))
    assert bench.screen.texts == ["one", EN.only_asker]
    assert wire.times(ASK) == 1


async def test_only_who_speaks_as_the_group_rates_as_the_group(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("one"), end()))
    wire.on(RATE, *(told({"result": "success"}) for _ in range(3)))
    async with wired(tmp_path, wire) as bench:
        await bench.do(asks(bench))
        [bubble] = bench.screen.bubbles
        await bench.do(bench.press("like", bubble, user="bob", chat=GROUP))
        assert (chosen(bench), ratings_sent(wire)) == ([], [])
        assert bench.screen.texts[-1] == EN.rating_of_other
        await bench.do(bench.press("dislike", bubble, user="ada", chat=GROUP))
        assert chosen(bench) == ["dislike"]
        await bench.do(reply(bench, "too long", HIDDEN))
    assert ratings_sent(wire) == [("dislike", None), ("dislike", "too long")]


async def test_a_form_of_the_groups_is_filled_in_by_its_administrators(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, TOPIC) as (bench, wire):
        await bench.do(asks(bench))
        await press(bench, "casual", user="cat", chat=GROUP)
        assert bench.screen.texts[-1] == EN.only_administrators
        bench.screen.delete_by_hand(bench.screen.bubbles[-1].ref)
        await press(bench, "casual", user="ada", chat=GROUP)
        await bench.do(reply(bench, "Tea", "cat"))
        assert bench.screen.texts[-1] == EN.only_administrators
        bench.screen.delete_by_hand(bench.screen.bubbles[-1].ref)
        await bench.do(reply(bench, "Tea", "bob"))
    assert sent(wire) == [{"query": "Why?", "tone": "casual", "topic": "Tea"}]


async def test_a_reply_that_is_quicker_than_the_note_of_its_question_is_none_of_ones_own(
    tmp_path: Path,
) -> None:
    async with asking(tmp_path, QUERY, TOPIC) as (bench, wire), asyncio.TaskGroup() as group:
        asker = asks(bench)
        await bench.do(asker)
        [(scope, newest)] = (await bench.store.dialogs_in(GROUP)).items()
        earlier = dict(newest.state, note=msgspec.to_builtins(bench.ref("earlier", chat=GROUP.id)))
        await bench.store.open_dialog(scope, replace(newest, state=earlier))
        replying = group.create_task(bench.do(reply(bench, "Tea", "bob")))
        await asyncio.sleep(0.15)
        assert not replying.done()
        await bench.store.open_dialog(scope, newest)
    assert sent(wire) == [{"query": "Why?", "topic": "Tea"}]


async def test_the_groups_own_reply_fills_in_its_form(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TOPIC) as (bench, wire):
        await bench.do(asks(bench))
        await bench.do(reply(bench, "Tea", HIDDEN))
    assert sent(wire) == [{"query": "Why?", "topic": "Tea"}]


@pytest.mark.parametrize("user", ["cat", HIDDEN, "bob"])
async def test_a_reply_to_what_somebody_else_was_asked_is_no_question(
    tmp_path: Path, user: str
) -> None:
    async with asking(tmp_path, QUERY, TOPIC) as (bench, wire):
        await bench.do(asks(bench, user="dan"))
        asked = bench.screen.bubbles[-1]
        await bench.do(reply(bench, "Tea", user))
        assert bench.screen.texts[-1] == EN.reply_of_other
        assert sent(wire) == []
        quoted = Quote(ref=asked.ref, text=asked.message.text)
        await bench.do(asks(bench, "Milk", "dan", quoted=quoted))
    assert sent(wire) == [{"query": "Why?", "topic": "Milk"}]


async def test_nor_is_one_to_what_is_to_be_done_with_somebody_elses_picture(
    tmp_path: Path,
) -> None:
    wire = Wire()
    async with wired(tmp_path, wire, parameters=SEES) as bench:
        await bench.do(asks(bench, "", "dan", files=(bench.picture("cat", PNG),)))
        assert bench.screen.texts == [EN.picture_what_to_do_group]
        await bench.do(reply(bench, "Describe it", "cat"))
    assert bench.screen.texts[-1] == EN.reply_of_other
    assert wire.times(ASK) == 0


async def test_a_reply_to_what_asks_for_nothing_is_a_question(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY) as (bench, wire):
        await bench.do(replace(bench.command("stop"), place=asks(bench, user="dan").place))
        await bench.do(reply(bench, "And then?", "cat"))
    assert [body["query"].partition("\n")[0] for body in sent(wire)] == ["And then?"]  # type: ignore[index]


async def test_who_runs_a_channel_stops_what_was_asked_in_its_name(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("Half of"), wire.stop_asked, end()))
    async with wired(tmp_path, wire) as bench, asyncio.TaskGroup() as group:
        group.create_task(bench.do(asks(bench, user=CHANNEL)))
        await bench.until(lambda: bench.screen.texts == ["Half of"])
        await bench.do(bench.press("stop", bench.screen.bubbles[0], user="bob", chat=GROUP))
        told_ = bench.screen.bubbles[-1]
        assert (told_.message.text, told_.place.only_user) == (EN.only_channel, True)
        bench.screen.delete_by_hand(told_.ref)
        await bench.do(bench.press("stop", bench.screen.bubbles[0], user="cat", chat=GROUP))
    assert bench.screen.texts == [f"Half of\n\n*{EN.stopped}*"]


async def test_where_nobody_says_who_runs_a_channel_it_speaks_for_itself(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("one"), end()), stream(message("two"), end()))
    async with wired(tmp_path, wire) as bench:
        await bench.do(asks(bench, user=CHANNEL))
        [bubble] = bench.screen.bubbles
        bench.screen.fail_next(Forbidden(), verb="standing")
        await bench.do(bench.press("regenerate", bubble, user="cat", chat=GROUP))
        assert bench.screen.texts == ["one", EN.only_channel]
        retry = replace(bench.command("retry"), place=asks(bench, user=CHANNEL).place)
        await bench.do(retry)
    assert bench.screen.texts == ["one", EN.only_channel, "two"]


async def test_who_runs_a_channel_rates_as_the_channel_and_others_for_themselves(
    tmp_path: Path,
) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("one"), end()))
    wire.on(RATE, told({"result": "success"}))
    async with wired(tmp_path, wire) as bench:
        await bench.do(asks(bench, user=CHANNEL))
        [bubble] = bench.screen.bubbles
        await bench.do(bench.press("dislike", bubble, user="bob", chat=GROUP))
        assert bench.screen.texts[-1] == EN.rating_of_other and not ratings_sent(wire)
        await bench.do(bench.press("like", bubble, user="cat", chat=GROUP))
    assert ratings_sent(wire) == [("like", None)]


async def test_a_form_of_a_channels_is_filled_in_by_who_runs_it(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, TOPIC) as (bench, wire):
        await bench.do(asks(bench, user=CHANNEL))
        await press(bench, "casual", user="bob", chat=GROUP)
        assert bench.screen.texts[-1] == EN.only_channel
        bench.screen.delete_by_hand(bench.screen.bubbles[-1].ref)
        await press(bench, "casual", user="cat", chat=GROUP)
        await bench.do(reply(bench, "Tea", CHANNEL))
    assert sent(wire) == [{"query": "Why?", "tone": "casual", "topic": "Tea"}]


async def test_what_is_handed_on_while_too_much_waits_comes_again(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("one"), end()))
    async with wired(tmp_path, wire) as bench:
        await bench.do(asks(bench))

        async def full(_: object) -> bool:
            raise Busy

        again = bench.press("regenerate", bench.screen.bubbles[0], user="bob", chat=GROUP)
        service = type(bench.service)(replace(bench.tools, accept=full))
        with pytest.raises(Again):
            await service.handle(bench.work(again))
