"""Judging and telling: judgements for a second of CPU, and a storm in which everything is down at once."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from bench.targets import scratch
from bench.usage import own_cpu_seconds
from core.bus import Bus
from core.clock import SystemClock
from core.domain.channels import ChannelKind, ChannelSpec, Delivery, Message
from core.domain.clients import Client, ClientSpec
from core.domain.faults import Fault
from core.domain.observations import ErrorKind, Observation, Status
from core.domain.secret import Secret
from core.domain.services import Service, ServiceSpec
from core.domain.status import Policy, ServiceState, step
from core.secrets import Cipher
from core.storage.database import Database
from core.storage.embedded import EmbeddedServer
from core.storage.feed import Feed
from core.storage.lead import Lead
from core.storage.recording import Judged, Recording
from core.worker.recorder import Recorder
from core.worker.telling import Telling
from core.worker.watched import Watched

JUDGEMENTS = 200_000
SERVICES = 10_000
PATIENCE_SECONDS = 120.0


class _Clerk:
    """Takes every message at once, and notes when the first one came."""

    def __init__(self) -> None:
        self.first_at: float | None = None
        self.items = 0

    async def send(self, spec: ChannelSpec, message: Message) -> Delivery:
        """Accept."""
        self.first_at = self.first_at or time.perf_counter()
        items, more = message.document["items"], message.document["more"]
        assert isinstance(items, list)
        assert isinstance(more, int)
        self.items += len(items) + more
        return Delivery(True, "")

    async def url_faults(self, spec: ChannelSpec) -> tuple[Fault, ...]:
        """Find nothing wrong."""
        return ()


def main() -> None:
    """Print the figures."""
    _judgements("in calm", lambda _number: Status.UP)
    _judgements("every tenth result down", lambda number: Status.UP if number % 10 else Status.DOWN)
    with scratch() as folder:
        server = EmbeddedServer(folder / "server")
        url = server.start()
        try:
            asyncio.run(_storm(url))
        finally:
            server.stop()


def _judgements(name: str, status: Callable[[int], Status]) -> None:
    """Judge as the runner does: state, incident, occasions of one result after the other."""
    now = SystemClock().now()
    client = Client(1, ClientSpec("acme"), 1, now, now)
    service = Service(1, 1, ServiceSpec("ping", "https://acme.example"), 1, now, now)
    watched = Watched.of(client, service, ServiceState())
    seen = [Observation(now + timedelta(seconds=number), status(number)) for number in range(JUDGEMENTS)]
    began = own_cpu_seconds()
    for each in seen:
        watched.judge(each)
    used = own_cpu_seconds() - began
    print(
        f"judgements for a second of CPU, {name}: {JUDGEMENTS / used:,.0f} ({used / JUDGEMENTS * 1e6:.1f} us)"
    )


async def _storm(url: str) -> None:
    """Have every service be confirmed down in one moment; measure to the first notice and the last row."""
    clock = SystemClock()
    database = Database(url, Cipher(Secret(base64.b64encode(bytes(32)).decode())), clock)
    await database.open()
    service_ids = await _inventory(database, clock.now())
    lead, clerk, bus = Lead(database, "bench", lease_seconds=60.0), _Clerk(), Bus()
    term = await lead.try_take()
    assert term is not None
    recorder = Recorder(Recording(database), bus, fenced=lambda: None)
    recorder.lead(term)
    recorder.start()
    telling = Telling(database, bus, clock, clerk, "bench", lambda: term.epoch)
    feed = Feed(database, bus, "bench")
    await feed.start()
    telling.start()
    lags = asyncio.create_task(_worst_lag())
    began, cpu = time.perf_counter(), own_cpu_seconds()
    for service_id in service_ids:
        recorder.take(_down(service_id, clock.now()))
    await recorder.drain(PATIENCE_SECONDS)
    written = time.perf_counter() - began
    async with asyncio.timeout(PATIENCE_SECONDS):
        while clerk.items < len(service_ids):  # noqa: ASYNC110 - the sender is not asked to tell
            await asyncio.sleep(0.05)
    told = time.perf_counter() - began
    used = own_cpu_seconds() - cpu
    await telling.stop()
    await feed.stop()
    lags.cancel()
    first = (clerk.first_at or 0.0) - began
    print(f"storm of {len(service_ids):,}: results, states and incidents written after {written:.1f} s")
    print(f"  first notice after {first:.1f} s (5.0 of them the grouping), the last after {told:.1f} s")
    print(f"  CPU of this process {used:.1f} s")
    await recorder.stop(10.0)
    await lead.release()
    await database.close()


async def _worst_lag() -> None:
    """Print the longest time for which the event loop answered nobody."""
    worst = 0.0
    try:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.005)
            worst = max(worst, time.perf_counter() - began - 0.005)
    finally:
        print(f"  the loop's longest silence: {worst * 1000:.0f} ms")


async def _inventory(database: Database, now: datetime) -> list[int]:
    ids: list[int] = []
    async with database.unit() as unit:
        spec = ChannelSpec("mail", ChannelKind.APPRISE, Secret("mailto://ops@acme.example"))
        await unit.channels.add(spec, now)
        for number in range(SERVICES // 100):
            client = await unit.clients.add(ClientSpec(f"client {number}"), now)
            for each in range(100):
                spec_ = ServiceSpec(f"service {each}", "https://acme.example")
                ids.append((await unit.services.add(client.id, spec_, now)).id)
    return ids


def _down(service_id: int, now: datetime) -> Judged:
    seen = Observation(now, Status.DOWN, error=ErrorKind.CONNECT, detail="connection refused")
    judged = step(ServiceState(), seen, Policy(0, 1))
    return Judged(service_id, seen, judged.state, judged.transition)


if __name__ == "__main__":
    main()
