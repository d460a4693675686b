"""The use cases: what happened, matched to what is done about it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import assert_never

from bot import observe
from bot.events import (
    Action,
    Command,
    Deleted,
    Edited,
    Event,
    Message,
    Moved,
    Reaction,
    Submission,
)
from bot.service import (
    about,
    again,
    ask,
    behalf,
    figures,
    inputs,
    rate,
    recover,
    remarks,
    revise,
    speak,
    stop,
)
from bot.service.tools import Tools, permitted, say
from bot.store.database import Fault
from bot.store.records import Work

SETTLE_EVERY = 30.0
"""Seconds between looks for ratings the API has not been told: what fails waits at least so."""
PURGE_EVERY = 3600.0
"""Seconds between sweeps of what is kept no longer; a day is promised, an hour more is late."""
KEEP_IDS = timedelta(days=30)
"""How long an event's id is known: no platform delivers one again after more than days."""

_log = observe.get_logger("bot.service")


class Service:
    """Everything the bot does for people."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def handle(self, work: Work) -> None:
        """Do what an accepted event asks for.

        Work that an earlier process began is taken up where it was left. Raises Again and
        SurfaceError where it is safe to do it once more.
        """
        tools, event = self._tools, work.event
        if work.attempts and (begun := await tools.store.answer_for(event.id)):
            await recover.resume(tools, permitted(begun, event.place))
            return
        await _do(tools, work)

    async def abandon(self, work: Work) -> None:
        """End the answer that was begun by work that is given up; may be done repeatedly.

        Raises SurfaceError.
        """
        begun = await self._tools.store.answer_for(work.event.id)
        if begun is not None:
            await recover.leave(self._tools, begun)

    async def report(self, event: Event, reference: str) -> None:
        """Tell the person that something unexpected happened. Raises SurfaceError."""
        phrases = await self._tools.phrases_for(event.place)
        await say(self._tools, event.place, phrases.unexpected.format(reference=reference))

    async def run(self) -> None:
        """What is done now and then, until cancelled; then the rests of answers end as well."""
        try:
            async with asyncio.TaskGroup() as sweeps:
                sweeps.create_task(_every(SETTLE_EVERY, "settle", self._settle))
                sweeps.create_task(_every(PURGE_EVERY, "purge", self._purge))
        finally:
            await self._tools.running.end_rests()

    def cut(self) -> None:
        """End every open answer as interrupted; what was not asked yet waits for the next start."""
        self._tools.running.end_all("cut")

    async def _settle(self) -> None:
        await rate.settle(self._tools)

    async def _purge(self) -> None:
        now = self._tools.now()
        gone = await self._tools.store.purge(now - self._tools.rules.keep_text, now - KEEP_IDS)
        if gone:
            _log.info("purged", rows=gone)


async def _do(tools: Tools, work: Work) -> None:
    event = work.event
    match event:
        case Message():
            await _said(tools, work)
        case Edited() | Deleted():
            await revise.revise(tools, work)
        case Command():
            await _commanded(tools, work, event)
        case Action():
            await _pressed(tools, work, event)
        case Reaction():
            await rate.take(tools, event)
        case Submission():
            await _filled_in(tools, event)
        case Moved():
            await tools.store.move_chat(event.place.chat, event.old)
        case _:
            assert_never(event)


async def _said(tools: Tools, work: Work) -> None:
    if not await revise.add_part(tools, work):
        await ask.answer(tools, work)


async def _filled_in(tools: Tools, submission: Submission) -> None:
    if not await remarks.submit(tools, submission):
        await inputs.keep(tools, submission)


_Commanded = Callable[[Tools, Work, Command], Awaitable[None]]


async def _commanded(tools: Tools, work: Work, command: Command) -> None:
    do = _COMMANDS.get(command.name)
    if do is not None:
        await do(tools, work, command)
        return
    phrases = await tools.phrases_for(command.place)
    sentence = phrases.unknown_command.format(command=command.name[:32])
    await say(tools, command.place, sentence, private=True)


async def _forget(tools: Tools, work: Work, command: Command) -> None:
    place = command.place
    for answer in await tools.store.open_answers(place):
        tools.running.end(answer.id, "stop")
    await tools.store.forget(
        place.chat.platform, place.chat.workspace, place.user.id, place.user.workspace
    )
    phrases = await tools.phrases_for(place)
    await say(tools, place, phrases.forgotten, private=True)


async def _stop(tools: Tools, work: Work, event: Action | Command) -> None:
    await stop.stop(tools, event, once_more=work.attempts > 0)


_COMMANDS: Mapping[str, _Commanded] = {
    "ask": lambda tools, work, _: ask.answer(tools, work),
    "stop": _stop,
    "retry": lambda tools, work, _: again.regenerate(tools, work),
    "voice": lambda tools, _, command: speak.answer_aloud(tools, command),
    "inputs": lambda tools, _, command: inputs.choose(tools, command),
    "feedback": lambda tools, _, command: rate.take(tools, command),
    "about": lambda tools, _, command: about.about(tools, command),
    "help": lambda tools, _, command: about.help(tools, command),
    "start": lambda tools, _, command: about.greet(tools, command),
    "welcome": lambda tools, _, command: about.welcome(tools, command),
    "forget": _forget,
    "stats": lambda tools, _, command: figures.tell(tools, command),
}


async def _chosen(tools: Tools, work: Work, action: Action) -> None:
    if not await remarks.choose(tools, action):
        await inputs.choose(tools, action)


_Pressed = Callable[[Tools, Work, Action], Awaitable[None]]


async def _pressed(tools: Tools, work: Work, action: Action) -> None:
    do = _ACTIONS.get(action.name)
    if do is None:
        _log.warning("a button nobody knows", action=action.name)
    elif not await behalf.press(tools, action):
        await do(tools, work, action)


_ACTIONS: Mapping[str, _Pressed] = {
    "stop": _stop,
    "regenerate": lambda tools, work, _: again.regenerate(tools, work),
    "revise": lambda tools, work, _: revise.follow_up(tools, work),
    "like": lambda tools, _, action: rate.take(tools, action),
    "dislike": lambda tools, _, action: rate.take(tools, action),
    "speak": lambda tools, _, action: speak.answer_aloud(tools, action),
    "suggest": lambda tools, work, action: about.ask_suggested(tools, work),
    "inputs": lambda tools, _, action: inputs.choose(tools, action),
    "choose": _chosen,
    "cancel": _chosen,
}


NAMES = frozenset({*_COMMANDS, *_ACTIONS})
"""Of commands and buttons; any other name is what somebody has written."""


async def _every(seconds: float, name: str, sweep: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await sweep()
        except Fault as error:
            _log.warning("a sweep failed", sweep=name, error=type(error).__name__)
        except Exception as error:
            # Raised on, it would end every open answer.
            _log.error("a sweep failed", sweep=name, trace=observe.trace(error))
        await asyncio.sleep(seconds)
