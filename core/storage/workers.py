"""The processes of Ronda on one database, as each reports itself every two seconds.

Times are the server's, so that clocks that disagree between machines hide nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.domain.workers import RoundHealth, WorkerKind, WorkerReport
from core.storage.rows import LeadRow, WorkerRow

LIVE_SECONDS = 10.0
"""A process that was not heard of for longer is gone."""
FORGOTTEN_SECONDS = 86_400.0
"""After so long the row of a process that died is deleted."""
_HEALTH_FIELDS = frozenset(field.name for field in fields(RoundHealth))
_MOMENTS = ("blind_since", "pinged_at")
"""Fields of the health that are moments; JSON has them as texts."""
_ENDS_WITH = "ends_with"
"""Kept beside the health, since processes of other versions may write and read the same rows."""


class Workers:
    """Reads and writes the reports of processes."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def beat(self, report: WorkerReport) -> None:
        """Write how a process is; it counts as seen now."""
        values = asdict(report) | {"kind": str(report.kind), "seen_at": func.clock_timestamp()}
        moments = {name: _text_of(values["health"][name]) for name in _MOMENTS}
        values["health"] |= moments | {_ENDS_WITH: values.pop("ends_with")}
        made = insert(WorkerRow).values(**values)
        changes = {name: made.excluded[name] for name in values if name != "id"}
        await self._session.execute(made.on_conflict_do_update(index_elements=["id"], set_=changes))

    async def live(self) -> tuple[WorkerReport, ...]:
        """Give the processes heard of within ten seconds, the one that leads first, then by start.

        A leader that was killed says for a while yet that it leads; who holds the lead knows better.
        """
        horizon = func.clock_timestamp() - timedelta(seconds=LIVE_SECONDS)
        holder = select(LeadRow.holder).scalar_subquery()
        leading = and_(WorkerRow.leading, func.coalesce(holder, WorkerRow.id) == WorkerRow.id)
        found = await self._session.execute(
            select(WorkerRow, leading.label("leads"))
            .where(WorkerRow.seen_at > horizon)
            .order_by(leading.desc(), WorkerRow.started_at, WorkerRow.id)
        )
        return tuple(_report(row, leads) for row, leads in found)

    async def leave(self, worker_id: str) -> None:
        """Take a process out that ends, and those that died long ago."""
        horizon = func.clock_timestamp() - timedelta(seconds=FORGOTTEN_SECONDS)
        await self._session.execute(
            delete(WorkerRow).where((WorkerRow.id == worker_id) | (WorkerRow.seen_at < horizon))
        )


def _report(row: WorkerRow, leads: bool) -> WorkerReport:
    return WorkerReport(
        id=row.id,
        kind=WorkerKind(row.kind),
        operator=row.operator,
        host=row.host,
        pid=row.pid,
        can_lead=row.can_lead,
        leading=leads,
        started_at=row.started_at,
        seen_at=row.seen_at,
        health=_health(row.health),
        ends_with=str(row.health.get(_ENDS_WITH, "")),
    )


def _health(stored: Mapping[str, Any]) -> RoundHealth:
    """Give the health that a process wrote, maybe of another version: what is not known is left out."""
    known = {name: value for name, value in stored.items() if name in _HEALTH_FIELDS}
    moments = {name: _moment_of(known.get(name)) for name in _MOMENTS}
    return RoundHealth(**known | moments)


def _text_of(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _moment_of(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
