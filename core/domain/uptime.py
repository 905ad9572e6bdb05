"""Uptime: up and degraded time over observed time, always with its coverage."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Uptime:
    """How much of a span was observed, and how much of that the service was up or degraded.

    An observation covers the time until the next one, at most interval + timeout; beyond that is no
    data. A failure that was not confirmed counts as down.
    """

    span_seconds: float
    observed_seconds: float
    good_seconds: float
    """Up and degraded."""

    @property
    def ratio(self) -> float | None:
        """Give uptime from 0 to 1; None where nothing was observed."""
        return self.good_seconds / self.observed_seconds if self.observed_seconds else None

    @property
    def coverage(self) -> float:
        """Give the observed part of the span, from 0 to 1."""
        return min(1.0, self.observed_seconds / self.span_seconds) if self.span_seconds else 0.0
