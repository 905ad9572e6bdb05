"""Work in turns: at once when something has happened, else when the last turn said so."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence

from core.background import ended, in_background
from core.bus import Bus
from core.errors import StorageError

RETRY_SECONDS = 1.0
"""After a turn that the database did not allow."""

log = logging.getLogger(__name__)


class Turns:
    """Makes one turn after the other, in the background, until it is stopped.

    A turn gives the seconds until the next one; an event of one of ``kinds`` has it come sooner. A defect in
    a turn is logged and ends no later one.
    """

    def __init__(
        self,
        bus: Bus,
        kinds: Sequence[type],
        turn: Callable[[], Awaitable[float]],
        name: str,
    ) -> None:
        self._bus = bus
        self._kinds = kinds
        self._turn = turn
        self._name = name
        self._after_defect_seconds = 0.0
        self._rest_seconds: Callable[[], float] = lambda: 0.0
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._subscriptions: list[Callable[[], None]] = []
        self.is_well = True
        """Whether the last turn met no defect."""

    def start(self, after_defect_seconds: float, rest_seconds: Callable[[], float] = lambda: 0.0) -> None:
        """Begin with a turn at once; after each one nothing is done for ``rest_seconds``."""
        self._after_defect_seconds, self._rest_seconds = after_defect_seconds, rest_seconds
        self._subscriptions = [self._bus.subscribe(kind, self._notice) for kind in self._kinds]
        self.wake()
        self._task = in_background(self._run(), self._name)

    async def stop(self) -> None:
        """Make no more turns; one that is under way is cut off."""
        for unsubscribe in self._subscriptions:
            unsubscribe()
        self._subscriptions = []
        if self._task is not None:
            await ended(self._task)
            self._task = None

    def wake(self) -> None:
        """Have the next turn come at once."""
        self._wake.set()

    def _notice(self, _event: object) -> None:
        self.wake()

    async def _run(self) -> None:
        wait = 0.0
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            self._wake.clear()
            try:
                wait = await self._turn()
                self.is_well = True
            except StorageError as error:
                log.info("The %s waits for the database: %s", self._name, error)
                wait = RETRY_SECONDS
            except Exception:
                log.exception("The %s cannot go on; this is a defect of Ronda", self._name)
                self.is_well, wait = False, self._after_defect_seconds
            await asyncio.sleep(self._rest_seconds())
