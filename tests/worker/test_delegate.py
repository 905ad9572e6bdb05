"""When a console has an agent run the checks, and what it does when that one fails."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest

from core.bus import Bus
from core.domain.events import StorageChanged, WorkersReported
from core.domain.workers import RoundHealth, WorkerKind, WorkerReport
from core.worker.delegate import (
    FIRST_WAIT_SECONDS,
    LEAVE_SECONDS,
    LONGEST_WAIT_SECONDS,
    START_SECONDS,
    Delegate,
    Patience,
)
from tests.clock import NOON, FrozenClock

CONSOLE = "console"
MOST = 10.0
REPORT_SECONDS = 2.0


@dataclass
class FakePart:
    """A part in the round that leads until it hands over."""

    leads: bool = True
    asked: float | None = MOST + 1
    left_for: list[float] = field(default_factory=list)

    def asked_per_second(self) -> float | None:
        return self.asked

    async def hand_over(self, leave_seconds: float) -> None:
        self.leads = False
        self.left_for.append(leave_seconds)


@dataclass
class FakeChild:
    """A child that ends when it is told to, unless it is stubborn."""

    pid: int
    exit_code: int | None = None
    told: list[str] = field(default_factory=list)

    def let_go(self) -> None:
        self.told.append("let go")

    async def end(self) -> None:
        self.told.append("end")
        self.exit_code = 0


def process(
    worker_id: str, *, kind: WorkerKind = WorkerKind.AGENT, pid: int = 7, ends_with: str = ""
) -> WorkerReport:
    return WorkerReport(
        worker_id, kind, "olga", "ops1", pid, True, False, NOON, NOON, RoundHealth(), ends_with
    )


class World:
    """A delegate, and what it sees and does."""

    def __init__(self) -> None:
        self.bus = Bus()
        self.clock = FrozenClock()
        self.part = FakePart()
        self.children: list[FakeChild] = []
        self.others: list[WorkerReport] = []
        self.failure: OSError | None = None
        self.delegate = Delegate(self.bus, self.clock, self.part, CONSOLE, MOST, self.start_child)
        self.delegate.start()

    async def start_child(self) -> FakeChild:
        if self.failure is not None:
            raise self.failure
        self.children.append(FakeChild(pid=100 + len(self.children)))
        return self.children[-1]

    async def report(self, seconds: float = REPORT_SECONDS) -> None:
        """Have every process that is there report, and the delegate decide."""
        now = self.clock.advance(seconds)
        console = process(CONSOLE, kind=WorkerKind.CONSOLE, pid=1)
        workers = [replace(each, seen_at=now) for each in (console, *self.others)]
        await self.publish(*workers)

    async def publish(self, *workers: WorkerReport) -> None:
        self.bus.publish(WorkersReported(workers, CONSOLE))
        for _turn in range(5):
            await asyncio.sleep(0)

    def child_reports(self) -> None:
        """From now on the newest child is on the list."""
        pid = self.children[-1].pid
        self.others.append(process(f"child {pid}", pid=pid, ends_with=CONSOLE))


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    yield world
    await world.delegate.stop()


async def test_a_console_whose_load_is_small_checks_by_itself(world: World) -> None:
    world.part.asked = MOST
    await world.report()
    assert not world.children
    assert world.part.leads


@pytest.mark.parametrize(("leads", "asked"), [(False, MOST + 1), (True, None)])
async def test_who_follows_or_does_not_know_its_services_yet_starts_nothing(
    world: World, leads: bool, asked: float | None
) -> None:
    world.part.leads, world.part.asked = leads, asked
    await world.report()
    assert not world.children


async def test_a_large_load_is_left_to_a_child_once_that_reports(world: World) -> None:
    await world.report()
    await world.report()
    assert len(world.children) == 1
    assert world.part.leads
    world.child_reports()
    await world.report()
    assert world.part.left_for == [LEAVE_SECONDS]
    await world.report()
    assert len(world.children) == 1


async def test_a_load_that_falls_changes_nothing_while_the_child_lives(world: World) -> None:
    await world.report()
    world.child_reports()
    await world.report()
    world.part.asked = None
    await world.report()
    assert world.children[0].told == []


async def test_an_agent_that_runs_already_is_given_the_lead_and_no_child_is_started(world: World) -> None:
    world.others = [process("agent")]
    await world.report()
    assert world.part.left_for == []
    await world.report()
    assert world.part.left_for == [LEAVE_SECONDS]
    assert not world.children


async def test_an_agent_that_cannot_lead_is_not_counted_on(world: World) -> None:
    world.others = [replace(process("agent"), can_lead=False)]
    await world.report()
    assert len(world.children) == 1


async def test_another_console_is_no_heir(world: World) -> None:
    world.others = [process("other", kind=WorkerKind.CONSOLE)]
    await world.report()
    assert len(world.children) == 1


async def test_the_lead_is_not_left_to_an_agent_that_was_killed_and_is_still_listed(world: World) -> None:
    dead = process("agent")
    for _report in range(3):
        await world.publish(process(CONSOLE, kind=WorkerKind.CONSOLE), dead)
        world.clock.advance(REPORT_SECONDS)
    assert world.part.leads
    assert not world.children
    await world.publish(process(CONSOLE, kind=WorkerKind.CONSOLE))
    assert len(world.children) == 1


async def test_a_dead_child_is_replaced_although_it_is_still_listed(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await world.report()
    world.child_reports()
    await world.report()
    world.children[0].exit_code = -9
    world.part.leads = True
    await world.report()
    assert "The agent of this console has ended, exit code -9" in caplog.text
    assert len(world.children) == 2
    assert len(world.part.left_for) == 1


async def test_children_that_die_are_started_again_after_longer_and_longer_waits(world: World) -> None:
    seconds = 0
    started: list[int] = []
    while len(started) < 9:
        await world.report(1.0)
        seconds += 1
        if world.children and world.children[-1].exit_code is None:
            world.children[-1].exit_code = 3
            started.append(seconds)
    waits = [later - earlier for earlier, later in itertools.pairwise(started)]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


async def test_a_child_that_cannot_be_started_is_tried_again(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.failure = OSError("no more processes")
    await world.report()
    assert "cannot be started: no more processes" in caplog.text
    world.failure = None
    await world.report()
    assert len(world.children) == 1


async def test_a_child_that_never_reports_is_ended(world: World) -> None:
    await world.report()
    await world.report(START_SECONDS / 2)
    assert world.children[0].told == []
    await world.report(START_SECONDS / 2)
    assert world.children[0].told == ["end"]
    await world.report()
    assert len(world.children) == 2


async def test_an_agent_that_does_not_take_the_lead_is_not_given_it_all_the_time(world: World) -> None:
    world.others = [process("agent")]
    for _report in range(60):
        await world.report()
        world.part.leads = True
    assert 5 <= len(world.part.left_for) <= 8


async def test_nothing_is_done_while_the_database_is_away(world: World) -> None:
    world.bus.publish(StorageChanged(online=False))
    await world.report()
    assert not world.children
    world.bus.publish(StorageChanged(online=True))
    await world.report()
    assert len(world.children) == 1


async def test_a_console_that_closes_lets_its_child_go_first_and_waits_for_it_last(world: World) -> None:
    await world.report()
    await world.delegate.let_go()
    assert world.children[0].told == ["let go"]
    await world.delegate.stop()
    assert world.children[0].told == ["let go", "let go", "end"]
    await world.report()
    assert len(world.children) == 1


def test_patience_grows_with_failures_and_is_forgotten_in_a_calm_time() -> None:
    clock = FrozenClock()
    patience = Patience(clock)
    for wait in (FIRST_WAIT_SECONDS, 2 * FIRST_WAIT_SECONDS):
        assert patience.allows()
        patience.spend()
        assert not patience.allows()
        clock.advance(wait)
    clock.advance(LONGEST_WAIT_SECONDS + 1)
    patience.spend()
    clock.advance(FIRST_WAIT_SECONDS)
    assert patience.allows()
