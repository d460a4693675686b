"""The Bot API server of the tests delivers as Telegram does: by list, by right, in order, again."""

import asyncio
import json
from collections.abc import Mapping

import pytest
from telegram import Bot
from telegram.error import Conflict, TimedOut

from tests.fakes.bot_api import InMemoryRequest, Pusher, Seat, Telegram, serve


def opened(telegram: Telegram) -> Seat:
    return telegram.private(telegram.person(), telegram.bot())


def updates(telegram: Telegram, **given: object) -> list[dict[str, object]]:
    (bot,) = telegram.bots.values()
    status, body = telegram.call(bot.token, "getUpdates", given)
    assert status == 200, body
    result = body["result"]
    assert isinstance(result, list)
    return result


def kinds(found: list[dict[str, object]]) -> list[str]:
    return [kind for update in found for kind in update if kind != "update_id"]


def asked(telegram: Telegram) -> Bot:
    (bot,) = telegram.bots.values()
    return Bot(
        bot.token,
        request=InMemoryRequest(telegram),
        get_updates_request=InMemoryRequest(telegram),
    )


def test_updates_stay_until_a_higher_offset_confirms_them() -> None:
    telegram = Telegram()
    seat = opened(telegram)
    seat.say("one")
    seat.say("two")

    first, second = updates(telegram)

    assert updates(telegram) == [first, second]
    assert updates(telegram, offset=second["update_id"]) == [second]
    assert updates(telegram, offset=-1) == [second]
    assert updates(telegram, offset=int(str(second["update_id"])) + 1) == []


def test_reactions_come_to_who_lists_them_and_in_groups_to_administrators() -> None:
    telegram = Telegram()
    seat = opened(telegram)
    (bot,) = telegram.bots.values()
    group = telegram.group(bot)
    inside = group.seat(seat.person)
    for place in (seat, inside):
        place.react(place.say("/ask"), "👍")
    assert kinds(updates(telegram)) == ["message", "message"]

    updates(telegram, allowed_updates=["message_reaction", "unheard_of"], offset=3)
    for place in (seat, inside):
        place.react(place.posts[0], "👎")
    assert kinds(updates(telegram)) == ["message_reaction"]

    group.promote(bot, seat.person)
    inside.react(inside.posts[0])
    assert len(updates(telegram)) == 2


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("hello all", False),
        ("hello @Parley_bot, you there", True),
        ("hello @parley_bots", False),
        ("/ask", True),
        ("/ask@parley_bot", True),
        ("/ask@other_bot", False),
    ],
)
def test_in_privacy_mode_a_bot_hears_what_concerns_it(text: str, heard: bool) -> None:
    telegram = Telegram()
    bot = telegram.bot()
    seat = telegram.group(bot).seat(telegram.person())

    seat.say(text)

    assert bool(updates(telegram)) is heard
    bot.reads_groups = True
    seat.say(text)
    assert updates(telegram)[-1:] != []


async def test_a_poll_waits_for_the_first_update_and_a_second_poll_ends_it() -> None:
    loop = asyncio.get_running_loop()
    telegram = Telegram(loop.time)
    seat = opened(telegram)
    bot = asked(telegram)
    async with bot:
        loop.call_later(7, seat.say, "late")
        assert [update.update_id for update in await bot.get_updates(timeout=30)] == [1]
        assert loop.time() == 7

        first = asyncio.create_task(bot.get_updates(offset=2, timeout=30))
        await asyncio.sleep(1)
        second = asyncio.create_task(bot.get_updates(offset=2, timeout=3))
        with pytest.raises(Conflict):
            await first
        assert await second == ()


async def test_faults_come_before_or_after_the_deed() -> None:
    telegram = Telegram(asyncio.get_running_loop().time)
    seat = opened(telegram)
    telegram.faults.add("silent", "sendMessage")
    telegram.faults.add("silent after", "sendMessage")
    async with asked(telegram) as bot:
        for shown in ([], ["well"]):
            with pytest.raises(TimedOut):
                await bot.send_message(seat.chat.id, "well")
            assert seat.shown() == shown


async def test_webhooks_get_one_update_of_a_chat_at_a_time_and_again_until_they_take_it() -> None:
    loop = asyncio.get_running_loop()
    telegram = Telegram(loop.time)
    bot = telegram.bot()
    ada, eve = (telegram.private(telegram.person(name), bot) for name in ("Ada", "Eve"))
    got: list[tuple[float, str, str]] = []
    statuses = iter([500, 500, 503, 200, 200, 200])

    async def send(
        url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        update = json.loads(body)
        text = update["message"]["text"]
        got.append((loop.time(), text, headers["X-Telegram-Bot-Api-Secret-Token"]))
        if text == "eve":
            call = {"method": "sendChatAction", "chat_id": eve.chat.id, "action": "typing"}
            return 200, {}, json.dumps(call).encode()
        status = next(statuses)
        return status, {"Retry-After": "9"} if status == 503 else {}, b""

    telegram.call(bot.token, "setWebhook", {"url": "https://a.example/", "secret_token": "s"})
    async with Pusher(telegram, send):
        ada.say("one")
        ada.say("two")
        eve.say("eve")
        await asyncio.sleep(30)

    assert [text for _, text, _ in got] == ["one", "eve", "one", "one", "one", "two"]
    assert [at for at, text, _ in got if text == "one"] == [0, 0, 2, 11]
    assert {secret for *_, secret in got} == {"s"}
    assert [shown.kind for shown in eve.chat.history] == ["post", "action"]
    assert bot.queue == []
    assert telegram.call(bot.token, "getUpdates")[0] == 409


@pytest.mark.real_time
async def test_the_loopback_server_takes_calls_uploads_and_gives_files() -> None:
    telegram = Telegram()
    seat = opened(telegram)
    (known,) = telegram.bots.values()
    photo = seat.photo("look", b"\xff\xd8" + bytes(3000))
    async with serve(telegram) as served:
        bot = Bot(known.token, base_url=f"{served.url}/bot", base_file_url=f"{served.url}/file/bot")
        async with bot:
            (update,) = await bot.get_updates(timeout=0)
            assert update.message
            file = await bot.get_file(update.message.photo[-1].file_id)
            data = bytes(await file.download_as_bytearray())
            await bot.send_document(seat.chat.id, b"# All of it", filename="all.md")

    assert photo.medium
    assert data == photo.medium.data
    document = seat.answers[0].medium
    assert document
    assert (document.name, document.data) == ("all.md", b"# All of it")
