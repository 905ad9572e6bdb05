"""The pulse of this process: how late its event loop is, and how much it gets done."""

from __future__ import annotations

import asyncio

from core.clock import Clock

BEAT_SECONDS = 0.1
"""How often the loop is asked."""


class Pulse:
    """Asks the event loop to wake it at regular moments and keeps the worst lateness."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._expected = 0.0
        self._worst = 0.0
        self._handle: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to measure; needs a running event loop."""
        self._expected = self._clock.monotonic() + BEAT_SECONDS
        self._handle = asyncio.get_running_loop().call_later(BEAT_SECONDS, self._beat)

    def stop(self) -> None:
        """Measure no more."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def take_worst(self) -> float:
        """Give the worst lateness in seconds since the last call, one that lasts still included."""
        worst = max(self._worst, self._clock.monotonic() - self._expected)
        self._worst = 0.0
        return max(0.0, worst)

    def _beat(self) -> None:
        self._worst = max(self._worst, self._clock.monotonic() - self._expected)
        self.start()


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
