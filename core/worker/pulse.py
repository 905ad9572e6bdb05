"""The pulse of this process: how late its event loop is, and how much it gets done."""

from __future__ import annotations

import asyncio
import math

from core.clock import Clock

BEAT_SECONDS = 0.02
"""How often the loop is asked: a block is told too short by one beat at most.

Measured in CPU a second: 6 ms where nothing else wakes the process, 4 ms beside 30 checks a second, and
too little to tell beside 333.
"""
LAG_LIMIT_SECONDS = 0.02
"""A longer lag makes the latency of whatever was measured meanwhile doubtful."""


class Pulse:
    """Asks the event loop to wake it at regular moments and keeps the worst lateness."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._expected = 0.0
        self._worst = 0.0
        self._lagged_until = -math.inf
        """When the last lag over the limit ended."""
        self._handle: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to measure; needs a running event loop."""
        self._plan(self._clock.monotonic())

    def stop(self) -> None:
        """Measure no more."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def take_worst(self) -> float:
        """Give the worst lateness in seconds since the last call, one that lasts still included."""
        worst = max(self._worst, self._late_by(self._clock.monotonic()))
        self._worst = 0.0
        return worst

    def lagged_within(self, seconds: float) -> bool:
        """Whether a lag over the limit overlaps the last so many seconds, one that lasts still included.

        What is asked about ends now, so the last lag tells of all. Of one that lasts still the beat knows
        nothing yet: when the loop comes to itself, what came from the network goes before the timers.
        """
        now = self._clock.monotonic()
        return self._lagged_until > now - seconds or self._late_by(now) > LAG_LIMIT_SECONDS

    def _late_by(self, now: float) -> float:
        """Give the seconds by which the next beat is overdue; 0 if it is not, or there is none."""
        return 0.0 if self._handle is None else max(0.0, now - self._expected)

    def _beat(self) -> None:
        now = self._clock.monotonic()
        late = self._late_by(now)
        self._worst = max(self._worst, late)
        if late > LAG_LIMIT_SECONDS:
            self._lagged_until = now
        self._plan(now)

    def _plan(self, now: float) -> None:
        self._expected = now + BEAT_SECONDS
        self._handle = asyncio.get_running_loop().call_later(BEAT_SECONDS, self._beat)


class Rate:
    """Turns a count that grows into a number per second."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._at = clock.monotonic()
        self._count = 0

    def since_last(self, count: int) -> float:
        """Give the growth per second since the last call; a count that began anew grew from 0."""
        now = self._clock.monotonic()
        grown = count - self._count if count >= self._count else count
        seconds, self._at, self._count = now - self._at, now, count
        return grown / seconds if seconds > 0 else 0.0
