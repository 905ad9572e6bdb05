"""What the round knows of one service that it watches."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.checks.request import CheckRequest
from core.domain.clients import Client
from core.domain.events import ServiceJudged
from core.domain.observations import Observation
from core.domain.services import Service
from core.domain.status import Policy, ServiceState, next_check_after, step

CLOSE = timedelta(seconds=1)
"""Checks of one service are never so close that two would begin within it, save by a bent clock."""
TICK = timedelta(microseconds=1)
"""The resolution of stored times."""

_AUTHORITY = re.compile(r"^[^:/]*://([^/?#]*)")


def host_of(url: str) -> str:
    """Give host and port of a URL, for telling hosts apart only: it never fails."""
    match = _AUTHORITY.match(url)
    return match[1].lower() if match else url


@dataclass(slots=True)
class Watched:
    """A living, active service with all that its next check needs."""

    service: Service
    request: CheckRequest
    host: str
    """Where its checks go: host and port of the first hop, the unit of the limit per host."""
    state: ServiceState

    @classmethod
    def of(cls, client: Client, service: Service, state: ServiceState) -> Watched:
        """Make one from what is stored."""
        request = CheckRequest.of(client.spec, service.spec)
        return cls(service, request, host_of(request.url), state)

    def judge(self, observation: Observation) -> ServiceJudged:
        """Take in what a check saw, and give what it means."""
        observation = self._with_moment_of_its_own(observation)
        judged = step(self.state, observation, Policy.of(self.service.spec))
        self.state = judged.state
        return ServiceJudged(self.service.id, observation, judged.state, judged.transition)

    def retry_seconds(self) -> float | None:
        """Give the wait for the next check while a failure is being confirmed; None: the regular one."""
        return next_check_after(self.state, self.service.spec)

    def wait_after_start(self, now: datetime) -> float:
        """Give the seconds until its first check by this process; not above 0 if it is overdue.

        It goes on where the last process stopped: at last check + interval, or the retry that is due.
        """
        last = self.state.observation
        if last is None:
            return 0.0
        interval = self.service.spec.interval_seconds
        wait = self.retry_seconds() or interval
        return min(interval, wait - (now - last.checked_at).total_seconds())

    def _with_moment_of_its_own(self, observation: Observation) -> Observation:
        """Give the observation with a time that no other of the service has: it is part of the key."""
        last = self.state.observation
        if last is None or not timedelta(0) <= last.checked_at - observation.checked_at < CLOSE:
            return observation
        return replace(observation, checked_at=last.checked_at + TICK)
