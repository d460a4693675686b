"""The whole line over loopback HTTP: messages, files and hooks with nothing in any address."""

import time

import pytest

from adapters.slack.workspace import Line, SingleWorkspace
from tests.fakes.slack_api import Slack, serve


@pytest.mark.real_time
async def test_everything_travels_over_http_and_no_words_in_addresses() -> None:
    slack = Slack(clock=time.monotonic)
    slack.sharing = 0.05
    team = slack.team()
    seat = slack.dm(slack.person("Ada"))
    async with serve(slack) as served:
        line = Line(api_url=f"{served.url}/api/")
        ours = (await SingleWorkspace(slack.token(team), line).of(team.id)).calls
        photo = seat.file(b"\x89PNG" * 100)
        question = seat.say("look", files=[photo])
        assert await ours.read_file(photo.id, "", limit=999) == b"\x89PNG" * 100
        stream = await ours.start_stream(seat.channel.id, question.ts, markdown="a & ä")
        await ours.append_stream(seat.channel.id, stream, "\n\n**b**")
        await ours.stop_stream(seat.channel.id, stream)
        voice = await ours.upload(
            seat.channel.id, question.ts, "voice", b"ID3", "Title", "audio/mpeg", "a comment"
        )
        await ours.respond(str(seat.command("hi").payload["response_url"]), {"text": "only you"})
        await line.aclose()
    assert seat.shown(question) == ["a & ä\n\n**b**", "a comment"]
    assert [answer.ts for answer in seat.answers] == [stream, voice]
    assert [post.readable for post in seat.ephemerals] == ["only you"]
    assert slack.exposed == []
    assert not slack.violations()
