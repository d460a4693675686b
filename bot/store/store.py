"""The store: everything that is kept about questions, answers and people, as verbs.

Each verb is one transaction, and what it wrote is on disk when it returns. Each raises
`database.Fault` where the database does not do its part. The steps themselves are in the module
of their subject.
"""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.events import Chat, File, MessageRef, Place
from bot.store import (
    answers,
    figures,
    installations,
    moving,
    questions,
    ratings,
    recordings,
    retention,
    screens,
    sole,
    transactions,
    usage,
)
from bot.store.inbox import SqlInbox
from bot.store.installations import Installations
from bot.store.records import (
    Answer,
    Decided,
    Figures,
    Opinion,
    Outcome,
    Question,
    Rating,
    Recording,
    Role,
    Screen,
    Source,
    Upload,
    Used,
    Value,
)
from bot.store.settling import Settled
from bot.store.transactions import Transactions


def utc_now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def keeping(
    engine: AsyncEngine, now: Callable[[], datetime] = utc_now
) -> AsyncIterator[tuple["Store", SqlInbox]]:
    """The store and the inbox on one database of the newest schema; both share their commits."""
    async with transactions.running(engine) as running, sole.contended(engine) as take:
        inbox = SqlInbox(running, now, take)
        yield Store(running, now, inbox.note_done), inbox


