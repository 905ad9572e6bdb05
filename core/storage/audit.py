"""The audit log: every change with operator, terminal, before and after."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.domain.audit import AuditEntry, Values
from core.domain.operators import Operator
from core.storage.rows import AUDIT_LOG


class Audit:
    """Writes and reads the log within one unit of work; nothing in it is ever changed."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def record(
        self,
        operator: Operator,
        action: str,
        subject: str,
        subject_id: int,
        name: str,
        before: Values | None,
        after: Values | None,
        now: datetime,
    ) -> None:
        """Write one change; secrets must be masked by whoever calls."""
        await self._session.execute(
            insert(AUDIT_LOG).values(
                at=now,
                operator=operator.name,
                host=operator.host,
                terminal=operator.terminal,
                action=action,
                subject=subject,
                subject_id=subject_id,
                subject_name=name,
                before=None if before is None else dict(before),
                after=None if after is None else dict(after),
            )
        )

    async def latest(self, limit: int) -> list[AuditEntry]:
        """Give the last changes, newest first."""
        rows = await self._session.execute(select(AUDIT_LOG).order_by(AUDIT_LOG.c.id.desc()).limit(limit))
        return [
            AuditEntry(
                at=row.at,
                operator=row.operator,
                host=row.host,
                terminal=row.terminal,
                action=row.action,
                subject=row.subject,
                subject_id=row.subject_id,
                subject_name=row.subject_name,
                before=row.before,
                after=row.after,
            )
            for row in rows
        ]
