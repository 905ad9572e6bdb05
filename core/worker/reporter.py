"""The reporter: tells the other processes, and the screens of this one, how this process is."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from core.background import ended, in_background
from core.bus import Bus
from core.clock import Clock
from core.domain.events import WorkersReported
from core.domain.workers import WorkerReport
from core.errors import StorageError

if TYPE_CHECKING:
    from core.storage.database import Database

REPORT_SECONDS = 2.0
"""From one report to the next."""
ANSWER_SECONDS = 4.0
"""A database that takes longer counts as away."""

log = logging.getLogger(__name__)


class Reporter:
    """Writes a report every two seconds and reads those of the others."""

    def __init__(
        self, database: Database, bus: Bus, clock: Clock, own_id: str, report: Callable[[], WorkerReport]
    ) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._own_id = own_id
        self._report = report
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to report, at once for the first time."""
        self._wanted.set()
        self._task = in_background(self._run(), "reporter")

    def report_soon(self) -> None:
        """Do not wait for the two seconds: something important has changed."""
        self._wanted.set()

    async def stop(self) -> None:
        """Report no more, and take this process off the list."""
        if self._task is None:
            return
        await ended(self._task)
        self._task = None
        try:
            async with asyncio.timeout(ANSWER_SECONDS), self._database.unit() as unit:
                await unit.workers.leave(self._own_id)
        except (StorageError, TimeoutError) as error:
            log.info("This process stays on the list for some seconds: %s", error)

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REPORT_SECONDS):
                    await self._wanted.wait()
            self._wanted.clear()
            report = self._report()
            self._bus.publish(WorkersReported(await self._exchange(report), self._own_id))

    async def _exchange(self, report: WorkerReport) -> tuple[WorkerReport, ...]:
        """Hand in the own report for those of all; with the database away there is only the own."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS), self._database.unit() as unit:
                await unit.workers.beat(report)
                return await unit.workers.live()
        except (StorageError, TimeoutError) as error:
            log.info("The other processes cannot be heard of: %s", error)
            return (report,)
