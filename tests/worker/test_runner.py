"""The runner: places, one check of a service at a time, results that still count."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

import core.worker.runner
from core.checks.request import CheckRequest
from core.domain.events import ServiceJudged
from core.domain.observations import ErrorKind, Observation, Status
from core.domain.status import ServiceState
from core.worker.gate import Limits
from core.worker.rota import Rota, regular_moment_after
from core.worker.runner import Checks, Runner
from core.worker.watched import REMEASURE_SECONDS, Watched
from core.worker.windows import Windows
from tests.clock import FrozenClock
from tests.worker.support import FakeChecks, client, service, until


class Floor:
    """A runner with everything around it, on a clock that is moved by hand."""

    def __init__(self, limits: Limits, checks: Checks | None = None) -> None:
        self.clock = FrozenClock()
        self.fake = FakeChecks(self.clock.now)
        self.rota = Rota()
        self.watched: dict[int, Watched] = {}
        self.judged: list[ServiceJudged] = []
        self.retimed = 0
        self.runner = Runner(
            self.clock,
            checks or self.fake,
            self.rota,
            self.watched,
            limits,
            maintenance_until=Windows().until,
            judged=self.judged.append,
            rota_changed=self.count_retime,
        )

    def count_retime(self) -> None:
        self.retimed += 1

    def add(self, service_id: int, *, endpoint: str | None = None, interval: float = 30.0) -> Watched:
        made = Watched.of(client(), service(service_id, endpoint=endpoint, interval=interval), ServiceState())
        self.watched[service_id] = made
        self.rota.put(service_id, interval, self.clock.monotonic())
        return made

    def close(self, *service_ids: int) -> None:
        """Have checks of these services hang until ``release``."""
        for service_id in service_ids:
            self.fake.doors[self.watched[service_id].request.url].clear()

    def release(self) -> None:
        for door in self.fake.doors.values():
            door.set()

    async def check_when_due(self) -> float | None:
        """Move to the next moment, wait for the check that is due then, and give the wait for the next."""
        due, count = self.rota.next_due(), len(self.judged)
        assert due is not None
        self.clock.advance(due - self.clock.monotonic())
        self.runner.start_due()
        await until(lambda: len(self.judged) > count and self.runner.in_flight == 0)
        next_due = self.rota.next_due()
        return None if next_due is None else next_due - self.clock.monotonic()

    def judged_ids(self) -> list[int]:
        return [event.service_id for event in self.judged]


@pytest.fixture
async def floor() -> AsyncIterator[Floor]:
    floor = Floor(Limits(max_checks=4, max_checks_per_host=2))
    yield floor
    floor.release()
    await floor.runner.stop(1.0)


async def test_what_is_due_is_checked_judged_and_told(floor: Floor) -> None:
    floor.add(1)
    floor.runner.start_due()
    await until(lambda: bool(floor.judged))
    (event,) = floor.judged
    assert (event.service_id, event.observation.status, event.state.status) == (1, Status.UP, Status.UP)
    assert event.transition is not None
    assert floor.watched[1].state == event.state
    assert floor.rota.next_due() == regular_moment_after(1, 30.0, floor.clock.monotonic())
    assert floor.retimed == 1


async def test_a_failing_service_is_checked_again_at_its_retry_interval(floor: Floor) -> None:
    floor.add(1)
    floor.fake.status = Status.DOWN
    floor.runner.start_due()
    await until(lambda: bool(floor.judged))
    assert floor.judged[0].state.status is Status.UNKNOWN
    assert floor.rota.next_due() == floor.clock.monotonic() + 10.0


async def test_a_confirmed_down_goes_back_to_the_interval(floor: Floor) -> None:
    floor.add(1)
    floor.fake.status = Status.DOWN
    for count in range(1, 4):
        floor.clock.advance(30.0)
        floor.runner.start_due()
        await until(lambda count=count: len(floor.judged) == count)  # type: ignore[misc]  # a loop's value
    assert floor.judged[-1].state.status is Status.DOWN
    assert floor.rota.next_due() == regular_moment_after(1, 30.0, floor.clock.monotonic())


async def test_a_check_that_a_lag_overlapped_is_made_again_once(floor: Floor) -> None:
    floor.add(1, interval=30.0)
    floor.fake.lagged = True
    assert await floor.check_when_due() == pytest.approx(REMEASURE_SECONDS)
    floor.fake.lagged = False
    again = await floor.check_when_due()
    assert again == pytest.approx(
        regular_moment_after(1, 30.0, floor.clock.monotonic()) - floor.clock.monotonic()
    )
    assert floor.runner.lagged == 1
    assert [event.observation.lagged for event in floor.judged] == [True, False]
    floor.fake.lagged = True
    assert await floor.check_when_due() == pytest.approx(REMEASURE_SECONDS), "it is another lag"


async def test_a_loop_that_lags_all_the_time_does_not_check_twice_as_much(floor: Floor) -> None:
    floor.add(1, interval=30.0)
    floor.fake.lagged = True
    await floor.check_when_due()
    await floor.check_when_due()
    for _ in range(4):
        assert await floor.check_when_due() == pytest.approx(30.0)
    assert floor.runner.lagged == 6


async def test_a_failure_is_retried_as_ever_whether_a_lag_overlapped_it_or_not(floor: Floor) -> None:
    floor.add(1)
    floor.fake.lagged, floor.fake.status = True, Status.DOWN
    assert await floor.check_when_due() == pytest.approx(10.0)
    assert floor.runner.lagged == 1


async def test_a_repetition_does_not_delay_a_retry_that_is_due_sooner(floor: Floor) -> None:
    watched = floor.add(1)
    spec = replace(watched.service.spec, retry_interval_seconds=0.5)
    watched.service = replace(watched.service, spec=spec)
    floor.fake.lagged, floor.fake.status = True, Status.DEGRADED
    assert await floor.check_when_due() == pytest.approx(0.5)


async def test_no_more_checks_run_than_there_are_places(floor: Floor) -> None:
    for service_id in range(10):
        floor.add(service_id)
        floor.close(service_id)
    floor.runner.start_due()
    await until(lambda: sum(floor.fake.running.values()) == 4)
    floor.release()
    await until(lambda: len(floor.judged) == 10)
    assert floor.fake.most_running == 4


async def test_a_slow_host_does_not_hold_the_others(floor: Floor) -> None:
    for service_id in range(5):
        floor.add(service_id, endpoint=f"https://slow.example/{service_id}")
        floor.close(service_id)
    floor.add(9)
    floor.runner.start_due()
    await until(lambda: floor.judged_ids() == [9])
    assert floor.runner.in_flight == 2


async def test_a_service_is_never_checked_twice_at_once(floor: Floor) -> None:
    watched = floor.add(1, interval=1.0)
    floor.close(1)
    floor.runner.start_due()
    await until(lambda: floor.fake.running[watched.request.url] == 1)
    for _ in range(5):
        floor.clock.advance(1.0)
        floor.runner.start_due()
    await asyncio.sleep(0)
    assert floor.fake.urls == [watched.request.url]


async def test_checks_in_one_microsecond_get_times_of_their_own(floor: Floor) -> None:
    floor.add(1)
    for count in range(1, 4):
        floor.rota.retime(1, floor.clock.monotonic())
        floor.runner.start_due()
        await until(lambda count=count: len(floor.judged) == count)  # type: ignore[misc]  # a loop's value
    times = [event.observation.checked_at for event in floor.judged]
    assert len(set(times)) == 3
    assert times == sorted(times)


async def test_the_lateness_of_a_check_that_waited_for_a_place_is_known(floor: Floor) -> None:
    for service_id in range(3):
        floor.add(service_id, endpoint=f"https://one.example/{service_id}", interval=5.0)
    floor.close(0, 1)
    floor.runner.start_due()
    await until(lambda: floor.runner.in_flight == 2)
    floor.clock.advance(6.0)
    floor.release()
    await until(lambda: len(floor.judged) == 3)
    assert floor.runner.late_seconds == 6.0
    assert floor.rota.missed == 1


async def test_the_result_of_a_service_paused_meanwhile_is_dropped(floor: Floor) -> None:
    floor.add(1)
    floor.close(1)
    floor.runner.start_due()
    await until(lambda: floor.runner.in_flight == 1)
    del floor.watched[1]
    floor.rota.remove(1)
    floor.release()
    await until(lambda: floor.runner.in_flight == 0)
    assert not floor.judged
    assert floor.rota.next_due() is None


async def test_the_result_of_what_was_asked_before_an_edit_is_dropped(floor: Floor) -> None:
    floor.add(1)
    floor.close(1)
    floor.runner.start_due()
    await until(lambda: floor.runner.in_flight == 1)
    floor.watched[1] = Watched.of(
        client(), service(1, endpoint="https://new.example/", version=2), ServiceState()
    )
    floor.release()
    await until(lambda: floor.runner.in_flight == 0)
    assert not floor.judged


async def test_the_result_counts_if_only_the_name_was_edited(floor: Floor) -> None:
    watched = floor.add(1)
    floor.close(1)
    floor.runner.start_due()
    await until(lambda: floor.runner.in_flight == 1)
    spec = replace(watched.service.spec, name="renamed")
    floor.watched[1] = Watched.of(client(), replace(watched.service, spec=spec, version=2), ServiceState())
    floor.release()
    await until(lambda: floor.judged_ids() == [1])


async def test_a_service_paused_while_it_waited_for_a_place_is_not_checked(floor: Floor) -> None:
    for service_id in range(3):
        floor.add(service_id, endpoint=f"https://one.example/{service_id}")
    floor.close(0, 1)
    floor.runner.start_due()
    del floor.watched[2]
    floor.rota.remove(2)
    floor.release()
    await until(lambda: floor.runner.in_flight == 0)
    assert floor.judged_ids() == [0, 1]


async def test_a_check_that_passes_its_deadline_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core.worker.runner, "BELT_SECONDS", -0.95)
    floor = Floor(Limits())
    floor.add(1)
    floor.close(1)
    floor.runner.start_due()
    await until(lambda: bool(floor.judged))
    assert floor.judged[0].observation.error is ErrorKind.TIMEOUT
    assert floor.judged[0].observation.status is Status.DOWN


async def test_a_defect_of_a_check_is_logged_and_the_service_stays_in_the_rota(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken:
        async def check(self, request: CheckRequest) -> Observation:
            raise ZeroDivisionError

    floor = Floor(Limits(), Broken())
    floor.add(1)
    with caplog.at_level(logging.ERROR):
        floor.runner.start_due()
        await until(lambda: floor.runner.in_flight == 0 and bool(caplog.records))
    assert floor.rota.next_due() == regular_moment_after(1, 30.0, floor.clock.monotonic())


async def test_stopping_waits_for_what_runs_and_starts_nothing_more(floor: Floor) -> None:
    for service_id in range(6):
        floor.add(service_id)
        floor.close(service_id)
    floor.runner.start_due()
    await until(lambda: floor.runner.in_flight == 4)
    stopping = asyncio.create_task(floor.runner.stop(20.0))
    await asyncio.sleep(0)
    floor.release()
    await stopping
    assert len(floor.judged) == 4
    assert len(floor.fake.urls) == 4


async def test_a_closed_runner_starts_nothing_that_is_due(floor: Floor) -> None:
    floor.add(1)
    floor.runner.close()
    floor.runner.start_due()
    assert floor.runner.in_flight == 0
    assert floor.rota.next_due() == floor.clock.monotonic()


async def test_stopping_cuts_off_what_takes_longer_than_the_grace(floor: Floor) -> None:
    floor.add(1)
    floor.close(1)
    floor.runner.start_due()
    await until(lambda: floor.runner.in_flight == 1)
    await floor.runner.stop(0.0)
    assert floor.runner.in_flight == 0
    assert not floor.judged
