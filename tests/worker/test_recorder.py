"""The recorder: batches, order, a database that goes and comes back, a lead that is lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest

import core.worker.recorder
from core.bus import Bus
from core.domain.events import StorageChanged
from core.errors import Fenced, Unreachable
from core.storage.lead import Term
from core.storage.recording import Judged
from core.worker.backlog import Backlog
from core.worker.recorder import Recorder
from tests.worker.support import START, judged, until


class FakeStore:
    """A store that keeps what it was given, and fails as the test says."""

    def __init__(self) -> None:
        self.flushes: list[tuple[int, int, list[Judged]]] = []
        self.late: list[Judged] = []
        self.attempts: list[tuple[int, int, list[Judged]]] = []
        self.failure: Exception | None = None
        self.commits_before_failing = False
        self.door = asyncio.Event()
        self.door.set()
        self.closed = False

    async def flush(self, batch: Sequence[Judged], epoch: int, number: int) -> None:
        self.attempts.append((epoch, number, list(batch)))
        await self.door.wait()
        if self.failure is None or self.commits_before_failing:
            self.flushes.append((epoch, number, list(batch)))
        if self.failure is not None:
            raise self.failure

    async def append(self, batch: Sequence[Judged]) -> None:
        if self.failure is not None:
            raise self.failure
        self.late.extend(batch)

    async def close(self) -> None:
        self.closed = True

    def written(self) -> list[Judged]:
        return [each for _epoch, _number, batch in self.flushes for each in batch]


class Desk:
    """A recorder with a fake store, and what it told."""

    def __init__(self, pace_seconds: float = 0.0) -> None:
        self.store = FakeStore()
        self.bus = Bus()
        self.storage: list[StorageChanged] = []
        self.bus.subscribe(StorageChanged, self.storage.append)
        self.fences = 0
        self.recorder = Recorder(
            self.store, self.bus, fenced=self.count_fence, backlog=Backlog(50), pace_seconds=pace_seconds
        )
        self.recorder.lead(Term(epoch=7, flush=100))

    def count_fence(self) -> None:
        self.fences += 1

    def take(self, *service_ids: int) -> list[Judged]:
        taken = [
            judged(each, at=START + timedelta(seconds=number)) for number, each in enumerate(service_ids)
        ]
        for each in taken:
            self.recorder.take(each)
        return taken

    async def written(self, count: int) -> None:
        await until(lambda: len(self.store.written()) == count and self.recorder.waiting == 0)


@pytest.fixture(autouse=True)
def no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have attempts follow each other at once."""
    monkeypatch.setattr(core.worker.recorder, "FIRST_WAIT_SECONDS", 0.001)
    monkeypatch.setattr(core.worker.recorder, "LONGEST_WAIT_SECONDS", 0.002)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk()
    desk.recorder.start()
    yield desk
    desk.store.failure = None
    desk.store.door.set()
    await desk.recorder.stop(5.0)


async def test_results_are_written_in_order_under_numbers_that_go_on(desk: Desk) -> None:
    first = desk.take(1, 2, 3)
    await desk.written(3)
    second = desk.take(1)
    await desk.written(4)
    assert desk.store.flushes == [(7, 101, first), (7, 102, second)]


async def test_what_comes_during_a_flush_waits_for_the_next(desk: Desk) -> None:
    desk.store.door.clear()
    desk.take(1)
    await until(lambda: len(desk.store.attempts) == 1)
    desk.take(2, 3)
    await asyncio.sleep(0)
    assert len(desk.store.attempts) == 1
    assert desk.recorder.waiting == 3
    desk.store.door.set()
    await desk.written(3)
    assert [len(batch) for _epoch, _number, batch in desk.store.flushes] == [1, 2]


async def test_results_gather_for_a_while_before_they_are_written() -> None:
    desk = Desk(pace_seconds=0.05)
    desk.recorder.start()
    desk.take(1)
    await asyncio.sleep(0)
    desk.take(2)
    await desk.written(2)
    assert len(desk.store.flushes) == 1
    await desk.recorder.stop(5.0)


