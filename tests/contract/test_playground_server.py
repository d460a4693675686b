"""The playground's server over real sockets: who may come in, and what the page is told."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from adapters.playground import tabs
from bot.surface import Button, Form, FormField, Outgoing
from tests.fakes.playground_house import House, opened

pytestmark = pytest.mark.real_time

FAULTS = (("quota", "The quota is used up"), ("cut", "The stream breaks"))


async def status(house: House, path: str = "/", **headers: str) -> int:
    async with house.session.get(house.base + path, headers=headers) as response:
        return response.status


async def test_a_tab_hears_how_things_stand_and_what_changes() -> None:
    async def site() -> Mapping[str, object]:
        return {"title": "Tea", "icon": "🍵", "inverted": True, "icon_url": "http://x.y/i.png"}

    options = {"site": site, "commands": [("stop", "End it")], "faults": FAULTS}
    async with opened(**options) as house, house.tab() as tab:
        hello = await tab.next()
        assert hello["op"] == "hello" and hello["seq"] == int(tab.last)
        app = hello["app"]
        assert (app["title"], app["icon"], app["icon_url"]) == ("Tea", "🍵", "")
        assert (app["inverted"], app["description"]) == (True, "")
        assert [person["name"] for person in hello["people"]] == ["Ada", "Ben", "Chen"]
        assert hello["chats"][-1] == {
            "id": "everyone",
            "title": "Everyone",
            "private": False,
            "person": None,
        }
        assert hello["capabilities"]["grow_for"] is None
        assert hello["mention"] == "@parley"
        assert hello["commands"] == [{"name": "stop", "words": "End it"}]
        assert hello["faults"][0] == {"name": "quota", "words": "The quota is used up"}
        assert not hello["sandbox"]
        assert await house.send("Hello <b>") == 200
        message = (await tab.next("message"))["message"]
        assert message["html"] == "<p>Hello &lt;b&gt;</p>"
        assert (message["author"], message["name"]) == ("ada", "Ada")
        assert (message["sent"], message["growing"]) == ("c1", False)
        place = house.events[0].place
        async with house.playground.grow(place) as growing:
            await growing.show(Outgoing(text="One"))
            message = (await tab.next("message"))["message"]
            assert (message["name"], message["growing"]) == ("Tea", True)
            await growing.show(Outgoing(text="One **two**"))
            grew = await tab.next("grew")
            assert grew["html"] == "<p>One <strong>two</strong></p>"
            assert grew["id"] == message["id"]
            call = (await tab.next("call"))["call"]
            assert (call["verb"], call["who"], call["outcome"]) == ("edit", "ada", "ok")
            assert call["detail"] == "11 characters" and call["took"] < 1000


async def test_a_stream_taken_up_again_has_no_gap_and_no_echo() -> None:
    async with opened() as house:
        async with house.tab() as tab:
            await tab.next("hello")
            await house.send("One", "c1")
            await tab.next("message")
        await house.send("Two", "c2")
        for query, headers in ((f"?after={tab.last}", {}), ("", {"Last-Event-ID": tab.last})):
            async with house.tab(query, **headers) as again:
                operation = await again.next()
                assert operation["message"]["text"] == "Two"
        for query in ("?after=1", "?after=x", "?after=" + "9" * 30, "?after=-1"):
            async with house.tab(query) as anew:
                hello = await anew.next()
                assert [each["text"] for each in hello["messages"]] == ["One", "Two"]


async def test_what_passes_is_told_to_a_tab_that_opens_late() -> None:
    form = Form(
        id="inputs",
        title="Inputs",
        fields=(FormField(name="city", label="City", kind="text"),),
        submit="Go",
        check=lambda values: {} if values["city"] else {"city": "Name a city."},
    )
    async with opened() as house:
        await house.send("Weather?")
        place = house.events[0].place
        await house.playground.open_form(place, form)
        await house.playground.show_status(place, "thinking")
        async with house.tab() as tab:
            hello = await tab.next("hello")
            assert hello["calls"][0]["detail"] == "1 field"
            assert (await tab.next())["words"] == "thinking"
            shown = await tab.next("form")
            assert shown["form"]["fields"][0]["label"] == "City"
        where = {"person": "ada", "chat": "dm-ada", "form": "inputs"}
        answer = await house.post("submit", id="s1", values={"city": ""}, **where)
        assert (answer[0], answer[1]["faults"]) == (422, {"city": "Name a city."})
        answer = await house.post("submit", id="s2", values={"city": "Ulm"}, **where)
        assert answer[0] == 200
        async with house.tab() as tab:
            await tab.next("hello")
            assert (await tab.next())["op"] == "status"


async def test_a_tab_that_does_not_read_holds_up_nobody() -> None:
    async with opened() as house, house.tab() as slow, house.tab() as quick:
        await quick.next("hello")
        await house.send("Write a lot")
        place = house.events[0].place
        async with asyncio.timeout(10), house.playground.grow(place) as growing:
            for number in range(300):
                await growing.show(Outgoing(text="A long line of text. " * 200 + f"{number}"))
                await asyncio.sleep(0)
            await growing.finish(Outgoing(text="The end"))
        while (await quick.next("message"))["message"]["text"] != "The end":
            pass
        while (await slow.next("message"))["message"]["text"] != "The end":
            pass


async def test_frames_that_are_dear_to_render_get_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened() as house, house.tab() as tab:
        await tab.next("hello")
        await house.send("Write a list")
        frames, room = [], house.playground.room
        frame = room.frame

        def dear(post: Any) -> Any:
            frames.append(post.text)
            time.sleep(0.02)
            return frame(post)

        monkeypatch.setattr(room, "frame", dear)
        async with house.playground.grow(house.events[0].place) as growing:
            for number in range(40):
                await growing.show(Outgoing(text=f"- item {number}"))
                await asyncio.sleep(0.01)
            await growing.finish(Outgoing(text="The end"))
        while (await tab.next("message"))["message"]["text"] != "The end":
            pass
        # Half a second and more; each of them keeps 0.1 s for itself.
        assert 2 <= len(frames) <= 20


async def test_silence_is_told_apart_from_death(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tabs, "_BEAT", 0.05)
    async with opened() as house, house.session.get(house.base + "/events") as response:
        async with asyncio.timeout(5):
            while not (await response.content.readline()).startswith(b": "):
                pass


async def test_there_are_only_so_many_tabs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tabs, "_MOST", 1)
    async with opened() as house, house.tab() as tab:
        await tab.next("hello")
        assert await status(house, "/events") == 503


async def test_the_end_of_the_process_ends_the_tabs() -> None:
    async with opened() as house, house.tab() as tab:
        await tab.next("hello")
        house.playground.room.close()
        assert await tab.ends()


async def test_the_page_opens_undressed_when_the_app_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tabs, "_PATIENCE", 0.01)

    async def site() -> Mapping[str, object]:
        await asyncio.sleep(60)
        return {}

    async with opened(site=site) as house, house.tab() as tab:
        assert (await tab.next("hello"))["app"]["title"] == "Parley"


async def test_a_busy_bot_makes_the_page_come_again_and_nothing_is_said_twice() -> None:
    async with opened() as house:
        house.busy = True
        code, body, headers = await house.post(
            "send", id="c1", person="ada", chat="dm-ada", text="Hello"
        )
        assert (code, headers["Retry-After"]) == (503, "3")
        assert body["error"]
        house.busy = False
        assert await house.send("Hello") == 200
        assert await house.send("Hello") == 200
        assert len(house.events) == 1
        assert len(house.playground.room.posts) == 1


async def test_a_full_disk_makes_the_page_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened() as house:

        def full(changes: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(house.playground.room._journal, "append", full)
            assert await house.send("Hello") == 503
        assert await house.send("Hello") == 200


async def test_a_visitor_who_left_is_no_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened() as house:

        async def left(*_: object) -> None:
            raise ConnectionResetError

        monkeypatch.setattr(house.playground.room, "upload", left)
        async with house.session.post(house.base + "/upload", data=b"x") as response:
            assert response.status == 500


async def test_deeds_of_every_kind_go_over_the_wire() -> None:
    async with opened() as house:
        await house.send("Hello")
        button = Button(label="👍", name="like", value="a1")
        ref = await house.playground.post(
            house.events[0].place, Outgoing(text="Hi", buttons=(button,))
        )
        deeds: list[tuple[str, dict[str, object]]] = [
            ("edit", {"message": "1", "text": "Hello there"}),
            ("react", {"person": "ada", "message": ref.id, "emoji": "👍", "on": True}),
            ("press", {"person": "ada", "message": ref.id, "name": "like", "value": "a1"}),
            ("delete", {"message": "1"}),
        ]
        for number, (path, body) in enumerate(deeds):
            assert (await house.post(path, id=f"d{number}", **body))[0] == 200
        assert [type(event).__name__ for event in house.events] == [
            "Message",
            "Edited",
            "Reaction",
            "Action",
            "Deleted",
        ]


async def test_a_form_that_was_dismissed_is_closed_in_every_tab_and_opens_in_none() -> None:
    async with opened() as house, house.tab() as tab:
        await house.send("/inputs")
        place = house.events[0].place
        form = Form(id="details", title="Details", submit="Keep", fields=(), check=lambda _: {})
        await house.playground.open_form(place, form)
        assert (await tab.next("form"))["form"]["id"] == "details"
        whose = {"person": "ada", "chat": "dm-ada", "form": "details"}
        assert (await house.post("dismiss", **whose))[0] == 200
        assert await tab.next("closed") == {"op": "closed", **whose}
        async with house.tab() as later:
            assert (await later.next())["op"] == "hello"
            await house.playground.show_status(place, "Thinking")
            assert (await later.next())["op"] == "status"


async def test_behaviours_people_and_faults_are_switched_and_told() -> None:
    told: list[str] = []

    async def set_fault(name: str) -> None:
        told.append(name)

    async with opened(faults=FAULTS, set_fault=set_fault) as house, house.tab() as tab:
        assert (await tab.next("hello"))["sandbox"]
        assert (await house.post("behaviour", name="slack"))[0] == 200
        assert (await tab.next())["capabilities"]["grow_for"] == 240
        assert (await house.post("behaviour", name="irc"))[0] == 400
        assert (await house.post("fault", name="cut"))[0] == 200
        assert await tab.next() == {"op": "fault", "fault": "cut"}
        assert (await house.post("fault", name=""))[0] == 200
        assert (await house.post("fault", name="rain"))[0] == 400
        assert told == ["cut", ""]
        code, body, _ = await house.post("people", name="Dora")
        assert (code, body["id"]) == (200, "dora")
        people = await tab.next("people")
        assert people["people"][-1]["name"] == "Dora"
        assert people["chats"][3]["person"] == "dora"
        assert (await house.post("people", name="<i>"))[0] == 409


async def test_without_a_sandbox_there_are_no_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(faults=FAULTS) as house:
        assert (await house.post("fault", name="cut"))[0] == 400
    monkeypatch.setattr("adapters.playground.adapter._PATIENCE", 0.01)

    async def asleep(name: str) -> None:
        await asyncio.sleep(60)

    async with opened(faults=FAULTS, set_fault=asleep) as house:
        assert (await house.post("fault", name="cut"))[0] == 503


async def fetched(house: House, id: str, **headers: str) -> tuple[int, bytes, Mapping[str, str]]:
    async with house.session.get(f"{house.base}/file/{id}", headers=headers) as response:
        return response.status, await response.read(), response.headers


@pytest.mark.parametrize("kept", [True, False])
async def test_files_come_back_whole_in_part_and_harmless(kept: bool, tmp_path: Path) -> None:
    async with opened(path=tmp_path / "room.jsonl" if kept else None) as house:
        code, body = await house.upload(b"0123456789", "image/png", "a.png")
        assert code == 200
        code, data, headers = await fetched(house, body["id"])
        assert (code, data, headers["Content-Type"]) == (200, b"0123456789", "image/png")
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "Content-Disposition" not in headers
        for wanted, part, told in (
            ("bytes=2-4", b"234", "bytes 2-4/10"),
            ("bytes=7-", b"789", "bytes 7-9/10"),
            ("bytes=-2", b"89", "bytes 8-9/10"),
        ):
            code, data, headers = await fetched(house, body["id"], Range=wanted)
            assert (code, data, headers["Content-Range"]) == (206, part, told)
        for wanted in ("bytes=20-", "bytes=x", "lines=1-2"):
            code, data, headers = await fetched(house, body["id"], Range=wanted)
            assert (code, headers["Content-Range"]) == (416, "bytes */10")
        for kind in ("text/html", "image/svg+xml", "no kind"):
            code, body = await house.upload(b"<script>", kind)
            code, data, headers = await fetched(house, body["id"])
            assert headers["Content-Disposition"] == "attachment"
            assert headers["Content-Type"] == "application/octet-stream"
        assert (await fetched(house, "0" * 32))[0] == 404
        assert (await house.upload(b"", "image/png"))[0] == 400
        assert (await house.upload(bytes(15 * 1024 * 1024 + 1), "image/png"))[0] == 413


async def test_a_room_that_was_left_is_found_again(tmp_path: Path) -> None:
    path = tmp_path / "room.jsonl"
    async with opened(path=path, behaviour="slack") as house:
        await house.send("Hello")
        _, kept = await house.upload(b"x", "image/png")
    stray = path.with_name("room.jsonl.files") / ("a" * 32)
    stray.write_bytes(b"left by a crash")
    async with opened(path=path, behaviour="ideal") as house, house.tab() as tab:
        hello = await tab.next("hello")
        assert hello["behaviour"] == "slack"
        assert [message["text"] for message in hello["messages"]] == ["Hello"]
        assert await house.send("Hello") == 200
        assert house.events == []
        assert (await fetched(house, kept["id"]))[0] == 200
        assert not stray.exists()
