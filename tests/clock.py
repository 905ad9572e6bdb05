"""A clock that stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class FrozenClock:
    """Wall and monotonic time that only ``advance`` moves."""

    def __init__(self, start: datetime = NOON) -> None:
        self._now = start
        self._monotonic = 1_000.0

    def now(self) -> datetime:
        """Give the wall time, aware, in UTC."""
        return self._now

    def monotonic(self) -> float:
        """Give seconds that never jump."""
        return self._monotonic

    def advance(self, seconds: float) -> datetime:
        """Move both times on; give the new wall time."""
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds
        return self._now
