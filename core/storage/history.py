"""What checks have seen: heartbeats, recent checks, latencies, uptimes.

``health_checks`` has a partition for every day, so each question says between which moments it looks,
as constants: from them the server knows the partitions without planning for all of them.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Integer, Row, TextClause, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import Clock
from core.domain.observations import (
    ERROR_OF_CODE,
    LAGGED_FLAG,
    MAINTENANCE_FLAG,
    STATUS_OF_CODE,
    Beats,
    LatencyPoint,
    Observation,
)
from core.domain.uptime import Uptime
from core.storage.mapping import milliseconds
from core.storage.pieces import streamed
from core.storage.rows import HEALTH_CHECKS, SERVICES, among

DAY = timedelta(days=1)
SLACK = 1.5
"""How much further back than ``count`` intervals the last ``count`` checks are looked for: a pause or a
start of the round leaves gaps."""
SKEW = DAY
"""How far ahead of this machine's clock the clock of the one that checks may be."""

_WANTED = """
    services.deleted_at IS NULL AND (CAST(:ids AS integer[]) IS NULL OR services.id = ANY (:ids))
"""
_IDS = bindparam("ids", type_=ARRAY(Integer()))

_BEATS = text(
    f"""
    SELECT services.id, beats.codes, beats.latencies
    FROM ronda.services CROSS JOIN LATERAL (
      SELECT string_agg(set_byte('\\x00', 0, last.status), '') AS codes,
             string_agg(int4send(coalesce(last.latency_us, -1)), '') AS latencies
      FROM (
        SELECT status, latency_us FROM ronda.health_checks
        WHERE service_id = services.id AND checked_at > :earliest AND checked_at < :latest
        ORDER BY checked_at DESC LIMIT :count
      ) AS last
    ) AS beats
    WHERE {_WANTED} AND beats.codes IS NOT NULL
      AND services.interval_seconds > :above AND services.interval_seconds <= :upto
    """  # noqa: S608 - put together from constants
).bindparams(_IDS)
"""The last checks of each service as two strings of bytes, the newest first."""

_LATENCIES = text(
    """
    SELECT date_bin(:stretch, checked_at, :since) AS begins_at,
           max(status) FILTER (WHERE status <= 3) AS worst,
           percentile_disc(0.5) WITHIN GROUP (ORDER BY latency_us)
             FILTER (WHERE flags & :lagged = 0) AS median_us,
           max(latency_us) FILTER (WHERE flags & :lagged = 0) AS slowest_us
    FROM ronda.health_checks
    WHERE service_id = :service_id AND checked_at >= :since AND checked_at < :until
    GROUP BY 1 ORDER BY 1
    """
)
"""Of the numbers of statuses the first three are in the order of badness. A check that the loop's lag
overlapped tells its status only."""

_RUNS = text(
    f"""
    SELECT service_id, checked_at, latency_us, status_code, status, error, flags
    FROM (
      SELECT *, row_number() OVER (PARTITION BY service_id, run ORDER BY checked_at) AS place
      FROM (
        SELECT *, sum(changed) OVER (PARTITION BY service_id ORDER BY checked_at) AS run
        FROM (
          SELECT *, (status IS DISTINCT FROM lag(status)
                     OVER (PARTITION BY service_id ORDER BY checked_at))::int AS changed
          FROM ronda.health_checks
          WHERE checked_at > :since AND checked_at <= :until AND status <= 3 AND service_id IN (
            SELECT service_id FROM ronda.health_checks JOIN ronda.services ON services.id = service_id
            WHERE checked_at > :since AND checked_at <= :until AND status IN (2, 3) AND {_WANTED})
        ) AS changes
      ) AS runs
    ) AS placed
    WHERE place <= :most
    ORDER BY checked_at, service_id
    """  # noqa: S608 - put together from constants
).bindparams(_IDS)
"""The first results of each run of equal ones, of the services that failed at all."""

