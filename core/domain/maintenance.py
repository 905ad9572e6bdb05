"""Maintenance windows: times in which what fails is expected to.

Checks run, are stored and tagged; nobody is told, and what is still wrong at the end is told then. Such
time does not count against uptime. Windows may overlap: there is maintenance while any of them is open.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from core.domain.faults import Fault
from core.domain.text import TEXT_LIMIT, has_control_characters, printable, tag_faults

SHORTEST_SECONDS = 60.0
LONGEST_SECONDS = 31 * 86_400.0
"""A window that lasts longer is no window: pause the service."""
CRON_LIMIT = 200
"""Characters in a cron expression."""


class Scope(StrEnum):
    """Whose maintenance it is."""

    ALL = "all"
    TAG = "tag"
    CLIENT = "client"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time from one moment to another, the latter not included."""

    begins_at: datetime
    ends_at: datetime

    def holds(self, moment: datetime) -> bool:
        """Whether a moment lies in it."""
        return self.begins_at <= moment < self.ends_at


@dataclass(frozen=True, slots=True)
class WindowSpec:
    """What an operator decides about a window: once, or again and again."""

    reason: str
    scope: Scope = Scope.ALL
    subject_id: int | None = None
    """The client or service that it is for."""
    tag: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    cron: str = ""
    """Five fields that say when it begins, in its zone; empty: it is once."""
    duration_seconds: float = 0.0
    """How long it lasts each time, as clocks tick: changes of the zone's offset do not stretch it."""
    zone: str = "UTC"
    """IANA name of the zone in which the cron expression is meant."""

    @property
    def recurs(self) -> bool:
        """Whether it comes again and again."""
        return bool(self.cron)

    @property
    def once(self) -> Stretch | None:
        """The time of a window that is once; None for one that recurs."""
        if self.recurs or self.starts_at is None or self.ends_at is None:
            return None
        return Stretch(self.starts_at, self.ends_at)

    def concerns(self, service_id: int, client_id: int, tags: Collection[str]) -> bool:
        """Whether it is for a service; ``tags`` are those of the service and of its client."""
        if self.scope is Scope.ALL:
            return True
        if self.scope is Scope.TAG:
            return self.tag in tags
        return self.subject_id == (client_id if self.scope is Scope.CLIENT else service_id)

    def faults(self, now: datetime) -> tuple[Fault, ...]:
        """Give everything that is wrong at once, save for the form of the cron expression."""
        return tuple(self._faults(now))

    def _faults(self, now: datetime) -> Iterator[Fault]:
        if not self.reason.strip():
            yield Fault("reason", "required")
        elif len(self.reason) > TEXT_LIMIT:
            yield Fault("reason", "too_long", {"limit": TEXT_LIMIT})
        elif has_control_characters(self.reason):
            yield Fault("reason", "control_characters")
        yield from self._scope_faults()
        yield from self._recurring_faults() if self.recurs else self._once_faults(now)
        if not self.zone:
            yield Fault("zone", "required")
        elif zone_of(self.zone) is None:
            yield Fault("zone", "zone", {"zone": printable(self.zone)})

    def _scope_faults(self) -> Iterator[Fault]:
        if self.scope is Scope.TAG:
            yield from tag_faults((self.tag,))
        elif self.scope is not Scope.ALL and self.subject_id is None:
            yield Fault("subject", "required")

    def _once_faults(self, now: datetime) -> Iterator[Fault]:
        if self.starts_at is None:
            yield Fault("starts_at", "required")
        if self.ends_at is None:
            yield Fault("ends_at", "window_endless")
            return
        if self.ends_at <= now:
            yield Fault("ends_at", "window_past")
        if self.starts_at is None:
            return
        if self.ends_at <= self.starts_at:
            yield Fault("ends_at", "window_order")
        elif self.ends_at - self.starts_at > timedelta(seconds=LONGEST_SECONDS):
            yield Fault("ends_at", "window_long", {"days": round(LONGEST_SECONDS / 86_400)})

    def _recurring_faults(self) -> Iterator[Fault]:
        if self.starts_at is not None or self.ends_at is not None:
            yield Fault("cron", "window_twice")
        if len(self.cron) > CRON_LIMIT:
            yield Fault("cron", "too_long", {"limit": CRON_LIMIT})
        if not SHORTEST_SECONDS <= self.duration_seconds <= LONGEST_SECONDS:
            limits = {"minutes": round(SHORTEST_SECONDS / 60), "days": round(LONGEST_SECONDS / 86_400)}
            yield Fault("duration_seconds", "window_duration", limits)


def zone_of(name: str) -> ZoneInfo | None:
    """Give the zone of an IANA name; None if there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, not a name, or a folder of them
        return None


@dataclass(frozen=True, slots=True)
class Window:
    """A window as it is stored."""

    id: int
    spec: WindowSpec
    created_by: str
    created_at: datetime
    ended_at: datetime | None = None
    """When an operator ended it for good, before its time."""


"""Whether and when a window is open is in ``core.calendar``."""
