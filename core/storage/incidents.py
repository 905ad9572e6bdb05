"""Incidents, their timelines, and services that are snoozed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from core.domain.incidents import EventKind, Incident, IncidentEvent, Snooze, Tracked
from core.domain.occasions import Occasion
from core.errors import NotFound
from core.i18n import _
from core.storage.alert_rows import INCIDENT_EVENTS, INCIDENTS, OCCASIONS, OPERATORS, SNOOZES
from core.storage.incident_values import (
    INCIDENT_COLUMNS,
    event_of,
    event_values,
    incident_of,
    incident_values,
    occasion_of,
)
from core.storage.pieces import in_pieces
from core.storage.rows import among

MOST_FOUND = 20_000
"""Incidents in one answer, the open ones first."""


_WRITE = (
    update(INCIDENTS)
    .where(INCIDENTS.c.id == bindparam("number"))
    .values({name: bindparam(name) for name in INCIDENT_COLUMNS})
)


class Incidents:
    """Reads incidents and writes what people decide about them, within one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, incident_id: int, *, lock: bool = False) -> Incident:
        """Give an incident; with ``lock`` nobody else changes it until the unit ends. ``NotFound``."""
        statement = select(INCIDENTS).where(INCIDENTS.c.id == incident_id)
        row = (
            await self._session.execute(statement.with_for_update(key_share=True) if lock else statement)
        ).one_or_none()
        if row is None:
            raise NotFound(_("There is no incident with the number {id}.").format(id=incident_id))
        return incident_of(row)

    async def found(
        self,
        *,
        since: datetime | None = None,
        service_ids: Collection[int] | None = None,
    ) -> list[Incident]:
        """Give open incidents, and those that were open at or after ``since``, the newest first."""
        goes_on = INCIDENTS.c.resolved_at.is_(None)
        statement = select(INCIDENTS).where(
            goes_on if since is None else or_(goes_on, INCIDENTS.c.resolved_at >= since)
        )
        if service_ids is not None:
            statement = statement.where(among(INCIDENTS.c.service_id, service_ids))
        newest = (INCIDENTS.c.started_at.desc(), INCIDENTS.c.id.desc())
        statement = statement.order_by(INCIDENTS.c.resolved_at.is_not(None), *newest).limit(MOST_FOUND)
        return [incident_of(row) for row in await self._session.execute(statement)]

    async def unsettled(self) -> list[Incident]:
        """Give the incidents of which something may still have to be told, the oldest first."""
        statement = select(INCIDENTS).where(~INCIDENTS.c.settled).order_by(INCIDENTS.c.id)
        found: list[Incident] = []
        async for rows in in_pieces((await self._session.execute(statement)).all()):
            found += map(incident_of, rows)
        return found

    async def settle(self, incident_ids: Collection[int]) -> None:
        """Note that nothing more is to be told of some incidents."""
        statement = update(INCIDENTS).where(among(INCIDENTS.c.id, incident_ids)).values(settled=True)
        await self._session.execute(statement)

    async def timeline(self, incident_id: int) -> list[IncidentEvent]:
        """Give what happened to an incident, in order."""
        statement = (
            select(INCIDENT_EVENTS)
            .where(INCIDENT_EVENTS.c.incident_id == incident_id)
            .order_by(INCIDENT_EVENTS.c.at, INCIDENT_EVENTS.c.id)
        )
        return [event_of(row) for row in await self._session.execute(statement)]

    async def lock(self, incident_ids: Collection[int]) -> list[Incident]:
        """Give some incidents, which nobody else changes until the unit ends."""
        statement = select(INCIDENTS).where(among(INCIDENTS.c.id, incident_ids)).order_by(INCIDENTS.c.id)
        rows = await self._session.execute(statement.with_for_update(key_share=True))
        return [incident_of(row) for row in rows]

    async def write(self, tracks: Sequence[Tracked]) -> None:
        """Write stored incidents as they are now, and add to their timelines."""
        if not tracks:
            return
        changed = [{"number": each.incident.id, **incident_values(each.incident)} for each in tracks]
        await self._session.execute(_WRITE, changed)
        events = [event_values(each.incident.id, event) for each in tracks for event in each.events]
        if events:
            await self._session.execute(insert(INCIDENT_EVENTS), events)

    async def events_since(self, since: datetime, kind: EventKind) -> list[tuple[int, IncidentEvent]]:
        """Give the lines of one kind of all timelines since a moment, with the numbers of the incidents."""
        statement = (
            select(INCIDENT_EVENTS)
            .where(INCIDENT_EVENTS.c.at >= since, INCIDENT_EVENTS.c.kind == kind.value)
            .order_by(INCIDENT_EVENTS.c.at, INCIDENT_EVENTS.c.id)
        )
        return [(row.incident_id, event_of(row)) for row in await self._session.execute(statement)]

    # Operators

    async def seen_at(self, operator: str) -> datetime | None:
        """Give when an operator last had a console open; None: never."""
        statement = select(OPERATORS.c.seen_at).where(OPERATORS.c.name == operator)
        moment: datetime | None = (await self._session.execute(statement)).scalar_one_or_none()
        return moment

    async def see(self, operator: str, now: datetime) -> None:
        """Note that an operator has a console open."""
        statement = upsert(OPERATORS).values(name=operator, seen_at=now)
        changed = {"seen_at": statement.excluded.seen_at}
        await self._session.execute(statement.on_conflict_do_update(index_elements=["name"], set_=changed))

    # Snoozes

    async def snooze(self, snooze: Snooze, now: datetime) -> None:
        """Have nobody told of a service until a time; a later word takes the place of an earlier one."""
        values = {"until": snooze.until, "operator": snooze.operator, "created_at": now}
        statement = upsert(SNOOZES).values(service_id=snooze.service_id, **values)
        await self._session.execute(
            statement.on_conflict_do_update(index_elements=["service_id"], set_=values)
        )

    async def wake(self, service_id: int) -> bool:
        """End the snooze of a service; whether there was one."""
        statement = delete(SNOOZES).where(SNOOZES.c.service_id == service_id).returning(SNOOZES.c.service_id)
        return (await self._session.execute(statement)).one_or_none() is not None

    async def snoozes(self, now: datetime, service_ids: Collection[int] | None = None) -> dict[int, Snooze]:
        """Give the snoozes that still hold, by service."""
        statement = select(SNOOZES).where(SNOOZES.c.until > now)
        if service_ids is not None:
            statement = statement.where(among(SNOOZES.c.service_id, service_ids))
        rows = await self._session.execute(statement)
        return {row.service_id: Snooze(row.service_id, row.until, row.operator) for row in rows}

    # Occasions

    async def occasions(self) -> list[Occasion]:
        """Give the occasions of which something may still have to be told, the oldest first."""
        statement = select(OCCASIONS).where(~OCCASIONS.c.settled).order_by(OCCASIONS.c.id)
        return [occasion_of(row) for row in await self._session.execute(statement)]

    async def settle_occasions(self, occasion_ids: Collection[int]) -> None:
        """Note that nothing more is to be told of some occasions."""
        statement = update(OCCASIONS).where(among(OCCASIONS.c.id, occasion_ids)).values(settled=True)
        await self._session.execute(statement)
