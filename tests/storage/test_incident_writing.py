"""Incidents in the recorder's flush: they are never at odds with the states."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from psycopg.errors import UniqueViolation

from core.domain.incidents import Ending, EventKind
from core.domain.observations import ErrorKind, Observation, Status
from core.domain.occasions import Occasion, OccasionKind
from core.domain.status import Policy, step
from core.errors import Fenced
from core.storage.database import Database
from core.storage.recording import Judged
from tests.clock import NOON, FrozenClock
from tests.storage.outages import fetch
from tests.worker.room import Room, room_in

UP, DEGRADED, DOWN = Status.UP, Status.DEGRADED, Status.DOWN


@pytest.fixture
async def room(database: Database, clock: FrozenClock) -> AsyncIterator[Room]:
    async with room_in(database, clock) as room:
        yield room


async def test_a_confirmed_failure_opens_an_incident_that_began_with_its_first_check(room: Room) -> None:
    service = await room.service("ping")
    await room.see(service, UP, DOWN, DOWN, DOWN, retries=2, address="192.0.2.1")
    (incident,) = await room.incidents()
    assert incident.started_at == NOON + timedelta(seconds=1)
    assert incident.opened_at == incident.telling_since == NOON + timedelta(seconds=3)
    assert (incident.status, incident.severity, incident.error) == (DOWN, DOWN, ErrorKind.STATUS)
    assert (incident.detail, incident.address) == ("503 where 200 was expected", "192.0.2.1")


async def test_a_failure_that_recovers_before_it_is_confirmed_opens_none(room: Room) -> None:
    service = await room.service("ping")
    await room.see(service, UP, DOWN, DOWN, UP, retries=2)
    assert await room.incidents() == []


async def test_what_happens_later_changes_the_same_incident(room: Room) -> None:
    service = await room.service("ping")
    await room.see(service, UP, DEGRADED)
    await room.see(service, DOWN)
    await room.see(service, DEGRADED)
    await room.see(service, UP)
    (incident,) = await room.incidents()
    assert (incident.severity, incident.status, incident.ending) == (DOWN, UP, Ending.RECOVERED)
    assert incident.resolved_at == NOON + timedelta(seconds=4)
    async with room.database.unit() as unit:
        kinds = [event.kind for event in await unit.incidents.timeline(incident.id)]
    assert kinds == [EventKind.OPENED, EventKind.RAISED, EventKind.LOWERED, EventKind.RESOLVED]


async def test_several_incidents_of_one_flush_are_kept_apart(room: Room) -> None:
    service = await room.service("ping")
    await room.see(service, DOWN)
    await room.see(service, DOWN, UP, DOWN, UP, DOWN)
    incidents = await room.incidents()
    assert [incident.is_open for incident in incidents] == [True, False, False]
    assert len({incident.id for incident in incidents}) == 3


async def test_a_flush_that_is_tried_again_writes_its_incidents_once(room: Room) -> None:
    service = await room.service("ping")
    await room.see(service, UP)
    await room.see(service, DOWN)
    batch = [
        Judged(service.id, each.observation, each) for each in [room._states[service.id]] if each.observation
    ]
    await room.recording.flush(batch, room.term.epoch, room._flush)
    assert len(await room.incidents()) == 1
    with pytest.raises(Fenced):
        await room.recording.flush(batch, room.term.epoch, room._flush - 1)


async def test_the_database_itself_allows_one_open_incident_of_a_service(room: Room) -> None:
    service = await room.service("ping")
    await room.see(service, DOWN)
    copy = (
        "INSERT INTO ronda.incidents (service_id, severity, status, started_at, opened_at, telling_since,"
        " assignee, settled) SELECT service_id, severity, status, started_at, opened_at, telling_since,"
        " assignee, settled FROM ronda.incidents RETURNING id"
    )
    with pytest.raises(UniqueViolation, match="uq_incidents_service_id"):
        await fetch(room.database, copy)


async def test_the_results_of_a_service_that_is_gone_open_nothing(room: Room) -> None:
    service, other = await room.service("ping"), await room.service("web")
    await fetch(room.database, "DELETE FROM ronda.services WHERE name = 'ping' RETURNING id")
    room._states[service.id] = room._states[other.id]
    await room.see(service, DOWN)
    await room.see(other, DOWN)
    assert [incident.service_id for incident in await room.incidents()] == [other.id]


async def test_an_occasion_is_stored_once(room: Room) -> None:
    service = await room.service("ping")
    occasion = Occasion("certificate:1", room.clock.now(), OccasionKind.CERTIFICATE, service.id, "30 days")
    await room.see(service, UP, occasions=(occasion,))
    await room.see(service, UP, occasions=(occasion,))
    async with room.database.unit() as unit:
        (stored,) = await unit.incidents.occasions()
    assert (stored.kind, stored.detail, stored.service_id) == (occasion.kind, "30 days", service.id)


async def test_a_change_of_an_incident_is_announced(room: Room) -> None:
    service = await room.service("ping")
    connection = await room.database.dedicated_connection()
    async with connection:
        await connection.execute("LISTEN ronda_feed")
        await room.see(service, DOWN)
        payloads = [notice.payload async for notice in connection.notifies(timeout=10.0, stop_after=2)]
    assert f'{{"incidents":[{service.id}]}}' in payloads


async def test_the_first_good_check_after_a_pause_opens_nothing(room: Room) -> None:
    service = await room.service("ping")
    await room.see(service, DOWN)
    await fetch(
        room.database,
        "UPDATE ronda.incidents SET resolved_at = now(), ending = 'paused', status = 1 RETURNING id",
    )
    seen = Observation(room.clock.now(), UP)
    judged = step(room._states[service.id], seen, Policy(0, 2))
    assert judged.state.status is DOWN
    room._flush += 1
    await room.recording.flush(
        [Judged(service.id, seen, judged.state, judged.transition)], room.term.epoch, room._flush
    )
    assert [incident.is_open for incident in await room.incidents()] == [False]


async def test_a_result_of_a_service_that_was_paused_meanwhile_opens_nothing(room: Room) -> None:
    service = await room.service("ping")
    await fetch(room.database, "UPDATE ronda.services SET active = false RETURNING id")
    await room.see(service, DOWN)
    assert await room.incidents() == []
