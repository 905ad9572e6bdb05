"""What a check costs in the whole product: ``ronda agent`` and its PostgreSQL, as they run for a user.

The agent is a process of its own on an embedded server in a scratch folder. Its services are checked
over HTTP, each at a host of its own, on a new connection, and answered 200. After a warm-up the CPU time
of the agent and of every process of the server is taken over a window, and divided by the checks that
the history holds of it.

How late a check began is the distance of its stored time from the regular moment of its service.
"""

from __future__ import annotations

import asyncio
import base64
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, time

from bench.fleet import fleet, percentile, seconds_late
from bench.targets import make_certificate, scratch, target
from bench.usage import cpu_seconds, family_cpu_seconds, resident_megabytes
from core.clock import SystemClock
from core.domain.observations import STATUS_CODES, Status
from core.domain.secret import Secret
from core.domain.workers import RoundHealth
from core.secrets import Cipher
from core.settings import SETTINGS
from core.storage.database import Database
from core.storage.embedded import EmbeddedServer
from core.storage.embedded_cluster import read_postmaster

SECONDS = float(os.environ.get("RONDA_PRODUCT_SECONDS", "60"))
"""The window that counts."""
SIZES = tuple(int(size) for size in os.environ.get("RONDA_PRODUCT_SIZES", "300,10000").split(","))
SETTLE_SECONDS = 5.0
"""From the end of the first interval, in which the first checks are spread, to the window."""
START_SECONDS = 60.0
"""How long the agent may take to lead and to know every service."""
END_SECONDS = 60.0
"""How long it may take to end in order."""
POLL_SECONDS = 0.2
PEERS = (
    ("Uptime Kuma 2.5", "7.8 to 8.8"),
    ("Icinga 2", "6.7"),
    ("Nagios 4", "4.2"),
    ("blackbox_exporter (the probe alone, nothing stored)", "2.4"),
)
"""Milliseconds of CPU a check, daemon and children, on the same work; measured elsewhere."""
_ROWS = b"""
SELECT service_id, extract(epoch FROM checked_at)::float8, status FROM ronda.health_checks
WHERE checked_at >= to_timestamp(%s) AND checked_at < to_timestamp(%s)
"""


@dataclass(frozen=True, slots=True)
class Work:
    """What the agent has to do, and the CPU that it may take."""

    services: int
    interval_seconds: float
    goal_ms: float
    """For a check, all processes together."""

    @property
    def per_second(self) -> float:
        """Give the checks of a second."""
        return self.services / self.interval_seconds


