"""When jobs reported in last; times are the server's, since jobs run on machines of any clock."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.storage.rows import HEARTBEATS, among


class Heartbeats:
    """Writes and reads reports within one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def beat(self, service_id: int) -> datetime:
        """Write that a job has reported in now, and give the moment."""
        made = insert(HEARTBEATS).values(service_id=service_id, beat_at=func.clock_timestamp())
        latest = func.greatest(HEARTBEATS.c.beat_at, made.excluded.beat_at)
        statement = made.on_conflict_do_update(
            index_elements=[HEARTBEATS.c.service_id], set_={"beat_at": latest}
        )
        moment: datetime = (
            await self._session.execute(statement.returning(HEARTBEATS.c.beat_at))
        ).scalar_one()
        return moment

    async def of(self, service_ids: Collection[int]) -> dict[int, datetime]:
        """Give the last report of each service that ever had one."""
        statement = select(HEARTBEATS).where(among(HEARTBEATS.c.service_id, service_ids))
        return {row.service_id: row.beat_at for row in await self._session.execute(statement)}
