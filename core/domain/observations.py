"""What one check saw."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.domain.evidence import Evidence


class Status(StrEnum):
    """What Ronda holds of a service; an observation is up, degraded or down only."""

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"
    PAUSED = "paused"
    MAINTENANCE = "maintenance"
    BLIND = "blind"


class ErrorKind(StrEnum):
    """Why a check failed: a closed set that scripts may rely on."""

    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    PROTOCOL = "protocol"
    REDIRECT = "redirect"
    STATUS = "status"
    CONTENT = "content"
    TOO_LARGE = "too_large"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Phases:
    """Milliseconds spent in each phase of the last hop; None where it was not reached or not needed."""

    dns_ms: float | None = None
    connect_ms: float | None = None
    tls_ms: float | None = None
    first_byte_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the peer showed of itself, known even when the handshake failed."""

    expires_at: datetime
    issuer: str
    subject: str

    def days_left(self, now: datetime) -> int:
        """Give whole days until it ends; negative when it has."""
        return (self.expires_at - now).days


@dataclass(frozen=True, slots=True)
class Observation:
    """The outcome of one check; there is one for every check, whatever happened."""

    checked_at: datetime
    """When the check began."""
    status: Status
    latency_ms: float | None = None
    """From the start of DNS to the last byte read, redirects included."""
    status_code: int | None = None
    error: ErrorKind | None = None
    detail: str | None = None
    """One sentence for people, without control characters and secrets."""
    phases: Phases = Phases()
    certificate: Certificate | None = None
    address: str | None = None
    """The address that was connected to."""
    redirects: tuple[str, ...] = ()
    """The URLs that were redirected to, in order."""
    lagged: bool = False
    """Whether the event loop was late while it was made, so that its latency says nothing of the service."""
    in_maintenance: bool = False
    """Whether it was made in a maintenance window, so that it does not count against uptime."""
    evidence: Evidence | None = None
    """What a check met that failed; told and stored once, and not held in any state."""


STATUS_CODES = {
    Status.UNKNOWN: 0,
    Status.UP: 1,
    Status.DEGRADED: 2,
    Status.DOWN: 3,
    Status.PAUSED: 4,
    Status.MAINTENANCE: 5,
    Status.BLIND: 6,
}
"""Small numbers for compact forms: the database's columns and heartbeat bars. Never renumbered."""

STATUS_OF_CODE = {code: status for status, code in STATUS_CODES.items()}

ERROR_CODES = {kind: number for number, kind in enumerate(ErrorKind, start=1)}
"""The same for error kinds; new kinds go to the end of the enumeration."""

ERROR_OF_CODE = {code: kind for kind, code in ERROR_CODES.items()}

MAINTENANCE_FLAG = 2
"""The bit of a stored check that was made in a maintenance window."""
LAGGED_FLAG = 1
"""The bit of a stored observation that says that it is ``lagged``."""


@dataclass(frozen=True, slots=True)
class Beats:
    """The last results of one service in compact form, oldest first."""

    codes: bytes
    """``STATUS_CODES`` of each result."""
    latencies_us: array[int]
    """Microseconds of each result; -1 where there is none."""


@dataclass(frozen=True, slots=True)
class LatencyPoint:
    """The checks of one stretch of time in a chart; a stretch without checks has no point."""

    begins_at: datetime
    status: Status
    """The worst that was seen in it."""
    median_ms: float | None
    """None if no check in it has a latency, or only such as are ``lagged``; the slowest likewise."""
    slowest_ms: float | None
