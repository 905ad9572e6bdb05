"""Clients in the database."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.domain.clients import Client, ClientSpec
from core.errors import EditConflict, NotFound
from core.i18n import _
from core.storage.failures import name_taken
from core.storage.mapping import Vault, client_of, client_values
from core.storage.rows import CLIENT_NAME_INDEX, CLIENTS


class Clients:
    """Adds, gives, saves, bins and restores clients within one unit of work.

    A ``Refused`` ends the unit: nothing more can be done in it.
    """

    def __init__(self, session: AsyncSession, vault: Vault) -> None:
        self._session = session
        self._vault = vault

    async def add(self, spec: ClientSpec, now: datetime) -> Client:
        """Save a new client; ``Refused`` if a living one has its name, ``KeyMismatch`` with another key."""
        values = client_values(spec, self._vault)
        statement = insert(CLIENTS).values(**values, version=1, created_at=now, updated_at=now)
        with name_taken(CLIENT_NAME_INDEX, spec.name):
            row = (await self._session.execute(statement.returning(CLIENTS))).one()
        return client_of(row, self._vault)

    async def get(self, client_id: int) -> Client:
        """Give a client, also one in the bin; ``NotFound`` if there is none."""
        return client_of(await self._row(client_id), self._vault)

    async def find(self, name: str) -> Client | None:
        """Give the living client of that name, in whatever case."""
        row = (
            await self._session.execute(
                select(CLIENTS).where(func.lower(CLIENTS.c.name) == func.lower(name), _LIVING)
            )
        ).one_or_none()
        return None if row is None else client_of(row, self._vault)

    async def all(self, include_deleted: bool = False) -> list[Client]:
        """Give the clients by name."""
        statement = select(CLIENTS).order_by(func.lower(CLIENTS.c.name), CLIENTS.c.id)
        if not include_deleted:
            statement = statement.where(_LIVING)
        return [client_of(row, self._vault) for row in await self._session.execute(statement)]

    async def save(self, client_id: int, version: int, spec: ClientSpec, now: datetime) -> Client:
        """Save a client that was read as ``version``; one in the bin stays there.

        ``EditConflict`` if it was changed since, ``NotFound`` if it has gone into the bin since,
        ``Refused`` if its name is taken, ``KeyMismatch`` with another key than the database's.
        """
        statement = (
            update(CLIENTS)
            .where(CLIENTS.c.id == client_id, CLIENTS.c.version == version)
            .values(**client_values(spec, self._vault), version=version + 1, updated_at=now)
        )
        with name_taken(CLIENT_NAME_INDEX, spec.name):
            row = (await self._session.execute(statement.returning(CLIENTS))).one_or_none()
        if row is None:
            raise await self._conflict(client_id)
        return client_of(row, self._vault)

    async def bin(self, client_id: int, now: datetime) -> Client:
        """Put a living client into the bin, which hides its services; ``NotFound`` otherwise."""
        statement = update(CLIENTS).where(CLIENTS.c.id == client_id, _LIVING)
        row = (
            await self._session.execute(statement.values(**_moved(now, deleted_at=now)).returning(CLIENTS))
        ).one_or_none()
        if row is None:
            raise _not_found(client_id)
        return client_of(row, self._vault)

    async def restore(self, client_id: int, now: datetime) -> Client:
        """Take a client out of the bin, its services with it; a living one stays as it is.

        ``Refused`` if a living client has its name by now.
        """
        found = await self._row(client_id)
        if found.deleted_at is None:
            return client_of(found, self._vault)
        statement = update(CLIENTS).where(CLIENTS.c.id == client_id)
        with name_taken(CLIENT_NAME_INDEX, found.name):
            row = (
                await self._session.execute(
                    statement.values(**_moved(now, deleted_at=None)).returning(CLIENTS)
                )
            ).one()
        return client_of(row, self._vault)

    async def _row(self, client_id: int) -> Row[Any]:
        row = (await self._session.execute(select(CLIENTS).where(CLIENTS.c.id == client_id))).one_or_none()
        if row is None:
            raise _not_found(client_id)
        return row

    async def _conflict(self, client_id: int) -> EditConflict | NotFound:
        """Say why a save found nothing to write to."""
        found = await self._row(client_id)
        if found.deleted_at is not None:
            return _not_found(client_id)
        return EditConflict(
            _(
                "The client {name} was changed by somebody else meanwhile; nothing was saved. "
                "Open it again and repeat your change."
            ).format(name=found.name)
        )


_LIVING = CLIENTS.c.deleted_at.is_(None)


def _moved(now: datetime, *, deleted_at: datetime | None) -> dict[str, Any]:
    """Give the columns that change on the way into the bin and out; open edits are outdated by it."""
    return {"deleted_at": deleted_at, "updated_at": now, "version": CLIENTS.c.version + 1}


def _not_found(client_id: int) -> NotFound:
    return NotFound(_("There is no client with the number {id}.").format(id=client_id))
