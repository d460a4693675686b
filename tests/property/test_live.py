"""Under any timing of chunks, slots, delays and faults: the last text lands, whole and once."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import inf

from hypothesis import example, given
from hypothesis import strategies as st

from bot.live import LiveReply
from bot.pace import Pace
from bot.surface import (
    Budget,
    Button,
    Capabilities,
    Expired,
    Gone,
    Outgoing,
    RateLimited,
    SurfaceError,
    Unreachable,
)
from tests.fakes.clock import VirtualTimeLoop
from tests.fakes.examples import examples
from tests.fakes.screen import Screen, place
from tests.fakes.shelf import Shelf

STOP = Button(label="Stop", name="stop")
LIKE = Button(label="Like", name="like")


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """An answer in chunks, of so many words after so many seconds, on a platform of some kind."""

    chunks: list[tuple[float, int]]
    replaced_at: int | None
    rate: float
    burst: int
    size: int
    latency: float
    drafts: bool
    appends: bool
    deletes: bool
    grow_for: float
    faults: list[SurfaceError | None]


def plays(
    faults: st.SearchStrategy[SurfaceError | None], *, simple: bool = False
) -> st.SearchStrategy[Play]:
    """`simple`: one message is enough, and nothing is replaced."""
    return st.builds(
        Play,
        chunks=st.lists(
            st.tuples(st.sampled_from([0.0, 0.0, 0.05, 0.05, 0.4, 3.0, 40.0]), st.integers(1, 12)),
            min_size=4,
            max_size=25,
        ),
        replaced_at=st.none() if simple else st.one_of(st.none(), st.integers(0, 24)),
        rate=st.sampled_from([0.3, 1.0, 20.0]),
        burst=st.integers(1, 3),
        size=st.sampled_from([4_000] if simple else [60, 200, 4_000]),
        latency=st.sampled_from([0.0, 0.0, 0.3, 5.0]),
        drafts=st.booleans(),
        appends=st.booleans(),
        deletes=st.booleans(),
        grow_for=st.sampled_from([inf] if simple else [inf, inf, 10.0]),
        faults=st.lists(faults, max_size=12),
    )


sure = st.one_of(
    st.none(),
    st.none(),
    st.sampled_from([0.5, 7.0, 150.0]).map(RateLimited),
    st.just(Unreachable(sent=False)),
)
deleting = st.one_of(sure, sure, st.just(Gone()), st.just(Expired()))
unsure = st.one_of(sure, st.just(Unreachable(sent=True)))


class Stage:
    """One answer, played; each fault hits one call, in order, whichever it is."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self.shelf = Shelf()
        self.text = ""
        self.written: list[tuple[float, str]] = []

    async def act(self) -> None:
        play = self.play
        self.screen = screen = Screen(
            Pace(),
            capabilities=Capabilities(
                deletes=play.deletes, grow_for=play.grow_for, appends=play.appends
            ),
            chat=Budget(scope="chat", rate=play.rate, burst=play.burst),
            size=play.size,
            latency=play.latency,
            drafts=play.drafts,
        )
        faults = iter(play.faults)
        screen.fault = lambda verb: next(faults, None)
        self.live = LiveReply(
            screen, place(), screen.slots, self.shelf, who="answer", buttons=(STOP,)
        )
        async with self.live as live:
            for delay, text in self._texts():
                await asyncio.sleep(delay)
                live.show(text)
                self.written.append((asyncio.get_running_loop().time(), text))
                self.text = text
            self.finished_at = asyncio.get_running_loop().time()
            self.refs = await live.finish(Outgoing(text=self.text, buttons=(LIKE,)))
        assert screen.broken == 0

    def _texts(self) -> Iterator[tuple[float, str]]:
        """What there is to show, and how long after the one before; no word comes twice."""
        text, count = "", 0
        for number, (delay, words) in enumerate(self.play.chunks):
            if number == self.play.replaced_at:
                text = "Instead: "
            for _ in range(words):
                count += 1
                text += f"word{count} " if count % 7 else f"word{count}.\n\n"
            yield delay, text

    @property
    def said(self) -> list[str]:
        """Every word of the answer that is to be read at the end."""
        return " ".join(text for text in self.screen.texts if text != "…").split()

    @property
    def may_be_there(self) -> list[str]:
        """What was posted without an answer by the platform; the calls met the faults in turn."""
        return [
            call.message.text
            for call, fault in zip(self.screen.calls, self.play.faults, strict=False)
            if isinstance(fault, Unreachable) and fault.sent
            if not call.id and call.verb != "draft"
        ]


