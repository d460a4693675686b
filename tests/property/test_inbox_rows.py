"""Rows of the inbox against the plainest model, whatever comes at once and whoever reopens them."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.store import database
from bot.store.inbox import SqlInbox
from bot.store.store import keeping
from bot.store.tables import metadata
from tests.fakes.examples import examples
from tests.fakes.happenings import AT, message

IDS = st.sampled_from("abcdef")
STEPS = st.tuples(st.sampled_from(["accept", "accept", "begun", "again", "done", "failed"]), IDS)
ROUNDS = st.lists(st.lists(STEPS, min_size=1, max_size=8), min_size=1, max_size=6)


@dataclass
class Model:
    """What is queued, in order of acceptance, with attempts and due time."""

    known: set[str] = field(default_factory=set)
    queued: dict[str, tuple[int, bool]] = field(default_factory=dict)

    def apply(self, verb: str, id: str) -> bool | None:
        """What the verb is to tell."""
        if verb == "accept":
            new = id not in self.known
            self.known.add(id)
            if new:
                self.queued[id] = (0, False)
            return new
        if id in self.queued:
            attempts, due = self.queued[id]
            if verb == "begun":
                self.queued[id] = (attempts + 1, due)
            elif verb == "again":
                self.queued[id] = (attempts, True)
            else:
                del self.queued[id]
        return None


async def apply(inbox: SqlInbox, verb: str, id: str) -> bool | None:
    match verb:
        case "accept":
            return await inbox.accept(message(id), "talk")
        case "begun":
            await inbox.begun(id)
        case "again":
            await inbox.again(id, AT + timedelta(hours=1))
        case "done":
            await inbox.done(id)
        case _:
            await inbox.failed(id)
    return None


async def play(file: Path, rounds: list[list[tuple[str, str]]]) -> None:
    """Each round's steps are handed in at once, by a process that is a new one each round."""
    model = Model()
    for steps in rounds:
        async with (
            database.opened(f"sqlite:///{file}") as engine,
            keeping(engine) as (_, inbox),
        ):
            async with engine.begin() as connection:
                await connection.run_sync(metadata.create_all)
            told = await asyncio.gather(*(apply(inbox, verb, id) for verb, id in steps))
            assert told == [model.apply(verb, id) for verb, id in steps]
            found = [
                (work.event.id, (work.attempts, due is not None))
                for work, due in await inbox.unfinished()
            ]
            assert found == list(model.queued.items())
            assert (await inbox.backlog())[0] == len(model.queued)


@pytest.mark.real_time
@examples(25)
@given(ROUNDS)
def test_rows_are_what_the_plainest_model_says(rounds: list[list[tuple[str, str]]]) -> None:
    with TemporaryDirectory() as folder, asyncio.Runner() as runner:
        runner.run(play(Path(folder) / "parley.db", rounds))
