"""Services in the database."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.domain.clients import Client
from core.domain.services import Service, ServiceSpec
from core.domain.status import ServiceState
from core.errors import EditConflict, NotFound
from core.i18n import _
from core.storage.failures import name_taken
from core.storage.mapping import Vault, client_of, service_of, service_values, state_values
from core.storage.pieces import in_pieces
from core.storage.rows import CLIENTS, SERVICE_NAME_INDEX, SERVICES, STATES, among

DEPENDENCIES_LOCK = 0x726F6E64_64657073
"""Advisory lock of whoever changes what depends on what ("ronddeps"); held until the unit ends."""

_LIVING = SERVICES.c.deleted_at.is_(None)
_OF_LIVING_CLIENT = CLIENTS.c.deleted_at.is_(None)


class Services:
    """Adds, gives, saves, bins and restores services within one unit of work.

    A ``Refused`` ends the unit: nothing more can be done in it.
    """

    def __init__(self, session: AsyncSession, vault: Vault) -> None:
        self._session = session
        self._vault = vault

    async def add(self, client_id: int, spec: ServiceSpec, now: datetime) -> Service:
        """Save a new service and its empty state.

        ``Refused`` if a living service of the client has its name, ``NotFound`` if there is no living
        client, ``KeyMismatch`` with another key than the database's.
        """
        values = service_values(spec, self._vault)
        await self._require_client(client_id)
        statement = insert(SERVICES).values(
            **values, client_id=client_id, version=1, created_at=now, updated_at=now
        )
        with name_taken(SERVICE_NAME_INDEX, spec.name):
            row = (await self._session.execute(statement.returning(SERVICES))).one()
        await self._session.execute(
            insert(STATES).values(service_id=row.id, flush=0, **state_values(ServiceState()))
        )
        return service_of(row, self._vault)

    async def get(self, service_id: int) -> Service:
        """Give a service, also one in the bin or of a client there; ``NotFound`` if there is none."""
        return service_of(await self._row(service_id), self._vault)

    async def of_client(self, client_id: int) -> list[Service]:
        """Give the living services of a client by name."""
        statement = select(SERVICES).where(SERVICES.c.client_id == client_id, _LIVING)
        return await self._services(statement.order_by(func.lower(SERVICES.c.name), SERVICES.c.id))

    async def all_living(self, service_ids: Collection[int] | None = None) -> list[tuple[Service, Client]]:
        """Give the living services of living clients, all or some, by the names of client and service."""
        wanted: list[ColumnElement[bool]] = [_LIVING, _OF_LIVING_CLIENT]
        if service_ids is not None:
            wanted.append(among(SERVICES.c.id, service_ids))
        return await self._pairs(*wanted)

    async def all_binned(self) -> list[tuple[Service, Client]]:
        """Give the services in the bin, whose clients may be there as well, by the names of both."""
        return await self._pairs(~_LIVING)

    async def labels(self) -> dict[int, str]:
        """Give CLIENT/NAME of the living services of living clients by number, in that order."""
        statement = select(SERVICES.c.id, CLIENTS.c.name, SERVICES.c.name).join(CLIENTS)
        ordered = statement.where(_LIVING, _OF_LIVING_CLIENT).order_by(
            func.lower(CLIENTS.c.name), CLIENTS.c.id, func.lower(SERVICES.c.name)
        )
        rows = (await self._session.execute(ordered)).all()
        return {service_id: f"{client}/{name}" for service_id, client, name in rows}

    async def parents(self) -> dict[int, int]:
        """Give what each service depends on, also of those in the bin, which may come back.

        Whoever else asks waits until this unit ends: of two that would close a circle together the
        second sees what the first has saved.
        """
        await self._session.execute(select(func.pg_advisory_xact_lock(DEPENDENCIES_LOCK)))
        statement = select(SERVICES.c.id, SERVICES.c.parent_id).where(SERVICES.c.parent_id.is_not(None))
        return {row.id: row.parent_id for row in await self._session.execute(statement)}

    async def save(self, service_id: int, version: int, spec: ServiceSpec, now: datetime) -> Service:
        """Save a service that was read as ``version``; one in the bin stays there.

        ``EditConflict`` if it was changed since, ``NotFound`` if it has gone into the bin since,
        ``Refused`` if its name is taken, ``KeyMismatch`` with another key than the database's.
        """
        statement = (
            update(SERVICES)
            .where(SERVICES.c.id == service_id, SERVICES.c.version == version)
            .values(**service_values(spec, self._vault), version=version + 1, updated_at=now)
        )
        with name_taken(SERVICE_NAME_INDEX, spec.name):
            row = (await self._session.execute(statement.returning(SERVICES))).one_or_none()
        if row is None:
            raise await self._conflict(service_id)
        return service_of(row, self._vault)

    async def bin(self, service_id: int, now: datetime) -> Service:
        """Put a living service into the bin; ``NotFound`` otherwise."""
        statement = update(SERVICES).where(SERVICES.c.id == service_id, _LIVING)
        row = (
            await self._session.execute(statement.values(**_moved(now, deleted_at=now)).returning(SERVICES))
        ).one_or_none()
        if row is None:
            raise _not_found(service_id)
        return service_of(row, self._vault)

    async def restore(self, service_id: int, now: datetime) -> Service:
        """Take a service out of the bin; a living one stays as it is.

        ``Refused`` if a living service of its client has its name by now, ``NotFound`` if its client is
        in the bin itself.
        """
        found = await self._row(service_id)
        if found.deleted_at is None:
            return service_of(found, self._vault)
        await self._require_client(found.client_id)
        statement = update(SERVICES).where(SERVICES.c.id == service_id)
        with name_taken(SERVICE_NAME_INDEX, found.name):
            row = (
                await self._session.execute(
                    statement.values(**_moved(now, deleted_at=None)).returning(SERVICES)
                )
            ).one()
        return service_of(row, self._vault)

    async def _pairs(self, *wanted: ColumnElement[bool]) -> list[tuple[Service, Client]]:
        statement = select(SERVICES).join(CLIENTS).where(*wanted)
        services = await self._services(
            statement.order_by(
                func.lower(CLIENTS.c.name), CLIENTS.c.id, func.lower(SERVICES.c.name), SERVICES.c.id
            )
        )
        ids = {service.client_id for service in services}
        rows = await self._session.execute(select(CLIENTS).where(among(CLIENTS.c.id, ids)))
        clients = {row.id: client_of(row, self._vault) for row in rows}
        return [(service, clients[service.client_id]) for service in services]

    async def _services(self, statement: Select[Any]) -> list[Service]:
        rows = (await self._session.execute(statement)).all()
        services: list[Service] = []
        async for piece in in_pieces(rows):
            services += [service_of(row, self._vault) for row in piece]
        return services

    async def _row(self, service_id: int) -> Row[Any]:
        row = (await self._session.execute(select(SERVICES).where(SERVICES.c.id == service_id))).one_or_none()
        if row is None:
            raise _not_found(service_id)
        return row

    async def _require_client(self, client_id: int) -> None:
        """Refuse a client that is gone, and keep it from going before the unit ends."""
        statement = select(CLIENTS.c.id).where(CLIENTS.c.id == client_id, _OF_LIVING_CLIENT)
        if (await self._session.execute(statement.with_for_update(read=True))).one_or_none() is None:
            raise NotFound(
                _("There is no client with the number {id} that a service could have.").format(id=client_id)
            )

    async def _conflict(self, service_id: int) -> EditConflict | NotFound:
        """Say why a save found nothing to write to."""
        found = await self._row(service_id)
        if found.deleted_at is not None:
            return _not_found(service_id)
        return EditConflict(
            _(
                "The service {name} was changed by somebody else meanwhile; nothing was saved. "
                "Open it again and repeat your change."
            ).format(name=found.name)
        )


def _moved(now: datetime, *, deleted_at: datetime | None) -> dict[str, Any]:
    """Give the columns that change on the way into the bin and out; open edits are outdated by it."""
    return {"deleted_at": deleted_at, "updated_at": now, "version": SERVICES.c.version + 1}


def _not_found(service_id: int) -> NotFound:
    return NotFound(_("There is no service with the number {id}.").format(id=service_id))