_UPTIMES = text(
    f"""
    WITH blind AS MATERIALIZED (
      SELECT date_part('epoch', started_at) AS begins,
             coalesce(date_part('epoch', ended_at), :until) AS ends
      FROM ronda.blind_intervals
      WHERE started_at < :now AND coalesce(date_part('epoch', ended_at), :until) > :since
    )
    SELECT services.id, coalesce(total.observed, 0) AS observed, coalesce(total.good, 0) AS good
    FROM ronda.services LEFT JOIN LATERAL (
      SELECT sum(covered) AS observed, sum(covered) FILTER (WHERE status <> 3) AS good
      FROM (
        SELECT status, flags,
               ends - begins - CASE
                 WHEN ends > (SELECT min(begins) FROM blind) AND begins < (SELECT max(ends) FROM blind) THEN (
                   SELECT coalesce(sum(least(seen.ends, blind.ends) - greatest(seen.begins, blind.begins)), 0)
                   FROM blind WHERE blind.begins < seen.ends AND blind.ends > seen.begins
                 ) ELSE 0 END AS covered
        FROM (
          SELECT status, flags, greatest(at, :since) AS begins,
                 least(
                   lead(at, 1, :until) OVER (ORDER BY at),
                   at + services.interval_seconds + services.timeout_seconds
                 ) AS ends
          FROM (
            SELECT status, flags, date_part('epoch', checked_at) AS at FROM ronda.health_checks
            WHERE service_id = services.id AND checked_at > :earliest AND checked_at <= :now
          ) AS checks
        ) AS seen
        WHERE ends > begins
      ) AS stretches
      WHERE covered > 0 AND status BETWEEN 1 AND 3 AND flags & :maintenance = 0
    ) AS total ON true
    WHERE {_WANTED}
    """  # noqa: S608 - put together from constants
).bindparams(_IDS)
"""A stretch runs from one check to the next, but no longer than interval + timeout, cut to the span. One
that begins in maintenance counts neither as observed nor as good; of the others what overlaps with a
blind interval, of which no two overlap."""


