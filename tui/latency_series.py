"""From what was seen to a chart: a span of time in columns of equal length."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from core.domain.observations import LatencyPoint, Observation, Status
from core.i18n import _
from tui.widgets.chart import Series, time_labels

MOST_COLUMNS = 240
"""Columns of a span; two fit into a cell."""
_LABELS = 5


def columns_of(span_seconds: float, interval_seconds: float) -> int:
    """Give how many columns a span has: each long enough for a check to fall into it."""
    return max(1, min(MOST_COLUMNS, int(span_seconds / interval_seconds)))


def point_of(check: Observation) -> LatencyPoint:
    """Give one check as a stretch of its own."""
    ms = None if check.status is Status.DOWN else check.latency_ms
    return LatencyPoint(check.checked_at, check.status, ms, ms)


def series_of(
    points: Iterable[LatencyPoint], now: datetime, span_seconds: float, columns: int, limit_ms: float | None
) -> Series:
    """Give the chart of a span that ends now: of each column the slowest answer and whether one failed."""
    values: list[float | None] = [None] * columns
    failed = [False] * columns
    for point in points:
        age = (now - point.begins_at).total_seconds()
        if not 0 <= age <= span_seconds:
            continue
        column = max(0, columns - 1 - int(age / span_seconds * columns))
        failed[column] |= point.status is Status.DOWN
        if point.slowest_ms is not None and point.status is not Status.DOWN:
            values[column] = max(values[column] or 0.0, point.slowest_ms)
    return Series(values, failed, limit_ms, time_labels(span_seconds, _LABELS, _("now")))
