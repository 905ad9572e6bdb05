"""Blind intervals, their occasions, and what they do to uptimes."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from core.domain.observations import Status
from core.domain.uplink import BlindInterval
from core.domain.uptime import Uptime
from core.errors import Fenced
from core.storage.database import Database
from tests.clock import NOON
from tests.storage.support import Check, added_service, put_checks, rows_of, run

UP, DOWN, BLIND = Status.UP, Status.DOWN, Status.BLIND
EPOCH = 0
"""Of a database that nobody has led."""


def ago(seconds: float) -> datetime:
    return NOON - timedelta(seconds=seconds)


async def begin(database: Database, at: datetime, detail: str = "no reference answers") -> None:
    async with database.unit() as unit:
        await unit.blind.begin(EPOCH, at, detail)


async def end(database: Database, at: datetime) -> None:
    async with database.unit() as unit:
        await unit.blind.end(EPOCH, at, "a reference answers")


async def intervals(database: Database) -> list[tuple[object, ...]]:
    return await rows_of(database, "SELECT started_at, ended_at FROM ronda.blind_intervals ORDER BY id")


async def test_an_interval_is_open_until_it_is_ended(database: Database) -> None:
    async with database.unit() as unit:
        assert await unit.blind.open() is None
    await begin(database, ago(60))
    async with database.unit() as unit:
        assert await unit.blind.open() == BlindInterval(1, ago(60), None, "no reference answers")
    await end(database, ago(10))
    async with database.unit() as unit:
        assert await unit.blind.open() is None
    assert await intervals(database) == [(ago(60), ago(10))]


async def test_each_end_has_one_occasion_however_often_it_is_written(database: Database) -> None:
    for _time in range(2):
        await begin(database, ago(60), "dark\x00ness")
    for _time in range(2):
        await end(database, ago(10))
    occasions = await rows_of(
        database, "SELECT key, kind, at, service_id, detail, settled FROM ronda.occasions ORDER BY id"
    )
    assert occasions == [
        ("blind:1", "blind", ago(60), None, "darkness", False),
        ("blind_end:1", "blind_end", ago(10), None, "a reference answers", False),
    ]


async def test_no_two_overlap_and_none_ends_before_it_begins(database: Database) -> None:
    await begin(database, ago(60))
    await end(database, ago(90))
    await begin(database, ago(70))
    await end(database, ago(50))
    await begin(database, ago(55))
    assert await intervals(database) == [(ago(60), ago(60)), (ago(60), ago(50)), (ago(50), None)]


async def test_whose_term_is_over_writes_nothing(database: Database) -> None:
    await begin(database, ago(60))
    await run(database, "UPDATE ronda.lead SET epoch = epoch + 1")
    with pytest.raises(Fenced):
        await end(database, ago(10))
    with pytest.raises(Fenced):
        await begin(database, ago(10))
    assert await intervals(database) == [(ago(60), None)]


CHECKS: list[Check] = [(ago(130), UP, 1), (ago(100), DOWN, 1), (ago(70), DOWN, 1), (ago(40), UP, 1)]
"""Without blind time: 130 s observed (the last one covers 40 s), 70 s of them good."""


@pytest.mark.parametrize(
    ("blind", "observed", "good"),
    [
        ([], 130, 70),
        ([(100, 40)], 70, 70),
        ([(105, 35)], 60, 60),
        ([(95, 45)], 80, 70),
        ([(90, 80)], 120, 70),
        ([(120, 110), (90, 80), (30, 20)], 100, 50),
        ([(60, None)], 70, 30),
        ([(4000, None)], 0, 0),
        ([(4000, 3700)], 130, 70),
        ([(3700, 120)], 120, 60),
        ([(40, 40)], 130, 70),
        ([(-10, None)], 130, 70),
    ],
    ids=[
        "none", "the failures exactly", "more than the failures", "less than the failures",
        "within one stretch", "three of them", "one that goes on", "all the span", "before the span",
        "from before the span", "none long", "after now",
    ],
)  # fmt: skip
async def test_blind_time_is_not_observed_to_the_second(
    database: Database, blind: list[tuple[float, float | None]], observed: float, good: float
) -> None:
    """The failures that were stored before it was decided count for nothing either."""
    service = await added_service(database)  # 30 s interval, 10 s timeout
    await put_checks(database, service.id, CHECKS)
    for began, ended in blind:
        await begin(database, ago(began))
        if ended is not None:
            await end(database, ago(ended))
    async with database.unit() as unit:
        uptime = (await unit.history.uptimes(3600, NOON))[service.id]
    assert uptime == Uptime(3600, observed, good)


async def test_blind_results_and_a_blind_interval_are_not_taken_away_twice(database: Database) -> None:
    service = await added_service(database)  # 30 s interval, 10 s timeout
    checks: list[Check] = [(ago(130), UP, 1), (ago(100), DOWN, 1), (ago(70), BLIND, 1), (ago(40), UP, 1)]
    await put_checks(database, service.id, checks)
    await begin(database, ago(100))
    await end(database, ago(50))
    async with database.unit() as unit:
        uptime = (await unit.history.uptimes(3600, NOON))[service.id]
    assert (uptime.observed_seconds, uptime.good_seconds) == pytest.approx((70, 70))
