"""What is known of one watched service."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.evidence import Evidence
from core.domain.kinds import Kind
from core.domain.observations import Status
from core.domain.services import ServiceSpec
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
        assert (service_watched.wait_seconds(START) == 10.0) == confirming
        if event.transition is not None:
            assert event.state.since == event.transition.started_at
    assert len(set(times)) == len(times)


def test_evidence_is_told_once_and_held_nowhere() -> None:
    service_watched = watched()
    evidence = Evidence("body", "192.0.2.7", "HTTP/1.1 503 No", "no luck")
    event = service_watched.judge(seen(Status.DOWN, START, evidence=evidence))
    assert event.observation.evidence == evidence
    assert event.state.observation == replace(event.observation, evidence=None)
    assert service_watched.state == event.state
    assert event.state.down_run.since == START


def test_what_is_seen_in_maintenance_is_marked_and_judged_all_the_same() -> None:
    service_watched = watched(retries=0)
    ends_at = START + timedelta(hours=1)
    event = service_watched.judge(seen(Status.DOWN, START), ends_at)
    assert event.observation.in_maintenance
    assert event.state.observation == event.observation
    assert (event.state.status, event.state.maintenance_until) == (Status.DOWN, ends_at)


def test_the_first_check_after_a_maintenance_is_marked_no_more() -> None:
    service_watched = watched()
    service_watched.judge(seen(at=START), START + timedelta(seconds=30))
    event = service_watched.judge(seen(at=START + timedelta(seconds=31)))
    assert not event.observation.in_maintenance
    assert event.state.maintenance_until is None


def test_its_tags_are_those_of_the_service_and_of_its_client() -> None:
    made = Watched.of(client(tags=("gold", "eu")), service(tags=("batch",)), ServiceState())
    assert set(made.tags) == {"gold", "eu", "batch"}


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


@pytest.mark.parametrize(
    ("silent", "words"),
    [
        (timedelta(seconds=119), "no report for 119 seconds"),
        (timedelta(minutes=119), "no report for 119 minutes"),
        (timedelta(hours=47), "no report for 47 hours"),
        (timedelta(days=3), "no report for 3 days"),
    ],
)
def test_a_silent_job_is_told_with_its_silence(silent: timedelta, words: str) -> None:
    spec = ServiceSpec("backup", "", kind=Kind.HEARTBEAT, interval_seconds=60, timeout_seconds=10)
    job = Watched.of(client(), replace(service(1), spec=spec), ServiceState())
    job.hear(START)
    seen_silent = job.listen(START + silent)
    assert seen_silent is not None
    assert (seen_silent.status, seen_silent.detail) == (Status.UP, None)
    job.judge(seen_silent)
    seen_silent = job.listen(START + silent)
    assert seen_silent is not None
    assert (seen_silent.status, seen_silent.detail) == (Status.DOWN, words)
    assert job.judge(seen_silent).state.status is Status.DOWN


def test_an_older_report_is_no_news() -> None:
    job = watched()
    assert job.hear(START)
    assert not job.hear(START)
    assert not job.hear(None)
    assert job.beat_at == START


def test_an_old_report_that_was_just_heard_of_is_followed_by_a_look_at_once() -> None:
    spec = replace(
        service(1).spec, kind=Kind.HEARTBEAT, endpoint="", interval_seconds=3600, timeout_seconds=60
    )
    job = Watched.of(client(), replace(service(1), spec=spec), ServiceState())
    job.hear(START)
    much_later = START + timedelta(hours=2)
    statuses = []
    while job.wait_after_start(much_later) <= 0:
        heard = job.listen(much_later)
        assert heard is not None
        job.judge(heard)
        statuses.append(heard.status)
        assert len(statuses) == 1 or job.wait_seconds(much_later) == 3600
        assert len(statuses) == 2 or job.wait_seconds(much_later) == 0
    assert statuses == [Status.UP, Status.DOWN]


def test_a_job_that_is_down_stays_down_when_its_service_is_edited() -> None:
    spec = replace(service(1).spec, kind=Kind.HEARTBEAT, endpoint="", interval_seconds=60, timeout_seconds=1)
    job = Watched.of(client(), replace(service(1), spec=spec), ServiceState())
    job.hear(START)
    for _look in range(2):
        heard = job.listen(START + timedelta(minutes=5))
        assert heard is not None
        job.judge(heard)
    job.service = replace(job.service, updated_at=START + timedelta(minutes=6))
    assert job.state.status is Status.DOWN
    assert job.listen(START + timedelta(minutes=6)) is None
