"""The uplink guard in the round, end to end on a real database."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime

import pytest

from core.checks.request import CheckRequest
from core.clock import SystemClock
from core.domain.clients import ClientSpec
from core.domain.kinds import Kind
from core.domain.observations import ErrorKind, Observation, Status
from core.domain.services import Service, ServiceSpec
from core.domain.uplink import BlindInterval
from core.storage.database import Database
from core.worker.outside import ANSWER_SECONDS, Outside
from tests.conftest import ServerForTests
from tests.storage.outages import fetch, outage
from tests.worker.office import Office, Process, now
from tests.worker.support import PATIENCE_SECONDS, until

REFERENCES = ("192.0.2.1:53", "https://reference.example/")
GUARDED = replace(Outside.of(REFERENCES, None), ask_seconds=0.05)
URLS = {"tcp://192.0.2.1:53", "https://reference.example/"}


class Line:
    """The line to everything outside; what is not in ``reachable`` fails while it is down."""

    def __init__(self) -> None:
        self.up = True
        self.reachable: set[str] = set()
        self.broken: set[str] = set()
        """What answers with an error of its own."""
        self.answering = asyncio.Event()
        """References answer, or do not, once it is set."""
        self.answering.set()
        self.asked: list[str] = []

    async def check(self, request: CheckRequest) -> Observation:
        self.asked.append(request.url)
        began = SystemClock().now()
        if request.url in URLS:
            await self.answering.wait()
        if request.url in self.broken:
            return Observation(began, Status.DOWN, error=ErrorKind.STATUS)
        if self.up or request.url in self.reachable:
            return Observation(began, Status.UP, latency_ms=1.0)
        return Observation(began, Status.DOWN, error=ErrorKind.CONNECT, detail="no route to host")


@pytest.fixture
def line() -> Line:
    return Line()


async def add(office: Office, *names: str) -> list[Service]:
    """Add services of a client each, checked every second, whose first failure confirms."""
    services = []
    for name in names:
        async with office.database.unit() as unit:
            client = await unit.clients.add(ClientSpec(name, dns=f"https://{name}.example"), now())
            spec = ServiceSpec(name, "/", interval_seconds=1.0, timeout_seconds=1.0, retries=0)
            services.append(await unit.services.add(client.id, spec, now()))
    return services


async def opened(office: Office, line: Line, outside: Outside = GUARDED, *names: str) -> Process:
    """Start a process that checks three services, and wait until each was reached."""
    services = await add(office, *(names or ("one", "two", "three")))
    process = await office.open(checks=line, outside=outside)
    for service in services:
        await process.checked(service.id)
    return process


def statuses(process: Process) -> set[Status]:
    return {event.observation.status for event in process.judged}


def hard(process: Process) -> set[Status]:
    return {event.state.status for event in process.judged}


async def stored_intervals(database: Database, count: int, *, closed: bool) -> list[tuple[object, ...]]:
    """Wait until so many intervals are stored and the last one is closed, or open."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            rows = await fetch(database, "SELECT started_at, ended_at FROM ronda.blind_intervals ORDER BY id")
            if len(rows) == count and (rows[-1][1] is not None) is closed:
                return rows
            await asyncio.sleep(0.02)


async def leave_open(database: Database, at: datetime) -> None:
    """Have a former leader leave a blind interval open."""
    async with database.unit() as unit:
        await unit.blind.begin(0, at, "dark")


def test_references_are_asked_for_an_answer_of_any_kind() -> None:
    first, second = GUARDED.references
    assert (first.url, first.kind, second.url, second.kind) == (
        "tcp://192.0.2.1:53",
        Kind.TCP,
        "https://reference.example/",
        Kind.HTTP,
    )
    assert first.timeout_seconds == second.timeout_seconds == ANSWER_SECONDS
    assert not second.follow_redirects


async def test_while_the_line_is_down_nothing_is_judged_and_afterwards_all_is_as_before(
    office: Office, line: Line
) -> None:
    process = await opened(office, line)
    assert not URLS & set(line.asked), "nobody is asked without a suspicion"
    line.up = False
    await until(lambda: Status.BLIND in statuses(process))
    assert process.round.health().blind_since is not None
    ((began, _open),) = await stored_intervals(office.database, 1, closed=False)
    failed = min(each.observation.checked_at for each in process.judged if each.observation.error)
    assert process.round.health().blind_since == began
    assert isinstance(began, datetime)
    assert began >= failed
    line.up = True
    await stored_intervals(office.database, 1, closed=True)
    await until(lambda: process.judged[-1].observation.status is Status.UP)
    assert process.round.health().blind_since is None
    kinds = await fetch(office.database, "SELECT kind FROM ronda.occasions ORDER BY id")
    assert kinds == [("blind",), ("blind_end",)]


