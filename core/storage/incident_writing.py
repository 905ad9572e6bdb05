"""Writes what a batch of results came to: incidents with their timelines, and occasions.

Part of the recorder's flush, so that the state of a service and its incident are never at odds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from psycopg import sql
from psycopg.rows import namedtuple_row
from sqlalchemy import Row, Table

from core.domain.incidents import Incident, Judgement, Tracked, concerns_incident, track
from core.domain.occasions import Occasion
from core.storage.alert_rows import INCIDENT_EVENTS, INCIDENTS
from core.storage.incident_values import (
    EVENT_COLUMNS,
    INCIDENT_COLUMNS,
    event_values,
    incident_of,
    incident_values,
)
from core.storage.mapping import storable_text
from core.storage.session import Connection, copy_types

if TYPE_CHECKING:
    from core.storage.recording import Judged

_OPEN = """
    SELECT * FROM ronda.incidents WHERE service_id = ANY (%s) AND resolved_at IS NULL
    ORDER BY id FOR NO KEY UPDATE
"""
"""In the order in which everybody locks them, and so that notices about them can be written meanwhile."""
_WATCHED = """
    SELECT services.id FROM ronda.services JOIN ronda.clients ON clients.id = services.client_id
    WHERE services.id = ANY (%s) AND services.active AND clients.active
      AND services.deleted_at IS NULL AND clients.deleted_at IS NULL
    FOR KEY SHARE OF services
"""
_NEW_IDS = """
    SELECT nextval(pg_get_serial_sequence('ronda.incidents', 'id'))::int FROM generate_series(1, %s)
"""
_OCCASIONS = """
    INSERT INTO ronda.occasions (key, at, kind, service_id, detail, settled)
    SELECT new.*, false FROM unnest(%b::text[], %b::timestamptz[], %b::text[], %b::int4[], %b::text[])
      AS new (key, at, kind, service_id, detail)
    JOIN ronda.services ON services.id = new.service_id
    FOR KEY SHARE OF services
    ON CONFLICT (key) DO NOTHING
"""
_UPDATE = sql.SQL("UPDATE ronda.incidents SET {} WHERE id = %(id)s").format(
    sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in INCIDENT_COLUMNS
    )
)
_NEW_COLUMNS = ("id", "settled", *INCIDENT_COLUMNS)


async def write_incidents(connection: Connection, batch: Sequence[Judged]) -> list[int]:
    """Write what became of the incidents of a batch's services; give the services that this is about.

    Without a failure or a change in the batch nothing is asked of the server.
    """
    judgements = _judgements(batch)
    tracks: list[Tracked] = []
    if judgements:
        open_incidents = await _open_incidents(connection, list(judgements))
        for service_id, some in judgements.items():
            tracks += track(open_incidents.get(service_id), service_id, some)
    occasions = [occasion for judged in batch if judged.state is not None for occasion in judged.occasions]
    if tracks:
        await _write(connection, tracks)
    if occasions:
        await _write_occasions(connection, occasions)
    touched = {tracked.incident.service_id for tracked in tracks}
    return sorted(touched | {each.service_id for each in occasions if each.service_id is not None})


def _judgements(batch: Sequence[Judged]) -> Mapping[int, list[Judgement]]:
    """Give what was judged of the services that had a failure or a change, in order."""
    found: defaultdict[int, list[Judgement]] = defaultdict(list)
    for judged in batch:
        if judged.state is None:
            continue
        judgement = Judgement(judged.observation, judged.state, judged.transition, judged.flapping_changed)
        if concerns_incident(judgement):
            found[judged.service_id].append(judgement)
    return found


async def _open_incidents(connection: Connection, service_ids: list[int]) -> dict[int, Incident]:
    async with connection.cursor(row_factory=namedtuple_row) as cursor:
        await cursor.execute(_OPEN, [service_ids])
        found = [incident_of(cast("Row[Any]", row)) for row in await cursor.fetchall()]  # the same attributes
    return {incident.service_id: incident for incident in found}


async def _write(connection: Connection, tracks: Sequence[Tracked]) -> None:
    """Write changed incidents first, so that a closed one makes room for the next of its service."""
    known = [tracked for tracked in tracks if tracked.incident.id]
    new = await _with_ids(connection, [tracked for tracked in tracks if not tracked.incident.id])
    await _update(connection, [tracked.incident for tracked in known])
    rows = [{"id": each.incident.id, "settled": False, **incident_values(each.incident)} for each in new]
    await _copy(connection, INCIDENTS, _NEW_COLUMNS, rows)
    await _write_events(connection, [*known, *new])


async def _with_ids(connection: Connection, new: Sequence[Tracked]) -> list[Tracked]:
    """Number new incidents; those of services that nobody watches by now are left out."""
    if not new:
        return []
    cursor = await connection.execute(_WATCHED, [[tracked.incident.service_id for tracked in new]])
    watched = {row[0] for row in await cursor.fetchall()}
    kept = [tracked for tracked in new if tracked.incident.service_id in watched]
    cursor = await connection.execute(_NEW_IDS, [len(kept)])
    ids = [row[0] for row in await cursor.fetchall()]
    return [
        Tracked(replace(tracked.incident, id=number), tracked.events)  # type: ignore[arg-type]  # a bigint
        for tracked, number in zip(kept, ids, strict=True)
    ]


async def _update(connection: Connection, incidents: Sequence[Incident]) -> None:
    """Write incidents that are stored already."""
    if incidents:
        changed = [{"id": each.id, **incident_values(each)} for each in incidents]
        async with connection.cursor() as cursor:
            await cursor.executemany(_UPDATE, changed)


async def _write_events(connection: Connection, tracks: Sequence[Tracked]) -> None:
    """Add to the timelines of stored incidents."""
    rows = [event_values(each.incident.id, event) for each in tracks for event in each.events]
    await _copy(connection, INCIDENT_EVENTS, EVENT_COLUMNS, rows)


async def _copy(
    connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> None:
    if not rows:
        return
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier("ronda", table.name), names
    )
    async with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(copy_types(table, columns))
        for row in rows:
            await copy.write_row([row[name] for name in columns])


async def _write_occasions(connection: Connection, occasions: Sequence[Occasion]) -> None:
    rows = [
        (each.key, each.at, each.kind.value, each.service_id, storable_text(each.detail))
        for each in occasions
    ]
    await connection.execute(_OCCASIONS, [list(column) for column in zip(*rows, strict=True)])
