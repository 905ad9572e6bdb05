"""Fixtures of the worker's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.domain.clients import ClientSpec
from core.storage.database import Database
from tests.worker.office import Office, now


@pytest.fixture
async def office(database: Database) -> AsyncIterator[Office]:
    await database.ensure_partitions(now().date())
    async with database.unit() as unit:
        client = await unit.clients.add(ClientSpec("acme", dns="https://acme.example"), now())
    office = Office(database, client)
    yield office
    for process in office.processes:
        await process.stop()
