"""What checks have seen."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from core.domain.observations import (
    LAGGED_FLAG,
    MAINTENANCE_FLAG,
    STATUS_CODES,
    ErrorKind,
    LatencyPoint,
    Observation,
    Status,
)
from core.domain.uptime import Uptime
from core.storage.database import Database
from tests.clock import NOON, FrozenClock
from tests.storage.support import Check, added_client, added_service, put_checks, rows_of, run

UP, DEGRADED, DOWN = Status.UP, Status.DEGRADED, Status.DOWN
HOUR = timedelta(hours=1)


def ago(seconds: float) -> datetime:
    """Give a moment before noon."""
    return NOON - timedelta(seconds=seconds)


async def partitions_until(database: Database, days: int) -> None:
    """Make partitions for the days before."""
    for day in range(0, days + 9, 9):
        await database.ensure_partitions((NOON - timedelta(days=day)).date())


async def test_beats_are_compact_and_the_oldest_comes_first(database: Database) -> None:
    service = await added_service(database)
    await put_checks(
        database, service.id, [(ago(90), UP, 12.5), (ago(60), DOWN, None), (ago(30), DEGRADED, 900)]
    )
    async with database.unit() as unit:
        beats = await unit.history.beats(None)
    assert beats[service.id].codes == bytes([STATUS_CODES[UP], STATUS_CODES[DOWN], STATUS_CODES[DEGRADED]])
    assert list(beats[service.id].latencies_us) == [12_500, -1, 900_000]


async def test_no_more_beats_than_asked_for_and_those_are_the_last(database: Database) -> None:
    service = await added_service(database)
    await put_checks(database, service.id, [(ago(30 * age), UP, float(age)) for age in range(1, 101)])
    async with database.unit() as unit:
        assert list((await unit.history.beats(None, 3))[service.id].latencies_us) == [3_000, 2_000, 1_000]
        assert len((await unit.history.beats(None))[service.id].codes) == 60


async def test_beats_cross_midnight(database: Database, clock: FrozenClock) -> None:
    service = await added_service(database)
    midnight = NOON + timedelta(hours=12)
    clock.advance(12 * 3600 + 60)
    await put_checks(
        database, service.id, [(midnight + timedelta(seconds=s), UP, 100.0 + s) for s in (-60, -30, 0, 30)]
    )
    async with database.unit() as unit:
        beats = (await unit.history.beats([service.id]))[service.id]
    assert list(beats.latencies_us) == [40_000, 70_000, 100_000, 130_000]


async def test_beats_of_rare_checks_reach_back_over_months(database: Database) -> None:
    await partitions_until(database, 90)
    client = await added_client(database)
    often = await added_service(database, client, "often")
    daily = await added_service(database, client, "daily", interval_seconds=86_400.0)
    days = [(NOON - timedelta(days=day), UP, float(day + 1)) for day in range(89)]
    await put_checks(database, daily.id, days)
    await put_checks(database, often.id, [(ago(30), UP, 1.0), (NOON - 2 * timedelta(days=1), UP, 2.0)])
    async with database.unit() as unit:
        beats = await unit.history.beats(None)
    assert list(beats[daily.id].latencies_us) == [1000 * day for day in range(60, 0, -1)]
    assert list(beats[often.id].latencies_us) == [1000], "what is older than a day is not looked for"


async def test_only_what_lives_and_was_asked_for_has_beats(database: Database) -> None:
    client = await added_client(database)
    ids = [(await added_service(database, client, f"s{number}")).id for number in range(4)]
    for service_id in ids[:3]:
        await put_checks(database, service_id, [(ago(30), UP, 1.0)])
    async with database.unit() as unit:
        await unit.services.bin(ids[2], NOON)
        assert set(await unit.history.beats(None)) == {ids[0], ids[1]}
        assert set(await unit.history.beats([ids[1], ids[2], ids[3]])) == {ids[1]}
        assert await unit.history.beats([]) == {}


async def test_a_clock_that_runs_ahead_hides_no_beat(database: Database) -> None:
    service = await added_service(database)
    await put_checks(database, service.id, [(NOON + HOUR, UP, 1.0)])
    async with database.unit() as unit:
        assert service.id in await unit.history.beats(None)
        assert len(await unit.history.recent(service.id, 10)) == 1


async def test_recent_checks_come_newest_first_with_all_that_is_kept(database: Database) -> None:
    service = await added_service(database)
    await run(
        database,
        "INSERT INTO ronda.health_checks (checked_at, service_id, latency_us, status_code, status, error)"
        " VALUES (%s, %s, 1500, 503, 3, 7), (%s, %s, NULL, NULL, 3, 4), (%s, %s, 900, 200, 1, NULL)",
        [ago(90), service.id, ago(60), service.id, ago(30), service.id],
    )
    async with database.unit() as unit:
        assert await unit.history.recent(service.id, 10) == [
            Observation(ago(30), UP, latency_ms=0.9, status_code=200),
            Observation(ago(60), DOWN, error=ErrorKind.TIMEOUT),
            Observation(ago(90), DOWN, latency_ms=1.5, status_code=503, error=ErrorKind.STATUS),
        ]


async def test_recent_checks_can_be_paged(database: Database) -> None:
    service, other = await added_service(database), 4711
    await put_checks(database, service.id, [(ago(30 * age), UP, None) for age in range(1, 8)])
    await put_checks(database, other, [(ago(30), DOWN, None)])
    async with database.unit() as unit:
        first = await unit.history.recent(service.id, 3)
        second = await unit.history.recent(service.id, 3, before=first[-1].checked_at)
        last = await unit.history.recent(service.id, 3, before=second[-1].checked_at)
    ages = [
        [(NOON - check.checked_at).total_seconds() / 30 for check in page] for page in (first, second, last)
    ]
    assert ages == [[1, 2, 3], [4, 5, 6], [7]]


async def test_checks_of_long_ago_are_found_after_a_pause(database: Database) -> None:
    await partitions_until(database, 20)
    service = await added_service(database)
    await put_checks(database, service.id, [(NOON - timedelta(days=20), UP, 1.0), (ago(30), UP, 2.0)])
    async with database.unit() as unit:
        assert [check.latency_ms for check in await unit.history.recent(service.id, 2)] == [2.0, 1.0]


async def test_latencies_are_gathered_in_stretches_of_equal_length(database: Database) -> None:
    service = await added_service(database)
    checks: list[Check] = [
        (NOON - HOUR, UP, 10.0),
        (NOON - HOUR + timedelta(minutes=14, seconds=59), DEGRADED, 900.0),
        (NOON - HOUR + timedelta(minutes=5), UP, 20.0),
        (NOON - HOUR + timedelta(minutes=15), DOWN, None),
        (NOON - timedelta(seconds=1), UP, 30.0),
        (NOON, UP, 5_000.0),
        (NOON - HOUR - timedelta(seconds=1), UP, 6_000.0),
    ]
    await put_checks(database, service.id, checks)
    async with database.unit() as unit:
        points = await unit.history.latencies(service.id, NOON - HOUR, NOON, 4)
    assert points == [
        LatencyPoint(NOON - HOUR, DEGRADED, 20.0, 900.0),
        LatencyPoint(NOON - HOUR * 0.75, DOWN, None, None),
        LatencyPoint(NOON - HOUR * 0.25, UP, 30.0, 30.0),
    ]


async def test_a_check_that_a_lag_overlapped_tells_its_status_and_no_latency(database: Database) -> None:
    service = await added_service(database)
    checks: list[Check] = [
        (ago(50), UP, 10.0),
        (ago(40), UP, 20.0),
        (ago(30), UP, 30.0),
        (ago(20), UP, 700.0),
        (ago(10), DEGRADED, 900.0),
    ]
    await put_checks(database, service.id, checks)
    another_bit = 4
    await run(database, "UPDATE ronda.health_checks SET flags = %s", [another_bit])
    await run(
        database,
        "UPDATE ronda.health_checks SET flags = flags | %s WHERE checked_at >= %s",
        [LAGGED_FLAG, ago(20)],
    )
    async with database.unit() as unit:
        whole = await unit.history.latencies(service.id, ago(60), NOON, 1)
        parts = await unit.history.latencies(service.id, ago(60), NOON, 2)
        recent = await unit.history.recent(service.id, 3)
        beats = (await unit.history.beats(None))[service.id]
    assert whole == [LatencyPoint(ago(60), DEGRADED, 20.0, 30.0)]
    assert parts == [LatencyPoint(ago(60), UP, 10.0, 20.0), LatencyPoint(ago(30), DEGRADED, 30.0, 30.0)]
    assert [(check.latency_ms, check.lagged) for check in recent] == [
        (900.0, True),
        (700.0, True),
        (30.0, False),
    ]
    assert len(beats.codes) == 5


async def test_a_day_of_latencies_has_as_many_points_as_the_chart_columns(database: Database) -> None:
    service = await added_service(database)
    day = timedelta(days=1)
    await put_checks(database, service.id, [(ago(60 * age), UP, float(age)) for age in range(1, 1441)])
    async with database.unit() as unit:
        points = await unit.history.latencies(service.id, NOON - day, NOON, 240)
    assert len(points) == 240
    assert (points[0].slowest_ms, points[-1].slowest_ms, points[-1].median_ms) == (1440.0, 6.0, 3.0)


async def test_time_that_was_not_watched_has_no_status(database: Database) -> None:
    service = await added_service(database)
    await put_checks(database, service.id, [(ago(60), Status.BLIND, None)])
    async with database.unit() as unit:
        [point] = await unit.history.latencies(service.id, NOON - HOUR, NOON, 1)
    assert point.status is Status.UNKNOWN


UPTIMES: list[tuple[str, list[Check], float, float]] = [
    (
        "a check covers the time to the next",
        [(ago(100), UP, 1), (ago(70), DOWN, 1), (ago(40), UP, 1)],
        100,
        70,
    ),
    ("degraded time is good time", [(ago(40), DEGRADED, 1)], 40, 40),
    ("a check covers interval and timeout at most", [(ago(1000), UP, 1), (ago(500), DOWN, 1)], 80, 40),
    ("the last check covers no future", [(ago(10), UP, 1)], 10, 10),
    ("the check before the span reaches into it", [(ago(3610), DOWN, 1)], 30, 0),
    ("a check too long before the span does not", [(ago(3650), DOWN, 1)], 0, 0),
    (
        "blind time is not observed",
        [(ago(90), UP, 1), (ago(60), Status.BLIND, None), (ago(30), UP, 1)],
        60,
        60,
    ),
    ("maintenance is not observed", [(ago(40), Status.MAINTENANCE, 1)], 0, 0),
    ("nothing seen is nothing observed", [], 0, 0),
]


@pytest.mark.parametrize(
    ("checks", "observed", "good"), [case[1:] for case in UPTIMES], ids=[case[0] for case in UPTIMES]
)
async def test_uptime_counts_what_was_observed(
    database: Database, checks: list[Check], observed: float, good: float
) -> None:
    service = await added_service(database)  # 30 s interval, 10 s timeout
    await put_checks(database, service.id, checks)
    async with database.unit() as unit:
        uptimes = await unit.history.uptimes(3600, NOON)
    assert uptimes == {service.id: Uptime(3600, observed, good)}


async def tag(database: Database, *moments: datetime) -> None:
    """Have the checks of these moments be made in maintenance."""
    statement = "UPDATE ronda.health_checks SET flags = %s WHERE checked_at = ANY (%s)"
    await run(database, statement, [MAINTENANCE_FLAG, list(moments)])


@pytest.mark.parametrize(
    ("tagged", "observed", "good"),
    [
        ([], 130, 100),
        ([ago(100)], 100, 100),
        ([ago(130)], 100, 70),
        ([ago(100), ago(70)], 70, 70),
        ([ago(130), ago(100), ago(70), ago(40)], 0, 0),
    ],
    ids=["none", "the failure", "before the failure", "two in a row", "all"],
)
async def test_time_in_maintenance_counts_neither_as_good_nor_as_bad(
    database: Database, tagged: list[datetime], observed: float, good: float
) -> None:
    """The check before it covers the time up to it, and no more."""
    service = await added_service(database)  # 30 s interval, 10 s timeout
    checks: list[Check] = [(ago(130), UP, 1), (ago(100), DOWN, 1), (ago(70), UP, 1), (ago(40), UP, 1)]
    await put_checks(database, service.id, checks)
    await tag(database, *tagged)
    async with database.unit() as unit:
        assert await unit.history.uptimes(3600, NOON) == {service.id: Uptime(3600, observed, good)}


async def test_recent_checks_say_whether_they_were_made_in_maintenance(database: Database) -> None:
    service = await added_service(database)
    await put_checks(database, service.id, [(ago(60), DOWN, None), (ago(30), UP, 1.0)])
    await tag(database, ago(60))
    async with database.unit() as unit:
        recent = await unit.history.recent(service.id, 10)
    assert [(check.status, check.in_maintenance) for check in recent] == [(UP, False), (DOWN, True)]


async def test_uptime_agrees_with_a_ledger_kept_by_hand(database: Database) -> None:
    chance = random.Random(7)
    client = await added_client(database)
    expected: dict[int, Uptime] = {}
    for number, interval in enumerate([10.0, 60.0, 900.0]):
        service = await added_service(
            database, client, f"s{number}", interval_seconds=interval, timeout_seconds=5.0
        )
        moments = sorted({round(chance.uniform(0, 90_000), 3) for _each in range(int(40_000 / interval))})
        checks: list[Check] = [
            (ago(moment), chance.choice([UP, UP, UP, DEGRADED, DOWN, Status.BLIND]), 1.0)
            for moment in reversed(moments)
        ]
        await put_checks(database, service.id, checks)
        expected[service.id] = ledger(checks, NOON - timedelta(days=1), interval + 5.0)
    async with database.unit() as unit:
        found = await unit.history.uptimes(86_400, NOON)
    assert found.keys() == expected.keys()
    for service_id, uptime in expected.items():
        assert found[service_id].observed_seconds == pytest.approx(uptime.observed_seconds, abs=0.01)
        assert found[service_id].good_seconds == pytest.approx(uptime.good_seconds, abs=0.01)


def ledger(checks: list[Check], since: datetime, reach: float) -> Uptime:
    """Count in the plain way what each check covers of the span."""
    observed = good = 0.0
    for (at, status, _ms), (next_at, *_rest) in pairwise([*checks, (NOON, UP, None)]):
        ends = min(next_at, at + timedelta(seconds=reach), NOON)
        covered = max(0.0, (ends - max(at, since)).total_seconds())
        if status in (UP, DEGRADED, DOWN):
            observed += covered
            good += covered if status is not DOWN else 0.0
    return Uptime(86_400, observed, good)


async def test_uptimes_of_some_services_can_be_asked_for(database: Database) -> None:
    client = await added_client(database)
    ids = [(await added_service(database, client, f"s{number}")).id for number in range(3)]
    await put_checks(database, ids[1], [(ago(10), UP, 1.0)])
    async with database.unit() as unit:
        await unit.services.bin(ids[2], NOON)
        some = await unit.history.uptimes(60, NOON, ids[1:])
        everyone = await unit.history.uptimes(60, NOON)
    assert some == {ids[1]: Uptime(60, 10, 10)}
    assert everyone == {ids[0]: Uptime(60, 0, 0), **some}


async def test_questions_of_today_touch_no_older_partition(database: Database) -> None:
    """What they cost must not grow with the days that are kept."""
    await partitions_until(database, 60)
    service = await added_service(database)
    await put_checks(database, service.id, [(NOON - timedelta(days=day), UP, 1.0) for day in range(60)])
    async with database.unit() as unit:
        await unit.history.beats(None)
        await unit.history.beats([service.id])
        await unit.history.uptimes(3600, NOON)
        await unit.history.recent(service.id, 1)
        await unit.history.latencies(service.id, NOON - HOUR, NOON, 10)
        locked = await rows_of(
            database,
            "SELECT DISTINCT relname::text FROM pg_locks JOIN pg_class ON pg_class.oid = relation"
            " WHERE relname LIKE 'health_checks_2%' AND relkind = 'r' ORDER BY 1",
        )
    assert locked == [("health_checks_20260228",), ("health_checks_20260301",), ("health_checks_20260302",)]
