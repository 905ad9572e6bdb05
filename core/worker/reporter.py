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
        self._answered = True
        """Whether the database took the last report."""

    def start(self) -> None:
        """Begin to report, at once for the first time."""
        self._wanted.set()
        self._task = in_background(self._run(), "reporter")

    def report_soon(self) -> None:
        """Do not wait for the two seconds: something important has changed."""
        self._wanted.set()

    async def stop(self) -> None:
        """Report no more, and take this process off the list unless the database does not answer anyway."""
        if self._task is None:
            return
        await ended(self._task)
        self._task = None
        if self._answered:
            leaving = in_background(self._leave(), "leave-taking")
            await asyncio.wait({leaving}, timeout=ANSWER_SECONDS)
            await ended(leaving)

    async def _leave(self) -> None:
        try:
            async with self._database.unit() as unit:
                await unit.workers.leave(self._own_id)
        except StorageError as error:
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
                workers = await unit.workers.live()
        except (StorageError, TimeoutError) as error:
            self._answered = False
            log.info("The other processes cannot be heard of: %s", error)
            return (report,)
        self._answered = True
        return workers
