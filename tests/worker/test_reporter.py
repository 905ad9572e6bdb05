"""Reports of one process while the database is away."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import cast

from core.bus import Bus
from core.clock import SystemClock
from core.domain.events import WorkersReported
from core.domain.workers import RoundHealth, WorkerKind, WorkerReport
from core.errors import Unreachable
from core.storage.database import Database
from core.worker.reporter import Reporter
from tests.clock import NOON

REPORT = WorkerReport(
    id="me",
    kind=WorkerKind.CONSOLE,
    operator="tester",
    host="here",
    pid=1,
    can_lead=True,
    leading=False,
    started_at=NOON,
    seen_at=NOON,
    health=RoundHealth(),
)


class DatabaseThatIsAway:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def unit(self) -> AbstractAsyncContextManager[None]:
        self.asked += 1
        raise Unreachable("nobody answers")


async def test_with_the_database_away_a_process_tells_of_itself_and_leaves_without_waiting() -> None:
    away, bus = DatabaseThatIsAway(), Bus()
    told: asyncio.Queue[WorkersReported] = asyncio.Queue()
    bus.subscribe(WorkersReported, told.put_nowait)
    reporter = Reporter(cast("Database", away), bus, SystemClock(), "me", lambda: REPORT)
    reporter.start()
    async with asyncio.timeout(20):
        assert await told.get() == WorkersReported((REPORT,), "me")
    await reporter.stop()
    assert away.asked == 1