class Store(Settled):
    """`claim` is the mark of the process that works on an answer; only it may write there."""

    def __init__(
        self,
        transactions: Transactions,
        now: Callable[[], datetime] = utc_now,
        note_done: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__(transactions)
        self._now = now
        self._note_done = note_done

    # Answers

    async def open_answer(self, answer: Answer, claim: str = "") -> Answer:
        """The answer to that event: this one, held with `claim`, or the one there was before."""
        return await self._write(answers.open_answer, answer, claim, self._now())

    async def open_first(self, question: Question, answer: Answer, claim: str) -> Answer | None:
        """Keep a question of which nothing is known yet, and open the answer to it.

        None where something is, an edit that overtook it or an earlier try: nothing is done then.
        """
        return await self._write(answers.open_first, question, answer, claim, self._now())

    async def answer(self, id: str) -> Answer | None:
        return await self._read(answers.answer, id)

    async def answer_for(self, event_id: str) -> Answer | None:
        return await self._read(answers.answer_for, event_id)

    async def claim(self, id: str, claim: str) -> Answer | None:
        """Take the answer from whoever worked on it; None where there is nothing left to do."""
        return await self._write(answers.claim, id, claim)

    async def asked(
        self, id: str, claim: str, *, inputs: Mapping[str, Value], uploads: Sequence[Upload]
    ) -> bool:
        """To be committed before the request leaves. False: stopped or claimed by another."""
        return await self._write(answers.asked, id, claim, self._now(), inputs, uploads)

    async def started(
        self, id: str, claim: str, *, task_id: str, message_id: str, text: str = ""
    ) -> bool:
        """The API has begun, with `text`. False: claimed by another, or ended already."""
        return await self._write_late(answers.started, id, claim, task_id, message_id, text)

    async def keep(self, id: str, claim: str, text: str) -> bool | None:
        """Keep the text so far; tells whether a stop is wanted, None: claimed by another."""
        return await self._write_along(answers.keep, id, claim, text)

    async def closing(
        self,
        id: str,
        claim: str,
        *,
        outcome: Outcome,
        text: str,
        error: str = "",
        sources: Sequence[Source] = (),
        tokens: int = 0,
        price: Decimal = Decimal(0),
        currency: str = "",
        message_id: str = "",
        task_id: str = "",
    ) -> Decided | None:
        """Decide the outcome and count the usage, both once: what is decided stays.

        None: claimed by another. An empty `message_id` or `task_id` leaves the one there.
        """
        step = partial(
            answers.closing,
            outcome=outcome,
            text=text,
            error=error,
            sources=sources,
            tokens=tokens,
            price=price,
            currency=currency,
            message_id=message_id,
            task_id=task_id,
        )
        return await self._write_along(step, id, claim, self._now())

    async def closed(self, id: str, claim: str) -> bool:
        """Everything is on the screen, and the work of its event is done with it.

        Tells whether its asker has rated it. Nothing happens without an outcome or the claim.
        """
        closed = await self._write(answers.closed, id, claim, self._now())
        if closed is None:
            return False
        if closed.work:
            self._note_done(closed.work)
        return closed.rated

    async def want_stop(self, id: str) -> Answer | None:
        """Want an answer to end early; the row as it is then, untouched if it is finished."""
        return await self._write(answers.want_stop, id)

    async def open_answers(self, place: Place) -> list[Answer]:
        """This person's answers in this chat that are not finished, oldest first."""
        return await self._read(answers.open_answers, place)

    async def came_before(self, event_id: str, others: Collection[str]) -> set[str]:
        """Which of the `others` are events that were accepted before that one."""
        return await self._read(answers.came_before, event_id, others)

    async def answer_on(self, ref: MessageRef) -> Answer | None:
        """The answer this message shows, whichever part or voice note of it."""
        return await self._read(answers.answer_on, ref)

    async def latest_answer(self, place: Place) -> Answer | None:
        """This person's latest finished answer on a screen here: in the thread, if it is one."""
        return await self._read(answers.latest_answer, place)

    async def latest_asked(self, place: Place) -> Answer | None:
        """The same, also one that could not be shown; not of a question that is deleted."""
        return await self._read(answers.latest_asked, place)

    async def recent_answers(self, place: Place, limit: int) -> list[Answer]:
        """This person's newest answers that have words, from whatever chat of the workspace."""
        return await self._read(answers.recent_answers, place, limit)

    async def answers_to(self, event_id: str) -> list[Answer]:
        """Every answer to the question of that event, oldest first."""
        return await self._read(answers.answers_to, event_id)

    async def latest_for_question(self, ref: MessageRef) -> Answer | None:
        """The newest answer to the question on that message, whichever part of its album."""
        return await self._read(answers.latest_for_question, ref)

    # Screens

    async def intend_screen(self, answer: str, part: int, role: Role = "text") -> None:
        """To be committed before anything that may create the message."""
        await self._write(screens.intend_screen, answer, part, role)

    async def shown_screen(
        self, answer: str, part: int, ref: MessageRef, role: Role = "text"
    ) -> None:
        await self._write(screens.shown_screen, answer, part, ref, role)

    async def settled_screen(self, answer: str, part: int, ref: MessageRef) -> None:
        """As `shown_screen`, together with what is written next: the end of its answer."""
        await self._write_along(screens.shown_screen, answer, part, ref, "text")

    async def removed_screen(self, answer: str, part: int, role: Role = "text") -> None:
        await self._write(screens.removed_screen, answer, part, role)

    async def screens(self, answer: str) -> list[Screen]:
        """Text by part, then the note, then voice."""
        return await self._read(screens.of_answer, answer)

    async def take_over_screens(self, old_answer: str, new_answer: str) -> list[Screen]:
        """Make the old answer's messages the new one's; returns all of the new one's.

        Its voice stays the old one's, as does what may be on the screen without anybody's knowing.
        """
        return await self._write(screens.take_over_screens, old_answer, new_answer)

    # Questions

    async def take_question(self, parts: Sequence[Question]) -> list[Question]:
        """Keep those of its parts that are not known yet; all of them, as they read now.

        What is known keeps its event: with the first part it decides which question it is.
        """
        return await self._write(questions.take_question, parts, self._now())

    async def remember_question(self, question: Question) -> Question:
        """Keep the question; returns it as it reads now, since an edit may have come first."""
        return await self._write(questions.remember_question, question, self._now())

    async def question(self, ref: MessageRef) -> Question | None:
        return await self._read(questions.question, ref)

    async def questions_of(self, event_id: str) -> list[Question]:
        """The parts of a question, in the order in which they were remembered."""
        return await self._read(questions.questions_of, event_id)

    async def revise_question(
        self, ref: MessageRef, text: str, files: Sequence[File]
    ) -> Question | None:
        """Give it another text; None where it has not been remembered yet: then it will have it.

        A deleted question stays as it is.
        """
        return await self._write(questions.revise_question, ref, text, files, self._now())

    async def add_files(self, ref: MessageRef, files: Sequence[File]) -> None:
        """Let these belong to it from now on; its words stay as they are."""
        await self._write(questions.add_files, ref, files)

    async def delete_question(self, ref: MessageRef) -> Question | None:
        """Empty it and mark it deleted; None where it is not known yet: then it will be so."""
        return await self._write(questions.delete_question, ref, self._now())

    # Ratings. `user` is the id of who rates, as in `User.id`

    async def mark(
        self, answer: str, user: str, *, added: Sequence[str] = (), removed: Sequence[str] = ()
    ) -> Rating:
        """Note which reactions are present; what is wanted stays as it is."""
        return await self._write(ratings.mark, answer, user, added, removed)

    async def want_rating(
        self,
        answer: str,
        user: str,
        wanted: Opinion | None,
        *,
        marks: Sequence[str] | None = None,
    ) -> Rating:
        return await self._write(ratings.want_rating, answer, user, wanted, marks)

    async def add_words(self, answer: str, user: str, content: str) -> Rating:
        """Put these words in the place of earlier ones."""
        return await self._write(ratings.add_words, answer, user, content)

    async def rating(self, answer: str, user: str) -> Rating | None:
        return await self._read(ratings.rating, answer, user)

    async def ratings_due(self, now: datetime, limit: int = 100) -> list[Rating]:
        """What the API has yet to be told, of finished answers that have a `message_id`."""
        return await self._read(ratings.ratings_due, now, limit)

    async def rating_sent(
        self, answer: str, user: str, *, wanted: Opinion | None, content: str
    ) -> None:
        """The API holds these; what has changed meanwhile is due again."""
        await self._write(ratings.rating_sent, answer, user, wanted, content)

    async def rating_failed(self, answer: str, user: str, next_try: datetime) -> None:
        await self._write(ratings.rating_failed, answer, user, next_try)

    async def ignore_rating(self, answer: str, user: str) -> None:
        """Keep it here and have it due no more, until this person thinks of it anew."""
        await self._write(ratings.ignore_rating, answer, user)

    async def local_ratings(self) -> list[tuple[Rating, str]]:
        """Every rating, beside the `message_id` of its answer."""
        return await self._read(ratings.local_ratings)

    # Usage and recordings

    async def used(self, day: date, end_user: str) -> Used:
        return await self._read(usage.used, day, end_user)

    async def figures(self, since: datetime) -> Figures:
        """What happened from then on; used tokens and money count from the day's beginning."""
        return await self._read(figures.since, since)

    async def asked_since(self, end_user: str, since: datetime) -> int:
        """How many answers the API was asked for since then."""
        return await self._read(answers.asked_since, end_user, since)

    async def keep_recording(self, answer: str, recording: Recording) -> None:
        await self._write(recordings.keep_recording, answer, recording, self._now())

    async def recording(self, answer: str) -> Recording | None:
        return await self._read(recordings.recording, answer)

    # Retention

    async def forget(
        self, platform: str, workspace: str, user_id: str, user_workspace: str = ""
    ) -> None:
        """Take away what one person has said and settled; ids and usage stay.

        What is being answered at this moment, or waits for that, goes as soon as it is answered.
        """
        with self._settled.changed():
            await self._write(retention.forget, platform, workspace, user_id, user_workspace)
        await self._transactions.scrub()

    async def move_chat(self, chat: Chat, old: str) -> None:
        """What belongs to the chat that had the id `old` belongs to `chat` from now on.

        Messages keep the ids they had, on the screen as here. What `chat` has by now stays.
        """
        with self._settled.changed():
            await self._write(moving.move_chat, chat, old)

    async def uninstall(self, platform: str, workspace: str, before: datetime) -> bool:
        """Remove a workspace's installation, or an organisation's with its members.

        What everybody there has said and settled goes with it, as by `forget`. False, and nothing
        goes, where it was installed again after `before`.
        """
        with self._settled.changed():
            gone = await self._write(installations.remove, platform, workspace, before)
        await self._transactions.scrub()
        return gone

    def installations(self, platform: str) -> Installations:
        """The platform's workspaces that have installed the app by themselves."""
        return Installations(self._transactions, platform)

    async def purge(self, text_before: datetime, rows_before: datetime) -> int:
        """Take away words of before `text_before`, and ids of events done before `rows_before`.

        Nothing goes that unfinished work needs. Returns how many rows were emptied or removed.
        """
        gone = 0
        with self._settled.changed():
            while portion := await self._write(retention.purge_portion, text_before, rows_before):
                gone += portion
        if gone:
            await self._transactions.scrub()
        return gone
