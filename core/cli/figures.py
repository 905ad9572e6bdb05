"""How commands write figures: times, durations, latencies, percentages."""

from __future__ import annotations

from datetime import UTC, datetime

from core.domain.uptime import Uptime

NOTHING = "-"
"""Stands where there is no figure."""
WHOLE = 0.995
"""From this coverage on uptime is shown without it."""


def iso(moment: datetime | None) -> str | None:
    """Give a moment as JSON has it: ISO 8601 in UTC with ``Z``, to the millisecond where it has any."""
    if moment is None:
        return None
    spec = "milliseconds" if moment.microsecond else "seconds"
    return moment.astimezone(UTC).isoformat(timespec=spec).replace("+00:00", "Z")


def local(moment: datetime | None) -> str:
    """Give a moment as people read it, in the zone of this machine."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S") if moment else NOTHING


def age(moment: datetime | None, now: datetime) -> str:
    """Give how long ago a moment was, in its largest two units at most."""
    return NOTHING if moment is None else duration((now - moment).total_seconds())


def duration(seconds: float) -> str:
    """Give a span as ``7s``, ``3m 20s``, ``5h 2m`` or ``12d 4h``."""
    whole = max(0, int(seconds))
    for size, unit, smaller_size, smaller in (
        (86_400, "d", 3600, "h"),
        (3600, "h", 60, "m"),
        (60, "m", 1, "s"),
    ):
        if whole >= size:
            rest = whole % size // smaller_size
            return f"{whole // size}{unit} {rest}{smaller}" if rest else f"{whole // size}{unit}"
    return f"{whole}s"


def milliseconds(latency_ms: float | None) -> str:
    """Give a latency in a unit that suits it."""
    if latency_ms is None:
        return NOTHING
    if latency_ms < 10:
        return f"{latency_ms:.1f} ms"
    return f"{latency_ms:.0f} ms" if latency_ms < 10_000 else f"{latency_ms / 1000:.1f} s"


def rounded(value: float | None, digits: int = 3) -> float | None:
    """Give a figure as JSON has it."""
    return None if value is None else round(value, digits)


def percent(uptime: Uptime | None) -> str:
    """Give uptime in per cent, never rounded up to 100, with its coverage where that is not whole."""
    if uptime is None or uptime.ratio is None:
        return NOTHING
    text = f"{_floored(uptime.ratio):.2f}%"
    if uptime.coverage >= WHOLE:
        return text
    covered = int(uptime.coverage * 100)
    return f"{text} of {covered}%" if covered else f"{text} of <1%"


def _floored(ratio: float) -> float:
    return int(ratio * 10_000 + 1e-6) / 100
