"""Writes what was seen and decided: one transaction for a batch, fenced by the lead's epoch.

A flush has a number, one above the last. It begins by writing that number into ``lead``; where that
finds no row, either this very flush was committed before its connection broke, or another process has
taken the lead. So a flush is safe to repeat, and a former leader cannot overwrite a newer one's states.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from core.domain.observations import (
    ERROR_CODES,
    LAGGED_FLAG,
    MAINTENANCE_FLAG,
    STATUS_CODES,
    Observation,
)
from core.domain.occasions import Occasion, OccasionKind
from core.domain.status import ServiceState, Transition
from core.errors import Fenced
from core.i18n import _
from core.storage.evidence import write_evidence
from core.storage.incident_writing import write_incidents
from core.storage.mapping import microseconds, state_values, storable_text
from core.storage.rows import STATES
from core.storage.session import Connection, Session, copy_types

if TYPE_CHECKING:
    from core.storage.database import Database

RECORDER = "ronda recorder"
"""The name of the recorder's connections in ``pg_stat_activity``."""
FLUSH_SECONDS = 15.0
"""A flush that takes longer has hung."""
NOTICE_BYTES = 7_000
"""The longest notice; PostgreSQL takes 7,999 bytes."""
_LARGEST_CODE = 32_767
_FLAPPING = (OccasionKind.FLAPPING, OccasionKind.FLAPPING_END)

_NOTIFY = "SELECT pg_notify('ronda_feed', %s)"
_FENCE = "UPDATE ronda.lead SET flush = %s WHERE epoch = %s AND flush = %s"
_NAME_BACKEND = "UPDATE ronda.lead SET backend_pid = pg_backend_pid() WHERE epoch = %s"
_CHECK_COLUMNS = "checked_at, service_id, latency_us, status_code, status, error, flags"
_CHECK_TYPES = ["timestamptz", "int4", "int4", "int2", "int2", "int2", "int2"]
_COPY = "COPY {table} (" + _CHECK_COLUMNS + ") FROM STDIN (FORMAT BINARY)"
_STAGE = "CREATE TEMPORARY TABLE staged_checks (LIKE ronda.health_checks INCLUDING DEFAULTS) ON COMMIT DROP"
_UNSTAGE = "INSERT INTO ronda.health_checks SELECT * FROM staged_checks ON CONFLICT DO NOTHING"

_STATE_COLUMNS = list(state_values(ServiceState()))
_STATE_TYPES = copy_types(STATES, _STATE_COLUMNS)


def _of_states(statement: str) -> sql.Composed:
    """Put the columns of a state into a statement: as a list, from the staged rows, and as changes."""
    names = [sql.Identifier(name) for name in _STATE_COLUMNS]
    return sql.SQL(statement).format(
        columns=sql.SQL(", ").join(names),
        staged=sql.SQL(", ").join(sql.SQL("staged.{}").format(name) for name in names),
        changes=sql.SQL(", ").join(sql.SQL("{0} = staged.{0}").format(name) for name in names),
    )


_STAGED_STATES = _of_states(
    "CREATE TEMPORARY TABLE staged_states ON COMMIT DELETE ROWS"
    " AS SELECT service_id, {columns} FROM ronda.service_states WITH NO DATA"
)
_COPY_STATES = _of_states("COPY staged_states (service_id, {columns}) FROM STDIN (FORMAT BINARY)")
_UPDATE_STATES = _of_states(
    "UPDATE ronda.service_states AS states SET {changes}, flush = %s"
    " FROM staged_states AS staged WHERE states.service_id = staged.service_id"
)
_INSERT_STATES = _of_states(
    "INSERT INTO ronda.service_states (service_id, {columns}, flush) SELECT staged.service_id, {staged}, %s"
    " FROM staged_states AS staged JOIN ronda.services ON services.id = staged.service_id"
    " WHERE NOT EXISTS (SELECT FROM ronda.service_states AS old WHERE old.service_id = staged.service_id)"
    " FOR KEY SHARE OF services"
)


@dataclass(frozen=True, slots=True)
class Judged:
    """One observation of a service, and the state after it."""

    service_id: int
    observation: Observation
    """With its evidence, if it failed."""
    state: ServiceState | None
    """None: a late observation of a former leader; the state is the present leader's matter, and so is
    the run of failures that evidence belongs to."""
    transition: Transition | None = None
    """The change of the hard status that it brought, if any."""
    occasions: tuple[Occasion, ...] = ()
    """What else there is to tell of since then."""

    @property
    def flapping_changed(self) -> bool:
        """Whether flapping began or ended with it."""
        return any(each.kind in _FLAPPING for each in self.occasions)


