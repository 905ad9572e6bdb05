"""The scheduler: ticks when the rota says so, whatever the wall clock does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, tzinfo

import apscheduler.schedulers.base
import pytest

from core.worker.rota import Rota
from core.worker.scheduler import APART_SECONDS, IDLE_SECONDS, CheckScheduler, RotaTrigger
from tests.clock import NOON, FrozenClock
from tests.worker.support import PATIENCE_SECONDS, BentClock, until


@asynccontextmanager
async def scheduled(
    clock: BentClock, next_due: Callable[[], float | None], tick: Callable[[], None]
) -> AsyncIterator[CheckScheduler]:
    scheduler = CheckScheduler(clock, next_due, tick)
    scheduler.start()
    try:
        yield scheduler
    finally:
        await scheduler.stop()


def test_the_trigger_gives_the_moment_of_the_head_of_the_rota() -> None:
    clock = FrozenClock()
    trigger = RotaTrigger(clock, lambda: clock.monotonic() + 7.5)
    assert trigger.get_next_fire_time(None, NOON) == NOON + timedelta(seconds=7.5)


def test_the_trigger_is_never_without_a_next_time() -> None:
    assert RotaTrigger(FrozenClock(), lambda: None).get_next_fire_time(None, NOON) == NOON + timedelta(
        seconds=IDLE_SECONDS
    )


def test_what_is_overdue_fires_at_once() -> None:
    assert RotaTrigger(FrozenClock(), lambda: 3.0).get_next_fire_time(None, NOON) == NOON


def test_ticks_are_fifty_milliseconds_apart_at_least() -> None:
    clock = FrozenClock()
    trigger = RotaTrigger(clock, lambda: 3.0)
    after_firing = trigger.get_next_fire_time(NOON, NOON)
    assert after_firing == NOON + timedelta(seconds=APART_SECONDS)
    clock.advance(0.02)
    assert trigger.get_next_fire_time(None, NOON) == NOON + timedelta(seconds=APART_SECONDS - 0.02)


async def test_every_service_of_the_rota_gets_its_turn() -> None:
    clock, rota, popped = BentClock(), Rota(), list[int]()
    for service_id in range(20):
        rota.put(service_id, 30.0, clock.monotonic() + service_id * 0.01)

    async with scheduled(clock, rota.next_due, lambda: popped.extend(_pop(rota, clock))):
        await until(lambda: len(popped) == 20)
    assert popped == list(range(20))


def _pop(rota: Rota, clock: BentClock) -> list[int]:
    return [service_id for service_id, _late in rota.pop_due(clock.monotonic())]


async def test_a_service_that_is_wanted_sooner_is_not_kept_waiting() -> None:
    clock, rota, ticked = BentClock(), Rota(), asyncio.Event()
    async with scheduled(clock, rota.next_due, ticked.set) as scheduler:
        rota.put(1, 30.0, clock.monotonic())
        scheduler.retime()
        async with asyncio.timeout(PATIENCE_SECONDS):  # the empty rota would wait for an hour
            await ticked.wait()


async def test_a_wall_clock_that_is_set_back_an_hour_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, ticks = BentClock(), list[float]()

    class BentDatetime(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]  # not of this class
            return clock.now().astimezone(tz)

    monkeypatch.setattr(apscheduler.schedulers.base, "datetime", BentDatetime)
    due = [clock.monotonic() + 1.0]

    def tick() -> None:
        ticks.append(clock.monotonic())
        due[0] = clock.monotonic() + 0.2

    async with scheduled(clock, lambda: due[0], tick):
        clock.bent = timedelta(hours=-1)
        await until(lambda: len(ticks) >= 3)


async def test_a_paused_scheduler_does_not_tick() -> None:
    clock, rota, ticks = BentClock(), Rota(), list[int]()
    async with scheduled(clock, rota.next_due, lambda: ticks.append(1)) as scheduler:
        scheduler.pause()
        rota.put(1, 30.0, clock.monotonic())
        scheduler.retime()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await until(lambda: bool(ticks))


async def test_stopping_cancels_nothing_and_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    clock, rota, ended = BentClock(), Rota(), asyncio.Event()
    tasks = set[asyncio.Task[None]]()
    door = asyncio.Event()

    async def check() -> None:
        await door.wait()
        ended.set()

    def tick() -> None:
        if _pop(rota, clock):
            tasks.add(asyncio.create_task(check()))

    rota.put(1, 30.0, clock.monotonic())
    with caplog.at_level(logging.INFO):
        async with scheduled(clock, rota.next_due, tick):
            await until(lambda: bool(tasks))
        door.set()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await ended.wait()
    assert not caplog.records
