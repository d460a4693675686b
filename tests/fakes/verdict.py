"""What is wrong on the screen, and at the API, after the bot was killed again and again."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from bot.phrases import of
from tests.fakes.counted_sandbox import MARK, Counted, Writing
from tests.fakes.crowd import Asked, Guest
from tests.fakes.doubts import Doubts

EN = of("en")
ENDED = (f"*{EN.stopped}*", f"*{EN.interrupted}*")
KNOWN = 1.5
"""Seconds a generation must have run for the bot to be held to know its task: it notes it at the
first event, behind at most a few commits on a busy machine."""
KEPT = 2.5
"""Seconds after which words must have been kept: the bot keeps them every 1.9, and must commit."""

Message = Mapping[str, Any]


class Crowd(Protocol):
    """Who asked what, and what is on their screens."""

    @property
    def guests(self) -> Sequence[Guest]: ...

    done: Counter[str]
    below: Counter[str]
    repeats: Counter[str]

    async def look(self) -> Mapping[str, Any]: ...
    async def doubts(self) -> Doubts: ...


@dataclass
class Verdict:
    """Nothing in `faults` when all is well; the rest shows that there was something to judge."""

    questions: int = 0
    whole: int = 0  # answers that came to their end
    offered: int = 0  # those that did not, and can be had again
    orphans: int = 0  # generations that lost their reader and had to be stopped
    kept: int = 0  # of those, with words that had to be kept
    unsaid: int = 0  # endings that may be missing, killed twice in the moment they were posted
    faults: list[str] = field(default_factory=list)


async def verdict(guests: Crowd, app: Counted, *, patience: float) -> Verdict:
    """Wait until the screen is at rest, then hold it against what was done."""
    deadline = time.monotonic() + patience
    while True:
        ratings = await app.ratings()
        messages = (await guests.look())["messages"]
        found = judge(messages, guests, app, ratings["like"], await guests.doubts())
        if not found.faults or time.monotonic() > deadline:
            return found
        await asyncio.sleep(0.5)


def judge(
    messages: Sequence[Message], guests: Crowd, app: Counted, likes: int, doubts: Doubts
) -> Verdict:
    """Every question once on the screen, with one ending, whole or with what was kept of it.

    `likes` are those the API has.
    """
    found = Verdict(unsaid=doubts.unsaid.total())
    for guest in guests.guests:
        own = [message for message in messages if message["chat"] == guest.chat]
        said = [message for message in own if message["author"] != "bot"]
        told = [message for message in own if message["author"] == "bot"]
        _judge_questions(said, guest.questions, found)
        wanted = len(guest.questions) + guests.below[guest.chat]
        unsaid, outlived = doubts.unsaid[guest.chat], doubts.outlived[guest.chat]
        outdated = _outdated(told, guest.questions)
        if len(outdated) > outlived:
            ids = _ids(outdated)
            found.faults.append(f"{guest.chat}: {ids} answer old words, {outlived} such may be")
        rest = [message for message in told if message not in outdated]
        # Nothing but what says no words of a question may be one of them besides.
        spare = max(outlived - len(outdated), 0)
        _judge_endings(rest, wanted, unsaid, spare, found)
        _judge_open(rest, unsaid, spare, found)
        _judge_texts(told, guests, app, found)
    _judge_api(app, guests, found)
    _judge_orphans(messages, guests, app, doubts.unsaid, found)
    if likes != guests.done["rate"]:
        found.faults.append(f"{guests.done['rate']} ratings, {likes} of them at the API")
    voices = sum(bool(message["voice"]) for message in messages)
    if voices > guests.done["voice"]:
        found.faults.append(f"{voices} voice messages, {guests.done['voice']} were asked for")
    return found


def _judge_questions(said: Sequence[Message], asked: Sequence[Asked], found: Verdict) -> None:
    found.questions += len(asked)
    seen = Counter(mark for message in said for mark in set(MARK.findall(message["text"])))
    if seen != Counter(one.mark for one in asked):
        found.faults.append(f"asked {len(asked)} questions, the screen has {sum(seen.values())}")


def _outdated(told: Sequence[Message], asked: Sequence[Asked]) -> list[Message]:
    """What answers nothing but the words that questions had before they were edited."""
    earlier = {one.earlier for one in asked if one.sequel == "edit"}
    marks = [(message, set(MARK.findall(message["text"]))) for message in told]
    return [message for message, found in marks if found and found <= earlier]


def _judge_endings(
    told: Sequence[Message], wanted: int, unsaid: int, spare: int, found: Verdict
) -> None:
    chat = told[0]["chat"] if told else "a chat"
    endings = [message for message in told if "regenerate" in _buttons(message)]
    whole = [message for message in endings if "like" in _buttons(message)]
    found.whole += len(whole)
    found.offered += len(endings) - len(whole)
    # What may be on the screen without its id being known cannot be touched; a line below says so,
    # which is itself said at most once.
    more = _noted(told) + min(spare, len(_wordless(endings)))
    if not wanted - unsaid <= len(endings) <= wanted + more:
        found.faults.append(f"{chat}: {wanted} endings wanted, {len(endings)} are there")


def _judge_open(told: Sequence[Message], unsaid: int, spare: int, found: Verdict) -> None:
    chat = told[0]["chat"] if told else "a chat"
    open_ = [one for one in told if one["growing"] or "stop" in _buttons(one)]
    # The line below is itself said at most once: killed twice in that moment, nothing is said.
    noted, may = _noted(told), unsaid + min(spare, len(_wordless(open_)))
    if len(open_) > noted + may:
        found.faults.append(
            f"{chat}: {_ids(open_)} have no ending, {noted} such are noted, {may} may be"
        )


def _noted(told: Sequence[Message]) -> int:
    return sum(message["text"] == EN.maybe_incomplete for message in told)


def _wordless(told: Sequence[Message]) -> list[Message]:
    return [message for message in told if not MARK.search(message["text"])]


def _ids(messages: Sequence[Message]) -> str:
    return ", ".join(message["id"] for message in messages)


def _judge_texts(told: Sequence[Message], guests: Crowd, app: Counted, found: Verdict) -> None:
    """No text twice, unless it was asked for twice; what looks whole is whole."""
    texts = Counter(text for message in told if MARK.search(text := message["text"]))
    for text, count in texts.items():
        mark = MARK.findall(text)[0]
        if count > 1 + guests.repeats[mark]:
            found.faults.append(f"{mark}: the same text {count} times")
    for message in told:
        text = message["text"]
        if "like" not in _buttons(message) or text.endswith(ENDED) or not MARK.search(text):
            continue
        mark = MARK.findall(text)[0]
        written = {each.text().strip() for each in app.writings if each.mark == mark and each.whole}
        if text.strip() not in written:
            found.faults.append(f"{mark}: an answer that seems whole and is not")


def _judge_api(app: Counted, guests: Crowd, found: Verdict) -> None:
    for mark, count in app.asked.items():
        if count > 1 + guests.repeats[mark]:
            found.faults.append(f"{mark} paid {count} times")
    if app.running:
        found.faults.append(f"{app.running} generations still run at the API")


def _judge_orphans(
    messages: Sequence[Message],
    guests: Crowd,
    app: Counted,
    unsaid: Counter[str],
    found: Verdict,
) -> None:
    """What lost its reader was stopped, and its words are still there, unless that is in doubt."""
    touched = {
        mark
        for guest in guests.guests
        for asked in guest.questions
        if asked.sequel in ("edit", "again")
        for mark in (asked.mark, asked.earlier)
    }
    chats = {asked.mark: guest.chat for guest in guests.guests for asked in guest.questions}
    doubts = unsaid + Counter(
        message["chat"] for message in messages if message["text"] == EN.maybe_incomplete
    )
    for writing in app.writings:
        if writing.whole or not writing.left_at or not writing.mark:
            continue
        if writing.seconds > KNOWN:
            found.orphans += 1
            if writing.task not in app.stopped:
                found.faults.append(f"{writing.mark} is written on, and nobody reads it")
        if writing.mark in touched or _is_kept(writing, messages, found):
            continue
        # What waited to be posted when the bot was killed may be there, and is not posted again.
        chat = chats.get(writing.mark, "")
        doubts[chat] -= 1
        if doubts[chat] < 0:
            found.faults.append(f"{writing.mark}: words that were written for long are gone")


def _is_kept(writing: Writing, messages: Sequence[Message], found: Verdict) -> bool:
    kept = writing.text(before=writing.left_at - KEPT).strip()
    if not kept:
        return True
    found.kept += 1
    return any(message["author"] == "bot" and kept in message["text"] for message in messages)


def _buttons(message: Message) -> set[str]:
    return {button["name"] for button in message["buttons"]}
