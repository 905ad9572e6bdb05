"""Reports of processes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from core.domain.workers import RoundHealth, WorkerKind, WorkerReport
from core.storage.database import Database
from tests.storage.outages import fetch

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def report(worker_id: str, *, leading: bool = False) -> WorkerReport:
    health = RoundHealth(
        services=12,
        checks_per_second=0.4,
        lag_ms=3.5,
        missed=2,
        waiting=9,
        dropped=1,
        references=3,
        blind_since=START,
        pings=True,
        pinged_at=START + timedelta(microseconds=1),
        ping_answered=True,
    )
    return WorkerReport(
        id=worker_id,
        kind=WorkerKind.AGENT,
        operator="root",
        host="ops1",
        pid=4711,
        can_lead=True,
        leading=leading,
        started_at=START,
        seen_at=START,
        health=health,
    )


async def beat(database: Database, *reports: WorkerReport) -> None:
    async with database.unit() as unit:
        for each in reports:
            await unit.workers.beat(each)


async def live(database: Database) -> tuple[WorkerReport, ...]:
    async with database.unit() as unit:
        return tuple(await unit.workers.live())


async def test_a_report_is_read_back_as_seen_now_by_the_servers_clock(database: Database) -> None:
    await beat(database, report("one"))
    (read,) = await live(database)
    assert replace(read, seen_at=START) == report("one")
    (row,) = await fetch(database, "SELECT now() - seen_at FROM ronda.workers")
    assert isinstance(row[0], timedelta)
    assert row[0] < timedelta(seconds=30)


async def test_an_agent_says_with_which_console_it_ends(database: Database) -> None:
    await beat(database, replace(report("child"), ends_with="console"))
    (read,) = await live(database)
    assert read.ends_with == "console"
    await fetch(database, "UPDATE ronda.workers SET health = health - 'ends_with' RETURNING 1")
    (read,) = await live(database)
    assert read.ends_with == ""


async def test_a_second_report_takes_the_place_of_the_first(database: Database) -> None:
    await beat(database, report("one"))
    await beat(database, report("one", leading=True))
    assert [each.leading for each in await live(database)] == [True]


async def test_who_leads_comes_first(database: Database) -> None:
    await beat(database, report("a"), report("b", leading=True), report("c"))
    assert [each.id for each in await live(database)] == ["b", "a", "c"]


async def test_who_was_not_heard_of_for_ten_seconds_is_gone(database: Database) -> None:
    await beat(database, report("dead"), report("alive"))
    await fetch(
        database,
        "UPDATE ronda.workers SET seen_at = now() - interval '11 s' WHERE id = 'dead' RETURNING 1",
    )
    assert [each.id for each in await live(database)] == ["alive"]


async def test_who_leaves_is_gone_and_takes_the_long_dead_along(database: Database) -> None:
    await beat(database, report("one"), report("two"), report("long dead"))
    await fetch(
        database,
        "UPDATE ronda.workers SET seen_at = now() - interval '2 days' WHERE id = 'long dead' RETURNING 1",
    )
    async with database.unit() as unit:
        await unit.workers.leave("one")
    assert await fetch(database, "SELECT id FROM ronda.workers") == [("two",)]


async def test_health_of_another_version_is_read_as_far_as_it_is_known(database: Database) -> None:
    await beat(database, report("one"))
    await fetch(database, 'UPDATE ronda.workers SET health = \'{"services": 3, "novelty": 1}\' RETURNING 1')
    assert (await live(database))[0].health == RoundHealth(services=3)


async def test_a_killed_leader_does_not_lead_beside_the_one_that_took_over(database: Database) -> None:
    await beat(database, report("killed", leading=True), report("heir", leading=True))
    await fetch(database, "UPDATE ronda.lead SET holder = 'heir' RETURNING id")
    assert [(each.id, each.leading) for each in await live(database)] == [("heir", True), ("killed", False)]
