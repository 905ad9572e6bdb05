"""Reads until when something holds: a duration from now, a time of day, or a moment."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from core.domain.typed import Typist, seconds_of
from tui.widgets.values import Unreadable

_DAY = timedelta(days=1)
_MOST_SECONDS = 3_650 * 86_400.0
"""Ten years: what is longer is a slip of the keyboard."""


def until_of(text: str, now: datetime) -> datetime:
    """Give the moment that ``2h``, ``18:00`` or ``2026-12-01 08:00`` mean; ``Unreadable`` if none.

    A time of day is the next one; times without a zone are those of this machine.
    """
    if not text.strip():
        raise Unreadable("required")
    seconds = seconds_of(text)
    if seconds is not None and seconds <= _MOST_SECONDS:
        return now + timedelta(seconds=seconds)
    typist = Typist()
    typed = typist.moment("until", text, None)
    for fault in typist.faults(()):
        raise Unreadable(fault.code, **fault.parameters)
    assert typed is not None  # or else there was a fault
    return _next(typed, now) if isinstance(typed, time) else typed


def _next(shown: time, now: datetime) -> datetime:
    today = now.astimezone().date()
    moment = _moment(shown, today)
    return moment if moment > now else _moment(shown, today + _DAY)


def _moment(shown: time, day: date) -> datetime:
    return datetime.combine(day, shown).astimezone(UTC)
