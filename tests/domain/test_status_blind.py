"""The judge where this side cannot see: waiting, blind results, and seeing again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.domain.observations import ErrorKind, Observation, Status
from core.domain.services import ServiceSpec
from core.domain.status import Policy, ServiceState, next_check_after, shown_status, step, unseen

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
LETTERS = {"u": Status.UP, "d": Status.DEGRADED, "x": Status.DOWN, "w": Status.DOWN, "b": Status.BLIND}


def at(index: int) -> datetime:
    return START + timedelta(seconds=30 * index)


def judge(letters: str, retries: int = 2, recoveries: int = 1) -> list[ServiceState]:
    """Judge u(p), d(egraded), x (down), w (down while it waits for a decision), b(lind), 30 s apart."""
    states = [ServiceState()]
    for index, letter in enumerate(letters):
        observation = Observation(at(index), LETTERS[letter], error=ErrorKind.CONNECT)
        if letter == "b":
            states.append(unseen(states[-1], observation))
        else:
            policy = Policy(retries, recoveries)
            states.append(step(states[-1], observation, policy, deferred=letter == "w").state)
    return states


@pytest.mark.parametrize(
    ("letters", "status"),
    [
        ("uwwww", Status.UP),
        ("wwww", Status.UNKNOWN),
        ("uddww", Status.UP),
        ("udddwww", Status.DEGRADED),
        ("uxxxw", Status.DOWN),
        ("uwwwx", Status.DOWN),
        ("uwwx", Status.DOWN),
        ("uwwwu", Status.UP),
        ("uxxxwu", Status.UP),
    ],
)
def test_while_it_is_undecided_nothing_gets_worse_and_runs_go_on(letters: str, status: Status) -> None:
    assert judge(letters)[-1].status is status


def test_what_waited_is_confirmed_from_its_first_failure() -> None:
    state = judge("uwwwww")[-1]
    result = step(state, Observation(at(6), Status.DOWN), Policy(2, 1))
    assert result.transition is not None
    assert (result.transition.started_at, result.transition.confirmed_at) == (at(1), at(6))


@pytest.mark.parametrize("before", ["u", "ux", "uxxx", "uddd", "", "uxxxu"])
def test_blind_results_leave_everything_but_what_was_seen_last(before: str) -> None:
    states = judge(before + "bbbb", recoveries=2)
    held, blind = states[len(before)], states[-1]
    assert blind.blind
    assert not blind.soft
    for field in ("status", "since", "degraded_run", "down_run", "soft_failures", "flapping"):
        assert getattr(blind, field) == getattr(held, field), field


@pytest.mark.parametrize(
    ("letters", "status"),
    [
        ("uxxbx", Status.UP),
        ("uxxbxxx", Status.DOWN),
        ("uddbd", Status.UP),
        ("xxbx", Status.UNKNOWN),
        ("uxxxbx", Status.DOWN),
        ("uxxxbu", Status.UP),
        ("udddbd", Status.DEGRADED),
    ],
)
def test_failures_that_were_not_confirmed_before_count_no_more_after(letters: str, status: Status) -> None:
    assert judge(letters)[-1].status is status


def test_a_failure_of_the_line_is_no_soft_failure_of_the_service() -> None:
    assert judge("uxu")[-1].soft_failures == 1
    assert judge("uxbu")[-1].soft_failures == 0


@pytest.mark.parametrize(
    ("letters", "changes"),
    [("ubbu", 0b0), ("ubx", 0b1), ("uxxxbx", 0b1000), ("uxxxbu", 0b1001), ("bu", 0b0), ("udbu", 0b10)],
)
def test_going_blind_is_no_change_of_the_service(letters: str, changes: int) -> None:
    assert judge(letters)[-1].flapping.changes == changes


def test_blind_is_shown_under_pause_maintenance_and_staleness() -> None:
    state = judge("uxxxb")[-1]
    assert shown_status(state, at(5), active=True, stale=False) is Status.BLIND
    assert shown_status(state, at(5), active=False, stale=False) is Status.PAUSED
    assert shown_status(state, at(5), active=True, stale=True) is Status.UNKNOWN
    kept = unseen(state, Observation(at(5), Status.BLIND), at(9))
    assert shown_status(kept, at(6), active=True, stale=False) is Status.MAINTENANCE
    assert shown_status(kept, at(9), active=True, stale=False) is Status.BLIND


def test_no_retry_is_made_while_blind() -> None:
    spec = ServiceSpec("web", "https://web.example/")
    assert next_check_after(judge("ux")[-1], spec) is not None
    assert next_check_after(judge("uxb")[-1], spec) is None
