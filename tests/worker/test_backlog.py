"""The backlog: order, a pinned head, a bound."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.evidence import Evidence
from core.domain.observations import Status
from core.domain.occasions import Occasion, OccasionKind
from core.domain.status import Transition
from core.storage.recording import Judged
from core.worker.backlog import Backlog
from tests.worker.support import START, judged


def filled(*service_ids: int, most: int = 100) -> Backlog:
    backlog = Backlog(most)
    for number, service_id in enumerate(service_ids):
        backlog.add(judged(service_id, at=START + timedelta(seconds=number)))
    return backlog


def ids(backlog: Backlog) -> list[int]:
    return [each.service_id for each in backlog.batch(1000)]


EVIDENCE = Evidence("body", "192.0.2.7", "HTTP/1.1 503 No", "x" * 1000)


def failed(service_id: int) -> Judged:
    """Give a failure with a kilobyte of evidence."""
    plain = judged(service_id, Status.DOWN)
    return replace(plain, observation=replace(plain.observation, evidence=EVIDENCE))


def kept(backlog: Backlog) -> list[bool]:
    """Say of each result in order whether its evidence is still there."""
    return [each.observation.evidence is not None for each in backlog.batch(1000)]


def test_results_come_out_in_their_order() -> None:
    assert ids(filled(3, 1, 2, 1)) == [3, 1, 2, 1]


def test_a_batch_stays_the_same_until_it_is_written() -> None:
    backlog = filled(1, 2)
    first = backlog.batch(10)
    backlog.add(judged(3))
    assert backlog.batch(10) == first
    backlog.discard()
    assert ids(backlog) == [3]
    assert len(backlog) == 1


def test_a_batch_is_bounded() -> None:
    backlog = filled(*range(10))
    assert len(backlog.batch(4)) == 4


def test_beyond_the_bound_the_oldest_of_the_same_service_is_given_up() -> None:
    backlog = filled(1, 2, 1, most=3)
    backlog.add(judged(1, at=START + timedelta(hours=1)))
    assert ids(backlog) == [2, 1, 1]
    assert backlog.batch(10)[1].observation.checked_at == START + timedelta(seconds=2)
    assert backlog.dropped == 1


def test_a_service_without_results_takes_the_place_of_the_oldest() -> None:
    backlog = filled(1, 2, most=2)
    backlog.add(judged(3))
    assert ids(backlog) == [2, 3]


def test_what_may_be_written_already_is_not_given_up() -> None:
    backlog = filled(1, 1, 1, most=3)
    backlog.batch(2)
    backlog.add(judged(1, at=START + timedelta(hours=1)))
    assert [each.observation.checked_at for each in backlog.batch(2)] == [
        START,
        START + timedelta(seconds=1),
    ]
    backlog.discard()
    (last,) = backlog.batch(10)
    assert last.observation.checked_at == START + timedelta(hours=1)


def test_a_full_backlog_that_is_all_being_written_takes_more_for_the_moment() -> None:
    backlog = filled(1, 2, most=2)
    backlog.batch(10)
    backlog.add(judged(3))
    assert len(backlog) == 3
    assert backlog.dropped == 0


def test_a_former_leader_keeps_observations_only() -> None:
    backlog = filled(1, 2)
    backlog.forget_states()
    assert [each.state for each in backlog.batch(10)] == [None, None]


@given(st.lists(st.integers(1, 5) | st.just(0)), st.integers(1, 6))
def test_nothing_is_lost_but_what_is_counted(steps: list[int], most: int) -> None:
    backlog, written, added = Backlog(most), 0, 0
    for step in steps:
        if step:
            backlog.add(judged(step))
            added += 1
        else:
            written += len(backlog.batch(2))
            backlog.discard()
        assert added == written + len(backlog) + backlog.dropped
        assert len(backlog) <= most + 2


def test_beyond_the_bound_of_evidence_the_oldest_is_given_up_and_its_result_stays(
    caplog: pytest.LogCaptureFixture,
) -> None:
    backlog = Backlog(evidence_bytes=2 * EVIDENCE.memory_bytes)
    with caplog.at_level(logging.WARNING, logger="core.worker.backlog"):
        for service_id in (1, 2, 3, 4):
            backlog.add(failed(service_id))
            backlog.add(judged(9))
    assert kept(backlog) == [False, False, False, False, True, False, True, False]
    assert ids(backlog) == [1, 9, 2, 9, 3, 9, 4, 9]
    assert (backlog.evidence_dropped, backlog.dropped) == (2, 0)
    assert len(caplog.records) == 1


def test_evidence_that_alone_is_too_much_is_given_up() -> None:
    backlog = Backlog(evidence_bytes=EVIDENCE.memory_bytes - 1)
    backlog.add(failed(1))
    assert kept(backlog) == [False]


def test_evidence_that_was_written_makes_room() -> None:
    backlog = Backlog(evidence_bytes=2 * EVIDENCE.memory_bytes)
    for _round in range(3):
        backlog.add(failed(1))
        backlog.add(failed(2))
        assert kept(backlog) == [True, True]
        backlog.discard()
    assert backlog.evidence_dropped == 0


def test_evidence_goes_with_the_result_that_is_given_up() -> None:
    backlog = Backlog(most=2, evidence_bytes=2 * EVIDENCE.memory_bytes)
    for service_id in (1, 2, 3):
        backlog.add(failed(service_id))
    assert kept(backlog) == [True, True]
    assert (backlog.evidence_dropped, backlog.dropped) == (0, 1)


def test_a_former_leader_keeps_no_evidence_and_has_room_for_all_of_its_next_term() -> None:
    backlog = Backlog(evidence_bytes=2 * EVIDENCE.memory_bytes)
    backlog.add(failed(1))
    backlog.add(failed(2))
    backlog.forget_states()
    backlog.add(failed(3))
    backlog.add(failed(4))
    assert kept(backlog) == [False, False, True, True]
    assert backlog.evidence_dropped == 0


def changed(service_id: int, after: Status, key: str) -> Judged:
    """Give a result that changed the status, and that there is something to tell of."""
    plain = judged(service_id, after)
    before = Status.UP if after is Status.DOWN else Status.DOWN
    occasion = Occasion(key, START, OccasionKind.FLAPPING, service_id, "")
    return replace(plain, transition=Transition(before, after, START, START), occasions=(occasion,))


def test_what_a_result_brought_that_is_given_up_is_told_by_the_next_one() -> None:
    backlog = Backlog(2)
    for each in (changed(1, Status.DOWN, "a"), judged(1, Status.DOWN), judged(1, Status.DOWN)):
        backlog.add(each)
    first, second = backlog.batch(10)
    assert first.transition is not None
    assert (first.transition.after, [each.key for each in first.occasions]) == (Status.DOWN, ["a"])
    assert (second.transition, second.occasions) == (None, ())


def test_a_later_change_stays_as_it_is() -> None:
    backlog = Backlog(1)
    for each in (changed(1, Status.DOWN, "a"), changed(1, Status.UP, "b")):
        backlog.add(each)
    (only,) = backlog.batch(10)
    assert only.transition is not None
    assert (only.transition.after, [each.key for each in only.occasions]) == (Status.UP, ["a", "b"])
