"""The pulse: lateness of the loop, and rates."""

from __future__ import annotations

import pytest

from core.worker.pulse import BEAT_SECONDS, Pulse, Rate
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
