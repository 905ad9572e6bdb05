"""A whole console with more services than it should check, and the agent that it starts."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from core.bus import Bus
from core.domain.clients import ClientSpec
from core.domain.events import LeadChanged, ServiceJudged, WorkersReported
from core.domain.services import Service, ServiceSpec
from core.domain.workers import WorkerKind, WorkerReport
from core.operations.clients import add_client
from core.operations.health import leader_of, watchers
from core.operations.services import add_service
from core.runtime import Runtime, open_desk, open_runtime
from core.settings import Settings
from core.storage.database import Database
from tests.cli.support import Target
from tests.storage.outages import fetch

PATIENCE_SECONDS = 60.0
INTERVAL_SECONDS = 2.0


@pytest.fixture
def settings(shared_settings: Settings) -> Settings:
    """Give settings with which one busy service is too many."""
    return replace(shared_settings, agent_above=1)


class Console:
    """A console without a screen, and what it hears."""

    def __init__(self, runtime: Runtime, bus: Bus) -> None:
        self.runtime = runtime
        self.judged: list[ServiceJudged] = []
        self.workers: tuple[WorkerReport, ...] = ()
        self.changed = asyncio.Event()
        bus.subscribe(ServiceJudged, self._judge)
        bus.subscribe(WorkersReported, self._hear)
        bus.subscribe(LeadChanged, lambda _event: self.changed.set())

    def _judge(self, event: ServiceJudged) -> None:
        self.judged.append(event)
        self.changed.set()

    def _hear(self, event: WorkersReported) -> None:
        self.workers = event.workers
        self.changed.set()

    async def leader(self, kind: WorkerKind, *, unlike: int = 0) -> WorkerReport:
        """Wait until a process of a kind leads."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                leader = leader_of(self.workers)
                if leader is not None and leader.kind is kind and leader.pid != unlike:
                    return leader
                await self._anything()

    async def results(self, count: int) -> None:
        """Wait for so many more results."""
        wanted = len(self.judged) + count
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(self.judged) < wanted:
                await self._anything()

    async def _anything(self) -> None:
        self.changed.clear()
        await self.changed.wait()


@pytest.fixture
async def console(settings: Settings) -> AsyncIterator[Console]:
    bus = Bus()
    async with open_runtime(settings, kind=WorkerKind.CONSOLE, may_lead=True, bus=bus) as runtime:
        yield Console(runtime, bus)


@pytest.fixture
def target() -> Iterator[Target]:
    with Target() as running:
        yield running


async def add_busy_service(console: Console, target: Target) -> Service:
    desk = console.runtime.desk
    client = await add_client(desk, ClientSpec("Acme"))
    spec = ServiceSpec("web", target.url("/200"), interval_seconds=INTERVAL_SECONDS, timeout_seconds=1.0)
    return await add_service(desk, client.id, spec)


async def stored_times(database: Database) -> list[datetime]:
    rows = await fetch(database, "SELECT checked_at FROM ronda.health_checks ORDER BY checked_at")
    return [at for (at,) in rows if isinstance(at, datetime)]


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_console_leaves_many_checks_to_an_agent_and_none_is_lost(
    settings: Settings, database: Database, target: Target
) -> None:
    bus = Bus()
    async with open_runtime(settings, kind=WorkerKind.CONSOLE, may_lead=True, bus=bus) as runtime:
        console = Console(runtime, bus)
        await console.leader(WorkerKind.CONSOLE)
        await add_busy_service(console, target)
        await console.results(1)
        agent = await console.leader(WorkerKind.AGENT)
        assert agent.ends_with == runtime.desk.own_id
        assert not runtime.round.leads
        await console.results(3)
    assert not lives(agent.pid)
    times = await stored_times(database)
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert len(gaps) >= 3
    assert max(gaps) <= timedelta(seconds=2 * INTERVAL_SECONDS)
    async with open_desk(settings) as desk:
        assert await watchers(desk) == ()


async def test_a_console_goes_on_when_its_agent_is_killed_and_starts_another(
    console: Console, target: Target
) -> None:
    await add_busy_service(console, target)
    first = await console.leader(WorkerKind.AGENT)
    os.kill(first.pid, 9)
    await console.leader(WorkerKind.CONSOLE)
    await console.results(1)
    second = await console.leader(WorkerKind.AGENT, unlike=first.pid)
    assert second.ends_with == first.ends_with


async def test_a_console_that_is_told_never_to_checks_all_by_itself(
    settings: Settings, target: Target
) -> None:
    bus = Bus()
    alone = replace(settings, agent_above=None)
    async with open_runtime(alone, kind=WorkerKind.CONSOLE, may_lead=True, bus=bus) as runtime:
        console = Console(runtime, bus)
        await add_busy_service(console, target)
        await console.results(3)
        assert [worker.kind for worker in console.workers] == [WorkerKind.CONSOLE]
