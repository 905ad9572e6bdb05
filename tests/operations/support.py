"""Makers of desks, inventory and observations for tests of operations and commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast

from core.bus import Bus
from core.checks.prober import Prober
from core.checks.request import CheckRequest
from core.domain.clients import Client, ClientSpec
from core.domain.observations import Observation, Status
from core.domain.operators import Operator
from core.domain.secret import Secret
from core.domain.services import Header, Service, ServiceSpec
from core.domain.status import Policy, ServiceState, step
from core.domain.workers import RoundHealth, WorkerKind, WorkerReport
from core.operations.clients import add_client
from core.operations.desk import Desk
from core.operations.services import add_service
from core.storage.database import Database
from core.storage.lead import Lead
from core.storage.recording import Judged, Recording
from tests.clock import NOON, FrozenClock

OPERATOR = Operator("olga", "ops1", "/dev/pts/1")
ACME = ClientSpec("Acme", dns="https://acme.example", api_key=Secret("k3y-of-acme"), tags=("gold",))
PING = ServiceSpec(
    "ping", "/health", headers=(Header("Authorization", Secret("Bearer {api_key}")),), timeout_seconds=5.0
)


class FakeProber:
    """Gives the same observation for every check, and remembers what it was asked."""

    def __init__(self, observation: Observation) -> None:
        self.observation = observation
        self.requests: list[CheckRequest] = []

    async def check(self, request: CheckRequest) -> Observation:
        self.requests.append(request)
        return self.observation


def desk_on(
    database: Database, clock: FrozenClock, operator: Operator = OPERATOR, prober: FakeProber | None = None
) -> Desk:
    """Give a desk whose checks all see an up, if no prober is given."""
    prober = prober or FakeProber(Observation(clock.now(), Status.UP))
    return Desk(database, Bus(), clock, operator, cast("Prober", prober), 30.0, "this-process")


async def acme_with(desk: Desk, *specs: ServiceSpec) -> tuple[Client, Sequence[Service]]:
    """Save the client Acme with some services."""
    client = await add_client(desk, ACME)
    return client, [await add_service(desk, client.id, spec) for spec in specs]


async def record(database: Database, seen: Mapping[int, Sequence[Observation]]) -> None:
    """Judge observations of services without retries, and write them as the recorder does."""
    lead, recording = Lead(database, "recorder"), Recording(database)
    term = await lead.try_take()
    assert term is not None
    batch = [judged for service_id, each in seen.items() for judged in _judged(service_id, each)]
    await recording.flush(batch, term.epoch, term.flush + 1)
    await recording.close()
    await lead.release()


def _judged(service_id: int, observations: Sequence[Observation]) -> Sequence[Judged]:
    state, judged = ServiceState(), []
    for observation in observations:
        result = step(state, observation, Policy(0, 1))
        state = result.state
        judged.append(Judged(service_id, observation, state, result.transition))
    return judged


def worker(
    worker_id: str, *, leading: bool = False, can_lead: bool = True, at: datetime = NOON
) -> WorkerReport:
    """Give the report of a process."""
    health = RoundHealth(services=3, checks_per_second=1.5, lag_ms=2.0, late_ms=1.0, lagged=7)
    return WorkerReport(worker_id, WorkerKind.AGENT, "olga", "ops1", 42, can_lead, leading, at, at, health)


async def report(database: Database, *workers: WorkerReport) -> None:
    """Have processes be on the list."""
    async with database.unit() as unit:
        for each in workers:
            await unit.workers.beat(each)
