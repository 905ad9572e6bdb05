"""What a database looks like from the door, in as few questions as can be."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from core.storage.partitions import MISSING


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a database is fit for Ronda."""

    server_major: int
    revision: str | None
    """Of the schema; None if there is none of ours."""
    missing_partitions: bool
    secret_fingerprint: str | None
    """Of the key that secrets were written with; None if no process has said so yet."""


_SERVER = text(
    """
    SELECT current_setting('server_version_num')::int / 10000,
           to_regclass('ronda.alembic_version') IS NOT NULL AND to_regclass('ronda.instance') IS NOT NULL
    """
)
_SCHEMA = text(
    f"""
    SELECT (SELECT version_num FROM ronda.alembic_version),
           EXISTS ({MISSING}),
           (SELECT secret_fingerprint FROM ronda.instance)
    """  # noqa: S608 - put together from constants
).bindparams(bindparam("names", type_=ARRAY(Text())))


async def standing_of(connection: AsyncConnection, partitions: Collection[str]) -> Standing:
    """Look at a database without changing it; ``partitions`` are those that should be there."""
    server_major, has_schema = (await connection.execute(_SERVER)).one()
    if not has_schema:
        return Standing(server_major, None, True, None)
    found = (await connection.execute(_SCHEMA, {"names": list(partitions)})).one()
    return Standing(server_major, *found)