WORKS = (Work(300, 10.0, 2.0), Work(10_000, 30.0, 0.9))
LARGE = 10_000
"""The number of services for which core, memory and lateness have goals."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was used until a moment."""

    at: float
    """Wall time, seconds."""
    agent: float
    """Seconds of CPU."""
    server: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one work cost."""

    work: Work
    before: Reading
    after: Reading
    megabytes: float
    """Of the agent."""
    late: list[float]
    """Seconds that each check of the window began late, sorted."""
    health: RoundHealth
    """What the agent says of itself."""


def main() -> None:
    """Measure each work and print what it cost."""
    if sys.platform != "linux":
        print("The product is left out: only Linux has ten thousand hosts on one machine.")
        return
    print("Agent and embedded PostgreSQL, HTTP, a new connection each, answered 200")
    with scratch() as folder, target(folder, make_certificate(folder)) as here:
        for work in WORKS:
            if work.services in SIZES:
                _print(_measured(work, folder / str(work.services), here.plain))
    print("peers, ms of CPU a check: " + "; ".join(f"{name} {cost}" for name, cost in PEERS))


def _print(outcome: Outcome) -> None:
    work, before, after = outcome.work, outcome.before, outcome.after
    checks, seconds = len(outcome.late), after.at - before.at
    agent, server = after.agent - before.agent, after.server - before.server
    late = [percentile(outcome.late, percent) * 1000 for percent in (50, 99, 100)]
    goals = work.services == LARGE
    print(f"{work.services:,} services every {work.interval_seconds:g} s, {seconds:.0f} s")
    print(
        f"  checks          {checks:,}, {checks / seconds:.1f} a second;"
        f" expected {work.per_second * seconds:,.0f}, missed intervals {outcome.health.missed}"
    )
    print(
        f"  CPU a check     agent {agent / checks * 1e3:.2f} ms, PostgreSQL {server / checks * 1e3:.2f} ms,"
        f" sum {(agent + server) / checks * 1e3:.2f} ms (goal: {work.goal_ms} ms at most)"
    )
    print(
        f"  of a core       agent {agent / seconds:.1%}{' (goal: 20 %)' * goals},"
        f" PostgreSQL {server / seconds:.1%}"
    )
    print(f"  memory          agent {outcome.megabytes:.0f} MB{' (goal: 100 MB)' * goals}")
    print(
        f"  began late      p50 {late[0]:.0f} ms, p99 {late[1]:.0f} ms{' (goal: 100 ms)' * goals},"
        f" most {late[2]:.0f} ms; loop lag at last {outcome.health.lag_ms:.0f} ms",
        flush=True,
    )


def _measured(work: Work, folder: Path, port: int) -> Outcome:
    folder.mkdir(mode=0o711)
    key = base64.b64encode(os.urandom(32)).decode()
    server = EmbeddedServer(folder / "data" / "postgresql", idle_seconds=0.0)
    try:
        database = Database(server.start(), Cipher(Secret(key)), SystemClock(), embedded=True)
        return asyncio.run(_measure(work, database, folder, key, server, port))
    finally:
        server.stop()


async def _measure(
    work: Work, database: Database, folder: Path, key: str, server: EmbeddedServer, port: int
) -> Outcome:
    postmaster = read_postmaster(server.layout)
    assert postmaster is not None
    async with _filled(database, work, port):
        with _agent(folder, key) as agent:
            await _until_it_knows_all(database, work, agent)
            await asyncio.sleep(work.interval_seconds + SETTLE_SECONDS)
            before = _reading(agent.pid, postmaster.pid)
            await asyncio.sleep(SECONDS)
            after = _reading(agent.pid, postmaster.pid)
            megabytes = resident_megabytes(agent.pid)
            await asyncio.sleep(1.0)  # by then the last checks are written
            health = await _health(database)
            assert health is not None
            late = await _late(database, work, before.at, after.at)
    return Outcome(work, before, after, megabytes, late, health)


def _reading(agent: int, postmaster: int) -> Reading:
    return Reading(time(), cpu_seconds(agent), family_cpu_seconds(postmaster))


@asynccontextmanager
async def _filled(database: Database, work: Work, port: int) -> AsyncIterator[None]:
    """Open the database with all services in it."""
    await database.open()
    try:
        now = datetime.now(UTC)
        for client_spec, specs in fleet(work.services, work.interval_seconds, port):
            async with database.unit() as unit:
                client = await unit.clients.add(client_spec, now)
                for spec in specs:
                    await unit.services.add(client.id, spec, now)
        yield
    finally:
        await database.close()


@contextmanager
def _agent(folder: Path, key: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run an agent, out of the terminal's reach; it ends in order before the server is stopped."""
    ours = {setting.name for setting in SETTINGS}
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    environment |= {
        "RONDA_DATA_DIR": str(folder / "data"),
        "RONDA_CONFIG_DIR": str(folder / "config"),
        "RONDA_LOG_DIR": str(folder / "log"),
        "RONDA_SECRET_KEY": key,
    }
    command = [sys.executable, "-m", "tui", "agent"]
    with (
        (folder / "agent.log").open("wb") as log,
        subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        ) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


async def _until_it_knows_all(database: Database, work: Work, agent: subprocess.Popen[bytes]) -> None:
    give_up = monotonic() + START_SECONDS
    while monotonic() < give_up and agent.poll() is None:
        health = await _health(database)
        if health is not None and health.services == work.services:
            return
        await asyncio.sleep(POLL_SECONDS)
    raise RuntimeError("the agent does not run the round")


async def _health(database: Database) -> RoundHealth | None:
    """Give what the leader says of itself; None while there is none."""
    async with database.unit() as unit:
        return next((worker.health for worker in await unit.workers.live() if worker.leading), None)


async def _late(database: Database, work: Work, since: float, until: float) -> list[float]:
    """Give how late each check of a window began; RuntimeError if one did not see what is there."""
    async with await database.dedicated_connection() as connection:
        rows = await (await connection.execute(_ROWS, [since, until])).fetchall()
    if wrong := sum(status != STATUS_CODES[Status.UP] for _id, _began, status in rows):
        raise RuntimeError(f"{wrong} of {len(rows)} checks did not see what is there")
    offset = monotonic() - time()
    return sorted(
        seconds_late(service_id, work.interval_seconds, began + offset) for service_id, began, _status in rows
    )


if __name__ == "__main__":
    main()
