"""The daily partitions of the history."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from psycopg.errors import CheckViolation

from core.domain.observations import Status
from core.secrets import Cipher
from core.storage.database import Database
from core.storage.partitions import partition_name, wanted_partitions
from tests.clock import NOON, FrozenClock
from tests.conftest import SHARED, ServerForTests
from tests.storage.support import put_checks, rows_of

FAR = date(2031, 12, 31)
MADE = (
    "SELECT relname::text FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid"
    " WHERE inhparent = 'ronda.health_checks'::regclass ORDER BY 1"
)


async def made(database: Database) -> set[str]:
    return {name for (name,) in await rows_of(database, MADE)}


def test_there_are_partitions_from_yesterday_to_a_week_ahead() -> None:
    wanted = wanted_partitions(date(2026, 3, 1))
    assert list(wanted)[:2] == ["health_checks_20260228", "health_checks_20260301"]
    assert list(wanted.values())[-1] == date(2026, 3, 8)
    assert len(wanted) == 9


async def test_a_database_that_was_opened_can_take_results(database: Database) -> None:
    assert await made(database) == set(wanted_partitions(NOON.date()))


async def test_a_partition_holds_exactly_its_utc_day(database: Database) -> None:
    await database.ensure_partitions(FAR)
    midnight = datetime(2031, 12, 31, tzinfo=UTC)
    last = midnight + timedelta(days=1) - timedelta(microseconds=1)
    await put_checks(database, 1, [(midnight, Status.UP, 1.0), (last, Status.UP, 1.0)])
    await put_checks(database, 1, [(last + timedelta(microseconds=1), Status.UP, 1.0)])
    counted = await rows_of(
        database,
        "SELECT relname::text, count(*) FROM ronda.health_checks AS checks"
        " JOIN pg_class ON pg_class.oid = checks.tableoid GROUP BY 1 ORDER BY 1",
    )
    assert counted == [("health_checks_20311231", 2), ("health_checks_20320101", 1)]


async def test_a_day_without_partition_takes_nothing_and_making_it_helps(database: Database) -> None:
    at = datetime(2031, 12, 31, 12, tzinfo=UTC)
    with pytest.raises(CheckViolation, match="no partition"):
        await put_checks(database, 1, [(at, Status.UP, 1.0)])
    await database.ensure_partitions(FAR)
    await put_checks(database, 1, [(at, Status.UP, 1.0)])


async def test_making_them_again_changes_nothing(database: Database) -> None:
    before = await rows_of(database, "SELECT oid FROM pg_class ORDER BY 1")
    await database.ensure_partitions(NOON.date())
    assert await rows_of(database, "SELECT oid FROM pg_class ORDER BY 1") == before


async def test_the_next_day_makes_one_more(database: Database) -> None:
    await database.ensure_partitions(NOON.date() + timedelta(days=1))
    assert await made(database) - set(wanted_partitions(NOON.date())) == {partition_name(date(2026, 3, 9))}


async def test_several_processes_at_once_make_each_partition_once(
    database: Database, migrated: ServerForTests, cipher: Cipher, clock: FrozenClock
) -> None:
    others = [Database(migrated.url_of(SHARED), cipher, clock) for _number in range(3)]
    await asyncio.gather(*(each.ensure_partitions(FAR) for each in [database, *others]))
    assert set(wanted_partitions(FAR)) <= await made(database)
    for other in others:
        await other.close()


async def test_a_partition_has_the_keys_of_the_whole(database: Database) -> None:
    indexes = await rows_of(
        database,
        "SELECT indexdef FROM pg_indexes WHERE tablename = 'health_checks_20260301' ORDER BY indexname DESC",
    )
    assert [definition.split("USING ")[1] for (definition,) in indexes] == [
        "btree (service_id, checked_at)",
        "brin (checked_at)",
    ]
    defaults = await rows_of(
        database,
        "SELECT column_name::text, column_default FROM information_schema.columns"
        " WHERE table_name = 'health_checks_20260301' AND column_default IS NOT NULL",
    )
    assert defaults == [("flags", "0")]


async def test_readers_and_the_recorder_need_not_wait_while_partitions_are_made(database: Database) -> None:
    async with await database.dedicated_connection() as connection, connection.transaction():
        await connection.execute("SELECT count(*) FROM ronda.health_checks")
        await connection.execute(
            "INSERT INTO ronda.health_checks (checked_at, service_id, status) VALUES (%s, 1, 1)", [NOON]
        )
        async with asyncio.timeout(20):
            await database.ensure_partitions(FAR)
