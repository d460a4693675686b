"""How updates come in: nothing is lost or done twice, nobody else is believed."""

import asyncio
import io
import json
import signal
from pathlib import Path

import aiohttp
import pytest

from tests.fakes.nursery import Nursery
from tests.fakes.telegram_bot import SECRET_PARTS, House, Way, answered, telegram_bot, whole

pytestmark = pytest.mark.real_time

HEADER = "X-Telegram-Bot-Api-Secret-Token"


async def knock(house: House, body: bytes, *, secret: str | None = None) -> tuple[int, str]:
    """Status and body of a delivery that is not Telegram's."""
    hook = house.account.webhook
    assert hook
    headers = {"Content-Type": "application/json"}
    if secret is None:
        headers[HEADER] = hook.secret
    elif secret:
        headers[HEADER] = secret
    async with (
        aiohttp.ClientSession() as session,
        session.post(hook.url, data=io.BytesIO(body), headers=headers) as answer,
    ):
        return answer.status, await answer.text()


async def test_only_telegram_is_believed_and_no_body_breaks_the_door(
    nursery: Nursery, tmp_path: Path
) -> None:
    async with telegram_bot(nursery, tmp_path, "webhook") as house:
        hook = house.account.webhook
        assert hook
        assert hook.url.endswith("/telegram/webhook")
        assert len(hook.secret) >= 32
        assert "message_reaction" in house.account.allowed
        update = json.dumps({"update_id": 1}).encode()
        assert (await knock(house, update, secret=""))[0] == 401
        assert (await knock(house, update, secret=hook.secret[:-1] + "!"))[0] == 401
        assert (await knock(house, b"x" * (1 << 20) + b"x"))[0] == 413
        for odd in (
            b"",
            b"{",
            b"[1]",
            b"null",
            b"\xff\xfe",
            b"[" * 100_000,
            b'{"update_id":' + b"9" * 5000 + b"}",
            b'{"update_id": 1, "message": {"chat": []}}',
            b'{"update_id": 2, "unheard_of": {}}',
            b'{"update_id": 3, "message": ' + b'{"reply_to_message":' * 3000 + b"1" + b"}" * 3001,
        ):
            assert (await knock(house, odd))[0] < 500
        seat = house.visit()
        seat.say("n=2")
        await answered(house, seat)


async def test_what_comes_twice_is_answered_once(nursery: Nursery, tmp_path: Path) -> None:
    async with telegram_bot(nursery, tmp_path, "webhook") as house:
        house.pusher.twice = True
        seat = house.visit()
        seat.say("n=2")
        await answered(house, seat)
        seat.say("n=3")
        await answered(house, seat, 2)
        assert len(house.pusher.pushed) == 4
        assert len(seat.answers) == 2
        assert len(house.sandbox.writings) == 2


@pytest.mark.parametrize("way", ["polling", "webhook"])
async def test_what_was_said_while_the_bot_was_away_or_killed_is_answered_once(
    nursery: Nursery, tmp_path: Path, way: Way
) -> None:
    async with telegram_bot(nursery, tmp_path, way) as house:
        seats = [house.visit() for _ in range(4)]
        for seat in seats[:2]:
            seat.say("n=3 wait=0.2")
        await house.until(lambda: not house.account.queue)
        await house.end(signal.SIGKILL)
        for seat in seats[2:]:
            seat.say("n=2")
        await house.start()
        for seat in seats[2:]:
            await answered(house, seat)
        await house.until(lambda: all(seat.answers for seat in seats))
        assert [len(seat.answers) for seat in seats] == [1, 1, 1, 1]


async def test_what_arrives_while_the_bot_ends_comes_again_to_the_next(
    nursery: Nursery, tmp_path: Path
) -> None:
    async with telegram_bot(nursery, tmp_path, "webhook") as house:
        early, late = house.visit(), house.visit()
        early.say("n=40 d=0.05")
        await house.until(lambda: (draft := early.draft()) and "chunk" in draft.text)
        ending = asyncio.create_task(house.end(signal.SIGTERM))
        await asyncio.sleep(0.2)
        late.say("n=2")
        assert await ending == 0
        assert whole(early.answers[-1])  # an open answer is ended within the grace
        assert late.answers == []
        assert {status for _, status in house.pusher.pushed[1:]} <= {503, 0}
        await house.start()
        await answered(house, late)


async def test_a_deaf_poller_is_told_at_readyz_and_hears_again(
    nursery: Nursery, tmp_path: Path
) -> None:
    async with telegram_bot(nursery, tmp_path) as house:
        assert await house.ready()
        house.telegram.faults.add("cut", "getUpdates", times=1000)
        seat = house.visit()
        seat.say("n=2")  # ends the poll that is held back
        async with asyncio.timeout(15):
            while await house.ready():  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(0.05)
        seat.say("n=3")
        house.telegram.faults.clear()
        await house.until(lambda: sum(map(whole, seat.answers)) == 2, within=30)
        assert await house.ready()


async def test_several_bots_have_a_door_each(nursery: Nursery, tmp_path: Path) -> None:
    second = "4300000043:AAopen-" + "y" * 27
    tokens = f"{'4200000042:AAsesame-' + 'x' * 27},{second}"
    async with telegram_bot(
        nursery, tmp_path, "webhook", start=False, TELEGRAM_BOT_TOKEN=tokens
    ) as house:
        other = house.telegram.bot(second, "other_bot")
        await house.start()
        person = house.telegram.person("Ada")
        seats = [house.telegram.private(person, bot) for bot in (house.account, other)]
        for seat in seats:
            seat.say("n=2")
        for seat in seats:
            await answered(house, seat)
            assert len(seat.answers) == 1
        hooks = [bot.webhook for bot in (house.account, other)]
        assert [hook and hook.url.rpartition("/")[2] for hook in hooks] == [
            "4200000042",
            "4300000043",
        ]
        assert len({hook.secret for hook in hooks if hook}) == 2


@pytest.mark.parametrize("way", ["polling", "webhook"])
async def test_the_token_is_neither_said_nor_kept(
    nursery: Nursery, tmp_path: Path, way: Way
) -> None:
    async with telegram_bot(
        nursery,
        tmp_path,
        way,
        PARLEY_LOG_LEVEL="debug",
        start=False,
    ) as house:
        for method in ("getFile", "sendMessageDraft", "getMe", "getUpdates", "setWebhook"):
            house.telegram.faults.add("cut", method)
            house.telegram.faults.add("500", method)
        await house.start()
        seat = house.visit()
        seat.photo("n=2")
        seat.say("n=2")
        await house.until(lambda: [post for post in seat.answers if whole(post)], within=30)
        house.telegram.bots.clear()  # the token is revoked
        seat.say("n=2")
        await asyncio.sleep(0.5)
        await house.end(signal.SIGTERM)
        for part in SECRET_PARTS:
            assert part not in house.said
            assert part.encode() not in house.kept()
