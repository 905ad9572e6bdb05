"""The gate: which of the due checks may start now.

There are so many places in all and so many per host. Hosts whose last check took long get half of the
places at most, so that a hanging provider does not hold back everybody else.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

SLOW_SECONDS = 1.0
"""A host whose last check took longer is slow."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many checks may run at the same time."""

    max_checks: int = 200
    max_checks_per_host: int = 6


@dataclass(frozen=True, slots=True)
class Admission:
    """A check that was let in; handed back when it has ended."""

    service_id: int
    host: str
    slow: bool
    """Whether it takes one of the places for slow hosts."""


@dataclass(slots=True)
class _Host:
    """What is known of a host that is being checked or was slow."""

    waiting: deque[tuple[int, int]] = field(default_factory=deque)
    """(ticket, service id), first come first."""
    running: int = 0
    slow: bool = False
    queued: bool = False
    """Whether it stands in one of the two lanes."""


class Gate:
    """Lets checks in, first come first, within the limits."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._slow_places = max(1, limits.max_checks // 2)
        self._hosts: dict[str, _Host] = {}
        self._lanes: dict[bool, deque[str]] = {False: deque(), True: deque()}
        self._running = {False: 0, True: 0}
        self._ticket = 0

    @property
    def running(self) -> int:
        """Give the number of checks inside."""
        return self._running[False] + self._running[True]

    def join(self, service_id: int, host: str) -> None:
        """Have a check wait for a place."""
        self._ticket += 1
        known = self._hosts.setdefault(host, _Host())
        known.waiting.append((self._ticket, service_id))
        self._queue(host, known)

    def admit(self) -> Admission | None:
        """Let the next check in; None if none waits or every place that it could take is taken."""
        if self.running >= self._limits.max_checks:
            return None
        lanes = [slow for slow in (False, True) if self._lanes[slow] and self._has_place(slow)]
        if not lanes:
            return None
        slow = min(lanes, key=self._first_ticket)
        host = self._lanes[slow].popleft()
        known = self._hosts[host]
        known.queued = False
        _, service_id = known.waiting.popleft()
        known.running += 1
        self._running[slow] += 1
        self._queue(host, known)
        return Admission(service_id, host, slow)

    def leave(self, admission: Admission, seconds: float) -> None:
        """Give a place back after a check of so many seconds."""
        self._running[admission.slow] -= 1
        known = self._hosts[admission.host]
        known.running -= 1
        known.slow = seconds > SLOW_SECONDS
        self._queue(admission.host, known)
        if not (known.running or known.waiting or known.slow):
            del self._hosts[admission.host]

    def _queue(self, host: str, known: _Host) -> None:
        """Put a host into its lane if it has something waiting and a place of its own."""
        if not known.queued and known.waiting and known.running < self._limits.max_checks_per_host:
            known.queued = True
            self._lanes[known.slow].append(host)

    def _has_place(self, slow: bool) -> bool:
        return not slow or self._running[True] < self._slow_places

    def _first_ticket(self, slow: bool) -> int:
        return self._hosts[self._lanes[slow][0]].waiting[0][0]
