"""The lead: of all processes on a database exactly one runs the round.

It is held by an advisory lock of a session of its own. ``idle_session_timeout`` makes a lease of it: a
process that is frozen or cut off stops its heartbeat, the server ends the session, and the lock is
free. Two processes may still believe to lead for a moment; the epoch in the table ``lead`` decides,
and a flush of the recorder that names an old one is refused.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.storage.recording import RECORDER
from core.storage.session import Connection, Session

if TYPE_CHECKING:
    from core.storage.database import Database

LEASE_SECONDS = 5.0
"""A leader that is not heard of for so long is one no more."""
LOCK = 0x526F6E6461
"""The advisory lock's number: "Ronda" in ASCII."""
ANSWER_SECONDS = 5.0
"""A server that takes longer to answer counts as away."""

_TAKE = """
    UPDATE ronda.lead SET epoch = epoch + 1, holder = %s, backend_pid = NULL, taken_at = clock_timestamp()
    RETURNING epoch, flush
"""
_END_RECORDER = """
    SELECT pg_terminate_backend(activity.pid, 1000)
    FROM pg_stat_activity AS activity JOIN ronda.lead ON lead.backend_pid = activity.pid
    WHERE activity.datname = current_database() AND activity.application_name = %s
"""
_RELEASE = "UPDATE ronda.lead SET holder = NULL, backend_pid = NULL WHERE epoch = %s AND holder = %s"


@dataclass(frozen=True, slots=True)
class Term:
    """One time of leading."""

    epoch: int
    """Grows by one with each term, whoever leads."""
    flush: int
    """The number of the last flush before this term; numbers go on from term to term."""


class Lead:
    """Tries for the lead, keeps it and gives it back."""

    def __init__(self, database: Database, own_id: str, lease_seconds: float = LEASE_SECONDS) -> None:
        self._own_id = own_id
        self._lease_seconds = lease_seconds
        lease = {"idle_session_timeout": f"{lease_seconds * 1000:.0f}"}
        self._session = Session(database, "ronda lead", settings=lease)
        self._term: Term | None = None

    async def try_take(self) -> Term | None:
        """Take the lead if nobody holds it; ``StorageError`` if that cannot be known.

        Asking again and again is on purpose: waiting for the lock would hold a snapshot, which stops
        vacuum for as long.
        """
        self._term = await self._session.run(self._take, ANSWER_SECONDS)
        return self._term

    async def hold(self) -> None:
        """Keep the lead; never returns, and raises ``StorageError`` once it is not certain any more.

        That is before anybody else can have it: half a lease without an answer is enough.
        """
        while True:
            await asyncio.sleep(self._lease_seconds / 5)
            await self._session.run(_beat, self._lease_seconds / 2)

    async def epoch(self) -> int:
        """Give the number of the newest term, whoever has it."""
        return await self._session.run(_epoch, ANSWER_SECONDS)

    async def release(self) -> None:
        """Give the lead back, so that another process can have it at once."""
        term, self._term = self._term, None
        if term is not None and self._session.is_open:
            await self._session.run(lambda connection: self._give_back(connection, term), ANSWER_SECONDS)
        await self._session.close()

    def drop(self) -> None:
        """Let go at once, without a word to the server."""
        self._term = None
        self._session.drop()

    async def _take(self, connection: Connection) -> Term | None:
        cursor = await connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        if await cursor.fetchone() != (True,):
            return None
        try:
            return await self._begin_term(connection)
        except BaseException:
            self._session.drop()  # and the lock with it
            raise

    async def _begin_term(self, connection: Connection) -> Term:
        """End the last leader's recorder, which may hang in the middle of a flush, and count on."""
        await connection.execute(_END_RECORDER, [RECORDER])
        async with connection.transaction():
            await connection.execute("SET LOCAL lock_timeout = '1s'")
            cursor = await connection.execute(_TAKE, [self._own_id])
            row = await cursor.fetchone()
            assert row is not None, "the migrations insert the one row"
            payload = json.dumps({"lead": self._own_id})
            await connection.execute("SELECT pg_notify('ronda_feed', %s)", [payload])
        epoch, flush = row
        assert isinstance(epoch, int)
        assert isinstance(flush, int)
        return Term(epoch, flush)

    async def _give_back(self, connection: Connection, term: Term) -> None:
        await connection.execute(_RELEASE, [term.epoch, self._own_id])
        await connection.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


async def _beat(connection: Connection) -> None:
    await connection.execute("SELECT 1")


async def _epoch(connection: Connection) -> int:
    cursor = await connection.execute("SELECT epoch FROM ronda.lead")
    row = await cursor.fetchone()
    assert row is not None
    epoch = row[0]
    assert isinstance(epoch, int)
    return epoch
