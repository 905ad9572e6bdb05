"""The runner: starts the checks that are due, within the limits, and takes in what they saw.

A check that ends after its service was paused, deleted, or changed in what is asked tells nothing of the
service as it is now: it is dropped, and an edited service is checked again at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Protocol

from core.checks.request import CheckRequest
from core.clock import Clock
from core.domain.events import ServiceJudged
from core.domain.observations import ErrorKind, Observation, Status
from core.domain.uplink import Outlook
from core.i18n import _
from core.worker.gate import Admission, Gate, Limits
from core.worker.rota import Rota
from core.worker.watched import Watched

BELT_SECONDS = 2.0
"""Beyond its own deadline a check is cut off after so long: the belt over the probe's braces."""

log = logging.getLogger(__name__)


class Checks(Protocol):
    """Whoever can run a check: the probe, or a function of a test."""

    async def check(self, request: CheckRequest) -> Observation:
        """Give the outcome, whatever happens."""
        ...


def in_sight(_watched: Watched, _observation: Observation) -> Outlook:
    """Say of every check that nothing is wrong with this side's line: nobody guards it."""
    return Outlook.CLEAR


class Runner:
    """Runs the checks of one term as tasks of its own."""

    def __init__(
        self,
        clock: Clock,
        checks: Checks,
        rota: Rota,
        watched: Mapping[int, Watched],
        limits: Limits,
        *,
        maintenance_until: Callable[[int, int, Collection[str], datetime], datetime | None],
        judged: Callable[[ServiceJudged], None],
        rota_changed: Callable[[], None],
        outlook: Callable[[Watched, Observation], Outlook] = in_sight,
    ) -> None:
        self._clock = clock
        self._checks = checks
        self._rota = rota
        self._watched = watched
        self._gate = Gate(limits)
        self._maintenance_until = maintenance_until
        self._judged = judged
        self._rota_changed = rota_changed
        self._outlook = outlook
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self.late_seconds = 0.0
        """How late the last check was started."""
        self.ended = 0
        """Checks that have ended since the start."""
        self.lagged = 0
        """Those among them that a lag of the event loop overlapped."""

    @property
    def in_flight(self) -> int:
        """Give the number of checks that run now."""
        return len(self._tasks)

    def start_due(self) -> None:
        """Start what is due; what finds no place waits for the end of another."""
        if self._stopping:
            return
        for service_id, _late in self._rota.pop_due(self._clock.monotonic()):
            self._gate.join(service_id, self._watched[service_id].host)
        self._start_admitted()

    def close(self) -> None:
        """Start nothing more."""
        self._stopping = True

    async def stop(self, grace_seconds: float) -> None:
        """Start nothing more; wait for what runs, and cut off what takes longer than the grace."""
        self.close()
        if self._tasks:
            _done, late = await asyncio.wait(self._tasks, timeout=grace_seconds)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)

    def _start_admitted(self) -> None:
        while not self._stopping and (admission := self._gate.admit()) is not None:
            watched = self._watched.get(admission.service_id)
            if watched is None:  # it was paused or deleted while it waited
                self._gate.leave(admission, 0.0)
                self._rota.finish(admission.service_id, self._clock.monotonic())
            else:
                began = self._clock.monotonic()
                self.late_seconds = self._rota.begin(admission.service_id, began)
                task = asyncio.create_task(self._run(admission, watched, began))
                self._tasks.add(task)
                task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("A check ended in a defect of Ronda", exc_info=error)

    async def _run(self, admission: Admission, watched: Watched, began: float) -> None:
        retry_seconds, request = None, watched.request
        try:
            reports_in = watched.reports_in
            observation = watched.listen(self._clock.now()) if reports_in else await self._observe(request)
            retry_seconds = self._take_in(admission.service_id, request, observation)
        finally:
            now = self._clock.monotonic()
            self.ended += 1
            self._gate.leave(admission, now - began)
            self._rota.finish(admission.service_id, now, retry_seconds)
            self._start_admitted()
            self._rota_changed()

    def _take_in(
        self, service_id: int, request: CheckRequest, observation: Observation | None
    ) -> float | None:
        """Judge and tell what was seen, if it still counts; give the seconds to the next check, if any."""
        watched = self._watched.get(service_id)
        if watched is None or watched.request != request:
            return None
        now = self._clock.now()
        if observation is not None:
            self.lagged += observation.lagged
            outlook = self._outlook(watched, observation)
            self._judged(watched.judge(observation, self._maintenance_of(watched, now), outlook))
        return watched.wait_seconds(now)

    def _maintenance_of(self, watched: Watched, now: datetime) -> datetime | None:
        service = watched.service
        return self._maintenance_until(service.id, service.client_id, watched.tags, now)

    async def _observe(self, request: CheckRequest) -> Observation:
        began, began_at = self._clock.monotonic(), self._clock.now()
        try:
            async with asyncio.timeout(request.timeout_seconds + BELT_SECONDS):
                return await self._checks.check(request)
        except TimeoutError:
            return Observation(
                checked_at=began_at,
                status=Status.DOWN,
                latency_ms=(self._clock.monotonic() - began) * 1000,
                error=ErrorKind.TIMEOUT,
                detail=_("The check did not end by its deadline and was cut off."),
            )
