"""What is held of services."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.domain.flapping import Flapping
from core.domain.observations import Certificate, ErrorKind, Observation, Phases, Status
from core.domain.status import Run, ServiceState
from core.storage import pieces
from core.storage.database import Database
from tests.clock import NOON
from tests.storage.support import added_client, added_service, put_state, run

FULL = ServiceState(
    status=Status.DOWN,
    since=NOON - timedelta(hours=1),
    degraded_run=Run(True, 12, NOON - timedelta(hours=2)),
    down_run=Run(True, 7, NOON - timedelta(hours=1)),
    soft_failures=3,
    flapping=Flapping(0b1011, active=True),
    maintenance_until=NOON + timedelta(hours=1),
    observation=Observation(
        NOON,
        Status.DOWN,
        latency_ms=1234.567,
        status_code=503,
        error=ErrorKind.STATUS,
        detail="503 where 200 is expected",
        phases=Phases(1.5, 2.25, 3.125, 400.001),
        certificate=Certificate(NOON + timedelta(days=14), "Let's Encrypt R3", "acme.example"),
        address="2001:db8::7",
        redirects=("https://acme.example/a", "https://acme.example/b"),
        in_maintenance=True,
    ),
)


async def test_a_state_is_given_back_as_it_was_recorded(database: Database) -> None:
    service = await added_service(database)
    await put_state(database, service.id, FULL)
    async with database.unit() as unit:
        assert await unit.states.of([service.id]) == {service.id: FULL}


async def test_some_or_all_can_be_asked_for(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "ROWS_AT_ONCE", 2)
    client = await added_client(database)
    ids = [(await added_service(database, client, f"s{number}")).id for number in range(5)]
    async with database.unit() as unit:
        assert set(await unit.states.all()) == set(ids)
        assert set(await unit.states.of([ids[0], ids[3], 4711])) == {ids[0], ids[3]}
        assert await unit.states.of([]) == {}


async def test_a_service_in_the_bin_keeps_its_state_and_a_purged_one_does_not(database: Database) -> None:
    service = await added_service(database)
    await put_state(database, service.id, FULL)
    async with database.unit() as unit:
        await unit.services.bin(service.id, NOON)
        assert await unit.states.all() == {service.id: FULL}
    await run(database, "DELETE FROM ronda.clients")
    async with database.unit() as unit:
        assert await unit.states.all() == {}
