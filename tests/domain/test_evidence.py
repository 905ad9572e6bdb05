"""What is known of the newest run of failures, as failures come in."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from core.domain.evidence import Evidence, FailureEvidence, failure_of, with_failure
from core.domain.observations import ErrorKind, Observation, Status
from core.domain.status import Policy, ServiceState, step
from tests.clock import NOON

REFUSED = Evidence("connect", "192.0.2.7")


def failure(seconds: float, began: float = 0.0, *, is_first: bool = False) -> FailureEvidence:
    began_at, checked_at = NOON + timedelta(seconds=began), NOON + timedelta(seconds=seconds)
    return FailureEvidence(began_at, checked_at, ErrorKind.CONNECT, "refused", REFUSED, is_first)


def test_the_first_failure_of_a_run_stays_and_the_latest_is_replaced() -> None:
    known: tuple[FailureEvidence, ...] = ()
    for seconds in range(4):
        known = with_failure(known, failure(seconds))
    assert known == (failure(0), failure(3))


def test_a_new_run_takes_the_place_of_the_one_before() -> None:
    known = (failure(0, is_first=True), failure(30))
    began = failure(90, began=90, is_first=True)
    assert with_failure(known, began) == (began,)


def test_what_is_known_already_or_older_changes_nothing() -> None:
    known = (failure(0, is_first=True), failure(30))
    assert with_failure(known, failure(30)) == known
    assert with_failure(known, failure(10)) == known


def test_a_failure_belongs_to_the_run_that_its_state_tells() -> None:
    state = ServiceState()
    for seconds in range(2):
        at = NOON + timedelta(seconds=seconds)
        seen = Observation(at, Status.DOWN, error=ErrorKind.CONNECT, detail="refused", evidence=REFUSED)
        state = step(state, seen, Policy(2, 1)).state
        assert failure_of(state, seen) == failure(seconds, is_first=seconds == 0)
    assert failure_of(state, replace(seen, evidence=None)) is None


def test_failures_that_met_the_same_are_known_as_such() -> None:
    assert failure(0, is_first=True).met_the_same_as(failure(30))
    assert not failure(0).met_the_same_as(replace(failure(30), detail="timed out"))
    assert not failure(0).met_the_same_as(replace(failure(30), evidence=replace(REFUSED, body="x")))
