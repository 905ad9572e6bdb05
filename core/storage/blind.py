"""The times in which this side's own line was down, each with its two occasions to tell of."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.domain.uplink import BlindInterval
from core.errors import Fenced
from core.i18n import _
from core.storage.alert_rows import BLIND_INTERVALS, OCCASIONS
from core.storage.mapping import storable_text
from core.storage.rows import LeadRow

BEGINS = "blind"
ENDS = "blind_end"
"""Kinds of occasions."""


class BlindIntervals:
    """Reads and writes blind intervals within one unit of work; at most one is open, and none overlap.

    Only who leads writes: each call names the epoch of its term and raises ``Fenced`` if that is over.
    A call that was in doubt is safe to repeat.
    """

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def open(self) -> BlindInterval | None:
        """Give the one that has not ended; None if this side is not blind."""
        statement = select(BLIND_INTERVALS).where(BLIND_INTERVALS.c.ended_at.is_(None))
        row = (await self._session.execute(statement)).one_or_none()
        return None if row is None else BlindInterval(row.id, row.started_at, row.ended_at, row.detail)

    async def begin(self, epoch: int, started_at: datetime, detail: str) -> None:
        """Open one, no earlier than the last one ended; nothing happens if one is open."""
        await self._require_lead(epoch)
        last_end = select(func.max(BLIND_INTERVALS.c.ended_at)).scalar_subquery()
        statement = (
            insert(BLIND_INTERVALS)
            .values(started_at=func.greatest(literal(started_at), last_end), detail=storable_text(detail))
            .on_conflict_do_nothing()
            .returning(BLIND_INTERVALS.c.id, BLIND_INTERVALS.c.started_at)
        )
        row = (await self._session.execute(statement)).one_or_none()
        if row is not None:
            await self._add_occasion(BEGINS, row.id, row.started_at, detail)

    async def end(self, epoch: int, ended_at: datetime, detail: str) -> None:
        """Close the open one, no earlier than it began; nothing happens if there is none."""
        await self._require_lead(epoch)
        statement = (
            update(BLIND_INTERVALS)
            .where(BLIND_INTERVALS.c.ended_at.is_(None))
            .values(ended_at=func.greatest(literal(ended_at), BLIND_INTERVALS.c.started_at))
            .returning(BLIND_INTERVALS.c.id, BLIND_INTERVALS.c.ended_at)
        )
        row = (await self._session.execute(statement)).one_or_none()
        if row is not None:
            await self._add_occasion(ENDS, row.id, row.ended_at, detail)

    async def _require_lead(self, epoch: int) -> None:
        """See that the term goes on, and have it go on until this unit is committed."""
        statement = select(LeadRow.epoch).where(LeadRow.epoch == epoch).with_for_update(read=True)
        if (await self._session.execute(statement)).one_or_none() is None:
            raise Fenced(_("Another process runs the round now."))

    async def _add_occasion(self, kind: str, interval_id: int, at: datetime, detail: str) -> None:
        values = {"key": f"{kind}:{interval_id}", "at": at, "kind": kind, "detail": storable_text(detail)}
        await self._session.execute(insert(OCCASIONS).values(**values, service_id=None, settled=False))
