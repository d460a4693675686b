"""Processes that die at a step: what they had begun stays as it is, for the next one to find.

Death is silent, as SIGKILL is: from one call to the store or the platform on, nothing more of that
process takes effect. The call itself does or does not, for nobody knows which.
"""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import replace

from bot.events import Event, MessageRef, Place
from bot.service import Service
from bot.service.running import Running
from bot.surface import Again, Growing
from tests.fakes.bench import Bench


class Death:
    """Comes with a step of the process; `late`: after the step has taken effect.

    Only `verbs` count where some are named.
    """

    def __init__(self, step: int, *, late: bool, verbs: Collection[str] = ()) -> None:
        self.came = asyncio.Event()
        self.left_open: list[object] = []
        """What the process had no time to leave in good order."""
        self._left = step
        self._late = late
        self._verbs = verbs

    def mortal(self, name: str, verb: Callable[..., object]) -> Callable[..., object]:
        async def call(*args: object, **more: object) -> object:
            if self.came.is_set():
                await asyncio.Event().wait()
            counts = not self._verbs or name in self._verbs
            self._left -= counts
            fatal = counts and self._left == 0
            if fatal and not self._late:
                await self._die()
            done = await verb(*args, **more)  # type: ignore[misc]  # a coroutine function
            if fatal:
                await self._die()
            return done

        return call

    async def _die(self) -> None:
        self.came.set()
        await asyncio.Event().wait()


class Mortal:
    """A store, a surface or a growing message as one process has it."""

    def __init__(self, inner: object, death: Death) -> None:
        self._inner = inner
        self._death = death

    def __getattr__(self, name: str) -> object:
        found = getattr(self._inner, name)
        return self._death.mortal(name, found) if inspect.iscoroutinefunction(found) else found


class MortalSurface(Mortal):
    @asynccontextmanager
    async def grow(self, place: Place, old: MessageRef | None = None) -> AsyncIterator[Growing]:
        block = self._inner.grow(place, old)  # type: ignore[attr-defined]  # a surface
        growing = await block.__aenter__()
        try:
            yield Mortal(growing, self._death)  # type: ignore[misc]  # behaves like one
        finally:
            if self._death.came.is_set():
                self._death.left_open.append(block)  # or it would be left when it is collected
            else:
                await block.__aexit__(None, None, None)


async def live_and_die(bench: Bench, event: Event, death: Death, *, attempts: int) -> None:
    """One process: it does the work, or dies over it."""
    mortal = {name: MortalSurface(one, death) for name, one in bench.tools.surfaces.items()}
    tools = replace(
        bench.tools,
        store=Mortal(bench.store, death),  # type: ignore[arg-type]  # behaves like one
        surfaces=mortal,  # type: ignore[arg-type]  # too
        running=Running(),
    )
    work = replace(bench.work(event), attempts=attempts)
    doing = asyncio.create_task(Service(tools).handle(work))
    dying = asyncio.create_task(death.came.wait())
    await asyncio.wait([doing, dying], return_when=asyncio.FIRST_COMPLETED)
    # What is cancelled here reaches nobody any more.
    doing.cancel()
    dying.cancel()
    await asyncio.wait([doing, dying])
    if not doing.cancelled() and not death.came.is_set():
        if isinstance(doing.exception(), Again):
            await live_and_die(bench, event, death, attempts=attempts + 1)
        else:
            doing.result()