def act(play: Play) -> Stage:
    stage = Stage(play)
    loop = VirtualTimeLoop()
    try:
        loop.run_until_complete(stage.act())
    finally:
        loop.close()
    return stage


@examples()
@given(plays(sure))
def test_the_last_text_lands_whole_and_once(play: Play) -> None:
    stage = act(play)
    assert stage.live.lost is None
    assert stage.said == stage.text.split()
    shown = [bubble for bubble in stage.screen.bubbles if bubble.message.text != "…"]
    assert [bubble.ref for bubble in shown] == [*stage.refs]
    assert [bubble.message.buttons for bubble in shown[:-1]] == [()] * (len(shown) - 1)
    assert shown[-1].message.buttons == (LIKE,)
    assert {*stage.shelf.rows.values()} == {bubble.ref for bubble in stage.screen.bubbles}
    if play.appends and play.replaced_at is None:
        for bubble in shown:
            texts = [message.text for _, message in bubble.history[:-1]]
            assert all(later.startswith(text) for text, later in pairwise(texts))


# The text is replaced while the platform is out of reach, for longer than a message may grow.
REPLACED_UNSEEN = Play(
    chunks=[(0.0, 1), (0.0, 1), (0.0, 1), (3.0, 1), (40.0, 1)],
    replaced_at=3,
    rate=0.3,
    burst=3,
    size=60,
    latency=0.0,
    drafts=False,
    appends=False,
    deletes=False,
    grow_for=10.0,
    faults=[Unreachable(sent=False), Gone(), None, *[Unreachable(sent=False)] * 2],
)


@examples()
@example(REPLACED_UNSEEN)
@given(plays(deleting))
def test_what_people_delete_is_posted_anew_unless_they_do_it_again(play: Play) -> None:
    stage = act(play)
    deleted = sum(isinstance(fault, Gone) for fault in play.faults)
    expired = sum(isinstance(fault, Expired) for fault in play.faults)
    if stage.live.lost is None:
        written = [stage.screen.messages[ref.id].message.text for ref in stage.refs]
        assert " ".join(written).split() == stage.text.split()
    else:
        assert deleted or expired
    if not (deleted or expired):
        assert stage.said == stage.text.split()


@examples()
@given(plays(unsure))
def test_what_may_be_there_is_never_said_twice_and_the_rest_follows(play: Play) -> None:
    stage = act(play)
    assert stage.live.lost is None
    lost = [text.split() for text in stage.may_be_there]
    assert {*stage.text.split()} <= {*stage.said, *(word for words in lost for word in words)}
    assert len(stage.said) == len({*stage.said})
    assert not {*stage.said} & {words[0] for words in lost}
    assert len(lost) == len({words[0] for words in lost})
    if None not in stage.shelf.rows.values():
        assert stage.said == stage.text.split()


@examples()
@given(plays(st.none(), simple=True))
def test_the_screen_is_never_further_behind_than_a_slot_and_two_calls(play: Play) -> None:
    """One call may have been on its way when the text came, and the next one brings it."""
    stage = act(play)
    behind = 1 / play.rate + 2 * play.latency + 1e-3
    seen = stage.screen.seen()
    for at, text in stage.written:
        if at + behind < stage.finished_at:
            assert any(text.strip() in shown and then <= at + behind for then, shown in seen)
