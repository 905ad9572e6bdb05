"""Rows per CPU second through the recorder: flush transaction, COPY, states and notice together."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bench.targets import scratch
from core.bus import Bus
from core.clock import SystemClock
from core.domain.clients import ClientSpec
from core.domain.observations import Certificate, Observation, Phases, Status
from core.domain.secret import Secret
from core.domain.services import ServiceSpec
from core.domain.status import Policy, ServiceState, step
from core.secrets import Cipher
from core.storage.database import Database
from core.storage.embedded import EmbeddedServer
from core.storage.lead import Lead, Term
from core.storage.recording import Judged, Recording
from core.worker.backlog import Backlog
from core.worker.recorder import Recorder

BATCHES = (25, 250, 2_500)
"""Rows in a flush: four flushes a second make these 100, 1,000 and 10,000 checks a second."""
ROWS = 20_000
"""Rows for each size, or a hundred flushes."""
SERVICES = 2_500
_RECORDER_PID = b"SELECT pid FROM pg_stat_activity WHERE application_name = 'ronda recorder'"


@dataclass(frozen=True)
class Cost:
    """What a size of batch costs."""

    batch: int
    client_us: float
    server_us: float | None
    """None where the system does not tell."""
    flush_ms: float

    def line(self) -> str:
        """Give a line of the table."""
        total = self.client_us + (self.server_us or 0.0)
        server = "      -" if self.server_us is None else f"{self.server_us:7.1f}"
        return (
            f"{self.batch:7d} {self.client_us:7.1f} {server} {1e6 / self.client_us:11,.0f}"
            f" {1e6 / total:11,.0f} {self.flush_ms:8.1f}"
        )


def main() -> None:
    """Print the table."""
    print("Recorder, microseconds of CPU for a row and rows for a second of CPU")
    print("  batch  client  server rows/client  rows/total flush ms")
    with _server() as url:
        for cost in asyncio.run(_measure(url)):
            print(cost.line())


@contextmanager
def _server() -> Iterator[str]:
    with scratch() as folder:
        server = EmbeddedServer(folder / "server", idle_seconds=0.0)
        try:
            yield server.start()
        finally:
            server.stop()


async def _measure(url: str) -> list[Cost]:
    database = Database(url, Cipher(Secret(base64.b64encode(bytes(32)).decode())), SystemClock())
    await database.open()
    lead = Lead(database, "bench", lease_seconds=600.0)
    term = await lead.try_take()
    assert term is not None
    ids = await _services(database)
    costs = []
    for batch in BATCHES:
        cost, term = await _cost(database, term, ids, batch)
        costs.append(cost)
    await lead.release()
    await database.close()
    return costs


async def _services(database: Database) -> list[int]:
    now = SystemClock().now()
    async with database.unit() as unit:
        client = await unit.clients.add(ClientSpec("bench"), now)
        specs = [ServiceSpec(f"service {number}", "https://bench.example") for number in range(SERVICES)]
        return [(await unit.services.add(client.id, spec, now)).id for spec in specs]


async def _cost(database: Database, term: Term, ids: list[int], batch: int) -> tuple[Cost, Term]:
    recorder = Recorder(Recording(database), Bus(), fenced=_refuse, backlog=Backlog(), pace_seconds=0.0)
    recorder.lead(term)
    recorder.start()
    await _write(recorder, _results(ids, batch))  # opens the connection
    rounds = max(1, min(100, ROWS // batch))
    batches = [_results(ids, batch) for _ in range(rounds)]
    server = _siblings(await _ask(database, _RECORDER_PID))
    client_before, server_before, began = time.process_time(), _cpu(server), time.perf_counter()
    for results in batches:
        await _write(recorder, results)
    seconds = time.perf_counter() - began
    client = time.process_time() - client_before
    server_cpu = None if server_before is None else (_cpu(server) or 0.0) - server_before
    await recorder.stop(10.0)
    rows = rounds * batch
    cost = Cost(
        batch,
        client / rows * 1e6,
        None if server_cpu is None else server_cpu / rows * 1e6,
        seconds / rounds * 1e3,
    )
    return cost, Term(term.epoch, await _ask(database, b"SELECT flush FROM ronda.lead"))


def _refuse() -> None:
    raise AssertionError("nobody else is here")


async def _write(recorder: Recorder, results: list[Judged]) -> None:
    for result in results:
        recorder.take(result)
    await recorder.drain(60.0)


def _results(ids: list[int], count: int) -> list[Judged]:
    """Make results as checks over TLS give them."""
    now = SystemClock().now()
    certificate = Certificate(now + timedelta(days=60), "CN=Bench CA", "CN=bench.example")
    results = []
    for number in range(count):
        seen = Observation(
            checked_at=now + timedelta(microseconds=number),
            status=Status.UP,
            latency_ms=23.4,
            status_code=200,
            phases=Phases(0.4, 5.1, 9.8, 8.1),
            certificate=certificate,
            address="192.0.2.1",
        )
        state = step(ServiceState(), seen, Policy(2, 1)).state
        results.append(Judged(ids[number % len(ids)], seen, state))
    return results


async def _ask(database: Database, statement: bytes) -> int:
    async with await database.dedicated_connection() as connection:
        row = await (await connection.execute(statement)).fetchone()
        assert row is not None
        return int(row[0])


def _siblings(pid: int) -> list[Path]:
    """Give where Linux tells the CPU of each process of the server of one of them; empty elsewhere."""
    own = Path(f"/proc/{pid}")
    if not own.exists():
        return []
    postmaster = _parent(own)
    return [each / "schedstat" for each in Path("/proc").glob("[0-9]*") if _parent(each) == postmaster]


def _parent(process: Path) -> str | None:
    try:
        status = (process / "status").read_text()
    except OSError:  # it has ended
        return None
    return next((line.split()[1] for line in status.splitlines() if line.startswith("PPid:")), None)


def _cpu(processes: list[Path]) -> float | None:
    """Give seconds of CPU of the server; None where the system does not tell."""
    if not processes:
        return None
    return sum(int(each.read_text().split()[0]) for each in processes if each.exists()) / 1e9


if __name__ == "__main__":
    main()
