"""Processes of Ronda on one database: who is watching, who runs the round, and how it goes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class WorkerKind(StrEnum):
    """What kind of process it is."""

    CONSOLE = "console"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class RoundHealth:
    """How the round goes, as its own process sees it."""

    services: int = 0
    """Services in the rota."""
    checks_per_second: float = 0.0
    lag_ms: float = 0.0
    """The worst lateness of the event loop since the last report."""
    late_ms: float = 0.0
    """How late the last service was started after its moment."""
    missed: int = 0
    """Services that missed at least one whole interval, since the round began."""
    in_flight: int = 0
    """Checks that are running now."""
    waiting: int = 0
    """Results that are not written yet."""
    dropped: int = 0
    """Results given up because too many waited, since the round began."""
    messages_waiting: int = 0
    """Messages of the outbox that are not delivered yet."""
    messages_failed: int = 0
    """Messages that were given up in the last 24 hours."""
    lagged: int = 0
    """Results whose making a lag of the event loop overlapped, since the round began."""
    references: int | None = None
    """Targets outside that are asked whether the line is up; None: the uplink guard is off."""
    blind_since: datetime | None = None
    """When this side's own line went down; None while it is not known to be down."""
    pings: bool = False
    """Whether an address outside is pinged while all is well."""
    pinged_at: datetime | None = None
    """When it was pinged last; None: not yet."""
    ping_answered: bool = False
    """Whether that was answered well."""


@dataclass(frozen=True, slots=True)
class WorkerReport:
    """One process as the others see it."""

    id: str
    kind: WorkerKind
    operator: str
    host: str
    pid: int
    can_lead: bool
    leading: bool
    started_at: datetime
    seen_at: datetime
    health: RoundHealth
    ends_with: str = ""
    """Id of the console that started it and that it ends with; empty: it stays."""
