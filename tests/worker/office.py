"""Processes on one real database, with checks that are simulated."""

from __future__ import annotations

import asyncio
import itertools
import os
from datetime import UTC, datetime

from core.bus import Bus
from core.clock import SystemClock
from core.domain.channels import Sender
from core.domain.clients import Client, ClientSpec
from core.domain.events import (
    InventoryChanged,
    LeadChanged,
    ServiceJudged,
    StorageChanged,
    WorkersReported,
)
from core.domain.services import Service, ServiceSpec
from core.domain.workers import WorkerKind
from core.storage.database import Database
from core.storage.feed import Feed
from core.worker.outside import Outside
from core.worker.round import Identity, Round
from core.worker.runner import Checks
from tests.storage.outages import fetch
from tests.worker.support import PATIENCE_SECONDS, FakeChecks, until

LEASE_SECONDS = 1.5
HOUR = 3600.0


class Process:
    """What one console or agent has: a bus, a feed, a round, and checks, simulated if no others are given."""

    def __init__(
        self,
        database: Database,
        name: str,
        *,
        may_lead: bool = True,
        checks: Checks | None = None,
        outside: Outside | None = None,
        sender: Sender | None = None,
    ) -> None:
        self.database = database
        self.bus = Bus()
        self.checks = FakeChecks(SystemClock().now)
        self.judged: list[ServiceJudged] = []
        self.storage: list[StorageChanged] = []
        self.leads: list[LeadChanged] = []
        self.reports: list[WorkersReported] = []
        self.changes: list[InventoryChanged] = []
        self.bus.subscribe(ServiceJudged, self.judged.append)
        self.bus.subscribe(StorageChanged, self.storage.append)
        self.bus.subscribe(LeadChanged, self.leads.append)
        self.bus.subscribe(WorkersReported, self.reports.append)
        self.bus.subscribe(InventoryChanged, self.changes.append)
        self.feed = Feed(database, self.bus, name)
        identity = Identity(name, WorkerKind.CONSOLE, "tester", "here", os.getpid(), may_lead)
        self.round = Round(
            database,
            self.bus,
            SystemClock(),
            checks or self.checks,
            identity,
            outside=outside,
            lease_seconds=LEASE_SECONDS,
            sender=sender,
        )

    async def start(self) -> None:
        await self.feed.start()
        await self.round.start()

    async def stop(self) -> None:
        await self.round.stop(5.0)
        await self.feed.stop()

    async def leading(self) -> None:
        await until(lambda: self.round.leads)

    async def checked(self, service_id: int, times: int = 1) -> None:
        await until(lambda: self.count(service_id) >= times)

    def count(self, service_id: int) -> int:
        return sum(event.service_id == service_id for event in self.judged)


class Office:
    """One database, its inventory, and the processes on it."""

    def __init__(self, database: Database, client: Client) -> None:
        self.database = database
        self.client = client
        self.processes: list[Process] = []
        self._names = itertools.count(1)

    async def open(
        self,
        *,
        may_lead: bool = True,
        checks: Checks | None = None,
        outside: Outside | None = None,
        sender: Sender | None = None,
    ) -> Process:
        name = f"process {next(self._names)}"
        process = Process(
            self.database, name, may_lead=may_lead, checks=checks, outside=outside, sender=sender
        )
        self.processes.append(process)
        await process.start()
        return process

    async def add(self, name: str, *, interval: float = HOUR) -> Service:
        spec = ServiceSpec(name, f"https://{name}.example/", interval_seconds=interval, timeout_seconds=1.0)
        async with self.database.unit() as unit:
            service = await unit.services.add(self.client.id, spec, now())
            await unit.announce({"services": [service.id]})
        return service

    async def save(self, service: Service, spec: ServiceSpec) -> Service:
        async with self.database.unit() as unit:
            saved = await unit.services.save(service.id, service.version, spec, now())
            await unit.announce({"services": [service.id]})
        return saved

    async def save_client(self, spec: ClientSpec) -> None:
        async with self.database.unit() as unit:
            self.client = await unit.clients.save(self.client.id, self.client.version, spec, now())
            await unit.announce({"clients": [self.client.id]})

    async def bin(self, service: Service) -> None:
        async with self.database.unit() as unit:
            await unit.services.bin(service.id, now())
            await unit.announce({"services": [service.id]})

    async def stored_checks(self) -> int:
        ((count,),) = await fetch(self.database, "SELECT count(*) FROM ronda.health_checks")
        assert isinstance(count, int)
        return count

    async def stored(self, count: int) -> None:
        """Wait until so many checks are stored."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await self.stored_checks() < count:  # noqa: ASYNC110 - the server is asked
                await asyncio.sleep(0.02)
        assert await self.stored_checks() == count


def now() -> datetime:
    return datetime.now(UTC)
