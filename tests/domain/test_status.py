"""The judge, case by case and by properties."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.observations import Observation, Status
from core.domain.services import ServiceSpec
from core.domain.status import (
    Policy,
    ServiceState,
    Transition,
    is_stale,
    next_check_after,
    shown_status,
    step,
)

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
LETTERS = {"u": Status.UP, "d": Status.DEGRADED, "x": Status.DOWN}


def at(index: int) -> datetime:
    return START + timedelta(seconds=30 * index)


def judge(
    letters: str, retries: int = 2, recoveries: int = 1, state: ServiceState | None = None
) -> tuple[ServiceState, list[Transition]]:
    """Judge observations written as u(p), d(egraded) and x (down), 30 s apart."""
    state = state or ServiceState()
    transitions = []
    for index, letter in enumerate(letters):
        result = step(state, Observation(at(index), LETTERS[letter]), Policy(retries, recoveries))
        state = result.state
        if result.transition:
            transitions.append(result.transition)
    return state, transitions


@pytest.mark.parametrize(
    ("letters", "status"),
    [
        ("", Status.UNKNOWN),
        ("u", Status.UP),
        ("x", Status.UNKNOWN),
        ("xx", Status.UNKNOWN),
        ("xxx", Status.DOWN),
        ("ddd", Status.DEGRADED),
        ("uxx", Status.UP),
        ("uxxx", Status.DOWN),
        ("uxxux", Status.UP),
        ("udd", Status.UP),
        ("uddd", Status.DEGRADED),
        ("uddxx", Status.DEGRADED),
        ("uddxxx", Status.DOWN),
        ("uxdx", Status.DEGRADED),
        ("uxxxu", Status.UP),
        ("uxxxd", Status.DEGRADED),
        ("udddu", Status.UP),
        ("xxxdxx", Status.DEGRADED),
        ("xxxdxxx", Status.DOWN),
    ],
)
def test_a_level_is_confirmed_by_retries_and_one_more_in_a_row(letters: str, status: Status) -> None:
    assert judge(letters)[0].status is status


@pytest.mark.parametrize(
    ("letters", "status"),
    [
        ("uxxxu", Status.DOWN),
        ("uxxxux", Status.DOWN),
        ("uxxxuu", Status.UP),
        ("uxxxdu", Status.DEGRADED),
        ("uxxxduu", Status.UP),
        ("udddu", Status.DEGRADED),
        ("udddud", Status.DEGRADED),
    ],
)
def test_two_recoveries_are_wanted_where_the_policy_says_so(letters: str, status: Status) -> None:
    assert judge(letters, recoveries=2)[0].status is status


def test_no_retries_means_that_the_first_failure_is_hard() -> None:
    state, transitions = judge("ux", retries=0)
    assert state.status is Status.DOWN
    assert transitions[-1] == Transition(Status.UP, Status.DOWN, at(1), at(1))


def test_a_down_starts_at_the_first_failure_of_the_row_and_ends_at_the_first_good_one() -> None:
    state, transitions = judge("uuxxxxuu", recoveries=2)
    down, up = transitions[1:]
    assert (down.after, down.started_at, down.confirmed_at) == (Status.DOWN, at(2), at(4))
    assert (up.after, up.started_at, up.confirmed_at) == (Status.UP, at(6), at(7))
    assert state.since == at(6)


def test_a_soft_failure_that_recovers_is_counted_and_changes_nothing_else() -> None:
    before, _ = judge("u")
    after, transitions = judge("xu", state=before)
    assert transitions == []
    assert after.soft_failures == before.soft_failures + 1
    assert (after.status, after.since) == (before.status, before.since)


@pytest.mark.parametrize(
    ("letters", "attempt"),
    [("u", 0), ("ux", 1), ("uxx", 2), ("uxxx", 0), ("ud", 1), ("udx", 1), ("uxxxx", 0)],
)
def test_the_attempt_that_is_being_confirmed_is_counted(letters: str, attempt: int) -> None:
    assert judge(letters)[0].failing_attempt == attempt


def test_soft_means_that_the_last_observation_disagrees_with_the_hard_status() -> None:
    assert not judge("u")[0].soft
    assert judge("ux")[0].soft
    assert not judge("uxxx")[0].soft


def test_a_failure_in_confirmation_is_checked_again_sooner() -> None:
    spec = ServiceSpec("web", "https://acme.example/", interval_seconds=60)
    assert next_check_after(judge("u")[0], spec) is None
    assert next_check_after(judge("ux")[0], spec) == 20
    assert next_check_after(judge("uxxx")[0], spec) is None


@pytest.mark.parametrize(("interval", "retry"), [(1, 1), (6, 5), (30, 10), (300, 100)])
def test_a_retry_comes_after_a_third_of_the_interval_but_five_seconds_at_least(
    interval: float, retry: float
) -> None:
    assert (
        ServiceSpec("web", "https://acme.example/", interval_seconds=interval).retry_after_seconds() == retry
    )


def test_a_status_older_than_two_intervals_and_a_timeout_is_stale() -> None:
    spec = ServiceSpec("web", "https://acme.example/", interval_seconds=30, timeout_seconds=10)
    state = judge("u")[0]
    assert not is_stale(state, spec, START + timedelta(seconds=70))
    assert is_stale(state, spec, START + timedelta(seconds=70, milliseconds=1))
    assert not is_stale(ServiceState(), spec, START)


def test_pause_lies_over_everything_and_a_stale_status_is_unknown() -> None:
    state = judge("xxx")[0]
    assert shown_status(state, START, active=True, stale=False) is Status.DOWN
    assert shown_status(state, START, active=True, stale=True) is Status.UNKNOWN
    assert shown_status(state, START, active=False, stale=True) is Status.PAUSED


def in_maintenance(letters: str, ends_at: datetime) -> ServiceState:
    state = ServiceState()
    for index, letter in enumerate(letters):
        state = step(state, Observation(at(index), LETTERS[letter]), Policy(2, 1), ends_at).state
    return state


def test_maintenance_lies_over_all_but_pause_until_the_moment_it_ends() -> None:
    ends_at = START + timedelta(hours=1)
    state = in_maintenance("xxx", ends_at)
    before = ends_at - timedelta(microseconds=1)
    assert shown_status(state, before, active=True, stale=False) is Status.MAINTENANCE
    assert shown_status(state, before, active=True, stale=True) is Status.MAINTENANCE
    assert shown_status(state, before, active=False, stale=False) is Status.PAUSED
    assert shown_status(state, ends_at, active=True, stale=False) is Status.DOWN
    assert shown_status(state, ends_at, active=True, stale=True) is Status.UNKNOWN


def test_maintenance_changes_no_verdict_and_the_first_check_after_it_ends_it() -> None:
    state = in_maintenance("uxxx", START + timedelta(hours=1))
    assert replace(state, maintenance_until=None) == judge("uxxx")[0]
    after = step(state, Observation(at(4), Status.DOWN), Policy(2, 1)).state
    assert after.maintenance_until is None
    assert shown_status(after, at(4), active=True, stale=False) is Status.DOWN


@pytest.mark.parametrize("retries", [0, 2])
def test_changes_count_for_flapping_whether_they_are_soft_or_hard(retries: int) -> None:
    state, transitions = judge("uxuxuxu", retries=retries)
    assert len(transitions) == (7 if retries == 0 else 1)
    assert state.flapping.changes == 0b111111
    assert state.flapping.active
    assert round(state.flapping.percent, 1) == 33.9
    assert not judge("uxuxux", retries=retries)[0].flapping.active


def test_degraded_is_a_change_and_the_first_result_is_none() -> None:
    assert judge("x")[0].flapping.changes == 0
    assert judge("uddx")[0].flapping.changes == 0b101


histories = st.text("udx", max_size=60)
policies = st.tuples(st.integers(0, 4), st.integers(1, 4))


@given(histories, policies, st.integers(0, 60))
def test_a_restart_in_the_middle_changes_no_verdict(letters: str, policy: tuple[int, int], cut: int) -> None:
    """The state holds all that the judge needs: two halves judge as the whole does."""
    retries, recoveries = policy
    whole = ServiceState()
    for index, letter in enumerate(letters):
        whole = step(whole, Observation(at(index), LETTERS[letter]), Policy(retries, recoveries)).state
    head, _ = judge(letters[:cut], retries, recoveries)
    for index, letter in enumerate(letters[cut:], start=min(cut, len(letters))):
        head = step(head, Observation(at(index), LETTERS[letter]), Policy(retries, recoveries)).state
    assert head == whole


@given(histories, policies)
def test_a_hard_down_always_rests_on_failures_in_a_row(letters: str, policy: tuple[int, int]) -> None:
    retries, recoveries = policy
    _, transitions = judge(letters, retries, recoveries)
    times = {at(index): letter for index, letter in enumerate(letters)}
    for change in transitions:
        run = [letter for time, letter in times.items() if change.started_at <= time <= change.confirmed_at]
        if change.after is Status.DOWN:
            assert run == ["x"] * (retries + 1)
        elif change.before is Status.DOWN:
            assert "x" not in run
            assert len(run) == recoveries or change.after is Status.UP


@given(histories, policies)
def test_transitions_form_a_chain_that_ends_in_the_status_held(letters: str, policy: tuple[int, int]) -> None:
    state, transitions = judge(letters, *policy)
    held = Status.UNKNOWN
    for change in transitions:
        assert change.before is held
        assert change.after is not held
        held = change.after
    assert state.status is held


@given(histories, policies)
def test_enough_good_answers_always_bring_a_service_up(letters: str, policy: tuple[int, int]) -> None:
    retries, recoveries = policy
    assert judge(letters + "u" * recoveries, retries, recoveries)[0].status is Status.UP


@pytest.mark.parametrize(
    ("letters", "status"),
    [("uddd", Status.DEGRADED), ("uxxx", Status.UP), ("uu", Status.UP), ("", Status.UP)],
    ids=["degraded stays", "down is over", "up stays", "new is up"],
)
def test_an_answer_that_came_while_this_process_was_late_ends_a_down_but_no_degraded(
    letters: str, status: Status
) -> None:
    state, _transitions = judge(letters)
    lagged = Observation(at(len(letters)), Status.UP, lagged=True)
    assert step(state, lagged, Policy(2, 1)).state.status is status


def test_the_check_after_it_decides() -> None:
    state, _transitions = judge("uddd")
    state = step(state, Observation(at(4), Status.UP, lagged=True), Policy(2, 1)).state
    assert step(state, Observation(at(5), Status.UP), Policy(2, 1)).state.status is Status.UP
