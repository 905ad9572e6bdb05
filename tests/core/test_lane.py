"""Blocking work runs on threads that come with it and go without it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic, sleep

import pytest

import core.lane as module
from core.lane import Lane


def _wait_until(fact: Callable[[], bool]) -> None:
    """Let other threads run until something is true."""
    deadline = monotonic() + 10
    while not fact():
        assert monotonic() < deadline
        sleep(0)


def test_a_lane_has_as_many_threads_as_work_and_no_more_than_its_limit() -> None:
    gate, done = threading.Event(), threading.Semaphore(0)

    def job() -> None:
        assert gate.wait(10)
        done.release()

    lane = Lane(3, "test")
    lane.submit(job)
    assert lane.threads == 1
    for _number in range(9):
        lane.submit(job)
    assert lane.threads == 3
    gate.set()
    assert all(done.acquire(timeout=10) for _number in range(10))
    lane.close()


def test_a_lane_uses_an_idle_thread_again() -> None:
    lane = Lane(9, "test")
    names: list[str] = []
    done = threading.Semaphore(0)

    def job() -> None:
        names.append(str(threading.get_ident()))
        done.release()

    for _number in range(5):
        lane.submit(job)
        assert done.acquire(timeout=10)
        _wait_until(lambda: lane.idle == 1)
    assert len(set(names)) == 1
    lane.close()


def test_idle_threads_end_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.01)
    lane = Lane(2, "test")
    lane.submit(lambda: None)
    _wait_until(lambda: lane.threads == 0)


def test_a_closed_lane_ends_its_threads() -> None:
    lane = Lane(2, "test")
    lane.submit(lambda: None)
    _wait_until(lambda: lane.idle == 1)
    lane.close()
    _wait_until(lambda: lane.threads == 0)