class Recording:
    """The recorder's connection."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._session = Session(database, RECORDER, prepare=_STAGED_STATES)
        self._named_in: int | None = None
        """The epoch in whose row this connection's backend is named."""

    async def flush(self, batch: Sequence[Judged], epoch: int, number: int) -> None:
        """Write a batch as flush ``number`` of the term ``epoch``, or find that it is written already.

        Raises ``Fenced`` if another process leads, and ``StorageError`` if it is not known whether the
        batch was written: then the very same batch must be tried again under the same number.
        """
        if not self._session.is_open:
            self._named_in = None

        async def work(connection: Connection) -> None:
            await self._name_backend(connection, epoch)
            flush = partial(_flush, connection, batch, epoch, number)
            try:
                await self._placed(batch, partial(flush, staged=False))
            except psycopg.errors.UniqueViolation:  # the clock was set back: the first one stays
                await self._placed(batch, partial(flush, staged=True))

        await self._session.run(work, FLUSH_SECONDS)

    async def append(self, batch: Sequence[Judged]) -> None:
        """Add observations of a time when this process led; states are the present leader's matter."""

        async def work(connection: Connection) -> None:
            await self._placed(batch, partial(_append, connection, batch))

        await self._session.run(work, FLUSH_SECONDS)

    async def close(self) -> None:
        """Close the connection."""
        await self._session.close()

    async def _name_backend(self, connection: Connection, epoch: int) -> None:
        """Write down this backend, so that the next leader can end it if it hangs in a flush."""
        if self._named_in != epoch:
            cursor = await connection.execute(_NAME_BACKEND, [epoch])
            if cursor.rowcount == 0:
                raise Fenced(_("Another process runs the round now."))
            self._named_in = epoch

    async def _placed(self, batch: Sequence[Judged], write: Callable[[], Awaitable[None]]) -> None:
        """Write, and write again once there is a partition for each day, if one was missing."""
        try:
            await write()
        except psycopg.errors.CheckViolation:
            for day in sorted(_days(batch)):
                await self._database.ensure_partitions(day)
            await write()


async def _flush(
    connection: Connection, batch: Sequence[Judged], epoch: int, number: int, *, staged: bool
) -> None:
    async with connection.transaction():
        cursor = await connection.execute(_FENCE, [number, epoch, number - 1])
        if cursor.rowcount == 0:
            await _see_whether_written(connection, epoch, number)
            return
        await (_write_staged if staged else _write_checks)(connection, batch)
        latest = {judged.service_id: judged.state for judged in batch if judged.state is not None}
        await _write_states(connection, latest, number)
        await write_evidence(connection, batch)
        touched = await write_incidents(connection, batch)
        await connection.execute(_NOTIFY, [_notice({"flush": number}, "ids", list(latest))])
        if touched:
            await connection.execute(_NOTIFY, [_notice({}, "incidents", touched)])


async def _see_whether_written(connection: Connection, epoch: int, number: int) -> None:
    cursor = await connection.execute("SELECT epoch, flush FROM ronda.lead")
    if await cursor.fetchone() != (epoch, number):
        raise Fenced(_("Another process runs the round now."))


async def _append(connection: Connection, batch: Sequence[Judged]) -> None:
    async with connection.transaction():
        await _write_staged(connection, batch)


async def _write_staged(connection: Connection, batch: Sequence[Judged]) -> None:
    """Write observations of which some may be there already."""
    await connection.execute(_STAGE)
    await _write_checks(connection, batch, "staged_checks")
    await connection.execute(_UNSTAGE)


async def _write_checks(
    connection: Connection, batch: Sequence[Judged], table: str = "ronda.health_checks"
) -> None:
    statement = sql.SQL(_COPY.format(table=table))
    async with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(_CHECK_TYPES)
        for judged in batch:
            await copy.write_row(_check_row(judged.service_id, judged.observation))


def _check_row(service_id: int, seen: Observation) -> tuple[object, ...]:
    return (
        seen.checked_at,
        service_id,
        microseconds(seen.latency_ms),
        None if seen.status_code is None else min(seen.status_code, _LARGEST_CODE),
        STATUS_CODES[seen.status],
        None if seen.error is None else ERROR_CODES[seen.error],
        LAGGED_FLAG * seen.lagged | MAINTENANCE_FLAG * seen.in_maintenance,
    )


async def _write_states(connection: Connection, latest: dict[int, ServiceState], number: int) -> None:
    """Update the states in place, and insert those that are missing unless the service is gone.

    By way of a temporary table: COPY takes values a dozen times faster than arrays of parameters.
    """
    if not latest:
        return
    async with connection.cursor() as cursor, cursor.copy(_COPY_STATES) as copy:
        copy.set_types(["int4", *_STATE_TYPES])
        for service_id, state in latest.items():
            await copy.write_row((service_id, *_storable(state_values(state))))
    updated = await connection.execute(_UPDATE_STATES, [number])
    if updated.rowcount < len(latest):
        await connection.execute(_INSERT_STATES, [number])


def _storable(values: dict[str, Any]) -> Iterable[object]:
    """Give a state's columns in order so that the server takes them: texts come from outside."""
    for name in ("detail", "address", "tls_issuer", "tls_subject"):
        if values[name] is not None:
            values[name] = storable_text(values[name])
    if values["redirects"] is not None:
        values["redirects"] = [storable_text(url) for url in values["redirects"]]
    if values["status_code"] is not None:
        values["status_code"] = min(values["status_code"], _LARGEST_CODE)
    return (values[name] for name in _STATE_COLUMNS)


def _notice(head: dict[str, int], name: str, service_ids: Sequence[int]) -> str:
    """Give a notice that names services; where they are too many it names none, which means any."""
    full = json.dumps({**head, name: service_ids}, separators=(",", ":"))
    if len(full) <= NOTICE_BYTES:
        return full
    return json.dumps(head or {name: []})


def _days(batch: Sequence[Judged]) -> set[date]:
    """Give the UTC days that a batch needs."""
    return {judged.observation.checked_at.astimezone(UTC).date() for judged in batch}
