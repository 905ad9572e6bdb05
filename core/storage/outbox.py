"""The outbox: what was decided to be told, and how far its delivery has come."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ARRAY, Integer, Row, bindparam, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from core.domain.gates import Gate, NoticeKind, Verdict
from core.domain.notices import DeliveryHealth, MessageState, Notice, OutboxEntry
from core.domain.occasions import Occasion
from core.storage.alert_rows import NOTICES, NOTIFICATIONS, OCCASIONS
from core.storage.mapping import storable_text
from core.storage.pieces import in_pieces
from core.storage.rows import among

DECIDERS_LOCK = 0x726F6E64_74656C6C
"""Advisory lock of whoever decides what is told ("rondtell"); held until the unit ends."""
LOCK_MS = 5_000
"""How long whoever decides is waited for."""
FROZEN_MS = 300_000
"""How long whoever decides may be silent in the middle of it; the worst storms take a minute."""
ROWS_AT_ONCE = 200
"""Rows in one statement."""
KEPT_FOR = timedelta(days=90)
"""How long what was sent, or was not, can be looked up."""

_CLAIM = text("""
    UPDATE ronda.notifications SET lease_until = :lease_until, leased_by = :own_id, attempts = attempts + 1
    WHERE id IN (
      SELECT id FROM ronda.notifications AS due
      WHERE state = 'waiting' AND due_at <= :now AND (lease_until IS NULL OR lease_until <= :now)
        AND id IN (
          SELECT DISTINCT ON (channel_id) id FROM ronda.notifications AS ready
          WHERE state = 'waiting' AND due_at <= :now AND (lease_until IS NULL OR lease_until <= :now)
            AND channel_id <> ALL (:busy)
            AND NOT EXISTS (
              SELECT FROM ronda.notifications AS older
              WHERE older.state = 'waiting' AND older.channel_id = ready.channel_id AND older.id < ready.id
                AND EXISTS (
                  SELECT FROM ronda.notices AS before JOIN ronda.notices AS own
                    ON own.incident_id = before.incident_id
                  WHERE before.notification_id = older.id AND own.notification_id = ready.id))
          ORDER BY channel_id, due_at, id)
      ORDER BY due_at LIMIT :most FOR UPDATE SKIP LOCKED)
    RETURNING *
""").bindparams(bindparam("busy", type_=ARRAY(Integer())))
"""One message of each channel. What is told of one incident by one channel keeps its order: a recovery
waits for its problem."""
_HEALTH = text("""
    SELECT channel_id,
      count(*) FILTER (WHERE state = 'waiting') AS waiting,
      count(*) FILTER (WHERE state = 'failed' AND ended_at >= :since) AS failed,
      max(ended_at) FILTER (WHERE state = 'sent') AS last_sent_at,
      (array_agg(error ORDER BY id DESC)
        FILTER (WHERE state = 'waiting' AND error IS NOT NULL OR state = 'failed' AND ended_at >= :since)
      )[1] AS last_error
    FROM ronda.notifications GROUP BY channel_id
""")


_CLEAN = text("""
    DELETE FROM ronda.notifications AS old WHERE ended_at < :before
      AND NOT EXISTS (
        SELECT FROM ronda.notices JOIN ronda.incidents ON incidents.id = notices.incident_id
        WHERE notices.notification_id = old.id AND NOT incidents.settled)
      AND NOT EXISTS (
        SELECT FROM ronda.notices JOIN ronda.occasions ON occasions.id = notices.occasion_id
        WHERE notices.notification_id = old.id AND NOT occasions.settled)
""")
_UNSETTLE = text("""
    UPDATE ronda.incidents SET settled = false
    WHERE id IN (SELECT incident_id FROM ronda.notices WHERE notification_id = :id)
