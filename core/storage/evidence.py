"""What failing checks met: the first and the latest of each run of failures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from core.domain.evidence import Evidence, FailureEvidence
from core.domain.observations import ERROR_CODES, ERROR_OF_CODE, Observation
from core.storage.mapping import storable, storable_text
from core.storage.rows import EVIDENCE
from core.storage.session import Connection

if TYPE_CHECKING:
    from core.storage.recording import Judged

MOST_RUNS = 20
"""Runs of failures that are kept of a service, the newest ones."""
KEPT_FOR = timedelta(days=30)
"""How long a run is kept after its latest failure."""
ROWS_AT_ONCE = 200
"""Rows in one statement: a megabyte or two, so that the event loop gets its turn in between."""

_TOLD = ("checked_at", "error", "detail", "phase", "address", "head", "body", "truncated")
"""The columns of what one check met."""
_SEEN = ", ".join(f"seen.{name}" for name in _TOLD)
_INSERT = f"INSERT INTO ronda.check_evidence AS kept (service_id, began_at, place, {', '.join(_TOLD)})"
_WRITE = f"""
    WITH seen AS (
      SELECT * FROM unnest(
        %b::int4[], %b::timestamptz[], %b::bool[], %b::bool[], %b::timestamptz[], %b::int2[], %b::text[],
        %b::text[], %b::text[], %b::text[], %b::text[], %b::bool[]
      ) AS seen (service_id, began_at, opens, closes, {", ".join(_TOLD)})
    ), first AS (
      {_INSERT}
      SELECT seen.service_id, seen.began_at, 1, {_SEEN}
      FROM seen JOIN ronda.services ON services.id = seen.service_id
      WHERE opens AND NOT EXISTS (
        SELECT FROM ronda.check_evidence AS old
        WHERE old.service_id = seen.service_id AND old.began_at = seen.began_at AND old.place = 1)
      FOR KEY SHARE OF services
      ON CONFLICT DO NOTHING
      RETURNING kept.service_id, kept.checked_at
    )
    {_INSERT}
    SELECT seen.service_id, seen.began_at, 2, {_SEEN}
    FROM seen JOIN ronda.services ON services.id = seen.service_id
    WHERE closes AND NOT EXISTS (
      SELECT FROM first WHERE first.service_id = seen.service_id AND first.checked_at = seen.checked_at)
    FOR KEY SHARE OF services
    ON CONFLICT (service_id, began_at, place) DO UPDATE SET
      {", ".join(f"{name} = excluded.{name}" for name in _TOLD)}
"""  # noqa: S608 - names of columns
"""Services that are gone are left out, and the others stay until the transaction ends."""

_CLEAN = text("""
    DELETE FROM ronda.check_evidence AS kept USING (
      SELECT service_id, began_at,
        row_number() OVER (PARTITION BY service_id ORDER BY began_at DESC) AS newness
      FROM (SELECT DISTINCT service_id, began_at FROM ronda.check_evidence) AS each_run
    ) AS run
    WHERE kept.service_id = run.service_id AND kept.began_at = run.began_at
      AND (newness > :most OR run.began_at < :oldest AND NOT EXISTS (
        SELECT FROM ronda.check_evidence AS later
        WHERE later.service_id = run.service_id AND later.began_at = run.began_at
          AND later.checked_at >= :oldest))
""")
"""Runs are counted in the index alone; the rows of the few that are old enough are looked into."""


class EvidenceStore:
    """Reads evidence and clears it away; ``write_evidence`` writes it."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def latest_run(self, service_id: int) -> tuple[FailureEvidence, ...]:
        """Give first and latest of a service's newest run of failures; one, if it failed once; or none."""
        return await self.runs(service_id, 1)

    async def runs(self, service_id: int, limit: int) -> tuple[FailureEvidence, ...]:
        """Give first and latest of the last runs of a service, the newest run first."""
        newest = (
            select(EVIDENCE.c.began_at)
            .where(EVIDENCE.c.service_id == service_id)
            .distinct()
            .order_by(EVIDENCE.c.began_at.desc())
            .limit(limit)
        )
        statement = (
            select(EVIDENCE)
            .where(EVIDENCE.c.service_id == service_id, EVIDENCE.c.began_at.in_(newest))
            .order_by(EVIDENCE.c.began_at.desc(), EVIDENCE.c.place)
        )
        return tuple(_failure_of(row) for row in await self._session.execute(statement))

    async def clean(self, now: datetime) -> None:
        """Delete all but the newest runs of each service, and runs whose latest failure is long past."""
        await self._session.execute(_CLEAN, {"most": MOST_RUNS, "oldest": now - KEPT_FOR})


def _failure_of(row: Row[Any]) -> FailureEvidence:
    return FailureEvidence(
        began_at=row.began_at,
        checked_at=row.checked_at,
        error=None if row.error is None else ERROR_OF_CODE[row.error],
        detail=row.detail,
        evidence=Evidence(row.phase, row.address, row.head, row.body, row.truncated),
        is_first=row.place == 1,
    )


@dataclass(slots=True)
class _Run:
    """A run of failures as far as one batch shows it."""

    first: Observation
    latest: Observation


async def write_evidence(connection: Connection, batch: Sequence[Judged]) -> None:
    """Write what the first and the latest failing check of each run in a batch met.

    Only the first one that is ever written of a run stays as its first. Without evidence in the batch
    nothing is asked of the server.
    """
    rows = _rows(_runs_of(batch))
    while some := list(islice(rows, ROWS_AT_ONCE)):
        await connection.execute(_WRITE, [list(column) for column in zip(*some, strict=True)])


def _runs_of(batch: Sequence[Judged]) -> dict[tuple[int, datetime], _Run]:
    """Give the runs of failures in a batch by service and beginning."""
    runs: dict[tuple[int, datetime], _Run] = {}
    for judged in batch:
        seen, state = judged.observation, judged.state
        if seen.evidence is None or state is None or (since := state.down_run.since) is None:
            continue
        run = runs.setdefault((judged.service_id, since), _Run(seen, seen))
        run.latest = seen
    return runs


def _rows(runs: dict[tuple[int, datetime], _Run]) -> Iterator[tuple[object, ...]]:
    for (service_id, began_at), run in runs.items():
        alone = run.first is run.latest
        yield _row(service_id, began_at, run.first, opens=True, closes=alone)
        if not alone:
            yield _row(service_id, began_at, run.latest, opens=False, closes=True)


def _row(
    service_id: int, began_at: datetime, seen: Observation, *, opens: bool, closes: bool
) -> tuple[object, ...]:
    evidence = seen.evidence
    assert evidence is not None
    return (
        service_id,
        began_at,
        opens,
        closes,
        seen.checked_at,
        None if seen.error is None else ERROR_CODES[seen.error],
        storable(seen.detail),
        storable_text(evidence.phase),
        storable(evidence.address),
        storable_text(evidence.head),
        storable_text(evidence.body),
        evidence.truncated,
    )
