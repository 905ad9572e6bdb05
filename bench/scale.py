"""What a check costs as services grow: the round without a database, on 100 to 50,000 services.

Watchlist, rota, scheduler, runner and probe run as in the product; what they judge is dropped instead
of written. Each size is a process of its own. Its services are new, as after an import, so their first
checks are spread over one interval; the window that counts begins after that.

With few services most of the cost is to wake up for each check alone. So there are two more windows for
each size: one with a probe that answers at once, which leaves what it costs to be in time and to judge,
and one in which nothing is due.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import sys
from array import array
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

from bench.fleet import fleet, percentile, seconds_late
from bench.targets import Target, make_certificate, scratch, target
from bench.usage import family_cpu_seconds, own_cpu_seconds, resident_megabytes
from core.checks.prober import Prober
from core.checks.request import CheckRequest
from core.clock import SystemClock
from core.domain.clients import Client, ClientSpec
from core.domain.events import ServiceJudged
from core.domain.observations import Observation, Status
from core.domain.services import Service, ServiceSpec
from core.domain.status import ServiceState
from core.loop import run
from core.memory import collect_rarely, keep_what_stays
from core.worker.gate import Limits
from core.worker.rota import Rota, regular_moment_after
from core.worker.runner import Checks, Runner
from core.worker.scheduler import CheckScheduler
from core.worker.watchlist import Watchlist
from core.worker.windows import Windows

SIZES = tuple(int(size) for size in os.environ.get("RONDA_SCALE_SIZES", "100,1000,10000,50000").split(","))
INTERVAL_SECONDS = float(os.environ.get("RONDA_SCALE_INTERVAL", "30"))
"""Of every service; the window that counts is as long."""
SHORT_SECONDS = INTERVAL_SECONDS / 4
"""The windows without a probe."""
SETTLE_SECONDS = 2.0
"""From the start, or the end of the first interval, to the window."""
IDLE_INTERVAL_SECONDS = 86_400.0
"""Of services of which none is due while a window is open."""
BEAT_SECONDS = 0.1
"""How often the loop is asked how late it is, as in the product."""
BASE, LARGEST = 1_000, 50_000
"""Sizes whose costs are compared."""

Specs = list[tuple[ClientSpec, list[ServiceSpec]]]


@dataclass(slots=True)
class Window:
    """What happened while it was open."""

    checks: int = 0
    wrong: int = 0
    """Checks that did not see what is there."""
    late: array[float] = field(default_factory=lambda: array("d"))
    """How many seconds late each check began."""
    lags: array[float] = field(default_factory=lambda: array("d"))
    """How many seconds late the loop was at each beat."""


@dataclass(frozen=True, slots=True)
class Use:
    """What a window cost."""

    checks: int
    seconds: float
    cpu: float
    """Seconds of CPU of the round."""
    target: float
    """The same of the target."""

    @property
    def us(self) -> float:
        """Microseconds of CPU for a check."""
        return self.cpu / self.checks * 1e6


@dataclass(frozen=True, slots=True)
class Cost:
    """What the round of one size costs."""

    services: int
    whole: Use
    bare: Use
    """With a probe that answers at once."""
    idle: Use
    megabytes: float
    late: list[float]
    """Seconds, sorted."""
    lags: list[float]

    @property
    def probe_us(self) -> float:
        """Microseconds of CPU of a check beyond what it costs to be in time and to judge."""
        return self.whole.us - self.bare.us

    @property
    def kept(self) -> bool:
        """Whether about as many checks were made as the services ask for."""
        return self.whole.checks / self.whole.seconds > 0.98 * self.services / INTERVAL_SECONDS

    def line(self) -> str:
        """Give a line of the table."""
        whole, idle = self.whole, self.idle
        late = "".join(f"{percentile(self.late, percent) * 1000:7.1f}" for percent in (50, 99, 100))
        lags = "".join(f"{percentile(self.lags, percent) * 1000:7.1f}" for percent in (99, 100))
        return (
            f"{self.services:>8,}{whole.checks / whole.seconds:>9.1f}"
            f"{whole.us:>8.0f}{self.bare.us:>7.0f}{self.probe_us:>7.0f}"
            f"{whole.cpu / whole.seconds:>8.1%}{idle.cpu / idle.seconds:>7.2%}{self.megabytes:>6.0f} MB"
            f"{late}{lags}{whole.target / whole.seconds:>8.1%}{'' if self.kept else '  not kept'}"
        )


def main() -> None:
    """Print the curve."""
    if sys.platform != "linux":
        print("The curve is left out: only Linux has ten thousand hosts on one machine.")
        return
    print(f"Round without a database, HTTP, a new connection each, every {INTERVAL_SECONDS:g} s")
    print(f"{'':>17}{'us of CPU / check':>22}{'of a core':>15}{'':9}{'ms late':>21}{'ms of lag':>14}")
    print(
        f"{'services':>8}{'checks/s':>9}{'all':>8}{'round':>7}{'probe':>7}{'all':>8}{'idle':>7}{'memory':>9}"
        f"{'p50':>7}{'p99':>7}{'max':>7}{'p99':>7}{'max':>7}{'target':>8}"
    )
    costs = {}
    with scratch() as folder, target(folder, make_certificate(folder)) as here:
        for size in SIZES:
            costs[size] = _in_a_process_of_its_own(size, here)
            print(costs[size].line(), flush=True)
    if BASE in costs and LARGEST in costs:
        _compare(costs[BASE], costs[LARGEST])


def _compare(base: Cost, largest: Cost) -> None:
    whole, probe = largest.whole.us / base.whole.us, largest.probe_us / base.probe_us
    print(f"A check of {LARGEST:,} costs {whole:.2f} of one of {BASE:,} (goal: 1.20 at most);")
    print(f"the probe in it, beyond what it costs to be in time and to judge, {probe:.2f}.")


def _in_a_process_of_its_own(size: int, here: Target) -> Cost:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as process:
        return process.submit(_measured, size, here).result()


def _measured(size: int, here: Target) -> Cost:
    collect_rarely()  # as an agent does
    return run(_measure(size, here))


async def _measure(size: int, here: Target) -> Cost:
    specs = list(fleet(size, INTERVAL_SECONDS, here.plain))
    window, prober = Window(), Prober(SystemClock())
    async with _round(specs, prober, _never_checked, window):
        await asyncio.sleep(INTERVAL_SECONDS + SETTLE_SECONDS)
        whole = await _watched(window, INTERVAL_SECONDS, here.pid)
        megabytes = resident_megabytes()
    await prober.close()
    late, lags = sorted(window.late), sorted(window.lags)
    if window.wrong:
        raise RuntimeError(f"{window.wrong} checks did not see what is there")
    async with _round(specs, _Instant(), _checked_in_time, window):
        await asyncio.sleep(SETTLE_SECONDS)
        bare = await _watched(window, SHORT_SECONDS, here.pid)
    specs = list(fleet(size, IDLE_INTERVAL_SECONDS, here.plain))
    async with _round(specs, _Instant(), _checked_just_now, window):
        await asyncio.sleep(SETTLE_SECONDS)
        idle = await _watched(window, SHORT_SECONDS, here.pid)
    return Cost(size, whole, bare, idle, megabytes, late, lags)


class _Instant:
    """A probe that answers at once."""

    async def check(self, request: CheckRequest) -> Observation:
        """Say that all is well."""
        return Observation(SystemClock().now(), Status.UP, latency_ms=1.0, status_code=200)


async def _watched(window: Window, wanted_seconds: float, target_pid: int) -> Use:
    """Open the window for a while."""
    loop = asyncio.get_running_loop()
    window.checks, window.late, window.lags = 0, array("d"), array("d")
    target_before, before, began = family_cpu_seconds(target_pid), own_cpu_seconds(), loop.time()
    beat = began
    while beat < began + wanted_seconds:
        beat += BEAT_SECONDS
        await asyncio.sleep(beat - loop.time())
        window.lags.append(loop.time() - beat)
    cpu, seconds = own_cpu_seconds() - before, loop.time() - began
    return Use(window.checks, seconds, cpu, family_cpu_seconds(target_pid) - target_before)


@asynccontextmanager
async def _round(
    specs: Specs, checks: Checks, stored: Callable[[Service], ServiceState], window: Window
) -> AsyncIterator[None]:
    """Run the round as a process does that leads; its results only go into the window."""
    clock, rota = SystemClock(), Rota()
    watchlist = Watchlist(clock, rota)
    scheduler = CheckScheduler(clock, rota.next_due, lambda: runner.start_due())
    runner = Runner(
        clock,
        checks,
        rota,
        watchlist.services,
        Limits(),
        maintenance_until=Windows().until,
        judged=_taker(watchlist, window),
        rota_changed=scheduler.retime,
    )
    scheduler.start()
    await _fill(watchlist, specs, stored)
    keep_what_stays()
    scheduler.retime()
    try:
        yield
    finally:
        scheduler.pause()
        await runner.stop(0.0)
        await scheduler.stop()


def _taker(watchlist: Watchlist, window: Window) -> Callable[[ServiceJudged], None]:
    """Give what takes results in the recorder's place."""
    clock = SystemClock()
    offset = clock.monotonic() - clock.now().timestamp()

    def take(event: ServiceJudged) -> None:
        seen, service = event.observation, watchlist.services[event.service_id].service
        window.checks += 1
        window.wrong += seen.status is not Status.UP
        began = seen.checked_at.timestamp() + offset
        window.late.append(seconds_late(service.id, service.spec.interval_seconds, began))

    return take


def _never_checked(service: Service) -> ServiceState:
    return ServiceState()


def _checked_just_now(service: Service) -> ServiceState:
    return ServiceState(observation=Observation(SystemClock().now(), Status.UP))


def _checked_in_time(service: Service) -> ServiceState:
    """Give the state of a service that was checked at its last regular moment, at most an interval ago."""
    clock, interval = SystemClock(), service.spec.interval_seconds
    wait = regular_moment_after(service.id, interval, clock.monotonic()) - clock.monotonic()
    checked_at = clock.now() - timedelta(seconds=interval - wait)
    return ServiceState(observation=Observation(checked_at, Status.UP))


async def _fill(watchlist: Watchlist, specs: Specs, stored: Callable[[Service], ServiceState]) -> None:
    now, service_ids = SystemClock().now(), count(1)
    watchlist.begin_pass()
    for client_id, (client_spec, service_specs) in enumerate(specs, 1):
        client = Client(client_id, client_spec, 1, now, now)
        for spec in service_specs:
            service = Service(next(service_ids), client_id, spec, 1, now, now)
            watchlist.put(client, service, stored(service), at_once=False)
        await asyncio.sleep(0)


if __name__ == "__main__":
    main()
