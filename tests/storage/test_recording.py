"""Flushes: exact, fenced, and not stopped by one bad row."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.domain.clients import ClientSpec
from core.domain.observations import (
    LAGGED_FLAG,
    MAINTENANCE_FLAG,
    Certificate,
    ErrorKind,
    Observation,
    Phases,
    Status,
)
from core.domain.services import ServiceSpec
from core.domain.status import Policy, ServiceState, step
from core.errors import Fenced, StorageError
from core.storage.database import Database
from core.storage.lead import Lead, Term
from core.storage.recording import Judged, Recording
from tests.conftest import ServerForTests
from tests.storage.outages import end_backends, fetch

COUNT_CHECKS = "SELECT count(*) FROM ronda.health_checks"
RECORDER_WAITS = (
    "SELECT 1 FROM pg_stat_activity WHERE application_name = 'ronda recorder'"
    " AND datname = current_database() AND wait_event_type = 'Lock'"
)


def rich_observation(at: datetime) -> Observation:
    return Observation(
        checked_at=at,
        status=Status.DOWN,
        latency_ms=123.456,
        status_code=503,
        error=ErrorKind.STATUS,
        detail="503 where 200 was expected",
        phases=Phases(0.1, 0.2, 0.3, 4.0),
        certificate=Certificate(at + timedelta(days=30), "Test CA", "acme.example"),
        address="192.0.2.1",
        redirects=("https://acme.example/a,b", 'https://acme.example/"{c}"'),
    )


def judged(service_id: int, at: datetime, status: Status = Status.UP) -> Judged:
    observation = Observation(at, status, latency_ms=12.5, status_code=200)
    return Judged(service_id, observation, step(ServiceState(), observation, Policy(0, 1)).state)


@pytest.fixture
async def now(database: Database) -> datetime:
    """Give a time for which there is a partition."""
    (row,) = await fetch(database, "SELECT date_trunc('day', now()) + interval '12 hours 123456 us'")
    assert isinstance(row[0], datetime)
    await database.ensure_partitions(row[0].astimezone(UTC).date())
    return row[0]


@pytest.fixture
async def ids(database: Database, now: datetime) -> list[int]:
    """Make three services and give their ids."""
    async with database.unit() as unit:
        client = await unit.clients.add(ClientSpec("acme"), now)
        specs = [ServiceSpec(f"service {number}", "https://acme.example") for number in range(3)]
        return [(await unit.services.add(client.id, spec, now)).id for spec in specs]


@pytest.fixture
async def term(database: Database) -> AsyncIterator[Term]:
    lead = Lead(database, "test", lease_seconds=60.0)
    term = await lead.try_take()
    assert term is not None
    yield term
    await lead.release()


@pytest.fixture
async def recording(database: Database) -> AsyncIterator[Recording]:
    recording = Recording(database)
    yield recording
    await recording.close()


async def states(database: Database, ids: list[int]) -> dict[int, ServiceState]:
    async with database.unit() as unit:
        return dict(await unit.states.of(ids))


async def test_what_is_written_is_read_back(
    database: Database, recording: Recording, term: Term, ids: list[int], now: datetime
) -> None:
    state = ServiceState()
    for number in range(2):
        state = step(state, rich_observation(now + timedelta(seconds=number)), Policy(0, 1)).state
    assert state.observation is not None
    await recording.flush([Judged(ids[0], state.observation, state)], term.epoch, term.flush + 1)
    assert (await states(database, ids))[ids[0]] == state
    rows = await fetch(
        database,
        "SELECT checked_at, service_id, latency_us, status_code, status, error, flags"
        " FROM ronda.health_checks",
    )
    assert rows == [(now + timedelta(seconds=1), ids[0], 123456, 503, 3, 7, 0)]


async def test_an_observation_that_a_lag_overlapped_is_flagged(
    database: Database, recording: Recording, term: Term, ids: list[int], now: datetime
) -> None:
    plain, late = judged(ids[0], now), judged(ids[1], now)
    late = replace(late, observation=replace(late.observation, lagged=True))
    await recording.flush([plain, late], term.epoch, term.flush + 1)
    await recording.append([replace(late, service_id=ids[2])])
    rows = await fetch(database, "SELECT service_id, flags FROM ronda.health_checks ORDER BY service_id")
    assert rows == [(ids[0], 0), (ids[1], LAGGED_FLAG), (ids[2], LAGGED_FLAG)]


async def test_an_observation_in_maintenance_is_flagged(
    database: Database, recording: Recording, term: Term, ids: list[int], now: datetime
) -> None:
    batch = [judged(service_id, now) for service_id in ids[:2]]
    batch = [replace(each, observation=replace(each.observation, in_maintenance=True)) for each in batch]
    batch[1] = replace(batch[1], observation=replace(batch[1].observation, lagged=True))
    await recording.flush(batch, term.epoch, term.flush + 1)
    rows = await fetch(database, "SELECT service_id, flags FROM ronda.health_checks ORDER BY service_id")
    assert rows == [(ids[0], MAINTENANCE_FLAG), (ids[1], MAINTENANCE_FLAG | LAGGED_FLAG)]


async def test_the_last_state_of_a_service_in_a_batch_stays(
    database: Database, recording: Recording, term: Term, ids: list[int], now: datetime
) -> None:
    batch = [
        judged(ids[0], now),
        judged(ids[1], now),
        judged(ids[0], now + timedelta(seconds=1), Status.DOWN),
    ]
    await recording.flush(batch, term.epoch, 1)
    read = await states(database, ids)
    assert read[ids[0]] == batch[2].state
    assert read[ids[1]] == batch[1].state
    assert await fetch(database, COUNT_CHECKS) == [(3,)]


async def test_a_repeated_flush_is_found_to_be_written(
    database: Database, recording: Recording, term: Term, ids: list[int], now: datetime
) -> None:
    for _ in range(2):
        await recording.flush([judged(ids[0], now)], term.epoch, 1)
    await recording.flush([judged(ids[0], now + timedelta(seconds=1))], term.epoch, 2)
    assert await fetch(database, COUNT_CHECKS) == [(2,)]


async def test_a_backend_ended_in_mid_flush_leaves_nothing_and_the_retry_is_exact(
    database: Database,
    recording: Recording,
    term: Term,
    ids: list[int],
    now: datetime,
    server: ServerForTests,
) -> None:
    async with await database.dedicated_connection() as blocker:
        await blocker.execute("BEGIN")
        await blocker.execute("LOCK ronda.service_states")
        flushing = asyncio.create_task(recording.flush([judged(ids[0], now)], term.epoch, 1))
        async with asyncio.timeout(20):
            while not await fetch(database, RECORDER_WAITS):  # noqa: ASYNC110 - the server is asked
                await asyncio.sleep(0.01)
        assert await end_backends(server, database, "ronda recorder") == 1
        with pytest.raises(StorageError):
            await flushing
        await blocker.execute("ROLLBACK")
    await recording.flush([judged(ids[0], now)], term.epoch, 1)
    assert await fetch(database, COUNT_CHECKS) == [(1,)]


async def test_a_flush_of_an_old_term_is_refused_whole(
    database: Database, recording: Recording, term: Term, ids: list[int], now: datetime
) -> None:
    await recording.flush([judged(ids[0], now)], term.epoch, 1)
    await fetch(database, "UPDATE ronda.lead SET epoch = epoch + 1 RETURNING 1")
    with pytest.raises(Fenced):
        await recording.flush([judged(ids[0], now + timedelta(seconds=1))], term.epoch, 2)
    assert await fetch(database, COUNT_CHECKS) == [(1,)]


async def test_a_new_connection_of_a_former_leader_is_refused_before_it_touches_anything(
    database: Database, term: Term, ids: list[int], now: datetime
) -> None:
    await fetch(database, "UPDATE ronda.lead SET epoch = epoch + 1, backend_pid = 1 RETURNING 1")
    recording = Recording(database)
    with pytest.raises(Fenced):
        await recording.flush([judged(ids[0], now)], term.epoch, 1)
    assert await fetch(database, "SELECT backend_pid FROM ronda.lead") == [(1,)]
    await recording.close()


async def test_the_recorders_backend_is_named_for_the_next_leader(
    database: Database, recording: Recording, term: Term, ids: list[int], now: datetime
) -> None:
    await recording.flush([judged(ids[0], now)], term.epoch, 1)
    assert await fetch(
        database,
        "SELECT application_name FROM pg_stat_activity JOIN ronda.lead ON backend_pid = pid",
    ) == [("ronda recorder",)]


async def test_a_service_that_is_gone_does_not_poison_the_batch(
    database: Database, recording: Recording, term: Term, ids: list[int], now: datetime
) -> None:
    batch = [judged(999_999, now), judged(ids[0], now)]
    await recording.flush(batch, term.epoch, 1)
    read = await states(database, [999_999, ids[0]])
    assert read[ids[0]] == batch[1].state
    assert await fetch(database, "SELECT 1 FROM ronda.service_states WHERE service_id = 999999") == []


async def test_a_state_that_is_missing_is_inserted(
    database: Database, recording: Recording, term: Term, ids: list[int], now: datetime
) -> None:
    await fetch(database, "DELETE FROM ronda.service_states RETURNING 1")
    batch = [judged(service_id, now) for service_id in ids]
    await recording.flush(batch, term.epoch, 1)
    assert await states(database, ids) == {each.service_id: each.state for each in batch}


async def test_text_that_postgresql_cannot_hold_does_not_poison_the_batch(
    database: Database, recording: Recording, term: Term, ids: list[int], now: datetime
) -> None:
    odd = replace(
        rich_observation(now), detail="nul\0 half \ud800", redirects=("https://x\0",), status_code=99_999
    )
    state = step(ServiceState(), odd, Policy(0, 1)).state
    await recording.flush([Judged(ids[0], odd, state)], term.epoch, 1)
    written = (await states(database, ids))[ids[0]].observation
    assert written is not None
    assert (written.detail, written.redirects, written.status_code) == ("nul half ?", ("https://x",), 32_767)


async def test_a_day_without_a_partition_gets_one(
    database: Database, recording: Recording, term: Term, ids: list[int], now: datetime
) -> None:
    far = now + timedelta(days=400)
    await recording.flush([judged(ids[0], now), judged(ids[0], far)], term.epoch, 1)
    await recording.append([judged(ids[0], now - timedelta(days=400))])
    assert await fetch(database, COUNT_CHECKS) == [(3,)]


async def test_a_time_that_is_taken_already_costs_that_row_only(
    database: Database, recording: Recording, term: Term, ids: list[int], now: datetime
) -> None:
    """The clock was set back: a row of that very microsecond is there; the first one stays."""
    await recording.flush([judged(ids[0], now)], term.epoch, 1)
    batch = [judged(ids[0], now, Status.DOWN), judged(ids[1], now)]
    await recording.flush(batch, term.epoch, 2)
    rows = await fetch(database, "SELECT service_id, status FROM ronda.health_checks ORDER BY service_id")
    assert rows == [(ids[0], 1), (ids[1], 1)]
    assert (await states(database, ids))[ids[0]] == batch[0].state


@pytest.mark.parametrize("rows_between", [0, 1_000])
async def test_a_time_that_is_taken_and_a_day_without_a_partition_do_not_stop_each_other(
    database: Database, recording: Recording, term: Term, ids: list[int], now: datetime, rows_between: int
) -> None:
    """Whichever the server comes upon first: it takes rows a thousand at a time."""
    await recording.flush([judged(ids[0], now)], term.epoch, 1)
    between = [judged(ids[1], now + timedelta(seconds=number)) for number in range(rows_between)]
    batch = [judged(ids[0], now), *between, judged(ids[0], now + timedelta(days=400))]
    await recording.flush(batch, term.epoch, 2)
    assert await fetch(database, COUNT_CHECKS) == [(2 + rows_between,)]


async def test_late_observations_are_added_once_and_touch_no_state(
    database: Database, recording: Recording, ids: list[int], now: datetime
) -> None:
    before = await states(database, ids)
    for _ in range(2):
        await recording.append([judged(ids[0], now), judged(ids[1], now)])
    assert await fetch(database, COUNT_CHECKS) == [(2,)]
    assert await states(database, ids) == before


async def test_a_late_observation_within_a_flush_touches_no_state(
    database: Database, recording: Recording, term: Term, ids: list[int], now: datetime
) -> None:
    late = replace(judged(ids[0], now, Status.DOWN), state=None)
    fresh = judged(ids[1], now)
    await recording.flush([late, fresh], term.epoch, 1)
    read = await states(database, ids)
    assert read[ids[0]].observation is None
    assert read[ids[1]] == fresh.state
    assert await fetch(database, COUNT_CHECKS) == [(2,)]


@pytest.mark.parametrize(("services", "named"), [(3, True), (2_000, False)])
async def test_one_notice_tells_of_a_flush(
    database: Database, recording: Recording, term: Term, now: datetime, services: int, named: bool
) -> None:
    async with await database.dedicated_connection() as listener:
        await listener.execute("LISTEN ronda_feed")
        batch = [judged(100_000 + number, now) for number in range(services)]
        await recording.flush(batch, term.epoch, 1)
        async with asyncio.timeout(20):
            notices = [each async for each in listener.notifies(stop_after=1)]
    (notice,) = notices
    expected: dict[str, object] = {"flush": 1}
    if named:
        expected["ids"] = [each.service_id for each in batch]
    assert json.loads(notice.payload) == expected


async def test_states_say_which_flush_wrote_them(
    database: Database, recording: Recording, term: Term, ids: list[int], now: datetime
) -> None:
    await recording.flush([judged(ids[0], now)], term.epoch, 1)
    await recording.flush([judged(ids[1], now)], term.epoch, 2)
    rows = await fetch(database, "SELECT flush FROM ronda.service_states ORDER BY service_id")
    assert rows[:2] == [(1,), (2,)]
