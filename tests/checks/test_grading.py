"""Right answers are graded, and the lag of this process is held against no service."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.checks.grading import Grading
from core.checks.request import CheckRequest
from core.checks.visit import Visit
from core.domain.observations import Status


@pytest.mark.parametrize(
    ("lag_ended_ago", "status"), [(1.5, Status.UP), (60.0, Status.DEGRADED)], ids=["meanwhile", "before"]
)
def test_a_lag_at_any_time_of_a_check_makes_its_latency_doubtful(
    lag_ended_ago: float, status: Status
) -> None:
    """A check of TLS listens for a while after its latency has ended."""
    visit = Visit(CheckRequest("tls://x.test", degraded_above_ms=100), datetime.now(UTC), latency_ms=500.0)
    visit.started -= 2.0
    grading = Grading(lambda seconds: lag_ended_ago <= seconds)
    assert grading.grade(visit).status is status
