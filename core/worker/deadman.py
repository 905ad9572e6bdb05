"""The dead man: an address outside hears every minute that the round is well, or hears nothing.

Whoever listens there notices when Ronda itself has died, which Ronda cannot tell. The address is a
secret: who knows it can pretend to be alive.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from core.background import ended, in_background
from core.checks.request import CheckRequest
from core.clock import Clock
from core.domain.observations import Observation, Status
from core.worker.outside import PING_SECONDS
from core.worker.runner import Checks

LOOK_SECONDS = 1.0
"""How often it is looked whether the round is well again."""

log = logging.getLogger(__name__)


class DeadMan:
    """Pings for as long as the round is well."""

    def __init__(
        self,
        clock: Clock,
        checks: Checks,
        request: CheckRequest | None,
        is_well: Callable[[], bool],
        pace_seconds: float = PING_SECONDS,
    ) -> None:
        self._clock = clock
        self._checks = checks
        self._request = request
        self._is_well = is_well
        self._pace_seconds = pace_seconds
        self._task: asyncio.Task[None] | None = None
        self.pinged_at: datetime | None = None
        """When the last ping went out."""
        self.answered = False
        """Whether the last ping was answered with a status from 200 to 299."""

    @property
    def is_set(self) -> bool:
        """Whether there is an address to ping."""
        return self._request is not None

    def start(self) -> None:
        """Begin to ping, if there is an address."""
        if self._request is not None:
            self._task = in_background(self._run(self._request), "dead man")

    async def stop(self) -> None:
        """Ping no more."""
        if self._task is not None:
            await ended(self._task)
            self._task = None

    async def _run(self, request: CheckRequest) -> None:
        while True:
            if self._is_well():
                await self._ping(request)
                await asyncio.sleep(self._pace_seconds)
            else:
                await asyncio.sleep(min(LOOK_SECONDS, self._pace_seconds))

    async def _ping(self, request: CheckRequest) -> None:
        at = self._clock.now()
        answer = await self._checks.check(request)
        self.pinged_at, self.answered = at, answer.status is not Status.DOWN
        if not self.answered:
            log.info("The dead-man ping was not taken: %s", _reason(answer))


def _reason(answer: Observation) -> str:
    """Say why without the sentence of the check: that may name the address."""
    kind = "none" if answer.error is None else answer.error.value
    return kind if answer.status_code is None else f"{kind}, status {answer.status_code}"