async def test_an_outage_loses_nothing_and_is_told_once(desk: Desk) -> None:
    desk.store.failure = Unreachable("gone")
    first = desk.take(1)
    await until(lambda: len(desk.store.attempts) >= 3)
    second = desk.take(2)
    desk.store.failure = None
    await desk.written(2)
    assert {(epoch, number) for epoch, number, _batch in desk.store.attempts} == {(7, 101), (7, 102)}
    assert desk.store.flushes == [(7, 101, first), (7, 102, second)]
    assert desk.storage == [StorageChanged(online=False, detail="gone"), StorageChanged(online=True)]


async def test_a_retry_writes_exactly_what_was_tried(desk: Desk) -> None:
    desk.store.failure = Unreachable("gone in the middle of the commit")
    desk.take(1)
    await until(lambda: len(desk.store.attempts) >= 1)
    desk.take(2)
    await until(lambda: len(desk.store.attempts) >= 3)
    assert all(attempt == desk.store.attempts[0] for attempt in desk.store.attempts)


async def test_a_commit_in_doubt_is_settled_by_the_next_term(desk: Desk) -> None:
    """The flush was committed, the answer was lost, and this process took the lead again."""
    desk.store.failure, desk.store.commits_before_failing = Unreachable("gone"), True
    first = desk.take(1)
    await until(lambda: bool(desk.store.attempts))
    desk.store.door.clear()
    second = desk.take(2)
    desk.recorder.lead(Term(epoch=8, flush=101))
    assert desk.recorder.waiting == 1
    desk.store.failure = None
    desk.store.door.set()
    await until(lambda: (8, 102, second) in desk.store.flushes and desk.recorder.waiting == 0)
    assert [batch for epoch, _number, batch in desk.store.flushes if epoch == 8] == [second]
    assert desk.store.flushes[0] == (7, 101, first)


async def test_a_flush_that_was_not_committed_is_repeated_in_the_next_term(desk: Desk) -> None:
    desk.store.failure = Unreachable("gone")
    first = desk.take(1)
    await until(lambda: bool(desk.store.attempts))
    desk.recorder.lead(Term(epoch=8, flush=100))
    desk.store.failure = None
    await desk.written(1)
    assert desk.store.flushes == [(8, 101, first)]


async def test_a_fenced_recorder_says_so_and_keeps_its_results(desk: Desk) -> None:
    desk.store.failure = Fenced("another leads")
    desk.take(1)
    await until(lambda: desk.fences >= 1)
    assert desk.recorder.waiting == 1
    assert desk.storage == []


async def test_a_former_leader_appends_its_results_without_states(desk: Desk) -> None:
    desk.store.failure = Fenced("another leads")
    (taken,) = desk.take(1)
    await until(lambda: desk.fences >= 1)
    desk.store.failure = None
    desk.recorder.follow()
    await until(lambda: desk.recorder.waiting == 0)
    assert desk.store.late == [Judged(1, taken.observation, None)]
    assert desk.store.flushes == []


async def test_results_of_a_former_term_carry_no_states_into_the_next(desk: Desk) -> None:
    desk.store.failure = Unreachable("gone")
    desk.take(1)
    await until(lambda: bool(desk.store.attempts))
    desk.recorder.follow()
    desk.recorder.lead(Term(epoch=12, flush=300))
    desk.store.failure = None
    await desk.written(1)
    ((_epoch, number, (late,)),) = desk.store.flushes
    assert number == 301
    assert late.state is None


async def test_stopping_writes_what_waits_without_a_pause() -> None:
    desk = Desk(pace_seconds=3600.0)
    desk.recorder.start()
    desk.take(1, 2)
    await desk.recorder.stop(20.0)
    assert len(desk.store.written()) == 2
    assert desk.store.closed


async def test_what_cannot_be_written_by_the_deadline_is_said(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.store.failure = Unreachable("gone")
    desk.take(1, 2, 3)
    with caplog.at_level(logging.ERROR):
        await desk.recorder.stop(0.05)
    assert [record.getMessage() for record in caplog.records] == [
        "3 results could not be written and are lost."
    ]


async def test_a_bounded_backlog_counts_what_it_gives_up(desk: Desk) -> None:
    desk.store.failure = Unreachable("gone")
    desk.take(0)
    await until(lambda: bool(desk.store.attempts))
    desk.take(*(1 for _ in range(60)))
    assert desk.recorder.waiting == 50
    assert desk.recorder.dropped == 11
