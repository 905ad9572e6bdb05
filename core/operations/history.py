"""What was seen before: recent checks, latencies, why a service failed, the audit log."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.domain.audit import AuditEntry
from core.domain.evidence import FailureEvidence
from core.domain.observations import LatencyPoint, Observation
from core.operations.desk import Desk

MOST_CHECKS = 10_000
"""Rows that one call gives at most."""


async def recent_checks(
    desk: Desk, service_id: int, limit: int = 100, before: datetime | None = None
) -> list[Observation]:
    """Give the last checks of a service, newest first, ``before`` a moment if one is given."""
    async with desk.database.unit() as unit:
        return await unit.history.recent(service_id, min(limit, MOST_CHECKS), before)


async def latency_series(
    desk: Desk, service_id: int, span_seconds: float, stretches: int = 120
) -> list[LatencyPoint]:
    """Give the latencies of a span that ends now, gathered into stretches of equal length."""
    until = desk.clock.now()
    since = until - timedelta(seconds=span_seconds)
    async with desk.database.unit() as unit:
        return await unit.history.latencies(service_id, since, until, stretches)


async def failure_evidence(desk: Desk, service_id: int) -> tuple[FailureEvidence, ...]:
    """Give what the first and the latest check of a service's newest run of failures met.

    One, if it failed once only; none, if it never failed or nothing is kept any more.
    """
    async with desk.database.unit() as unit:
        return await unit.evidence.latest_run(service_id)


async def latest_changes(desk: Desk, limit: int = 100) -> list[AuditEntry]:
    """Give the last entries of the audit log, newest first; secrets in it are masked."""
    async with desk.database.unit() as unit:
        return await unit.audit.latest(limit)
