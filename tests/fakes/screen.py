"""A chat platform in memory: keeps its promises and its limits, and remembers what people saw.

Whoever calls faster than the budgets allow is answered 429 and a penalty, as is everybody who does
not keep quiet until it has passed. Two calls at once for one answer fail the test.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from math import inf

from bot.events import Chat, File, MessageRef, Place, User
from bot.surface import (
    Activity,
    Budget,
    Capabilities,
    Document,
    Expired,
    Forbidden,
    Form,
    Gone,
    Growing,
    Intend,
    Outgoing,
    Rank,
    RateLimited,
    Slots,
    Speech,
    Standing,
    SurfaceError,
    TooLarge,
    Unreachable,
    nothing,
)

Fault = Callable[[str], SurfaceError | None]
"""What goes wrong with the next call of this verb."""


def place(chat: str = "chat", user: str = "ann", *, private: bool = True) -> Place:
    """Somewhere to say something, as the answer to a message there."""
    where = Chat(platform="screen", workspace="bot", id=chat, private=private)
    question = MessageRef(platform="screen", workspace="bot", chat=chat, id=f"{user}'s question")
    return Place(chat=where, user=User(id=user), reply_to=question)


NOTHING = Outgoing(text="")


@dataclass(frozen=True, slots=True)
class Call:
    """One call as the platform saw it; `id` is the message's, "" for one that is to be made."""

    at: float
    verb: str
    id: str = ""
    message: Outgoing = NOTHING
    chat: str = ""


@dataclass(slots=True)
class Bubble:
    """A message, or a draft of one, and everything it ever said."""

    ref: MessageRef
    place: Place
    history: list[tuple[float, Outgoing]] = field(default_factory=list)
    gone: bool = False

    @property
    def message(self) -> Outgoing:
        return self.history[-1][1]


