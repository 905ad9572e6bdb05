"""The daily partitions of ``health_checks``, made ahead of the results that they take."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Text

from core.storage.rows import HEALTH_CHECKS, SCHEMA

DAYS_AHEAD = 7
"""Days after today whose partition exists, in case that nobody makes more for a while."""

_LOCK_KEY = 0x726F6E64_70617274
"""Advisory lock of whoever makes partitions ("rondpart"); held for milliseconds."""

MISSING = """
    SELECT name FROM unnest(:names) AS name
    WHERE NOT EXISTS (
      SELECT FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
      WHERE inhparent = 'ronda.health_checks'::regclass AND relname = name)
"""
"""Looks into the catalogue, where a statement sees what was committed before it; ``to_regclass`` looks
into a cache that a waiting transaction does not renew."""

_MISSING = text(MISSING).bindparams(bindparam("names", type_=ARRAY(Text())))


def partition_name(day: date) -> str:
    """Give the name of the table that holds one UTC day."""
    return f"{HEALTH_CHECKS.name}_{day:%Y%m%d}"


def wanted_partitions(today: date) -> dict[str, date]:
    """Give names and days that must exist: yesterday, for late results, to a week ahead."""
    days = (today + timedelta(days=offset) for offset in range(-1, DAYS_AHEAD + 1))
    return {partition_name(day): day for day in days}


async def missing_partitions(connection: AsyncConnection, names: Sequence[str]) -> list[str]:
    """Give those names that are no table yet."""
    return list((await connection.execute(_MISSING, {"names": list(names)})).scalars())


async def make_partitions(connection: AsyncConnection, today: date) -> None:
    """Make what is missing, within the transaction of ``connection``; others that do so wait."""
    await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
    wanted = wanted_partitions(today)
    for name in await missing_partitions(connection, list(wanted)):
        await _make_partition(connection, name, wanted[name])


async def _make_partition(connection: AsyncConnection, name: str, day: date) -> None:
    """Make one partition: attaching lets readers and the recorder go on, ``PARTITION OF`` would not."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    parent = f"{SCHEMA}.{HEALTH_CHECKS.name}"
    await connection.execute(text(f"CREATE TABLE {SCHEMA}.{name} (LIKE {parent} INCLUDING DEFAULTS)"))
    await connection.execute(
        text(
            f"ALTER TABLE {parent} ATTACH PARTITION {SCHEMA}.{name}"
            f" FOR VALUES FROM ('{start.isoformat()}') TO ('{(start + timedelta(days=1)).isoformat()}')"
        )
    )
