from __future__ import annotations

from array import array
from datetime import timedelta

import pytest

from core.domain.observations import STATUS_CODES, Beats, Observation, Status
from core.operations.board import BEATS
from tests.tui.canned import NOW, answer
from tui.beats import CALMEST_NORMAL_US, BeatRing, quantile

UP, DEGRADED, DOWN = (STATUS_CODES[status] for status in (Status.UP, Status.DEGRADED, Status.DOWN))


def ring(*pairs: tuple[int, int]) -> BeatRing:
    return BeatRing(bytes(code for code, _us in pairs), [us for _code, us in pairs])


def test_the_oldest_result_falls_out() -> None:
    beats = BeatRing()
    for second in range(BEATS + 3):
        beats.add(answer(NOW + timedelta(seconds=second), float(second)))
    assert len(beats) == BEATS
    assert beats.latencies_ms()[0] == 3.0
    assert beats.latencies_ms()[-1] == BEATS + 2


def test_stored_results_are_taken_over_up_to_the_length_of_the_ring() -> None:
    stored = Beats(bytes([UP] * 80), array("i", range(80)))
    assert list(BeatRing.of(stored).latencies_us) == list(range(20, 80))


def test_a_failure_has_no_latency() -> None:
    beats = BeatRing()
    beats.add(Observation(NOW, Status.DOWN))
    assert beats.latencies_ms() == [None]
    assert beats.statuses() == [Status.DOWN]


@pytest.mark.parametrize("base_us", [4_000, 60_000, 2_000_000])
def test_a_steady_service_gives_a_flat_line_whatever_its_latency(base_us: int) -> None:
    beats = ring(*[(UP, round(base_us * share)) for share in (0.9, 1.0, 1.1, 1.2, 0.8)])
    assert beats.levels() == [2] * 5


def test_heights_are_relative_to_the_services_own_normal() -> None:
    beats = ring(*[(UP, 100_000)] * 9, (UP, 150_000), (UP, 250_000), (UP, 900_000))
    assert beats.levels()[-3:] == [3, 4, 5]


def test_degraded_results_stand_out_from_anything_that_is_up() -> None:
    beats = ring(*[(UP, 100_000)] * 9, (DEGRADED, 250_000), (DEGRADED, 5_000_000))
    assert beats.levels()[-2:] == [6, 7]


def test_below_five_milliseconds_ups_and_downs_say_nothing() -> None:
    beats = ring((UP, 500), (UP, 1_500), (UP, 600))
    assert beats.normal_us() == CALMEST_NORMAL_US
    assert beats.levels() == [2, 2, 2]


def test_failures_and_slowness_do_not_raise_the_normal() -> None:
    beats = ring((UP, 20_000), (DEGRADED, 9_000_000), (DOWN, -1), (DOWN, 8_000_000))
    assert beats.normal_us() == 20_000
    assert beats.good_ms() == [20.0, 9_000.0]


def test_quantiles_of_nothing_are_nothing() -> None:
    assert quantile([], 0.5) is None
    assert quantile([1.0, 2.0, 3.0, 4.0], 0.5) == 3.0
    assert quantile([1.0, 2.0], 1.0) == 2.0
