"""Rules: who is told of what, when, and by which channels."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from core.domain.faults import Fault
from core.domain.incidents import FAILING
from core.domain.maintenance import zone_of
from core.domain.observations import Status
from core.domain.text import name_faults, printable, tag_faults

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONGEST_AFTER_SECONDS = 7 * 86_400.0
SHORTEST_REMINDER_SECONDS = 60.0
LONGEST_REMINDER_SECONDS = 31 * 86_400.0
DEFAULT_REMINDER_SECONDS = 4 * 3600.0
MOST_HOURS = 20
"""Spans of hours in one rule."""
_DAY = timedelta(days=1)
_SPAN = re.compile(
    r"(?:(?P<days>[a-z]{3}(?:-[a-z]{3})?(?:,[a-z]{3}(?:-[a-z]{3})?)*)\s+)?"
    r"(?P<begin>\d{1,2}:\d{2})-(?P<end>\d{1,2}:\d{2})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Hours:
    """A span of some days of the week; one that ends before it begins goes past midnight."""

    days: frozenset[int]
    """0 is Monday; the day on which it begins."""
    begin: time
    end: time
    """00:00 and 24:00 are the end of the day."""

    @classmethod
    def read(cls, text: str) -> Hours | None:
        """Read ``Mon-Fri 08:00-18:00``, ``Sat,Sun 22:00-06:00`` or ``08:00-18:00``; None if it is neither."""
        match = _SPAN.fullmatch(" ".join(text.lower().split()))
        if match is None:
            return None
        days = _days(match["days"])
        begin, end = _time(match["begin"]), _time(match["end"])
        if days is None or begin is None or end is None or match["begin"] == "24:00":
            return None
        if begin == end and match["end"] != "24:00":
            return None
        return cls(days, begin, end)

    def holds(self, local: datetime) -> bool:
        """Whether clocks that show ``local`` are within it."""
        shown, day = local.time(), local.weekday()
        if self.begin < self.end or self.end == time.min:
            return day in self.days and shown >= self.begin and (self.end == time.min or shown < self.end)
        return (day in self.days and shown >= self.begin) or ((day - 1) % 7 in self.days and shown < self.end)


def _days(text: str | None) -> frozenset[int] | None:
    if text is None:
        return frozenset(range(7))
    found: set[int] = set()
    for part in text.split(","):
        names = part.split("-")
        if not all(name in DAYS for name in names):
            return None
        first, last = DAYS.index(names[0]), DAYS.index(names[-1])
        found |= {day % 7 for day in range(first, (last if last >= first else last + 7) + 1)}
    return frozenset(found)


def _time(text: str) -> time | None:
    hour, minute = map(int, text.split(":"))
    if (hour, minute) == (24, 0):
        return time.min
    return time(hour, minute) if hour < 24 and minute < 60 else None


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """What an operator decides about a rule; empty lists mean all."""

    name: str
    channel_ids: tuple[int, ...] = ()
    client_ids: tuple[int, ...] = ()
    tags: tuple[str, ...] = ()
    """Of the service or its client; one of them is enough."""
    severity: Status = Status.DEGRADED
    """The least severity."""
    hours: tuple[str, ...] = ()
    """As ``Hours.read`` takes them."""
    zone: str = "UTC"
    after_seconds: float = 0.0
    """Age of the unacknowledged incident at which it is told: the first delay, and the second line's."""
    reminder_seconds: float = DEFAULT_REMINDER_SECONDS
    """0: none."""
    active: bool = True

    def faults(self) -> tuple[Fault, ...]:
        """Give everything that is wrong at once."""
        return tuple(self._faults())

    def _faults(self) -> Iterator[Fault]:
        yield from name_faults("name", self.name)
        yield from tag_faults(self.tags)
        if self.severity not in FAILING:
            yield Fault("severity", "rule_severity")
        yield from self._hours_faults()
        if not 0.0 <= self.after_seconds <= LONGEST_AFTER_SECONDS:
            yield Fault("after_seconds", "rule_after", {"days": round(LONGEST_AFTER_SECONDS / 86_400)})
        if self.reminder_seconds and not (
            SHORTEST_REMINDER_SECONDS <= self.reminder_seconds <= LONGEST_REMINDER_SECONDS
        ):
            limits = {
                "seconds": round(SHORTEST_REMINDER_SECONDS),
                "days": round(LONGEST_REMINDER_SECONDS / 86_400),
            }
            yield Fault("reminder_seconds", "rule_reminder", limits)

    def _hours_faults(self) -> Iterator[Fault]:
        if len(self.hours) > MOST_HOURS:
            yield Fault("hours", "too_many", {"limit": MOST_HOURS})
        for text in self.hours:
            if Hours.read(text) is None:
                yield Fault("hours", "rule_hours", {"text": printable(text)})
        if not self.zone:
            yield Fault("zone", "required")
        elif zone_of(self.zone) is None:
            yield Fault("zone", "zone", {"zone": printable(self.zone)})

    def concerns(self, client_id: int, tags: Collection[str]) -> bool:
        """Whether it is for a service; ``tags`` are those of the service and of its client."""
        if self.client_ids and client_id not in self.client_ids:
            return False
        return not self.tags or any(tag in self.tags for tag in tags)

    def speaks_at(self, now: datetime) -> bool:
        """Whether now is among its hours."""
        spans = self.spans()
        zone = zone_of(self.zone) or UTC
        local = now.astimezone(zone)
        return not spans or any(span.holds(local) for span in spans)

    def speaks_next(self, now: datetime) -> datetime | None:
        """Give when its hours begin next; None if they never do.

        Clocks that are put forward skip none; where they are put back a span may begin a second time.
        """
        zone = zone_of(self.zone) or UTC
        today = now.astimezone(zone).date()
        begins = (
            datetime.combine(today + day * _DAY, span.begin.replace(fold=fold), zone).astimezone(now.tzinfo)
            for day in range(9)
            for span in self.spans()
            if (today + day * _DAY).weekday() in span.days
            for fold in (0, 1)
        )
        return min((moment for moment in begins if moment > now and self.speaks_at(moment)), default=None)

    def spans(self) -> tuple[Hours, ...]:
        """Give its hours; what cannot be read is left out, since no rule is saved with it."""
        return tuple(span for text in self.hours if (span := Hours.read(text)) is not None)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it is stored."""

    id: int
    spec: RuleSpec
    version: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None


EVERYTHING = RuleSpec("")
"""What holds while there is no rule: every incident, by every channel, at once."""