""")
_new_notice = upsert(NOTICES)
_WRITE_NOTICES = _new_notice.on_conflict_do_update(
    index_elements=["channel_id", "key"],
    set_={
        column.name: _new_notice.excluded[column.name]
        for column in NOTICES.c
        if column.name not in ("id", "channel_id", "key")
    },
    where=NOTICES.c.notification_id.is_(None),
)
"""What was let through once stays as it is."""


class Outbox:
    """Reads and writes notices and messages within one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    # Deciding

    async def decide_alone(self, epoch: int) -> bool:
        """Wait until nobody else decides; whether the term is still the newest one.

        Raises ``StorageError`` if somebody else decides for long. Who is frozen in the middle of it is
        ended by the server, or nobody would decide any more.
        """
        await self._session.execute(text(f"SET LOCAL lock_timeout = {LOCK_MS}"))
        await self._session.execute(text(f"SET LOCAL idle_in_transaction_session_timeout = {FROZEN_MS}"))
        await self._session.execute(select(func.pg_advisory_xact_lock(DECIDERS_LOCK)))
        found = await self._session.execute(text("SELECT epoch FROM ronda.lead"))
        return bool(found.scalar_one() == epoch)

    async def notices_of(
        self, incident_ids: Collection[int] = (), occasion_ids: Collection[int] = ()
    ) -> list[tuple[Notice, MessageState | None]]:
        """Give what was decided about some incidents and occasions, with the state of its message."""
        statement = (
            select(NOTICES, NOTIFICATIONS.c.state)
            .join(NOTIFICATIONS, NOTICES.c.notification_id == NOTIFICATIONS.c.id, isouter=True)
            .where(among(NOTICES.c.incident_id, incident_ids) | among(NOTICES.c.occasion_id, occasion_ids))
            .order_by(NOTICES.c.id)
        )
        found: list[tuple[Notice, MessageState | None]] = []
        async for rows in in_pieces((await self._session.execute(statement)).all()):
            for row in rows:
                found.append((_notice_of(row), None if row.state is None else MessageState(row.state)))
        return found

    async def notices_of_beginning(self, end: Occasion) -> list[tuple[Notice, MessageState | None]]:
        """Give what was decided about the beginning of what an occasion ends."""
        began = (
            select(OCCASIONS.c.id)
            .where(
                OCCASIONS.c.kind == end.kind.removesuffix("_end"),
                OCCASIONS.c.service_id.is_not_distinct_from(end.service_id),
                OCCASIONS.c.id < end.id,
            )
            .order_by(OCCASIONS.c.id.desc())
            .limit(1)
        )
        number = (await self._session.execute(began)).scalar_one_or_none()
        return [] if number is None else await self.notices_of((), [number])

    async def notices_in(self, notification_ids: Collection[int]) -> list[Notice]:
        """Give what some messages tell, in the order in which it was decided."""
        statement = (
            select(NOTICES).where(among(NOTICES.c.notification_id, notification_ids)).order_by(NOTICES.c.id)
        )
        found: list[Notice] = []
        async for rows in in_pieces((await self._session.execute(statement)).all()):
            found += map(_notice_of, rows)
        return found

    async def joinable(self, now: datetime) -> dict[int, int]:
        """Give by channel the message that was never tried and is not due yet: more may join it."""
        statement = select(NOTIFICATIONS).where(
            NOTIFICATIONS.c.state == "waiting", NOTIFICATIONS.c.attempts == 0, NOTIFICATIONS.c.due_at > now
        )
        statement = statement.with_for_update()  # or it could be sent before what joins it is written
        return {row.channel_id: row.id for row in await self._session.execute(statement)}

    async def stuck(self) -> set[tuple[int, int]]:
        """Give channel and incident of what waits after a failed attempt: what follows it waits for it."""
        statement = (
            select(NOTICES.c.channel_id, NOTICES.c.incident_id)
            .join(NOTIFICATIONS, NOTICES.c.notification_id == NOTIFICATIONS.c.id)
            .where(NOTIFICATIONS.c.state == "waiting", NOTIFICATIONS.c.attempts > 0)
            .where(NOTICES.c.incident_id.is_not(None))
        )
        return {(row.channel_id, row.incident_id) for row in await self._session.execute(statement)}

    async def add(
        self, message_id: str, channel_id: int, due_at: datetime, now: datetime, *, sent: bool = False
    ) -> int:
        """Put a message into the outbox; with ``sent`` one that nobody has to send. Give its number."""
        values = {
            "message_id": message_id,
            "channel_id": channel_id,
            "state": (MessageState.SENT if sent else MessageState.WAITING).value,
            "ended_at": now if sent else None,
            "created_at": now,
            "due_at": due_at,
            "attempts": 0,
        }
        statement = insert(NOTIFICATIONS).values(**values).returning(NOTIFICATIONS.c.id)
        return int((await self._session.execute(statement)).scalar_one())

    async def write_notices(self, notices: Sequence[Notice]) -> None:
        """Write what was decided; what was held back before and is let through now takes its place.

        What was let through once stays as it is.
        """
        for first in range(0, len(notices), ROWS_AT_ONCE):
            rows = [_notice_values(notice) for notice in notices[first : first + ROWS_AT_ONCE]]
            await self._session.execute(_WRITE_NOTICES, rows)

    # Sending

    async def claim(
        self, own_id: str, now: datetime, lease_until: datetime, most: int, busy: Collection[int] = ()
    ) -> list[OutboxEntry]:
        """Take messages that are due, for as long as the lease: one of each channel that is not ``busy``.

        Nobody else has them meanwhile.
        """
        values = {"own_id": own_id, "now": now, "lease_until": lease_until, "most": most, "busy": list(busy)}
        return [_entry_of(row) for row in await self._session.execute(_CLAIM, values)]

    async def end(
        self, entry: OutboxEntry, own_id: str, state: MessageState, now: datetime, error: str | None = None
    ) -> bool:
        """Note the end of a message; False if its lease ran out and somebody else has it."""
        values = {"state": state.value, "ended_at": now, "error": error}
        return await self._write_leased(entry, own_id, values)

    async def put_off(self, entry: OutboxEntry, own_id: str, due_at: datetime, error: str) -> bool:
        """Have a message tried again later; False if its lease ran out and somebody else has it."""
        return await self._write_leased(entry, own_id, {"due_at": due_at, "error": error})

    async def retry(self, notification_id: int, now: datetime) -> bool:
        """Have a message that failed, or that waits for its next attempt, tried at once."""
        statement = (
            update(NOTIFICATIONS)
            .where(NOTIFICATIONS.c.id == notification_id, NOTIFICATIONS.c.state.in_(("waiting", "failed")))
            .values(state="waiting", ended_at=None, due_at=now, created_at=now)
            .returning(NOTIFICATIONS.c.id)
        )
        await self._session.execute(_UNSETTLE, {"id": notification_id})  # their ends are to be told then
        return (await self._session.execute(statement)).one_or_none() is not None

    async def _write_leased(self, entry: OutboxEntry, own_id: str, values: dict[str, Any]) -> bool:
        if values["error"] is not None:
            values["error"] = storable_text(values["error"])
        statement = (
            update(NOTIFICATIONS)
            .where(
                NOTIFICATIONS.c.id == entry.id,
                NOTIFICATIONS.c.leased_by == own_id,
                NOTIFICATIONS.c.attempts == entry.attempts,
                NOTIFICATIONS.c.state == "waiting",
            )
            .values(**values, lease_until=None, leased_by=None)
            .returning(NOTIFICATIONS.c.id)
        )
        return (await self._session.execute(statement)).one_or_none() is not None

    # Looking

    async def entries(self, *, since: datetime, limit: int = 200) -> list[OutboxEntry]:
        """Give the messages made since a moment, and those that wait, the newest first."""
        statement = (
            select(NOTIFICATIONS)
            .where((NOTIFICATIONS.c.created_at >= since) | (NOTIFICATIONS.c.state == "waiting"))
            .order_by(NOTIFICATIONS.c.id.desc())
            .limit(limit)
        )
        return [_entry_of(row) for row in await self._session.execute(statement)]

    async def first_notices(self, notification_ids: Collection[int]) -> dict[int, tuple[Notice, int]]:
        """Give by message the first of what it tells, and how many that are."""
        number = NOTICES.c.notification_id
        told = func.count().over(partition_by=number).label("told")
        statement = (
            select(NOTICES, told)
            .where(among(number, notification_ids))
            .ext(distinct_on(number))
            .order_by(number, NOTICES.c.id)
        )
        rows = await self._session.execute(statement)
        return {row.notification_id: (_notice_of(row), int(row.told)) for row in rows}

    async def entry(self, notification_id: int) -> OutboxEntry | None:
        """Give a message; None if there is none."""
        statement = select(NOTIFICATIONS).where(NOTIFICATIONS.c.id == notification_id)
        row = (await self._session.execute(statement)).one_or_none()
        return None if row is None else _entry_of(row)

    async def counts(self, since: datetime) -> tuple[int, int]:
        """Give how many messages wait, and how many have failed since a moment."""
        state = NOTIFICATIONS.c.state
        failed = (state == "failed") & (NOTIFICATIONS.c.ended_at >= since)
        statement = select(func.count().filter(state == "waiting"), func.count().filter(failed)).where(
            (state == "waiting") | failed
        )
        waiting, gone_wrong = (await self._session.execute(statement)).one()
        return int(waiting), int(gone_wrong)

    async def health(self, since: datetime) -> dict[int, DeliveryHealth]:
        """Give how delivery goes, by channel; what was given up counts since a moment."""
        rows = await self._session.execute(_HEALTH, {"since": since})
        return {
            row.channel_id: DeliveryHealth(row.waiting, row.failed, row.last_sent_at, row.last_error)
            for row in rows
        }

    async def next_due(self) -> datetime | None:
        """Give when the next message is due; None if none waits."""
        due = func.min(func.greatest(NOTIFICATIONS.c.due_at, NOTIFICATIONS.c.lease_until))
        statement = select(due).where(NOTIFICATIONS.c.state == "waiting")
        moment: datetime | None = (await self._session.execute(statement)).scalar_one()
        return moment

    async def clean(self, now: datetime) -> None:
        """Delete messages, with what they told, that ended long ago and belong to nothing that goes on."""
        await self._session.execute(_CLEAN, {"before": now - KEPT_FOR})