class Bucket:
    """A budget as the platform itself counts it."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._tokens = float(budget.burst)
        self._at = _now()
        self.barred_until = -inf

    def take(self, penalty: float) -> float:
        """Seconds of quiet that are asked for; 0 when the call is well."""
        now = _now()
        self._tokens = min(
            float(self._budget.burst), self._tokens + (now - self._at) * self._budget.rate
        )
        self._at = now
        if now < self.barred_until - 1e-5:
            return self.barred_until - now
        if self._tokens < 1 - 1e-4:  # sums of floats are not exact
            self.barred_until = now + penalty
            return penalty
        self._tokens -= 1
        return 0.0


class Screen:
    """Fulfils `bot.surface.Surface`. `chat` is the budget of each chat, `shared` those of all.

    `size` is in characters a message holds. With `drafts` a message is shown as a draft until it
    is finished; a stream lives for `lifetime` seconds and raises Expired then.
    """

    def __init__(
        self,
        slots: Slots,
        *,
        capabilities: Capabilities | None = None,
        size: int = 4096,
        chat: Budget | None = None,
        shared: Sequence[Budget] = (),
        latency: float | Callable[[], float] = 0.0,
        penalty: float = 10.0,
        drafts: bool = False,
        lifetime: float = inf,
    ) -> None:
        self.slots = slots
        self.abilities = capabilities or Capabilities()
        self.size = size
        self.chat = chat
        self.shared = tuple(shared)
        self.latency = latency
        self.penalty = penalty
        self.drafts = drafts
        self.lifetime = lifetime
        self.calls: list[Call] = []
        self.messages: dict[str, Bubble] = {}
        self.drafted: dict[str, Bubble] = {}
        self.statuses: list[str] = []
        self.voices: list[tuple[MessageRef, Speech]] = []
        self.documents: list[tuple[MessageRef, Document]] = []
        self.forms: list[Form] = []
        self.files: dict[str, bytes] = {}
        self.standings: dict[str, Standing] = {}
        self.fault: Fault = lambda verb: None
        self.broken = 0
        self.calls_to_gone: Counter[str] = Counter()
        self._faults: list[tuple[str, SurfaceError, bool]] = []
        self._buckets: dict[str, Bucket] = {}
        self._busy: defaultdict[tuple[str, str, str], int] = defaultdict(int)
        self._ids = 0

    # What a test sets up and looks at

    def fail_next(self, *errors: SurfaceError, verb: str = "", lands: bool = False) -> None:
        """These go wrong, in this order, whichever the verb unless named.

        With `lands` the call works all the same, and only its reply is the error.
        """
        self._faults += [(verb, error, lands) for error in errors]

    def delete_by_hand(self, ref: MessageRef) -> None:
        self.messages[ref.id].gone = True

    @property
    def bubbles(self) -> list[Bubble]:
        """The messages that are there, in the order in which they came."""
        return [bubble for bubble in self.messages.values() if not bubble.gone]

    @property
    def texts(self) -> list[str]:
        return [bubble.message.text for bubble in self.bubbles]

    def verbs(self) -> list[str]:
        return [call.verb for call in self.calls]

    def seen(self) -> list[tuple[float, str]]:
        """Every change of what was to be read, drafts included, in order."""
        shown = [*self.messages.values(), *self.drafted.values()]
        return sorted(
            (round(at, 3), message.text) for bubble in shown for at, message in bubble.history
        )

    # The surface

    @property
    def name(self) -> str:
        return "screen"

    def capabilities(self, place: Place) -> Capabilities:
        return self.abilities

    def fits(self, place: Place, text: str) -> int:
        return self.size

    def endings(self, place: Place) -> Sequence[Budget]:
        return self.budgets(place)[:1]

    def budgets(self, place: Place) -> tuple[Budget, ...]:
        if self.chat is None:
            return self.shared
        scope = f"{self.chat.scope} {place.chat.id}"
        own = Budget(scope=scope, rate=self.chat.rate, burst=self.chat.burst)
        return (own, *self.shared)

    @asynccontextmanager
    async def grow(self, place: Place, old: MessageRef | None = None) -> AsyncIterator[Growing]:
        growing = _Growing(self, place, old)
        yield growing
        growing.end()

    async def post(
        self, place: Place, message: Outgoing, *, intend: Intend = nothing
    ) -> MessageRef:
        await self.slots.slot(self.budgets(place), Rank.PERSON)
        await intend()
        return await self.put(place, message, None, verb="post")

    async def edit(self, place: Place, ref: MessageRef, message: Outgoing) -> MessageRef:
        await self.slots.slot(self.budgets(place), Rank.FINAL)
        return await self.put(place, message, ref, verb="edit")

    async def delete(self, place: Place, ref: MessageRef) -> None:
        await self.slots.slot(self.budgets(place), Rank.PERSON)
        async with self._call(place, Call(_now(), "delete", ref.id)):
            if not self.abilities.deletes:
                raise Forbidden
            self._there(ref).gone = True

    async def post_voice(self, place: Place, speech: Speech) -> MessageRef | None:
        await self.slots.slot(self.budgets(place), Rank.PERSON)
        async with self._call(place, Call(_now(), "post_voice")):
            ref = self._new_ref(place)
            self.voices.append((ref, speech))
        return ref

    async def post_document(
        self, place: Place, document: Document, message: Outgoing, *, intend: Intend = nothing
    ) -> MessageRef:
        await self.slots.slot(self.budgets(place), Rank.PERSON)
        await intend()
        ref = await self.put(place, message, None, verb="post_document")
        self.documents.append((ref, document))
        return ref

    async def show_status(self, place: Place, words: str, *, doing: Activity = "waiting") -> None:
        self.statuses.append(words)

    async def open_form(self, place: Place, form: Form) -> None:
        if not place.interaction:
            raise Expired
        self.forms.append(form)

    async def standing(self, place: Place) -> Standing:
        self._trouble(Call(_now(), "standing"))
        there = self.standings.get(f"{place.chat.id} {place.user.id}")
        return there or self.standings.get(place.user.id, "member")

    async def read_file(self, file: File, *, limit: int) -> bytes:
        if file.handle not in self.files:
            raise Gone
        if len(data := self.files[file.handle]) > limit:
            raise TooLarge
        return data

    # The platform behind it

    async def put(
        self, place: Place, message: Outgoing, ref: MessageRef | None, *, verb: str
    ) -> MessageRef:
        """Post or edit; the slot has been taken."""
        assert message.text.strip(), "a platform refuses blank text"
        assert len(message.text) <= self.size, "a platform refuses long text"
        async with self._call(place, Call(_now(), verb, ref.id if ref else "", message)) as lost:
            if ref is None:
                ref = self._new_ref(place)
                self.messages[ref.id] = Bubble(ref, place)
            self._there(ref).history.append((_now(), message))
            if lost:
                raise lost
        return ref

    async def put_draft(self, place: Place, message: Outgoing, name: str) -> None:
        async with self._call(place, Call(_now(), "draft", "", message)):
            draft = self.drafted.setdefault(name, Bubble(self._new_ref(place), place))
            draft.history.append((_now(), message))

    @asynccontextmanager
    async def _call(self, place: Place, call: Call) -> AsyncIterator[SurfaceError | None]:
        key = (place.chat.id, place.chat.thread, place.user.id)
        self._busy[key] += 1
        assert self._busy[key] == 1, "two calls at once for one answer"
        try:
            self.calls.append(Call(call.at, call.verb, call.id, call.message, place.chat.id))
            self._count(place)
            late = self._trouble(call)
            delay = self.latency() if callable(self.latency) else self.latency
            if delay:
                await asyncio.sleep(delay)
            yield late
        finally:
            self._busy[key] -= 1

    def _count(self, place: Place) -> None:
        for budget in self.budgets(place):
            bucket = self._buckets.setdefault(budget.scope, Bucket(budget))
            if quiet := bucket.take(self.penalty):
                self.broken += 1
                raise RateLimited(quiet, scope=budget.scope)

    def _trouble(self, call: Call) -> SurfaceError | None:
        """Raises what goes wrong, or returns what is only said to have gone wrong."""
        error, lands = self.fault(call.verb), False
        if error is None and self._faults and self._faults[0][0] in ("", call.verb):
            _, error, lands = self._faults.pop(0)
        if error is None or lands:
            return error
        if isinstance(error, RateLimited):
            for name, bucket in self._buckets.items():
                if error.scope in ("", name):
                    bucket.barred_until = max(bucket.barred_until, _now() + error.retry_after)
        raise error

    def _there(self, ref: MessageRef) -> Bubble:
        bubble = self.messages.get(ref.id)
        if bubble is None or bubble.gone:
            self.calls_to_gone[ref.id] += 1
            raise Gone
        return bubble

    def _new_ref(self, place: Place) -> MessageRef:
        self._ids += 1
        chat = place.chat
        return MessageRef(
            platform=chat.platform, workspace=chat.workspace, chat=chat.id, id=str(self._ids)
        )


class _Growing:
    """A message that grows by edits, or as a draft."""

    def __init__(self, screen: Screen, place: Place, old: MessageRef | None) -> None:
        self._screen = screen
        self._place = place
        self._draft = f"draft {id(self)}" if screen.drafts and old is None else ""
        self._ref = old
        self._begun: float | None = None
        self._ended = False

    @property
    def ref(self) -> MessageRef | None:
        return self._ref

    def cost(self, message: Outgoing) -> Sequence[Budget]:
        return self._screen.budgets(self._place)

    async def show(self, message: Outgoing, *, intend: Intend = nothing) -> MessageRef | None:
        assert not self._ended, "shown after its end"
        now = _now()
        self._begun = now if self._begun is None else self._begun
        if now - self._begun > self._screen.lifetime:
            raise Expired
        if self._draft:
            try:
                await self._screen.put_draft(self._place, message, self._draft)
            except Unreachable:
                raise Unreachable(sent=False) from None  # shown twice it is the same draft
            return None
        if self._ref is None:
            await intend()
        self._ref = await self._screen.put(self._place, message, self._ref, verb="frame")
        return self._ref

    async def finish(self, message: Outgoing, *, intend: Intend = nothing) -> MessageRef:
        assert not self._ended, "finished after its end"
        await self._screen.slots.slot(self._screen.budgets(self._place), Rank.FINAL)
        if self._ref is None:
            await intend()
        self._ref = await self._screen.put(self._place, message, self._ref, verb="finish")
        self._forget_draft()
        return self._ref

    def end(self) -> None:
        self._ended = True
        self._forget_draft()

    def _forget_draft(self) -> None:
        if draft := self._screen.drafted.get(self._draft):
            draft.gone = True


def _now() -> float:
    return asyncio.get_running_loop().time()