async def test_what_is_undecided_is_confirmed_only_once_a_reference_has_answered(
    office: Office, line: Line
) -> None:
    process = await opened(office, line)
    line.answering.clear()
    line.reachable = {"tcp://192.0.2.1:53"}
    line.up = False
    await until(lambda: set(line.asked) >= URLS)
    suspected = len(process.judged)
    await until(lambda: len(process.judged) > suspected + 3)
    assert not any(each.transition for each in process.judged[suspected:])
    down = {each.service_id for each in process.judged if each.state.status is Status.DOWN}
    assert len(down) == 1, "the first one failed before there was a suspicion"
    line.answering.set()
    await until(lambda: Status.DOWN in {each.state.status for each in process.judged[suspected:]})
    assert Status.BLIND not in statuses(process)
    assert await fetch(office.database, "SELECT 1 FROM ronda.blind_intervals") == []


async def test_without_references_failures_are_failures(office: Office, line: Line) -> None:
    await leave_open(office.database, now())
    process = await opened(office, line, Outside())
    await stored_intervals(office.database, 1, closed=True)  # nobody here could ever tell
    line.up = False
    await until(lambda: [e.state.status for e in process.judged[-3:]] == 3 * [Status.DOWN])
    assert Status.BLIND not in statuses(process)
    assert not URLS & set(line.asked)
    assert process.round.health().references is None


async def test_what_answers_is_judged_as_ever_while_blind(office: Office, line: Line) -> None:
    line.reachable = {"https://one.example/"}
    process = await opened(office, line, GUARDED, "one", "two", "three", "four")
    line.up = False
    await until(lambda: Status.BLIND in statuses(process))
    line.broken = {"https://one.example/"}
    await until(lambda: Status.DOWN in {e.state.status for e in process.judged if not e.state.blind})
    fallen = next(e for e in process.judged if e.state.status is Status.DOWN and e.transition)
    assert fallen.observation.error in {ErrorKind.STATUS, ErrorKind.CONNECT}
    assert process.round.health().blind_since is not None


async def test_the_next_leader_goes_on_blind_and_closes_the_interval(office: Office, line: Line) -> None:
    first = await opened(office, line)
    line.up = False
    await until(lambda: first.round.health().blind_since is not None)
    ((began, _open),) = await stored_intervals(office.database, 1, closed=False)
    await first.stop()
    office.processes.remove(first)
    second = await office.open(checks=line, outside=GUARDED)
    await until(lambda: bool(second.judged))
    assert second.round.health().blind_since == began
    assert statuses(second) == {Status.BLIND}
    line.up = True
    ((_began, ended),) = await stored_intervals(office.database, 1, closed=True)
    assert ended is not None


async def test_a_leader_that_finds_the_line_up_closes_what_was_left_open(office: Office, line: Line) -> None:
    await leave_open(office.database, now())
    await opened(office, line)
    await stored_intervals(office.database, 1, closed=True)


async def test_an_interval_is_written_once_the_database_is_back(
    office: Office, line: Line, server: ServerForTests
) -> None:
    process = await opened(office, line)
    async with outage(server, office.database):
        line.up = False
        await until(lambda: process.round.health().blind_since is not None)
        began = process.round.health().blind_since
        line.up = True
        await until(lambda: process.round.health().blind_since is None)
    ((started_at, ended_at),) = await stored_intervals(office.database, 1, closed=True)
    assert started_at == began
    assert isinstance(ended_at, datetime)


async def test_when_sight_is_back_what_was_not_observed_is_checked_at_once(
    office: Office, line: Line
) -> None:
    process = await opened(office, line)
    line.up = False
    await until(lambda: process.round.health().blind_since is not None)
    (slow,) = await add(office, "slow")
    async with office.database.unit() as unit:
        spec = replace(slow.spec, interval_seconds=3600.0)
        slow = await unit.services.save(slow.id, slow.version, spec, now())
        await unit.announce({"services": [slow.id]})
    await process.checked(slow.id)
    line.up = True
    await process.checked(slow.id, 2)
    seen = [event.observation.status for event in process.judged if event.service_id == slow.id]
    assert seen == [Status.BLIND, Status.UP]


async def test_other_processes_hear_of_it(office: Office, line: Line) -> None:
    process = await opened(office, line)
    follower = await office.open()
    line.up = False
    await until(lambda: Status.BLIND in {event.state.observation.status for event in follower.judged
                                         if event.state.observation})  # fmt: skip
    await until(
        lambda: any(each.health.blind_since for report in follower.reports for each in report.workers)
    )
    leader = next(each for each in follower.reports[-1].workers if each.leading)
    assert leader.health.references == 2
    assert leader.health.blind_since == process.round.health().blind_since


async def test_an_open_interval_is_read_as_it_was_written(office: Office) -> None:
    at = now()
    await leave_open(office.database, at)
    async with office.database.unit() as unit:
        left = await unit.blind.open()
    assert left is not None
    assert left == BlindInterval(left.id, at, None, "dark")