class History:
    """Reads what was seen, within one unit of work."""

    def __init__(self, session: AsyncSession, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    async def beats(self, service_ids: Collection[int] | None, count: int = 60) -> dict[int, Beats]:
        """Give the last results of living services, all or some, oldest first.

        Looks back ``SLACK`` times as long as ``count`` results take, a day at the least; a service
        without a result in that time is left out.
        """
        near = DAY.total_seconds() / (count * SLACK)
        slowest, _longest = await self._reaches(service_ids)
        beats = await self._beats(service_ids, count, 0.0, near, DAY)
        if slowest > near:
            reach = timedelta(seconds=slowest * count * SLACK)
            beats |= await self._beats(service_ids, count, near, slowest, reach)
        return beats

    async def recent(self, service_id: int, limit: int, before: datetime | None = None) -> list[Observation]:
        """Give the last checks of a service, newest first, ``before`` a moment if one is given.

        Phases, detail, certificate and address are kept of the very last check only, in its state.
        """
        until = before if before is not None else self._clock.now() + SKEW
        slowest, _longest = await self._reaches([service_id])
        reach = max(DAY, timedelta(seconds=slowest * limit * SLACK))
        rows = await self._checks(service_id, limit, until, until - reach)
        if len(rows) < limit:
            rows = await self._checks(service_id, limit, until, None)
        return [_observation_of(row) for row in rows]

    async def latencies(
        self, service_id: int, since: datetime, until: datetime, buckets: int
    ) -> list[LatencyPoint]:
        """Give a service's latencies between two moments, in ``buckets`` stretches of equal length."""
        rows = await self._session.execute(
            _LATENCIES,
            {
                "service_id": service_id,
                "since": since,
                "until": until,
                "stretch": (until - since) / buckets,
                "lagged": LAGGED_FLAG,
            },
        )
        return [
            LatencyPoint(
                row.begins_at,
                STATUS_OF_CODE[row.worst or 0],
                milliseconds(row.median_us),
                milliseconds(row.slowest_us),
            )
            for row in rows
        ]

    async def uptimes(
        self, span_seconds: float, now: datetime, service_ids: Collection[int] | None = None
    ) -> dict[int, Uptime]:
        """Give the uptime of living services, all or some, over the span that ends ``now``.

        Reads every check of the span: about a second for a million.
        """
        since = now - timedelta(seconds=span_seconds)
        _slowest, longest = await self._reaches(service_ids)
        values = {
            "ids": _listed(service_ids),
            "earliest": since - timedelta(seconds=longest),
            "now": now,
            "since": since.timestamp(),
            "until": now.timestamp(),
            "maintenance": MAINTENANCE_FLAG,
        }
        uptimes: dict[int, Uptime] = {}
        async for rows in self._pieces(_UPTIMES, values):
            uptimes |= {row.id: Uptime(span_seconds, row.observed, row.good) for row in rows}
        return uptimes

    async def runs(
        self, since: datetime, until: datetime, most: int, service_ids: Collection[int] | None = None
    ) -> list[tuple[int, Observation]]:
        """Give what services that failed were seen to be, in the order of time.

        Of results in a row that are equal only the first ``most``: more of them change nothing.
        """
        values = {"ids": _listed(service_ids), "since": since, "until": until, "most": most}
        found: list[tuple[int, Observation]] = []
        async for rows in self._pieces(_RUNS, values):
            found += [(row.service_id, _observation_of(row)) for row in rows]
        return found

    async def stored(self) -> int:
        """Count the checks of the whole history; reads an index of all of it."""
        return (await self._session.execute(select(func.count()).select_from(HEALTH_CHECKS))).scalar_one()

    async def _beats(
        self, service_ids: Collection[int] | None, count: int, above: float, upto: float, reach: timedelta
    ) -> dict[int, Beats]:
        """Give the beats of the services whose interval lies in a range."""
        now = self._clock.now()
        values = {
            "ids": _listed(service_ids),
            "count": count,
            "above": above,
            "upto": upto,
            "earliest": now - reach,
            "latest": now + SKEW,
        }
        beats: dict[int, Beats] = {}
        async for rows in self._pieces(_BEATS, values):
            beats |= {row.id: _beats_of(row.codes, row.latencies) for row in rows}
        return beats

    async def _pieces(
        self, statement: TextClause, values: Mapping[str, Any]
    ) -> AsyncIterator[Sequence[Row[Any]]]:
        """Give the rows of a statement piece by piece: as a whole they would hold up a screen's keys."""
        async for rows in streamed(self._session, statement, values):
            yield rows

    async def _reaches(self, service_ids: Collection[int] | None) -> tuple[float, float]:
        """Give the longest interval and the longest interval + timeout of the services, in seconds."""
        interval, timeout = SERVICES.c.interval_seconds, SERVICES.c.timeout_seconds
        statement = select(
            func.coalesce(func.max(interval), 0.0), func.coalesce(func.max(interval + timeout), 0.0)
        )
        if service_ids is not None:
            statement = statement.where(among(SERVICES.c.id, service_ids))
        slowest, longest = (await self._session.execute(statement)).one()
        return slowest, longest

    async def _checks(
        self, service_id: int, limit: int, until: datetime, since: datetime | None
    ) -> list[Row[Any]]:
        checked_at = HEALTH_CHECKS.c.checked_at
        statement = (
            select(HEALTH_CHECKS)
            .where(HEALTH_CHECKS.c.service_id == service_id, checked_at < until)
            .order_by(checked_at.desc())
            .limit(limit)
        )
        if since is not None:
            statement = statement.where(checked_at >= since)
        return list(await self._session.execute(statement))


def _listed(service_ids: Collection[int] | None) -> list[int] | None:
    return None if service_ids is None else list(service_ids)


def _beats_of(codes: bytes, latencies: bytes) -> Beats:
    """Turn the newest first, in the order of the network, into the oldest first, in ours."""
    values = array("i", latencies)
    if sys.byteorder == "little":
        values.byteswap()
    values.reverse()
    return Beats(codes[::-1], values)


def _observation_of(row: Row[Any]) -> Observation:
    return Observation(
        checked_at=row.checked_at,
        status=STATUS_OF_CODE[row.status],
        latency_ms=milliseconds(row.latency_us),
        status_code=row.status_code,
        error=None if row.error is None else ERROR_OF_CODE[row.error],
        lagged=bool(row.flags & LAGGED_FLAG),
        in_maintenance=bool(row.flags & MAINTENANCE_FLAG),
    )
