"""What tests of the storage put into the database again and again."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from core.domain.clients import Client, ClientSpec
from core.domain.observations import STATUS_CODES, Observation, Status
from core.domain.secret import Secret
from core.domain.services import Service, ServiceSpec
from core.domain.status import ServiceState
from core.secrets import Cipher
from core.storage.database import Database
from core.storage.mapping import microseconds, state_values
from tests.clock import NOON


def cipher_of(letter: bytes) -> Cipher:
    """Give a cipher whose key is 32 times a letter."""
    return Cipher(Secret(base64.b64encode(letter * 32).decode()))


async def added_client(database: Database, name: str = "Acme", **fields: Any) -> Client:
    async with database.unit() as unit:
        return await unit.clients.add(ClientSpec(name, **fields), NOON)


async def added_service(
    database: Database, client: Client | None = None, name: str = "web", **fields: Any
) -> Service:
    client = client or await added_client(database)
    spec = ServiceSpec(name, **({"endpoint": "https://acme.example/"} | fields))
    async with database.unit() as unit:
        return await unit.services.add(client.id, spec, NOON)


async def rows_of(database: Database, query: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    """Ask the server behind the back of the storage."""
    async with await database.dedicated_connection() as connection:
        cursor = await connection.execute(query.encode(), parameters or None)
        return await cursor.fetchall()


async def run(database: Database, statement: str, parameters: Sequence[object] = ()) -> None:
    """Change something behind the back of the storage."""
    async with await database.dedicated_connection() as connection:
        await connection.execute(statement.encode(), parameters or None)


Check = tuple[datetime, Status, float | None]
"""When, what, and milliseconds."""


async def put_checks(database: Database, service_id: int, checks: Iterable[Check]) -> None:
    """Put checks of a service into the history."""
    statement = (
        "INSERT INTO ronda.health_checks (checked_at, service_id, status, latency_us) VALUES (%s, %s, %s, %s)"
    )
    rows = [(at, service_id, STATUS_CODES[status], microseconds(ms)) for at, status, ms in checks]
    async with await database.dedicated_connection() as connection, connection.cursor() as cursor:
        await cursor.executemany(statement, rows)


async def put_state(database: Database, service_id: int, state: ServiceState) -> None:
    """Put what is held of a service into its row, as a recorder would."""
    values = state_values(state)
    changes = ", ".join(f"{name} = %s" for name in values)
    await run(
        database,
        f"UPDATE ronda.service_states SET {changes} WHERE service_id = %s",  # noqa: S608 - names of columns
        [*values.values(), service_id],
    )


def seen(at: datetime, status: Status = Status.UP, latency_ms: float | None = 12.5) -> Observation:
    return Observation(at, status, latency_ms=latency_ms)
