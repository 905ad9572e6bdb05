"""Turns the options that were given into a maintenance window."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from core.domain.maintenance import LONGEST_SECONDS, Scope, WindowSpec, zone_of
from core.domain.typed import Typist

_DAY = timedelta(days=1)
_UNREAD_SECONDS = 3600.0
"""Stands in for a duration that could not be read."""


def window_spec(
    args: Namespace, scope: Scope, subject_id: int | None, now: datetime, typist: Typist
) -> WindowSpec:
    """Give the window that the options mean; what cannot be read stays with the typist as a fault."""
    seconds = None
    if args.duration is not None:
        seconds = typist.duration("duration_seconds", args.duration, _UNREAD_SECONDS)
    if args.cron is not None:
        return WindowSpec(
            args.reason,
            scope,
            subject_id,
            args.tag or "",
            starts_at=None if args.starts_at is args.ends_at is None else now,  # a fault of its own
            cron=args.cron or " ",  # an empty variable of a shell must not become a window of now
            duration_seconds=seconds or 0.0,
            zone=args.zone or "",
        )
    starts_at, ends_at = _typed_time(args, seconds, now, typist).resolved(now)
    zone = "UTC" if args.zone is None else args.zone
    return WindowSpec(
        args.reason, scope, subject_id, args.tag or "", starts_at=starts_at, ends_at=ends_at, zone=zone
    )


def _typed_time(args: Namespace, seconds: float | None, now: datetime, typist: Typist) -> _TypedTime:
    zone = None if args.zone is None else zone_of(args.zone)
    begin = None if args.starts_at is None else typist.moment("starts_at", args.starts_at, zone)
    end = None if args.ends_at is None else typist.moment("ends_at", args.ends_at, zone)
    # What is too long or runs backwards is refused later, in words; here it only must not overflow.
    lasting = None if seconds is None else timedelta(seconds=max(0.0, min(seconds, LONGEST_SECONDS + 1.0)))
    return _TypedTime(begin or now, end, lasting, zone)


@dataclass(frozen=True, slots=True)
class _TypedTime:
    """Beginning and end of a window that is once, each a moment or a time of some day."""

    begin: datetime | time
    end: datetime | time | None
    lasting: timedelta | None
    zone: tzinfo | None
    """None: the zone of this machine."""

    def resolved(self, now: datetime) -> tuple[datetime, datetime | None]:
        """Give both as moments: a beginning of today, or of tomorrow if its window would be over by now."""
        today = now.astimezone(self.zone).date()
        starts_at, ends_at = self._on(today)
        passed = ends_at is not None and starts_at < ends_at <= now
        if isinstance(self.begin, time) and not isinstance(self.end, datetime) and passed:
            return self._on(today + _DAY)
        return starts_at, ends_at

    def _on(self, day: date) -> tuple[datetime, datetime | None]:
        starts_at = self._moment(self.begin, day) if isinstance(self.begin, time) else self.begin
        if self.lasting is not None:
            return starts_at, starts_at + self.lasting
        return starts_at, self._first_after(starts_at) if isinstance(self.end, time) else self.end

    def _first_after(self, starts_at: datetime) -> datetime:
        assert isinstance(self.end, time)
        day = starts_at.astimezone(self.zone).date()
        ends_at = self._moment(self.end, day)
        return ends_at if ends_at > starts_at else self._moment(self.end, day + _DAY)

    def _moment(self, shown: time, day: date) -> datetime:
        return datetime.combine(day, shown, tzinfo=self.zone).astimezone(UTC)
