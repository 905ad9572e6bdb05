"""Clocks, makers of values and fakes that the tests of the worker share."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from core.checks.request import CheckRequest
from core.domain.clients import Client, ClientSpec
from core.domain.observations import Observation, Status
from core.domain.services import Service, ServiceSpec
from core.domain.status import Policy, ServiceState, step
from core.storage.recording import Judged
from tests.clock import NOON

PATIENCE_SECONDS = 20.0
"""How long a fact is waited for before the test fails."""
START = NOON


class BentClock:
    """The clock of this machine, whose wall time can be set."""

    def __init__(self) -> None:
        self.bent = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.bent

    def monotonic(self) -> float:
        return time.monotonic()


async def until(fact: Callable[[], bool]) -> None:
    """Wait for a fact that the event loop brings about."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not fact():  # noqa: ASYNC110 - facts of every kind, most without an event
            await asyncio.sleep(0.005)


def client(
    client_id: int = 1,
    *,
    active: bool = True,
    dns: str = "https://acme.example",
    tags: tuple[str, ...] = (),
) -> Client:
    spec = ClientSpec(f"client {client_id}", dns=dns, active=active, tags=tags)
    return Client(client_id, spec, 1, START, START)


def service(
    service_id: int = 1,
    *,
    client_id: int = 1,
    interval: float = 30.0,
    active: bool = True,
    version: int = 1,
    endpoint: str | None = None,
    retries: int = 2,
    timeout: float = 1.0,
    tags: tuple[str, ...] = (),
) -> Service:
    spec = ServiceSpec(
        f"service {service_id}",
        endpoint or f"https://host{service_id}.example/health",
        interval_seconds=interval,
        timeout_seconds=timeout,
        active=active,
        retries=retries,
        tags=tags,
    )
    return Service(service_id, client_id, spec, version, START, START)


def seen(status: Status = Status.UP, at: datetime = START, **fields: object) -> Observation:
    return Observation(checked_at=at, status=status, **fields)  # type: ignore[arg-type]  # fields by name


def judged(service_id: int = 1, status: Status = Status.UP, at: datetime = START) -> Judged:
    observation = seen(status, at, latency_ms=12.5, status_code=200)
    return Judged(service_id, observation, step(ServiceState(), observation, Policy(2, 1)).state)


class FakeChecks:
    """Answers at once with ``status``, or waits where the test has closed a host's door."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.status = Status.UP
        self.lagged = False
        self.urls: list[str] = []
        self.running: defaultdict[str, int] = defaultdict(int)
        self.most_running = 0
        self.doors: defaultdict[str, asyncio.Event] = defaultdict(_open_door)

    async def check(self, request: CheckRequest) -> Observation:
        self.urls.append(request.url)
        self.running[request.url] += 1
        self.most_running = max(self.most_running, sum(self.running.values()))
        began = self._now()
        try:
            await self.doors[request.url].wait()
        finally:
            self.running[request.url] -= 1
        return Observation(checked_at=began, status=self.status, latency_ms=1.0, lagged=self.lagged)


def _open_door() -> asyncio.Event:
    door = asyncio.Event()
    door.set()
    return door
