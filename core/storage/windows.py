"""Maintenance windows in the database."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import Clock
from core.domain.maintenance import Window, WindowSpec
from core.errors import InputError, NotFound
from core.i18n import _
from core.storage.mapping import window_of, window_values
from core.storage.rows import WINDOWS


class Windows:
    """Adds, gives and ends windows within one unit of work; what is decided of one is never changed."""

    def __init__(self, session: AsyncSession, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    async def add(self, spec: WindowSpec, created_by: str, now: datetime) -> Window:
        """Save a new window; its client or service must exist."""
        values = {**window_values(spec), "created_by": created_by, "created_at": now}
        statement = insert(WINDOWS).values(**values).returning(WINDOWS)
        return window_of((await self._session.execute(statement)).one())

    async def all(self, *, ended: bool = False) -> list[Window]:
        """Give the windows that are open or may still open, oldest first; with ``ended`` every one."""
        statement = select(WINDOWS).order_by(WINDOWS.c.id)
        if not ended:
            statement = statement.where(_not_over(self._clock.now()))
        return [window_of(row) for row in await self._session.execute(statement)]

    async def get(self, window_id: int) -> Window:
        """Give a window, also one that is over; ``NotFound`` if there is none."""
        row = (await self._session.execute(select(WINDOWS).where(WINDOWS.c.id == window_id))).one_or_none()
        if row is None:
            raise NotFound(_("There is no maintenance window with the number {id}.").format(id=window_id))
        return window_of(row)

    async def end(self, window_id: int, now: datetime) -> Window:
        """End a window for good; ``NotFound`` if there is none, ``InputError`` if it is over already."""
        statement = update(WINDOWS).where(WINDOWS.c.id == window_id, _not_over(now)).values(ended_at=now)
        row = (await self._session.execute(statement.returning(WINDOWS))).one_or_none()
        if row is None:
            await self.get(window_id)
            raise InputError(_("The maintenance window {id} is over already.").format(id=window_id))
        return window_of(row)


def _not_over(now: datetime) -> ColumnElement[bool]:
    return WINDOWS.c.ended_at.is_(None) & or_(WINDOWS.c.cron != "", WINDOWS.c.ends_at > now)
