"""Channels and rules: things with a name and a version that one can take away again."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Row, Table, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.domain.channels import Channel, ChannelKind, ChannelSpec
from core.domain.observations import STATUS_CODES, STATUS_OF_CODE
from core.domain.rules import Rule, RuleSpec
from core.domain.secret import Secret
from core.errors import EditConflict, NotFound
from core.i18n import _
from core.storage.alert_rows import CHANNEL_NAME_INDEX, CHANNELS, RULE_NAME_INDEX, RULES
from core.storage.failures import name_taken
from core.storage.mapping import Vault
from core.storage.rows import among

Spec = TypeVar("Spec", bound=ChannelSpec | RuleSpec)
Stored = TypeVar("Stored", bound=Channel | Rule)


class Named(Generic[Spec, Stored]):
    """Adds, gives, saves and removes things of one kind within one unit of work.

    What was removed stays in the table for the history and gives its name free.
    A ``Refused`` ends the unit: nothing more can be done in it.
    """

    def __init__(
        self,
        session: AsyncSession,
        table: Table,
        name_index: str,
        values: Callable[[Spec], dict[str, Any]],
        stored: Callable[[Row[Any]], Stored],
    ) -> None:
        self._session = session
        self._table = table
        self._name_index = name_index
        self._values = values
        self._stored = stored
        self._living = table.c.deleted_at.is_(None)

    async def add(self, spec: Spec, now: datetime) -> Stored:
        """Save a new one; ``Refused`` if a living one has its name."""
        statement = insert(self._table).values(
            **self._values(spec), version=1, created_at=now, updated_at=now
        )
        with name_taken(self._name_index, spec.name):
            row = (await self._session.execute(statement.returning(self._table))).one()
        return self._stored(row)

    async def all(self, *, removed: bool = False) -> list[Stored]:
        """Give all that live, by name; with ``removed`` those that were removed as well."""
        statement = select(self._table).order_by(func.lower(self._table.c.name), self._table.c.id)
        if not removed:
            statement = statement.where(self._living)
        return [self._stored(row) for row in await self._session.execute(statement)]

    async def get(self, number: int) -> Stored:
        """Give one that lives; ``NotFound`` otherwise."""
        statement = select(self._table).where(self._table.c.id == number, self._living)
        row = (await self._session.execute(statement)).one_or_none()
        if row is None:
            raise self._not_found(number)
        return self._stored(row)

    async def held(self, numbers: Collection[int]) -> set[int]:
        """Give which of some live; none of those is removed before the unit ends."""
        statement = select(self._table.c.id).where(among(self._table.c.id, numbers), self._living)
        return set((await self._session.execute(statement.with_for_update(read=True))).scalars())

    async def save(self, number: int, version: int, spec: Spec, now: datetime) -> Stored:
        """Save one that was read as ``version``.

        ``EditConflict`` if it was changed since, ``NotFound`` if it was removed, ``Refused`` if its name
        is taken.
        """
        statement = (
            update(self._table)
            .where(self._table.c.id == number, self._table.c.version == version, self._living)
            .values(**self._values(spec), version=version + 1, updated_at=now)
        )
        with name_taken(self._name_index, spec.name):
            row = (await self._session.execute(statement.returning(self._table))).one_or_none()
        if row is None:
            await self.get(number)
            raise EditConflict(
                _(
                    "{name} was changed by somebody else meanwhile; nothing was saved. "
                    "Open it again and repeat your change."
                ).format(name=spec.name)
            )
        return self._stored(row)

    async def remove(self, number: int, now: datetime) -> Stored:
        """Take one away; ``NotFound`` if there is none."""
        statement = update(self._table).where(self._table.c.id == number, self._living).values(deleted_at=now)
        row = (await self._session.execute(statement.returning(self._table))).one_or_none()
        if row is None:
            raise self._not_found(number)
        return self._stored(row)

    def _not_found(self, number: int) -> NotFound:
        if self._table is CHANNELS:
            return NotFound(_("There is no channel with the number {id}.").format(id=number))
        return NotFound(_("There is no rule with the number {id}.").format(id=number))


def channels(session: AsyncSession, vault: Vault) -> Named[ChannelSpec, Channel]:
    """Give the repository of channels; saving raises ``KeyMismatch`` with another key."""
    return Named(
        session,
        CHANNELS,
        CHANNEL_NAME_INDEX,
        lambda spec: _channel_values(spec, vault),
        lambda row: _channel_of(row, vault),
    )


def rules(session: AsyncSession) -> Named[RuleSpec, Rule]:
    """Give the repository of rules."""
    return Named(session, RULES, RULE_NAME_INDEX, _rule_values, _rule_of)


def _channel_values(spec: ChannelSpec, vault: Vault) -> dict[str, Any]:
    secrets = {"url": _revealed(spec.url), "secret": _revealed(spec.secret)}
    sealed = vault.seal(json.dumps(secrets) if spec.url is not None else None)
    return {"name": spec.name, "kind": spec.kind.value, "target": sealed, "active": spec.active}


def _revealed(secret: Secret | None) -> str | None:
    return None if secret is None else secret.reveal()


def _channel_of(row: Row[Any], vault: Vault) -> Channel:
    opened = vault.open(row.target)
    secrets: dict[str, str | None] = {} if opened is None else json.loads(opened)
    url, secret = secrets.get("url"), secrets.get("secret")
    spec = ChannelSpec(
        name=row.name,
        kind=ChannelKind(row.kind),
        url=None if url is None else Secret(url),
        secret=None if secret is None else Secret(secret),
        active=row.active,
    )
    return Channel(row.id, spec, row.version, row.created_at, row.updated_at, row.deleted_at)


def _rule_values(spec: RuleSpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "active": spec.active,
        "channel_ids": list(spec.channel_ids),
        "client_ids": list(spec.client_ids),
        "tags": list(spec.tags),
        "severity": STATUS_CODES[spec.severity],
        "hours": list(spec.hours),
        "zone": spec.zone,
        "after_seconds": spec.after_seconds,
        "reminder_seconds": spec.reminder_seconds,
    }


def _rule_of(row: Row[Any]) -> Rule:
    spec = RuleSpec(
        name=row.name,
        channel_ids=tuple(row.channel_ids),
        client_ids=tuple(row.client_ids),
        tags=tuple(row.tags),
        severity=STATUS_OF_CODE[row.severity],
        hours=tuple(row.hours),
        zone=row.zone,
        after_seconds=row.after_seconds,
        reminder_seconds=row.reminder_seconds,
        active=row.active,
    )
    return Rule(row.id, spec, row.version, row.created_at, row.updated_at, row.deleted_at)
