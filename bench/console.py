"""What a console bears: the checks in the loop that draws it, against an agent of its own that runs them.

A whole console without a terminal, on an embedded server in a scratch folder, checks services every 30 s
over HTTP, each at a host of its own. Keys move the cursor of its board; a key's time ends when the screen
has been drawn anew. *Own* figures count the time of CPU that the console's thread has had meanwhile, so
that other work on the machine is left out. The largest gap is the longest time between two checks of any
one service, beyond its interval, since the console was opened: with an agent it spans the change-over.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time, thread_time

from textual import events

from bench.fleet import fleet, percentile
from bench.targets import make_certificate, scratch, target
from core.domain.workers import WorkerKind
from core.loop import run
from core.operations.desk import Desk
from core.runtime import open_desk, open_runtime
from core.settings import Settings
from core.storage.embedded import EmbeddedServer
from tui.app import RondaApp
from tui.screens.board import BoardScreen
from tui.stages import Stage
from tui.widgets.status_grid import StatusGrid

SIZES = tuple(int(size) for size in os.environ.get("RONDA_CONSOLE_SIZES", "2000,10000").split(","))
SECONDS = float(os.environ.get("RONDA_CONSOLE_SECONDS", "25"))
"""The window that counts."""
INTERVAL_SECONDS = 30.0
SETTLE_SECONDS = 40.0
"""The first checks are spread over one interval, and the lead changes hands meanwhile."""
SIZE = (160, 45)
KEYS_APART_SECONDS = 0.15
_GAPS = b"""
SELECT coalesce(extract(epoch FROM max(gap))::float8, 0) FROM (
    SELECT checked_at - lag(checked_at) OVER (PARTITION BY service_id ORDER BY checked_at) AS gap
    FROM ronda.health_checks
) AS gaps
"""


Span = tuple[float, float]
"""Wall time and CPU time of this thread, in ms."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one console was like."""

    leader: str
    cpu_percent: float
    """Of the console's process alone."""
    lags: list[Span]
    """How late sleeps of 5 ms ended."""
    keys: list[Span]
    """From key to frame."""
    beyond_seconds: float
    """The largest gap between two checks of a service, beyond its interval."""


def main() -> None:
    """Print a table."""
    if sys.platform != "linux":
        print("The console is left out: only Linux has ten thousand hosts on one machine.")
        return
    print(f"console: {SIZE[0]}x{SIZE[1]}, a check of every service each {INTERVAL_SECONDS:g} s")
    print(
        f"{'services':>9} {'led by':>8} {'CPU %':>6} {'lag p50':>8} {'p99':>6} {'own p99':>8} {'most':>6}"
        f" {'key p50':>8} {'p99':>6} {'own p99':>8} {'most':>6} ms {'gap':>6} s"
    )
    with scratch() as folder, target(folder, make_certificate(folder)) as here:
        for services in SIZES:
            for agent_above in (None, 1):
                place = folder / f"{services}-{agent_above}"
                _print(services, _measured(services, place, here.plain, agent_above))


def _print(services: int, outcome: Outcome) -> None:
    print(
        f"{services:>9,} {outcome.leader:>8} {outcome.cpu_percent:>6.1f} {_figures(outcome.lags)}"
        f" {_figures(outcome.keys)}    {outcome.beyond_seconds:>6.1f}",
        flush=True,
    )


def _figures(spans: list[Span]) -> str:
    wall, own = (sorted(times) for times in zip(*spans, strict=True))
    return (
        f"{percentile(wall, 50):>8.1f} {percentile(wall, 99):>6.1f}"
        f" {percentile(own, 99):>8.1f} {percentile(own, 100):>6.1f}"
    )


def _measured(services: int, folder: Path, port: int, agent_above: int | None) -> Outcome:
    folder.mkdir(mode=0o711)
    settings = Settings(None, folder / "data", folder / "config", folder / "log", agent_above=agent_above)
    try:
        return run(_measure(services, settings, port))
    finally:
        EmbeddedServer(settings.server_dir).stop()


async def _measure(services: int, settings: Settings, port: int) -> Outcome:
    async with open_desk(settings) as desk:
        await _fill(desk, services, port)

    @asynccontextmanager
    async def opened() -> AsyncIterator[Desk]:
        async with open_runtime(settings, kind=WorkerKind.CONSOLE, may_lead=True) as runtime:
            yield runtime.desk

    app = RondaApp(opened)
    async with app.run_test(size=SIZE):
        while app.stage is not Stage.READY:  # noqa: ASYNC110 - the stage has no event
            await asyncio.sleep(0.05)
        await asyncio.sleep(SETTLE_SECONDS)
        cpu = process_time()
        lags, keys = await asyncio.gather(_watch_lag(), _press_keys(app))
        cpu = process_time() - cpu
        leader = app.bridge.watch.leader
        beyond = await _beyond_interval(app.desk)
    return Outcome(leader.kind.value if leader else "nobody", cpu / SECONDS * 100, lags, keys, beyond)


async def _fill(desk: Desk, services: int, port: int) -> None:
    now = datetime.now(UTC)
    for client_spec, specs in fleet(services, INTERVAL_SECONDS, port):
        async with desk.database.unit() as unit:
            client = await unit.clients.add(client_spec, now)
            for spec in specs:
                await unit.services.add(client.id, spec, now)


async def _watch_lag() -> list[Span]:
    lags: list[Span] = []
    until = perf_counter() + SECONDS
    while (began := perf_counter()) < until:
        cpu = thread_time()
        await asyncio.sleep(0.005)
        late = perf_counter() - began - 0.005
        lags.append((late * 1000, min(late, thread_time() - cpu) * 1000))
    return lags


async def _press_keys(app: RondaApp) -> list[Span]:
    screen = app.screen
    assert isinstance(screen, BoardScreen)
    chance, until = random.Random(5), perf_counter() + SECONDS
    times: list[Span] = []
    while perf_counter() < until:
        times.append(await _press(app, screen.grid, "j" if len(times) % 40 < 20 else "k"))
        await asyncio.sleep(chance.uniform(0.5, 1.5) * KEYS_APART_SECONDS)
    return times


async def _press(app: RondaApp, grid: StatusGrid, key: str) -> Span:
    """Give the time from a key to the frame that shows what it did."""
    drawn = asyncio.Event()
    before, began, cpu = grid.cursor, perf_counter(), thread_time()
    app.post_message(events.Key(key, key))
    while grid.cursor == before:  # noqa: ASYNC110 - the cursor has no event
        await asyncio.sleep(0)
    app.screen.call_after_refresh(drawn.set)
    await drawn.wait()
    return (perf_counter() - began) * 1000, (thread_time() - cpu) * 1000


async def _beyond_interval(desk: Desk) -> float:
    async with await desk.database.dedicated_connection() as connection:
        row = await (await connection.execute(_GAPS)).fetchone()
    assert row is not None
    assert isinstance(row[0], float)
    return max(0.0, row[0] - INTERVAL_SECONDS)


if __name__ == "__main__":
    main()
