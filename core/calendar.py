"""When maintenance windows are open, those that recur by cron included.

A cron expression speaks of clocks on the wall, so it is walked through on times without a zone, and each
of those is then looked up in the window's zone. Days on which clocks change are as Debian's cron has
them: a beginning that falls into an hour that is skipped comes right after it, one in an hour that comes
twice is taken once. An expression whose hour is ``*`` means every hour that passes: none in the hour that
is skipped, both of the one that comes twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

from cronsim import CronSim, CronSimError

from core.domain.faults import Fault
from core.domain.maintenance import Stretch, Window, WindowSpec, zone_of
from core.domain.text import printable

CRON_FIELDS = 5
_HOUR, _MONTH = 1, 3
_ANY_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)


def cron_faults(field: str, expression: str) -> Iterator[Fault]:
    """Give what is wrong with a cron expression: its form, or that it never fires."""
    if len(expression.split()) != CRON_FIELDS:
        yield Fault(field, "cron_fields", {"fields": CRON_FIELDS})
        return
    try:
        next(CronSim(expression, _ANY_MOMENT))
    except CronSimError as error:
        if _fires_in_another_month(expression):
            yield Fault(field, "cron_never", {"cron": printable(expression)})
        else:
            yield Fault(field, "cron_form", {"reason": printable(str(error))})
    except StopIteration:
        yield Fault(field, "cron_never", {"cron": printable(expression)})


def open_stretch(window: Window, moment: datetime) -> Stretch | None:
    """Give the time for which a window is open at a moment; None if it is not."""
    if window.ended_at is not None and window.ended_at <= moment:
        return None
    stretch = _last_begun(window.spec, moment)
    if stretch is None or not stretch.holds(moment):
        return None
    if window.ended_at is not None and window.ended_at < stretch.ends_at:
        return Stretch(stretch.begins_at, window.ended_at)
    return stretch


def next_stretch(window: Window, moment: datetime) -> Stretch | None:
    """Give when a window opens next, after a moment; None if it does no more."""
    if window.ended_at is not None:
        return None
    if not window.spec.recurs:
        once = window.spec.once
        return once if once is not None and once.begins_at > moment else None
    begins_at = _first_after(window.spec, moment)
    return None if begins_at is None else _lasting(window.spec, begins_at)


def _last_begun(spec: WindowSpec, moment: datetime) -> Stretch | None:
    if not spec.recurs:
        once = spec.once
        return once if once is not None and once.begins_at <= moment else None
    begins_at = _last_until(spec, moment)
    return None if begins_at is None else _lasting(spec, begins_at)


def _lasting(spec: WindowSpec, begins_at: datetime) -> Stretch:
    return Stretch(begins_at, begins_at + timedelta(seconds=spec.duration_seconds))


def _first_after(spec: WindowSpec, moment: datetime) -> datetime | None:
    """Give the first beginning after a moment."""
    wall, overlap = _on_the_wall(spec, moment)
    found: list[datetime] = []
    # In an hour that comes twice, what the wall showed before may come again.
    for start in {wall, wall - overlap}:
        for shown in CronSim(spec.cron, start):
            later = [begins_at for begins_at in _beginnings(spec, shown) if begins_at > moment]
            if later:
                found.append(later[0])
                break
    return min(found, default=None)


def _last_until(spec: WindowSpec, moment: datetime) -> datetime | None:
    """Give the last beginning that is not after a moment."""
    wall, overlap = _on_the_wall(spec, moment)
    found: list[datetime] = []
    # In an hour that comes twice, the wall may have shown later times already.
    for start in {wall, wall + overlap}:
        # One minute on: what begins at this very minute has begun, and cron knows minutes only.
        for shown in CronSim(spec.cron, (start + _MINUTE).replace(second=0, microsecond=0), reverse=True):
            begun = [begins_at for begins_at in _beginnings(spec, shown) if begins_at <= moment]
            if begun:
                found.append(begun[-1])
                break
    return max(found, default=None)


def _beginnings(spec: WindowSpec, shown: datetime) -> list[datetime]:
    """Give the moments at which a window begins that begins when clocks show a time, in their order."""
    zone, every_hour = _zone(spec), spec.cron.split()[_HOUR] == "*"
    first, second = _moments(shown, zone)
    if first == second:
        return [first]
    if first < second:  # it is shown twice
        return [first, second] if every_hour else [first]
    if every_hour:
        return []
    while first > second:  # it is skipped: look for the next time that is shown
        shown += _MINUTE
        first, second = _moments(shown, zone)
    return [first]


def _moments(shown: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Give when a time is shown for the first and for the second time; in reverse if it never is."""
    first, second = (shown.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return first, second


def _on_the_wall(spec: WindowSpec, moment: datetime) -> tuple[datetime, timedelta]:
    """Give what clocks show at a moment, and how long until they show it again if they show it twice."""
    zone = _zone(spec)
    shown = moment.astimezone(zone).replace(tzinfo=None, fold=0)
    first, second = _moments(shown, zone)
    return shown, second - first


def _zone(spec: WindowSpec) -> tzinfo:
    return zone_of(spec.zone) or UTC


def _fires_in_another_month(expression: str) -> bool:
    """Whether only the month keeps an expression from firing, such as on the 30th of February."""
    fields = expression.split()
    fields[_MONTH] = "*"
    try:
        CronSim(" ".join(fields), _ANY_MOMENT)
        CronSim(f"* * * {expression.split()[_MONTH]} *", _ANY_MOMENT)
    except CronSimError:
        return False
    return True
