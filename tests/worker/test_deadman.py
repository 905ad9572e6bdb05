"""The dead man: pinged while the round is well, and never else."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from core.checks.prober import Prober
from core.checks.request import CheckRequest
from core.domain.observations import ErrorKind, Observation, Status
from core.domain.secret import Secret
from core.worker.deadman import DeadMan
from core.worker.outside import Outside
from tests.clock import FrozenClock
from tests.conftest import ServerForTests
from tests.storage.outages import outage
from tests.worker.office import Office
from tests.worker.support import FakeChecks, until

URL = "https://ping.example/s3cret-path?token=hush"
OUTSIDE = replace(Outside.of((), Secret(URL)), ping_seconds=0.02)


class Ear:
    """Whoever listens at the address."""

    def __init__(self, answer: Observation) -> None:
        self.answer = answer
        self.heard = 0

    async def check(self, request: CheckRequest) -> Observation:
        assert (request.url, request.method, request.expected_status) == (URL, "GET", "200-299")
        self.heard += 1
        return self.answer


def man(ear: Ear, clock: FrozenClock, *, well: list[bool]) -> DeadMan:
    return DeadMan(clock, ear, OUTSIDE.deadman, lambda: well[0], OUTSIDE.ping_seconds)


async def test_pings_while_all_is_well_and_only_then() -> None:
    clock, well = FrozenClock(), [True]
    ear = Ear(Observation(clock.now(), Status.UP))
    dead = man(ear, clock, well=well)
    assert dead.is_set
    dead.start()
    await until(lambda: ear.heard > 2)
    assert (dead.pinged_at, dead.answered) == (clock.now(), True)
    well[0] = False
    asked = 0

    def counting() -> bool:
        nonlocal asked
        asked += 1
        return False

    dead._is_well = counting
    heard = ear.heard
    await until(lambda: asked > 5)
    assert ear.heard <= heard + 1, "the ping that was under way"
    await dead.stop()


async def test_without_an_address_nobody_is_pinged() -> None:
    clock = FrozenClock()
    dead = DeadMan(clock, FakeChecks(clock.now), None, lambda: True)
    dead.start()
    await dead.stop()
    assert not dead.is_set
    assert dead.pinged_at is None


async def test_a_failure_is_told_without_the_address(caplog: pytest.LogCaptureFixture) -> None:
    clock = FrozenClock()
    answer = Observation(
        clock.now(), Status.DOWN, error=ErrorKind.STATUS, status_code=404, detail=f"404 from {URL}"
    )
    ear = Ear(answer)
    dead = man(ear, clock, well=[True])
    with caplog.at_level(logging.INFO):
        dead.start()
        await until(lambda: dead.pinged_at is not None)
        await dead.stop()
    assert not dead.answered
    assert "The dead-man ping was not taken: status, status 404" in caplog.text
    assert "s3cret" not in caplog.text


async def test_not_even_a_defect_of_the_probe_tells_the_address(caplog: pytest.LogCaptureFixture) -> None:
    prober = Prober(FrozenClock())
    prober._probes.clear()  # whatever is checked fails in Ronda itself
    assert OUTSIDE.deadman is not None
    await prober.check(OUTSIDE.deadman)
    await prober.close()
    assert "failed in Ronda itself" in caplog.text
    assert "s3cret" not in caplog.text
    assert "hush" not in caplog.text


async def test_only_the_process_that_leads_pings(office: Office) -> None:
    leader = await office.open(outside=OUTSIDE)
    await leader.leading()
    follower = await office.open(outside=OUTSIDE)
    await until(lambda: leader.checks.urls.count(URL) > 2)
    assert URL not in follower.checks.urls
    health = leader.round.health()
    assert (health.pings, health.ping_answered) == (True, True)
    assert health.pinged_at is not None
    await leader.stop()
    office.processes.remove(leader)
    await until(lambda: URL in follower.checks.urls)


async def test_nobody_is_pinged_while_results_cannot_be_written(
    office: Office, server: ServerForTests
) -> None:
    process = await office.open(outside=OUTSIDE)
    service = await office.add("web", interval=1.0)
    await process.checked(service.id)
    await until(lambda: URL in process.checks.urls)
    async with outage(server, office.database):
        await until(lambda: any(not each.online for each in process.storage))
        count = process.checks.urls.count(URL)
        await process.checked(service.id, process.count(service.id) + 2)
        assert process.checks.urls.count(URL) <= count + 1, "the ping that was under way"
    await until(lambda: process.checks.urls.count(URL) > count + 1)


@pytest.mark.parametrize(("late", "well"), [(0.0, True), (30.0, True), (30.1, False)])
async def test_a_round_that_is_late_is_not_well(office: Office, late: float, well: bool) -> None:
    process = await office.open()
    await process.leading()
    watch = process.round._watch
    assert watch is not None
    await until(watch.loaded.is_set)
    await until(process.round._is_well)
    watch.runner.late_seconds = late
    assert process.round._is_well() is well


async def test_a_blind_round_is_not_well(office: Office) -> None:
    process = await office.open()
    await process.leading()
    await until(process.round._is_well)
    assert process.round._watch is not None
    process.round._watch._guard.uplink.resume(FrozenClock().now())
    assert not process.round._is_well()
