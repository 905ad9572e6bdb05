"""What is known of one watched service."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.observations import Status
from core.domain.status import ServiceState
from core.worker.watched import Watched, host_of
from tests.worker.support import START, client, seen, service


def watched(state: ServiceState | None = None, interval: float = 30.0, retries: int = 2) -> Watched:
    stored = service(1, interval=interval, retries=retries)
    return Watched.of(client(), stored, ServiceState() if state is None else state)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://API.Example:8443/health?x=1", "api.example:8443"),
        ("http://example", "example"),
        ("http://[::1]:80/x", "[::1]:80"),
        ("http://[bad", "[bad"),
        ("nonsense", "nonsense"),
    ],
)
def test_hosts_are_told_apart_by_name_and_port(url: str, host: str) -> None:
    assert host_of(url) == host


@given(
    st.lists(
        st.tuples(st.sampled_from([Status.UP, Status.DEGRADED, Status.DOWN]), st.integers(-3, 3)),
        min_size=1,
        max_size=40,
    ),
    st.integers(0, 4),
)
def test_a_run_of_checks_has_times_of_its_own_and_failures_are_retried(
    run: list[tuple[Status, int]], retries: int
) -> None:
    service_watched = watched(retries=retries)
    times = []
    moment = START
    for status, microseconds in run:
        moment += timedelta(microseconds=microseconds)
        event = service_watched.judge(seen(status, moment))
        times.append(event.observation.checked_at)
        assert event.state == service_watched.state
        assert event.state.observation == event.observation
        confirming = event.state.failing_attempt > 0
        assert (service_watched.retry_seconds() == 10.0) == confirming
        if event.transition is not None:
            assert event.state.since == event.transition.started_at
    assert len(set(times)) == len(times)


def test_a_clock_set_back_for_long_keeps_its_own_times() -> None:
    service_watched = watched()
    service_watched.judge(seen(at=START))
    earlier = START - timedelta(hours=1)
    assert service_watched.judge(seen(at=earlier)).observation.checked_at == earlier


def test_a_service_never_checked_is_due_at_a_start() -> None:
    assert watched().wait_after_start(START) == 0.0


def test_after_a_start_the_rest_of_the_interval_is_waited() -> None:
    service_watched = watched()
    service_watched.judge(seen(at=START))
    assert service_watched.wait_after_start(START + timedelta(seconds=12)) == 18.0
    assert service_watched.wait_after_start(START + timedelta(seconds=40)) < 0


def test_a_retry_survives_a_restart() -> None:
    service_watched = watched()
    service_watched.judge(seen(Status.DOWN, START))
    assert service_watched.wait_after_start(START + timedelta(seconds=4)) == 6.0


def test_a_last_check_in_the_future_delays_the_next_by_an_interval_at_most() -> None:
    service_watched = watched()
    service_watched.judge(seen(at=START + timedelta(days=1)))
    assert service_watched.wait_after_start(START) == 30.0
