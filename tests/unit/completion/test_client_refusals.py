"""What every verb does when it is refused, ignored or misled: raise, wait, or try again."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from bot.completion import (
    AppUnavailable,
    Busy,
    CompletionClient,
    CompletionError,
    FileRefused,
    Forbidden,
    GenerationFailed,
    Interrupted,
    InvalidInput,
    Patience,
    QuotaExceeded,
    ServiceFailed,
    Unauthorized,
    Unreachable,
    Unreadable,
)
from tests.fakes.answer_listener import ASK, STOP, app, now, run_stream
from tests.fakes.completion_wire import (
    MESSAGE,
    MP3,
    OK,
    PNG,
    TASK,
    Given,
    Wire,
    audio,
    end,
    message,
    page,
    refused,
    stream,
    told,
)

RATE = f"POST /messages/{MESSAGE}/feedbacks"
SPEAK = "POST /text-to-audio"
UPLOAD = "POST /files/upload"

Ask = Callable[[CompletionClient], Awaitable[object]]
ASKS: dict[str, tuple[str, Ask]] = {
    "stream": (ASK, run_stream),
    "complete": (ASK, lambda api: api.complete({"query": "hi"}, user="u")),
    "stop": (STOP, lambda api: api.stop(TASK, user="u")),
    "upload": (UPLOAD, lambda api: api.upload(PNG, user="u")),
    "rate": (RATE, lambda api: api.rate(MESSAGE, "like", user="u")),
    "speak": (SPEAK, lambda api: api.speak(text="hi", user="u")),
    "info": ("GET /info", lambda api: api.info()),
    "parameters": ("GET /parameters", lambda api: api.parameters()),
    "site": ("GET /site", lambda api: api.site()),
}
SAFE_TWICE = {"stop", "info", "parameters", "site"}
GOOD = {
    "stream": stream(message("x"), end()),
    "complete": told({"answer": "x"}),
    "upload": told({"id": "f"}, 201),
    "speak": audio(MP3),
}
every_verb = pytest.mark.parametrize("verb", ASKS)


@every_verb
@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid_param", InvalidInput),
        (400, "app_unavailable", AppUnavailable),
        (400, "provider_quota_exceeded", QuotaExceeded),
        (400, "completion_request_error", GenerationFailed),
        (401, "unauthorized", Unauthorized),
        (403, "forbidden", Forbidden),
        (413, "file_too_large", FileRefused),
    ],
)
async def test_every_verb_raises_what_it_is_refused_with_at_once(
    verb: str, status: int, code: str, kind: type[CompletionError]
) -> None:
    wire = Wire()
    what, ask = ASKS[verb]
    wire.on(what, refused(status, code))
    async with app(wire) as api:
        with pytest.raises(kind):
            await ask(api)
    assert wire.times(what) == 1
    assert (now(), wire.open) == (0.0, 0)


@every_verb
async def test_a_request_that_never_left_is_sent_again(verb: str) -> None:
    wire = Wire()
    what, ask = ASKS[verb]
    lost = [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow")]
    wire.on(what, *lost, GOOD.get(verb, told(OK)))
    async with app(wire) as api:
        await ask(api)
        assert 0.75 <= now() <= 2.25, "half a second and a second, jittered"
    assert wire.times(what) == 3


@every_verb
async def test_three_times_unreachable_is_the_end(verb: str) -> None:
    wire = Wire()
    what, ask = ASKS[verb]
    wire.on(what, httpx.ConnectError("refused"))
    async with app(wire) as api:
        with pytest.raises(Unreachable) as caught:
            await ask(api)
    assert not caught.value.sent
    assert wire.times(what) == 3


@every_verb
@pytest.mark.parametrize(
    "fate",
    [
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("hung up"),
        httpx.ReadTimeout("slow"),
        httpx.WriteError("broken pipe"),
    ],
    ids=repr,
)
async def test_what_may_have_arrived_is_sent_again_only_where_that_is_harmless(
    verb: str, fate: Exception
) -> None:
    wire = Wire()
    what, ask = ASKS[verb]
    wire.on(what, fate)
    async with app(wire) as api:
        with pytest.raises(Unreachable) as caught:
            await ask(api)
    assert caught.value.sent
    assert wire.times(what) == (3 if verb in SAFE_TWICE else 1)


@every_verb
@pytest.mark.parametrize("status", [500, 502, 504])
async def test_a_failing_server_is_asked_again_only_where_that_is_harmless(
    verb: str, status: int
) -> None:
    wire = Wire()
    what, ask = ASKS[verb]
    wire.on(what, page(status))
    async with app(wire) as api:
        with pytest.raises(ServiceFailed):
            await ask(api)
    assert wire.times(what) == (3 if verb in SAFE_TWICE else 1)


@every_verb
async def test_a_busy_server_is_given_the_time_it_asks_for(verb: str) -> None:
    wire = Wire()
    what, ask = ASKS[verb]
    busy = refused(429, "too_many_requests", **{"retry-after": "4"})
    wire.on(what, busy, GOOD.get(verb, told(OK)))
    async with app(wire) as api:
        await ask(api)
        assert 4.0 <= now() <= 5.0
    assert wire.times(what) == 2


async def test_a_server_that_is_busy_for_long_is_not_waited_for() -> None:
    wire = Wire()
    wire.on(ASK, Given((b"error code: 1015",), 429, {"retry-after": "60"}))
    async with app(wire) as api:
        with pytest.raises(Busy) as caught:
            await run_stream(api)
    assert caught.value.retry_after == 60.0
    assert now() == 0.0


async def test_the_concurrency_limit_of_old_servers_is_waited_for_too() -> None:
    wire = Wire()
    words = "Too many requests. Please try again later. The current maximum is 1."
    wire.on(ASK, refused(400, "invalid_param", words), stream(message("x"), end()))
    async with app(wire) as api:
        assert await run_stream(api) == "x"


@every_verb
async def test_a_page_instead_of_an_answer_is_unreadable(verb: str) -> None:
    wire = Wire()
    what, ask = ASKS[verb]
    wire.on(what, page())
    async with app(wire) as api:
        with pytest.raises(Unreadable, match=r"/v1\.$"):
            await ask(api)


@every_verb
@pytest.mark.parametrize(
    ("location", "told_host"),
    [
        ("https://other.example/v1?key=secret", "other.example"),
        ("/login", "another path"),
        ("http://[secret", "another path"),
    ],
)
async def test_a_redirect_is_named_and_not_followed(
    verb: str, location: str, told_host: str
) -> None:
    wire = Wire()
    what, ask = ASKS[verb]
    wire.on(what, Given((), 307, {"location": location}))
    async with app(wire) as api:
        with pytest.raises(Unreadable, match=told_host) as caught:
            await ask(api)
    assert "secret" not in str(caught.value)
    assert wire.asked == [what]


@pytest.mark.parametrize("status", [200, 304, 399])
async def test_only_a_status_that_redirects_is_a_redirect(status: int) -> None:
    wire = Wire()
    wire.on("GET /info", Given((), status, {"location": "https://other.example/"}))
    async with app(wire) as api:
        with pytest.raises(Unreadable, match=r"/v1\.$"):
            await api.info()


@pytest.mark.parametrize("sent", [False, True])
async def test_the_reason_of_no_answer_is_told(sent: bool) -> None:
    wire = Wire()
    kind = httpx.ReadError if sent else httpx.ConnectError
    wire.on(ASK, kind("certificate verify failed"))
    async with app(wire) as api:
        with pytest.raises(Unreachable, match="does not answer: certificate verify failed") as told:
            await run_stream(api)
    assert told.value.sent is sent


async def test_what_the_libraries_below_find_wrong_is_not_sent_again() -> None:
    wire = Wire()
    wire.on(ASK, httpx.LocalProtocolError("perhaps in the answer"))
    async with app(wire) as api:
        with pytest.raises(Unreachable) as caught:
            await run_stream(api)
    assert caught.value.sent
    assert wire.times(ASK) == 1


async def test_a_status_that_means_nothing_here_is_unreadable() -> None:
    wire = Wire()
    wire.on("GET /info", Given((), 204))
    async with app(wire) as api:
        with pytest.raises(Unreadable):
            await api.info()


@pytest.mark.parametrize("value", [None, [], "x"])
async def test_json_of_another_shape_is_unreadable(value: object) -> None:
    wire = Wire()
    wire.on("GET /info", told(value))
    wire.on(ASK, told(value))
    async with app(wire) as api:
        with pytest.raises(Unreadable):
            await api.info()
        with pytest.raises(Unreadable):
            await api.complete({}, user="u")


async def test_broken_json_and_endless_json_are_unreadable() -> None:
    wire = Wire()
    json_headers = {"content-type": "application/json"}
    wire.on("GET /info", Given((b"{",), 200, json_headers))
    wire.on("GET /site", Given((b"[" + b"1," * 3_000_000,), 200, json_headers))
    async with app(wire) as api:
        with pytest.raises(Unreadable):
            await api.info()
        with pytest.raises(Unreadable, match="larger than"):
            await api.site()


async def test_only_the_beginning_of_an_endless_error_is_read() -> None:
    wire = Wire()
    endless = Given((b"x" * 70_000, 3600.0, b"y"), 500)
    wire.on(ASK, endless)
    async with app(wire) as api:
        with pytest.raises(ServiceFailed) as caught:
            await api.complete({}, user="u")
    assert now() == 0.0
    assert caught.value.detail.startswith("xxx")
    assert endless.closed


@pytest.mark.parametrize("fate", [httpx.ReadError("reset"), 3600.0], ids=repr)
async def test_a_refusal_counts_even_if_its_words_never_come(fate: Exception | float) -> None:
    wire = Wire()
    wire.on(ASK, Given((fate,), 401))
    async with app(wire) as api:
        with pytest.raises(Unauthorized):
            await api.complete({}, user="u")


async def test_a_blocking_answer_that_takes_too_long_names_the_way_out() -> None:
    wire = Wire()
    slow = told({"answer": "late"})
    slow.delay = 3600.0
    wire.on(ASK, slow)
    async with app(wire) as api:
        with pytest.raises(Unreachable, match="streaming") as caught:
            await api.complete({}, user="u")
    assert caught.value.sent
    assert now() == 100.0


async def test_a_body_that_stops_coming_is_broken_off() -> None:
    wire = Wire()
    wire.on(ASK, Given((b"{", 3600.0), 200, {"content-type": "application/json"}))
    async with app(wire) as api:
        with pytest.raises(Interrupted):
            await api.complete({}, user="u")
    assert (now(), wire.open) == (100.0, 0)


async def test_patience_can_be_chosen() -> None:
    wire = Wire()
    wire.on("GET /info", Given((3600.0,), 200, {"content-type": "application/json"}))
    async with app(wire, patience=Patience(short=1.0, backoff=0.0)) as api:
        with pytest.raises(Interrupted):
            await api.info()
    assert now() == 3.0
