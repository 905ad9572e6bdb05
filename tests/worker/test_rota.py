"""The rota: moments, phases, one check of a service at a time."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from core.worker.rota import STARTS_PER_SECOND, Rota, crowded_moment, fraction, regular_moment_after

IDS = st.integers(1, 2**31)
INTERVALS = st.floats(1.0, 86_400.0)
MOMENTS = st.floats(0.0, 1e8)


@given(IDS, INTERVALS, MOMENTS)
def test_the_next_regular_moment_is_later_and_at_most_an_interval_away(
    service_id: int, interval: float, after: float
) -> None:
    moment = regular_moment_after(service_id, interval, after)
    assert after < moment <= after + interval * (1 + 1e-9) + 1e-6


@given(IDS, INTERVALS, MOMENTS)
def test_regular_moments_follow_each_other_at_the_interval(
    service_id: int, interval: float, after: float
) -> None:
    first = regular_moment_after(service_id, interval, after)
    assert regular_moment_after(service_id, interval, first) == pytest.approx(first + interval)


def test_ten_thousand_services_in_a_row_never_share_a_moment() -> None:
    moments = sorted(regular_moment_after(service_id, 30.0, 1000.0) for service_id in range(1, 10_001))
    per_second = [sum(second <= moment < second + 1 for moment in moments) for second in range(1000, 1030)]
    assert max(per_second) - min(per_second) <= 5
    assert max(later - earlier for earlier, later in itertools.pairwise(moments)) < 0.02


def test_the_phase_of_a_service_is_the_same_in_every_process() -> None:
    assert [round(fraction(service_id), 6) for service_id in (1, 2, 3)] == [0.618034, 0.236068, 0.854102]


def test_the_first_of_a_crowd_starts_at_once() -> None:
    assert crowded_moment(7, 3600.0, 50.0, place=0) == 50.0


def test_a_crowd_that_is_due_at_once_is_spread_over_an_interval_at_most() -> None:
    moments = [crowded_moment(service_id, 30.0, 0.0, place=service_id) for service_id in range(10_000)]
    assert max(moments) <= 30.0
    per_second = [sum(second <= moment < second + 1 for moment in moments) for second in range(30)]
    assert max(per_second) < 3 * STARTS_PER_SECOND
    assert min(per_second) > STARTS_PER_SECOND / 2


def test_few_services_with_long_intervals_do_not_wait_for_them() -> None:
    moments = [crowded_moment(service_id, 86_400.0, 0.0, place=service_id) for service_id in range(10)]
    assert max(moments) <= 10 / STARTS_PER_SECOND


def test_what_is_due_comes_earliest_first_with_its_lateness() -> None:
    rota = Rota()
    rota.put(1, 30.0, 12.0)
    rota.put(2, 30.0, 10.0)
    rota.put(3, 30.0, 15.5)
    assert rota.next_due() == 10.0
    assert rota.pop_due(15.0) == [(2, 5.0), (1, 3.0)]
    assert rota.next_due() == 15.5


def test_an_empty_rota_has_no_next_moment() -> None:
    assert Rota().next_due() is None


def test_a_service_in_flight_is_not_due_again_until_it_has_finished() -> None:
    rota = Rota()
    rota.put(1, 1.0, 0.0)
    assert rota.pop_due(0.0) == [(1, 0.0)]
    assert rota.pop_due(100.0) == []
    rota.finish(1, 100.2)
    assert rota.next_due() == pytest.approx(100 + fraction(1))


def test_a_retry_is_counted_from_the_end_of_the_failed_check() -> None:
    rota = Rota()
    rota.put(1, 30.0, 0.0)
    rota.pop_due(0.0)
    rota.finish(1, 4.5, retry_seconds=5.0)
    assert rota.next_due() == 9.5


def test_after_a_retry_the_service_is_back_on_its_phase() -> None:
    rota = Rota()
    rota.put(1, 30.0, 0.0)
    rota.pop_due(0.0)
    rota.finish(1, 1.0, retry_seconds=5.0)
    rota.pop_due(6.0)
    rota.finish(1, 6.1)
    assert rota.next_due() == regular_moment_after(1, 30.0, 6.1)


def test_a_service_that_was_edited_during_its_check_is_due_again_right_after_it() -> None:
    rota = Rota()
    rota.put(1, 30.0, 0.0)
    rota.pop_due(0.0)
    rota.put(1, 60.0, 2.0)
    assert rota.pop_due(5.0) == []
    rota.finish(1, 5.0, retry_seconds=20.0)
    assert rota.pop_due(5.0) == [(1, 0.0)]
    rota.finish(1, 5.5)
    assert rota.next_due() == regular_moment_after(1, 60.0, 5.5)


def test_a_service_that_was_removed_during_its_check_does_not_come_back() -> None:
    rota = Rota()
    rota.put(1, 30.0, 0.0)
    rota.pop_due(0.0)
    rota.remove(1)
    assert len(rota) == 0
    assert 1 not in rota
    rota.finish(1, 1.0)
    assert rota.next_due() is None


def test_a_service_restored_during_its_check_is_not_checked_twice_at_once() -> None:
    rota = Rota()
    rota.put(1, 30.0, 0.0)
    rota.pop_due(0.0)
    rota.remove(1)
    rota.put(1, 30.0, 1.0)
    assert len(rota) == 1
    assert rota.pop_due(2.0) == []
    rota.finish(1, 3.0)
    assert rota.pop_due(3.0) == [(1, 0.0)]


def test_a_service_can_be_moved_to_now_unless_it_is_being_checked() -> None:
    rota = Rota()
    rota.put(1, 30.0, 25.0)
    assert rota.retime(1, 3.0)
    assert rota.pop_due(3.0) == [(1, 0.0)]
    assert not rota.retime(1, 4.0)
    assert not rota.retime(99, 4.0)


def test_a_start_a_whole_interval_late_is_counted_as_missed() -> None:
    rota = Rota()
    rota.put(1, 10.0, 0.0)
    rota.put(2, 10.0, 0.0)
    rota.pop_due(1.0)
    assert rota.begin(1, 9.9) == pytest.approx(9.9)
    assert rota.missed == 0
    assert rota.begin(2, 10.0) == pytest.approx(10.0)
    assert rota.missed == 1


class RotaMachine(RuleBasedStateMachine):
    """Random puts, removals, ticks and ends, compared with a plain dictionary of moments."""

    @initialize()
    def begin_empty(self) -> None:
        self.rota = Rota()
        self.now = 1000.0
        self.waiting: dict[int, float] = {}
        self.flying: dict[int, float | None] = {}
        """Services in flight; a moment if they were put in anew meanwhile."""
        self.gone: set[int] = set()

    @rule(service_id=st.integers(1, 8), wait=st.floats(0, 50))
    def put(self, service_id: int, wait: float) -> None:
        self.rota.put(service_id, 10.0, self.now + wait)
        self.gone.discard(service_id)
        if service_id in self.flying:
            self.flying[service_id] = self.now + wait
        else:
            self.waiting[service_id] = self.now + wait

    @rule(service_id=st.integers(1, 8))
    def remove(self, service_id: int) -> None:
        self.rota.remove(service_id)
        self.waiting.pop(service_id, None)
        if service_id in self.flying:
            self.gone.add(service_id)
            self.flying[service_id] = None

    @rule(service_id=st.integers(1, 8))
    def want_now(self, service_id: int) -> None:
        assert self.rota.retime(service_id, self.now) == (service_id in self.waiting)
        if service_id in self.waiting:
            self.waiting[service_id] = self.now

    @rule(seconds=st.floats(0, 30))
    def tick(self, seconds: float) -> None:
        self.now += seconds
        due = dict(self.rota.pop_due(self.now))
        assert due == {key: self.now - at for key, at in self.waiting.items() if at <= self.now}
        for service_id in due:
            del self.waiting[service_id]
            self.flying[service_id] = None

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), retry=st.none() | st.floats(1, 5))
    def finish(self, data: st.DataObject, retry: float | None) -> None:
        service_id = data.draw(st.sampled_from(sorted(self.flying)))
        wanted = self.flying.pop(service_id)
        self.rota.finish(service_id, self.now, retry)
        if service_id in self.gone:
            self.gone.discard(service_id)
        elif wanted is not None:
            self.waiting[service_id] = max(wanted, self.now)
        elif retry is not None:
            self.waiting[service_id] = self.now + retry
        else:
            self.waiting[service_id] = regular_moment_after(service_id, 10.0, self.now)

    @invariant()
    def the_head_is_the_earliest(self) -> None:
        assert self.rota.next_due() == min(self.waiting.values(), default=None)

    @invariant()
    def every_service_is_counted_once(self) -> None:
        assert len(self.rota) == len(self.waiting) + len(self.flying) - len(self.gone)


TestRotaMachine = RotaMachine.TestCase
TestRotaMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
