"""Commands in Telegram, as people use them."""

import pytest

from bot.phrases import of
from tests.fakes.telegram_bot import OPERATOR, House, answered, told

pytestmark = [pytest.mark.real_time, pytest.mark.asyncio(loop_scope="session")]

EN, ZH = of("en"), of("zh")


async def test_start_greets_and_its_suggestions_can_be_asked(house: House) -> None:
    seat = house.visit()
    seat.say("/start ref_42-x")

    post = await told(house, seat, "This is Parley's sandbox.")
    assert "Show me markdown." in post.buttons
    assert "ref_42" not in post.text
    seat.press(post, "How do I stop")

    assert (await answered(house, seat)).text


async def test_help_names_commands_that_can_be_tapped(house: House) -> None:
    seat = house.visit()
    seat.say("/help")

    post = await told(house, seat, EN.command_forget)
    for name in ("/ask", "/stop", "/voice", "/inputs", "/feedback", "/retry", "/about", "/forget"):
        assert f"{name} " in post.text
    assert EN.help_reactions in post.text
    assert "/stats" not in post.text


async def test_help_in_a_group_says_that_reactions_need_an_administrator(house: House) -> None:
    group = house.group()
    seat = group.seat(house.visit().person)
    seat.say("/help")
    await told(house, seat, EN.help_reactions_admin)

    group.promote(house.account, seat.person)
    await house.until(lambda: not house.account.queue)
    seat.say("/help")
    await told(house, seat, EN.help_reactions)


async def test_who_speaks_chinese_is_answered_in_it(house: House) -> None:
    seat = house.visit(language="zh-hans")
    seat.say("/nonsense")

    await told(house, seat, ZH.unknown_command.split("{command}")[1][:6])


async def test_retry_and_again_ask_the_last_question_once_more(house: House) -> None:
    seat = house.visit()
    seat.say("n=2")
    await answered(house, seat)
    seat.say("/retry")

    await answered(house, seat, 2)


async def test_about_tells_of_the_app(house: House) -> None:
    seat = house.visit()
    seat.say("/about")

    await told(house, seat, "Ann Owner")


async def test_forget_leaves_nothing_to_retry(house: House) -> None:
    seat = house.visit()
    seat.say("n=2")
    await answered(house, seat)
    seat.say("/forget")
    await told(house, seat, EN.forgotten)
    seat.say("/retry")

    await told(house, seat, EN.kept_no_longer)


async def test_feedback_passes_words_on(house: House) -> None:
    seat = house.visit()
    seat.say("n=2")
    post = await answered(house, seat)
    seat.press(post, "👍")
    await house.thinks(seat, "like")
    seat.say("/feedback just right")

    await told(house, seat, EN.rating_thanks)
    await house.thinks(seat, "like", "just right")


async def test_stats_are_for_operators(house: House) -> None:
    seat, operator = house.visit(), house.operator()
    for each in (seat, operator):
        each.say("/stats")

    await told(house, operator, "Questions:")
    await told(house, seat, EN.unknown_command.split("{command}")[1][:20])


async def test_the_menu_is_set_in_every_language_where_people_type(house: House) -> None:
    menus = house.account.commands
    scopes = ("default", "all_group_chats")
    # "" is for everybody whose language is none of ours
    wanted = {(scope, language) for scope in scopes for language in ("", "zh")}
    await house.until(lambda: wanted <= menus.keys())
    for scope in scopes:
        in_english, in_chinese = menus[scope, ""], menus[scope, "zh"]
        assert in_english[0] == {"command": "ask", "description": EN.command_ask}
        assert in_chinese[0] == {"command": "ask", "description": ZH.command_ask}
    own = await house.until(lambda: menus.get((f"chat:{OPERATOR}", "")))
    assert own[-1]["command"] == "stats"


async def test_voice_reads_the_last_answer_as_a_voice_message(house: House) -> None:
    seat = house.visit()
    seat.say("n=2")
    await answered(house, seat)
    seat.say("/voice")

    post = (await house.until(lambda: [each for each in seat.answers if each.medium]))[-1]
    assert post.medium
    assert post.medium.kind == "voice"
    assert post.medium.data.startswith(b"OggS")
    assert post.medium.has_wave
    assert post.medium.seconds >= 1
    assert "record_voice" in [shown.text for shown in seat.chat.history if shown.kind == "action"]


async def test_the_listen_button_and_always_on(house: House) -> None:
    seat = house.visit()
    seat.say("/voice on")
    await told(house, seat, EN.voice_on)
    seat.say("n=2")
    await house.until(lambda: [each for each in seat.answers if each.medium])
    seat.say("/voice off")
    await told(house, seat, EN.voice_off)


async def test_who_takes_no_voice_messages_gets_a_file_to_play(house: House) -> None:
    seat = house.visit(blocks_voice=True)
    seat.say("n=2")
    await answered(house, seat)
    seat.say("/voice")

    post = (await house.until(lambda: [each for each in seat.answers if each.medium]))[-1]
    assert post.medium
    assert post.medium.kind == "audio"
    refused = [no for no in house.telegram.refusals if "VOICE_MESSAGES_FORBIDDEN" in no.description]
    for no in refused:  # asking is how the bot learns it
        house.telegram.refusals.remove(no)
    assert refused