def _notice_values(notice: Notice) -> dict[str, Any]:
    return {
        "channel_id": notice.channel_id,
        "key": notice.key,
        "kind": notice.kind.value,
        "incident_id": notice.incident_id,
        "occasion_id": notice.occasion_id,
        "notification_id": notice.notification_id,
        "decided_at": notice.decided_at,
        "gate": None if notice.gate is None else notice.gate.value,
        "verdicts": [_verdict_document(verdict) for verdict in notice.verdicts],
        "facts": dict(notice.facts),
    }


def _verdict_document(verdict: Verdict) -> dict[str, Any]:
    document: dict[str, Any] = {"gate": verdict.gate.value, "passed": verdict.passed}
    if not verdict.passed:
        document["reason"] = verdict.reason
        document["parameters"] = dict(verdict.parameters)
        document["until"] = None if verdict.until is None else verdict.until.isoformat()
    return document


def _verdict_of(document: dict[str, Any]) -> Verdict:
    until = document.get("until")
    return Verdict(
        Gate(document["gate"]),
        document["passed"],
        document.get("reason", ""),
        document.get("parameters", {}),
        None if until is None else datetime.fromisoformat(until),
    )


def _notice_of(row: Row[Any]) -> Notice:
    return Notice(
        id=row.id,
        channel_id=row.channel_id,
        key=row.key,
        kind=NoticeKind(row.kind),
        decided_at=row.decided_at,
        verdicts=tuple(map(_verdict_of, row.verdicts)),
        facts=row.facts,
        incident_id=row.incident_id,
        occasion_id=row.occasion_id,
        notification_id=row.notification_id,
    )


def _entry_of(row: Row[Any]) -> OutboxEntry:
    return OutboxEntry(
        id=row.id,
        message_id=row.message_id,
        channel_id=row.channel_id,
        state=MessageState(row.state),
        created_at=row.created_at,
        due_at=row.due_at,
        attempts=row.attempts,
        ended_at=row.ended_at,
        error=row.error,
    )
