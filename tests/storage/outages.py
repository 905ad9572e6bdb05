"""Faults of a database for tests: it refuses everybody, or one backend is ended."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from sqlalchemy import make_url

from core.storage.database import Database
from core.storage.lead import LOCK
from tests.conftest import ServerForTests


async def maintenance(server: ServerForTests) -> psycopg.AsyncConnection[tuple[object, ...]]:
    """Connect to the server's maintenance database."""
    url = make_url(server.url)
    return await psycopg.AsyncConnection.connect(
        host=str(url.query["host"]), user=url.username, dbname=url.database, autocommit=True
    )


@asynccontextmanager
async def outage(server: ServerForTests, database: Database) -> AsyncIterator[None]:
    """Cut every connection to a database and refuse new ones, until the block is left."""
    await _allow(server, database, allowed=False)
    try:
        async with await maintenance(server) as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s",
                [database.url.database],
            )
        yield
    finally:
        await _allow(server, database, allowed=True)


async def end_backends(server: ServerForTests, database: Database, name: str) -> int:
    """End the backends of a database that go by a name; give how many there were."""
    async with await maintenance(server) as connection:
        cursor = await connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = %s AND application_name = %s",
            [database.url.database, name],
        )
        return len(await cursor.fetchall())


async def end_holder(server: ServerForTests, database: Database) -> int:
    """End the backend that holds the lead of a database; give how many there were."""
    async with await maintenance(server) as connection:
        cursor = await connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks JOIN pg_database AS home"
            " ON home.oid = pg_locks.database WHERE datname = %s AND locktype = 'advisory' AND granted"
            " AND objid::bigint = %s",
            [database.url.database, LOCK & 0xFFFF_FFFF],
        )
        return len(await cursor.fetchall())


async def _allow(server: ServerForTests, database: Database, *, allowed: bool) -> None:
    async with await maintenance(server) as connection:
        name = psycopg.sql.Identifier(str(database.url.database))
        statement = psycopg.sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS {}")
        await connection.execute(statement.format(name, psycopg.sql.Literal(allowed)))


async def fetch(database: Database, statement: str) -> list[tuple[object, ...]]:
    """Read what the tables hold, past all repositories."""
    async with await database.dedicated_connection() as connection:
        cursor = await connection.execute(statement.encode())
        return await cursor.fetchall()
