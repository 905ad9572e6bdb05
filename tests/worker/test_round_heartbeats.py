"""Heartbeats in the round, end to end on a real database."""

from __future__ import annotations

from core.domain.events import ServiceJudged
from core.domain.kinds import Kind
from core.domain.observations import ErrorKind, Status
from core.domain.services import Service, ServiceSpec
from tests.worker.office import Office, Process, now
from tests.worker.support import until


async def add_job(office: Office, interval: float, grace: float) -> Service:
    spec = ServiceSpec("backup", "", kind=Kind.HEARTBEAT, interval_seconds=interval, timeout_seconds=grace)
    async with office.database.unit() as unit:
        service = await unit.services.add(office.client.id, spec, now())
        await unit.announce({"services": [service.id]})
    return service


async def report_in(office: Office, service: Service) -> None:
    async with office.database.unit() as unit:
        moment = await unit.heartbeats.beat(service.id)
        await unit.announce({"beat": service.id, "at": moment.isoformat()})


async def last_judged(process: Process, status: Status) -> ServiceJudged:
    await until(lambda: bool(process.judged) and process.judged[-1].observation.status is status)
    return process.judged[-1]


async def test_a_report_is_up_at_once_and_nothing_is_asked(office: Office) -> None:
    process = await office.open()
    await process.leading()
    job = await add_job(office, interval=3600, grace=60)
    await report_in(office, job)
    event = await last_judged(process, Status.UP)
    async with office.database.unit() as unit:
        beats = await unit.heartbeats.of([job.id])
    assert event.observation.checked_at == beats[job.id]
    assert event.state.status is Status.UP
    assert process.checks.urls == []
    await office.stored(1)


async def test_silence_beyond_the_grace_is_down_at_once_until_the_next_report(office: Office) -> None:
    process = await office.open()
    await process.leading()
    job = await add_job(office, interval=1, grace=0.5)
    event = await last_judged(process, Status.DOWN)
    assert event.state.status is Status.DOWN
    assert (event.observation.error, event.observation.detail) == (
        ErrorKind.TIMEOUT,
        "the job has not reported in yet",
    )
    assert (event.observation.checked_at - job.updated_at).total_seconds() >= 1.5
    await report_in(office, job)
    assert (await last_judged(process, Status.UP)).state.status is Status.UP
    silent = await last_judged(process, Status.DOWN)
    assert silent.observation.detail in {"no report for 1 second", "no report for 2 seconds"}


async def test_a_report_that_nobody_heard_counts_when_somebody_leads_again(office: Office) -> None:
    job = await add_job(office, interval=3600, grace=60)
    async with office.database.unit() as unit:
        moment = await unit.heartbeats.beat(job.id)
    process = await office.open()
    event = await last_judged(process, Status.UP)
    assert event.observation.checked_at == moment
    await office.stored(1)
    await process.stop()
    office.processes.remove(process)
    heir = await office.open()
    await heir.leading()
    await report_in(office, job)
    await until(lambda: heir.count(job.id) == 1)  # the report of before is not told again
    assert heir.judged[0].observation.checked_at > moment
