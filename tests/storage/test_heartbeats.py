"""Reports of jobs in the database."""

from __future__ import annotations

from datetime import timedelta

from core.domain.clients import ClientSpec
from core.domain.kinds import Kind
from core.domain.services import ServiceSpec
from core.storage.database import Database
from tests.clock import NOON
from tests.storage.outages import fetch

JOB = ServiceSpec("backup", "", kind=Kind.HEARTBEAT, interval_seconds=31 * 86_400, timeout_seconds=3600)


async def job(database: Database, name: str = "Acme") -> int:
    async with database.unit() as unit:
        client = await unit.clients.add(ClientSpec(name), NOON)
        return (await unit.services.add(client.id, JOB, NOON)).id


async def test_a_job_that_never_reported_has_no_moment(database: Database) -> None:
    service_id = await job(database)
    async with database.unit() as unit:
        assert await unit.heartbeats.of([service_id]) == {}


async def test_the_last_report_counts_and_has_the_servers_time(database: Database) -> None:
    service_id = await job(database)
    async with database.unit() as unit:
        first = await unit.heartbeats.beat(service_id)
    async with database.unit() as unit:
        second = await unit.heartbeats.beat(service_id)
        assert second > first
        assert await unit.heartbeats.of([service_id, service_id + 1]) == {service_id: second}
    ((age,),) = await fetch(database, "SELECT clock_timestamp() - beat_at FROM ronda.heartbeats")
    assert isinstance(age, timedelta)
    assert timedelta(0) < age < timedelta(seconds=30)


async def test_a_servers_clock_that_is_set_back_makes_no_report_older(database: Database) -> None:
    service_id = await job(database)
    async with database.unit() as unit:
        await unit.heartbeats.beat(service_id)
    ((ahead,),) = await fetch(
        database, "UPDATE ronda.heartbeats SET beat_at = beat_at + interval '1 hour' RETURNING beat_at"
    )
    async with database.unit() as unit:
        assert await unit.heartbeats.beat(service_id) == ahead


async def test_a_month_is_not_too_long_for_a_job_but_is_for_a_check(database: Database) -> None:
    service_id = await job(database)
    async with database.unit() as unit:
        service = await unit.services.get(service_id)
    assert service.spec == JOB
    assert service.spec.faults(ClientSpec("Acme")) == ()
    (fault,) = ServiceSpec("x", "https://x.test", interval_seconds=31 * 86_400).faults(ClientSpec("Acme"))
    assert (fault.field, fault.code) == ("interval_seconds", "seconds_range")
