"""The one place that knows APScheduler.

There is one job, and its trigger asks the rota for the next moment: a job per service costs ten times as
much and stalls the loop when thousands are added. APScheduler keeps wall time; the rota does not, so
the job is timed anew when the rota's head changes and when the wall clock steps.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from core.background import ended, in_background
from core.clock import Clock

APART_SECONDS = 0.05
"""Ticks are at least this far apart: what is due in between is taken together."""
IDLE_SECONDS = 3600.0
"""When to look again at a rota in which nothing waits: APScheduler drops a job without a next time."""
STEP_SECONDS = 0.25
"""A change of wall time against monotonic time that counts as a step of the wall clock."""
WATCH_SECONDS = 0.5
"""How often the wall clock is compared with the monotonic one."""
_JOB = "check-tick"


class RotaTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler ships no types
    """Fires at the rota's next moment, never sooner than 50 ms after the last."""

    def __init__(self, clock: Clock, next_due: Callable[[], float | None]) -> None:
        self._clock = clock
        self._next_due = next_due
        self._earliest = 0.0
        self.planned: float = 0.0
        """The monotonic moment that was given last."""

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """Give the next wall time; APScheduler calls it at each firing and when it is timed anew."""
        monotonic = self._clock.monotonic()
        if previous_fire_time is not None:
            self._earliest = monotonic + APART_SECONDS
        self.planned = self.moment(monotonic)
        return now + timedelta(seconds=max(0.0, self.planned - monotonic))

    def moment(self, monotonic: float) -> float:
        """Give the monotonic moment at which the next tick should come."""
        due = self._next_due()
        latest = monotonic + IDLE_SECONDS
        return latest if due is None else min(latest, max(due, self._earliest))


class CheckScheduler:
    """Calls ``tick`` whenever something in the rota is due."""

    def __init__(self, clock: Clock, next_due: Callable[[], float | None], tick: Callable[[], None]) -> None:
        self._clock = clock
        self._tick = tick
        self._trigger = RotaTrigger(clock, next_due)
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._watchdog: asyncio.Task[None] | None = None
        self._offset = 0.0

    def start(self) -> None:
        """Begin to tick; needs a running event loop."""
        logging.getLogger("apscheduler").setLevel(logging.WARNING)  # it tells of every tick at INFO
        self._scheduler.add_job(
            self._run,
            self._trigger,
            id=_JOB,
            misfire_grace_time=None,
            coalesce=True,
            max_instances=1,
            replace_existing=True,
        )
        self._scheduler.start()
        self._offset = self._wall_offset()
        self._watchdog = in_background(self._watch_the_wall_clock(), "watchdog")

    def retime(self) -> None:
        """Take notice of a rota that has changed: tick sooner if something is due sooner."""
        if self._trigger.moment(self._clock.monotonic()) < self._trigger.planned:
            self._time_anew()

    def pause(self) -> None:
        """Tick no more; what ticks have started goes on."""
        if self._scheduler.running:
            self._scheduler.pause()

    async def stop(self) -> None:
        """Stop for good; nothing that ticks have started is cancelled."""
        if self._watchdog is not None:
            await ended(self._watchdog)
            self._watchdog = None
        if self._scheduler.running:
            self._scheduler.pause()
            self._scheduler.shutdown(wait=False)
            await asyncio.sleep(0)  # APScheduler shuts down in the next turn of the loop

    async def _run(self) -> None:
        self._tick()

    def _time_anew(self) -> None:
        if self._scheduler.running:
            self._scheduler.reschedule_job(_JOB, trigger=self._trigger)

    async def _watch_the_wall_clock(self) -> None:
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            offset = self._wall_offset()
            if abs(offset - self._offset) > STEP_SECONDS:
                self._time_anew()
            self._offset = offset

    def _wall_offset(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic()
