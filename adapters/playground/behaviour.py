"""How strictly the playground plays a platform, as data: what it can show, and how often.

The figures are those the platforms document or were seen to keep. Where a platform counts calls in
a minute, the bucket's burst is part of that minute, so that no sixty seconds ever hold more.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.surface import Budget, Capabilities

Call = Literal["post", "edit", "draft", "status", "start", "append", "stop", "file", "form"]
Growth = Literal["edits", "draft", "stream"]

VOICES = ("audio/ogg", "audio/mpeg", "audio/wav")  # what browsers play
FILE_LIMIT = 15 * 1024 * 1024  # bytes; a picture from any phone fits


def utf16_units(text: str) -> int:
    """Length as Telegram counts it."""
    return len(text) + sum(character > "\uffff" for character in text)


def utf8_bytes(text: str) -> int:
    return len(text.encode(errors="replace"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A budget without its scope; `per` says what it is counted by."""

    name: str
    rate: float
    burst: int
    per: Literal["chat", "bot"] = "chat"


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """One way to play a platform.

    `latency` is what a call takes, in seconds. `limit` is what one message holds, counted by
    `measure`. `rates` name what a call draws on, in private chats and in groups. `penalty` is how
    long (least and most seconds) a 429 asks for. `reactions` are the emoji there are, empty for
    all. `interaction` is for how many seconds a click or command may be answered by a form,
    `spoken_interaction` a plain message.
    """

    name: str
    label: str
    limit: int
    measure: Callable[[str], int] = len
    private: Capabilities
    group: Capabilities
    growth: Growth = "edits"
    group_growth: Growth = "edits"
    latency: float = 0.0
    rates: Mapping[Call, Sequence[Rate]]
    group_rates: Mapping[Call, Sequence[Rate]]
    enforced: bool = True
    penalty: tuple[float, float] = (1.0, 1.0)
    reactions: frozenset[str] = frozenset()
    one_reaction: bool = False
    tells_deletes: bool = True
    interaction: float = 0.0
    spoken_interaction: float = 0.0

    def budgets(self, call: Call, chat: str, *, private: bool) -> tuple[Budget, ...]:
        """What one call in this chat draws on; the scopes are this behaviour's own."""
        rates = (self.rates if private else self.group_rates).get(call, ())
        return tuple(
            Budget(
                scope=f"playground:{self.name}:{rate.name}" + f":{chat}" * (rate.per == "chat"),
                rate=rate.rate,
                burst=rate.burst,
            )
            for rate in rates
        )

    def fits(self, text: str) -> int:
        """How many characters of `text` one message holds."""
        head = text[: self.limit]
        if self.measure(head) <= self.limit:
            return len(head)
        least, most = 1, len(head)
        while most - least > 1:
            middle = (least + most) // 2
            if self.measure(head[:middle]) <= self.limit:
                least = middle
            else:
                most = middle
        return least


def _minute(name: str, calls: int, burst: int, per: Literal["chat", "bot"] = "bot") -> Rate:
    return Rate(name=name, rate=(calls - burst) / 60, burst=burst, per=per)


_ROOMY = Capabilities(
    documents=True,
    forms=True,
    private_replies=True,
    voice_types=VOICES,
    upload_limit=FILE_LIMIT,
)
# As often as anybody sees; a frame that cost nothing would count as shown.
_FREE = Rate(name="frames", rate=20.0, burst=20)
IDEAL = Behaviour(
    name="ideal",
    label="Ideal",
    limit=100_000,
    private=_ROOMY,
    group=_ROOMY,
    rates={"post": (_FREE,), "edit": (_FREE,)},
    group_rates={"post": (_FREE,), "edit": (_FREE,)},
    enforced=False,
    interaction=600.0,
    spoken_interaction=600.0,
)

# Telegram: sends and edits share one a second and chat with short bursts, twenty a minute in a
# group, thirty a second over all. Drafts and "typing" have 20 calls in 5 s and 40 in 30 s.
_TELEGRAM = Capabilities(voice_types=VOICES[:1], upload_limit=FILE_LIMIT, documents=True)
_BOT = Rate(name="bot", rate=30.0, burst=30, per="bot")
_CHAT = (Rate(name="chat", rate=1.0, burst=3), _BOT)
_GROUP = (_minute("group", 20, 5, "chat"), _BOT)
_DRAFTS = (Rate(name="drafts", rate=1.0, burst=10),)
_REACTIONS = (
    "❤ 👍 👎 🔥 🥰 👏 😁 🤔 🤯 😱 😢 🎉 🤩 🙏 👌 🕊 🥱 😍 🐳 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 😴 😭 "
    "🤓 👻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 🙊 😎 👾 🤷 😡"
)
TELEGRAM = Behaviour(
    name="telegram",
    label="Like Telegram",
    limit=4096,
    measure=utf16_units,
    private=Capabilities(
        voice_types=VOICES[:1],
        upload_limit=FILE_LIMIT,
        documents=True,
        fades_after=25.0,  # a draft lasts 30 s
        status_fades_after=25.0,
    ),
    group=_TELEGRAM,
    growth="draft",
    latency=0.05,
    rates={
        "post": _CHAT,
        "edit": _CHAT,
        "file": _CHAT,
        "draft": _DRAFTS,
        "status": _DRAFTS,
    },
    group_rates={
        "post": _GROUP,
        "edit": _GROUP,
        "file": _GROUP,
        "status": _DRAFTS,
    },
    penalty=(3.0, 35.0),
    reactions=frozenset(_REACTIONS.split()),
    one_reaction=True,
    tells_deletes=False,
)

# Slack: methods are counted a minute and workspace, posts one a second and channel. A stream is
# closed by Slack after about five minutes, and a message holds 12,000, of which 11,000 are safe.
_SLACK = Capabilities(
    forms=True,
    documents=True,
    private_replies=True,
    voice_types=VOICES,
    upload_limit=FILE_LIMIT,
    appends=True,
    grow_for=240.0,
)
_STREAMS = (_minute("streams", 20, 5),)
_SLACK_RATES: Mapping[Call, Sequence[Rate]] = {
    "post": (Rate(name="post", rate=1.0, burst=3),),
    "edit": (_minute("update", 50, 5),),
    "start": _STREAMS,
    "stop": (_minute("stops", 20, 5),),
    "append": (_minute("append", 100, 20),),
    "status": (_minute("status", 50, 10),),
    "file": (_minute("file", 100, 10),),
}
SLACK = Behaviour(
    name="slack",
    label="Like Slack",
    limit=11_000,
    measure=utf8_bytes,
    private=_SLACK,
    group=_SLACK,
    growth="stream",
    group_growth="stream",
    latency=0.08,
    rates=_SLACK_RATES,
    group_rates=_SLACK_RATES,
    penalty=(1.0, 30.0),
    interaction=3.0,
)

BEHAVIOURS: Mapping[str, Behaviour] = {each.name: each for each in (IDEAL, TELEGRAM, SLACK)}
