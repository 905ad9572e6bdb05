"""The services that incidents are about, read without their secrets."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.domain.incidents import Subject
from core.storage.rows import CLIENTS, SERVICES, among

_COLUMNS = (
    SERVICES.c.id,
    SERVICES.c.client_id,
    SERVICES.c.name,
    SERVICES.c.tags,
    SERVICES.c.active,
    SERVICES.c.deleted_at,
    SERVICES.c.runbook_url,
    SERVICES.c.parent_id,
    CLIENTS.c.name.label("client"),
    CLIENTS.c.tags.label("client_tags"),
    CLIENTS.c.active.label("client_active"),
    CLIENTS.c.deleted_at.label("client_deleted_at"),
    CLIENTS.c.runbook_url.label("client_runbook_url"),
)


class Subjects:
    """Reads what telling people needs to know of services, within one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def of(self, service_ids: Collection[int] | None = None) -> dict[int, Subject]:
        """Give some services, or all that live, by number; removed ones only where they are named."""
        statement = select(*_COLUMNS).join(CLIENTS, CLIENTS.c.id == SERVICES.c.client_id)
        if service_ids is None:
            statement = statement.where(SERVICES.c.deleted_at.is_(None), CLIENTS.c.deleted_at.is_(None))
        else:
            statement = statement.where(among(SERVICES.c.id, service_ids))
        rows = await self._session.execute(statement)
        return {
            row.id: Subject(
                service_id=row.id,
                client_id=row.client_id,
                service=row.name,
                client=row.client,
                tags=(*row.tags, *row.client_tags),
                service_active=row.active,
                client_active=row.client_active,
                living=row.deleted_at is None and row.client_deleted_at is None,
                runbook_url=row.runbook_url or row.client_runbook_url,
                parent_id=row.parent_id,
            )
            for row in rows
        }

    async def with_ancestors(self, service_ids: Collection[int]) -> dict[int, Subject]:
        """Give some services and everything that they depend on."""
        found: dict[int, Subject] = {}
        wanted = set(service_ids)
        while wanted:
            level = await self.of(wanted)
            found |= level
            parents = {each.parent_id for each in level.values() if each.parent_id is not None}
            wanted = parents - set(found)
        return found
