"""What the reports and the silence of a job mean."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from core.domain.heartbeats import expected_by, is_news, seconds_to_next_look
from core.domain.kinds import Kind
from core.domain.observations import Observation, Status
from core.domain.services import Service, ServiceSpec
from tests.clock import NOON

JOB = Service(
    1,
    1,
    ServiceSpec("backup", "", kind=Kind.HEARTBEAT, interval_seconds=3600, timeout_seconds=600),
    1,
    NOON,
    NOON,
)


def after(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("beat_minute", "expected_minute"),
    [(None, 70), (30, 100), (0, 70), (-500, 70)],
    ids=["never", "since it was made", "at that moment", "before it was resumed"],
)
def test_a_job_has_its_interval_and_its_grace(beat_minute: float | None, expected_minute: float) -> None:
    beat_at = None if beat_minute is None else after(beat_minute)
    assert expected_by(JOB, beat_at) == after(expected_minute)


@pytest.mark.parametrize(
    ("beat_minute", "last", "news"),
    [
        (None, None, False),
        (5, None, True),
        (5, Observation(after(5), Status.UP), False),
        (65, Observation(after(5), Status.UP), True),
        (5, Observation(after(75), Status.DOWN), False),
        (80, Observation(after(75), Status.DOWN), True),
        (74.9, Observation(after(75), Status.DOWN), True),
    ],
    ids=[
        *("no report", "the first", "observed already", "the next", "silent since"),
        *("back after a silence", "came while it was found missing"),
    ],
)
def test_a_report_is_observed_once(beat_minute: float | None, last: Observation | None, news: bool) -> None:
    assert is_news(JOB, None if beat_minute is None else after(beat_minute), last) is news


def test_an_edit_makes_no_old_report_a_new_one() -> None:
    edited = replace(JOB, updated_at=after(200))
    assert not is_news(edited, after(5), Observation(after(75), Status.DOWN))


@pytest.mark.parametrize(
    ("minute", "last", "seconds"),
    [
        (10, None, 3600.0),
        (69, None, 60.0),
        (70, None, 0.0),
        (70, Observation(after(70), Status.DOWN), 3600.0),
        (300, Observation(after(290), Status.DOWN), 3600.0),
        (300, Observation(after(30), Status.UP), 0.0),
        (300, Observation(after(30), Status.DOWN), 0.0),
    ],
)
def test_silence_is_looked_at_when_it_is_too_long_and_then_every_interval(
    minute: float, last: Observation | None, seconds: float
) -> None:
    assert seconds_to_next_look(JOB, None, last, after(minute)) == seconds
