"""What the board costs while results come: CPU of a console that draws, against one that idles."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from datetime import timedelta

from core.domain.events import ServiceJudged
from core.loop import run
from tests.tui.canned import NOW, CannedApp, Fleet, judged_up
from tui.screens.board import BoardScreen
from tui.stages import Stage

RESULTS_PER_SECOND = 333
SECONDS = 6.0
SIZE = (160, 45)
FLEETS = (200, 2_000, 10_000)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run of a console cost."""

    cpu_percent: float
    lag_p99_ms: float
    """How late a sleep of 5 ms ended."""
    key_p50_ms: float
    """From a key to the screen being up to date."""


async def _until_ready(app: CannedApp) -> BoardScreen:
    while app.stage is not Stage.READY:  # noqa: ASYNC110 - the stage has no event
        await asyncio.sleep(0.01)
    await asyncio.sleep(1.0)
    screen = app.screen
    assert isinstance(screen, BoardScreen)
    return screen


async def _publish(app: CannedApp, rate: float, until: float) -> None:
    """Publish results at a steady rate, each of a service chosen at random."""
    chance = random.Random(3)
    lines = app.fleet.lines
    began, sent = time.perf_counter(), 0
    while time.perf_counter() < until:
        due = int((time.perf_counter() - began) * rate)
        for number in range(sent, due):
            line = chance.choice(lines)
            at = NOW + timedelta(seconds=30, microseconds=number)
            state = judged_up(line, at, chance.choice((4.0, 9.0, 35.0, 380.0)))
            assert state.observation is not None
            app.bus.publish(ServiceJudged(line.service.id, state.observation, state))
        sent = due
        await asyncio.sleep(0.01)


async def _watch_lag(until: float) -> list[float]:
    lags = []
    while time.perf_counter() < until:
        began = time.perf_counter()
        await asyncio.sleep(0.005)
        lags.append((time.perf_counter() - began - 0.005) * 1000)
    return sorted(lags)


async def measure(services: int, rate: float) -> Cost:
    """Run a console over so many services, with so many results a second."""
    app = CannedApp(Fleet(services))
    async with app.run_test(size=SIZE) as pilot:
        screen = await _until_ready(app)
        until = time.perf_counter() + SECONDS
        cpu = time.process_time()
        lags, _none = await asyncio.gather(_watch_lag(until), _publish(app, rate, until))
        cpu = time.process_time() - cpu
        keys = []
        for _press in range(15):
            began = time.perf_counter()
            screen.grid.action_move(1)
            await pilot.pause()
            keys.append((time.perf_counter() - began) * 1000)
        return Cost(cpu / SECONDS * 100, lags[int(len(lags) * 0.99)], sorted(keys)[len(keys) // 2])


def main() -> None:
    """Print a table."""
    print(f"board: {SIZE[0]}x{SIZE[1]}, {RESULTS_PER_SECOND} results/s spread over all services")
    print(f"{'services':>9} {'idle CPU %':>11} {'live CPU %':>11} {'lag p99 ms':>11} {'key to frame ms':>16}")
    for services in FLEETS:
        idle = run(measure(services, 0))
        live = run(measure(services, RESULTS_PER_SECOND))
        print(
            f"{services:>9,} {idle.cpu_percent:>11.1f} {live.cpu_percent:>11.1f}"
            f" {live.lag_p99_ms:>11.1f} {live.key_p50_ms:>16.1f}"
        )


if __name__ == "__main__":
    main()
