from __future__ import annotations

from datetime import timedelta

from core.domain.evidence import Evidence
from core.domain.observations import ErrorKind, Observation, Status
from core.operations.desk import Desk
from core.operations.health import stored_checks
from core.operations.history import failure_evidence, latency_series, latest_changes, recent_checks
from tests.clock import FrozenClock
from tests.operations.support import PING, acme_with, record


async def test_recent_checks_come_newest_first_and_can_be_paged(desk: Desk, clock: FrozenClock) -> None:
    _client, (service,) = await acme_with(desk, PING)
    start = clock.now()
    seen = [
        Observation(start, Status.UP, latency_ms=10.0, status_code=200),
        Observation(start + timedelta(seconds=30), Status.DOWN, error=ErrorKind.TIMEOUT),
        Observation(start + timedelta(seconds=60), Status.UP, latency_ms=12.5, status_code=204),
    ]
    await record(desk.database, {service.id: seen})
    clock.advance(61)
    assert await recent_checks(desk, service.id) == seen[::-1]
    assert await recent_checks(desk, service.id, 2) == seen[:0:-1]
    assert await recent_checks(desk, service.id, 2, before=seen[1].checked_at) == [seen[0]]
    assert await stored_checks(desk) == 3


async def test_latencies_are_gathered_into_stretches_of_the_span(desk: Desk, clock: FrozenClock) -> None:
    _client, (service,) = await acme_with(desk, PING)
    start = clock.now()
    seen = [
        Observation(start + timedelta(seconds=10 * number), Status.UP, latency_ms=float(number))
        for number in range(6)
    ]
    await record(desk.database, {service.id: seen})
    clock.advance(60)
    points = await latency_series(desk, service.id, 60.0, 2)
    assert [(point.begins_at, point.median_ms, point.slowest_ms) for point in points] == [
        (start, 1.0, 2.0),
        (start + timedelta(seconds=30), 4.0, 5.0),
    ]


async def test_evidence_is_that_of_the_newest_run_of_failures(desk: Desk, clock: FrozenClock) -> None:
    _client, (service,) = await acme_with(desk, PING)
    assert await failure_evidence(desk, service.id) == ()
    seen = [
        Observation(
            clock.now() + timedelta(seconds=number),
            status,
            evidence=Evidence("body", None, body=str(number)) if status is Status.DOWN else None,
        )
        for number, status in enumerate([Status.DOWN, Status.UP, Status.DOWN, Status.DOWN, Status.UP])
    ]
    await record(desk.database, {service.id: seen})
    found = await failure_evidence(desk, service.id)
    assert [(each.began_at, each.checked_at) for each in found] == [
        (seen[2].checked_at, seen[2].checked_at),
        (seen[2].checked_at, seen[3].checked_at),
    ]
    assert [each.evidence.body for each in found] == ["2", "3"]


async def test_no_more_changes_are_given_than_asked_for(desk: Desk) -> None:
    await acme_with(desk, PING)
    assert [entry.subject for entry in await latest_changes(desk, 1)] == ["service"]
