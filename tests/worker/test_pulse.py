"""The pulse: lateness of the loop, and rates."""

from __future__ import annotations

import pytest

from core.worker.pulse import BEAT_SECONDS, LAG_LIMIT_SECONDS, Pulse, Rate
from tests.clock import FrozenClock
from tests.worker.support import until


async def test_a_loop_that_is_blocked_shows_in_the_pulse() -> None:
    clock = FrozenClock()
    pulse = Pulse(clock)
    pulse.start()
    clock.advance(BEAT_SECONDS + 0.4)
    assert pulse.take_worst() == pytest.approx(0.4)
    pulse.stop()


async def test_the_worst_lateness_is_kept_until_it_is_taken() -> None:
    clock = FrozenClock()
    pulse = Pulse(clock)
    pulse.start()
    clock.advance(BEAT_SECONDS + 0.3)
    pulse._beat()
    clock.advance(BEAT_SECONDS + 0.1)
    pulse._beat()
    assert pulse.take_worst() == pytest.approx(0.3)
    assert pulse.take_worst() == 0.0
    pulse.stop()


async def test_the_pulse_beats_by_itself() -> None:
    asked = 0

    class Counting(FrozenClock):
        def monotonic(self) -> float:
            nonlocal asked
            asked += 1
            return super().monotonic()

    pulse = Pulse(Counting())
    pulse.start()
    await until(lambda: asked >= 6)
    pulse.stop()


async def test_a_lag_that_lasts_still_overlaps_what_ends_now() -> None:
    clock = FrozenClock()
    pulse = Pulse(clock)
    pulse.start()
    clock.advance(BEAT_SECONDS + LAG_LIMIT_SECONDS - 0.001)
    assert not pulse.lagged_within(1.0)
    clock.advance(0.002)
    assert pulse.lagged_within(1.0)
    assert pulse.lagged_within(0.0), "the beat knows nothing of it yet"
    pulse.stop()


async def test_a_lag_that_is_over_overlaps_only_what_began_before_its_end() -> None:
    clock = FrozenClock()
    pulse = Pulse(clock)
    pulse.start()
    clock.advance(BEAT_SECONDS + 0.03)
    await until(lambda: not pulse.lagged_within(0.0))  # the loop has come to itself, and the pulse beats
    clock.advance(0.01)
    assert pulse.lagged_within(0.011)
    assert not pulse.lagged_within(0.009)
    pulse.stop()


async def test_the_last_lag_is_remembered_after_beats_in_time() -> None:
    clock = FrozenClock()
    pulse = Pulse(clock)
    pulse.start()
    for seconds in (BEAT_SECONDS + 0.3, BEAT_SECONDS, BEAT_SECONDS + 0.01):
        clock.advance(seconds)
        pulse._beat()
    since = 2 * BEAT_SECONDS + 0.01
    assert pulse.lagged_within(since + 0.001)
    assert not pulse.lagged_within(since - 0.001), "a lag below the limit makes nothing doubtful"
    pulse.stop()


async def test_a_pulse_that_does_not_beat_knows_of_no_lag() -> None:
    clock = FrozenClock()
    pulse = Pulse(clock)
    assert not pulse.lagged_within(1.0)
    assert pulse.take_worst() == 0.0
    pulse.start()
    pulse.stop()
    clock.advance(5.0)
    assert not pulse.lagged_within(1.0)
    assert pulse.take_worst() == 0.0


def test_a_rate_is_the_growth_since_the_last_look() -> None:
    clock = FrozenClock()
    rate = Rate(clock)
    clock.advance(2.0)
    assert rate.since_last(100) == 50.0
    clock.advance(4.0)
    assert rate.since_last(120) == 5.0
    assert rate.since_last(130) == 0.0
    clock.advance(1.0)
    assert rate.since_last(7) == 7.0
