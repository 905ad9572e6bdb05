"""What is told of once, beside incidents."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.domain.flapping import Flapping
from core.domain.observations import Certificate, Observation, Status
from core.domain.occasions import (
    CERTIFICATE_DAYS,
    OccasionKind,
    certificate_key,
    certificate_threshold,
    crossed_threshold,
    flapping_changes,
)
from core.domain.status import ServiceState

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def certificate(ends_at: datetime) -> Certificate:
    return Certificate(ends_at, "issuer", "shop.example")


def state_at(moment: datetime, ends_at: datetime | None) -> ServiceState:
    shown = None if ends_at is None else certificate(ends_at)
    return ServiceState(Status.UP, observation=Observation(moment, Status.UP, certificate=shown))


def crossed(hours: range, ends_at: datetime, warn_days: int | None = None) -> list[int]:
    """Give every threshold that is told of in checks an hour apart."""
    told = []
    before = ServiceState()
    for hour in hours:
        after = state_at(NOW + timedelta(hours=hour), ends_at)
        threshold = crossed_threshold(before, after, warn_days)
        told += [] if threshold is None else [threshold]
        before = after
    return told


@pytest.mark.parametrize(
    ("left", "threshold"),
    [
        (31 * DAY, None),
        (31 * DAY - timedelta(seconds=1), 30),
        (30 * DAY, 30),
        (15 * DAY, 30),
        (15 * DAY - timedelta(seconds=1), 14),
        (8 * DAY - timedelta(seconds=1), 7),
        (4 * DAY - timedelta(seconds=1), 3),
        (2 * DAY - timedelta(seconds=1), 1),
        (DAY, 1),
        (DAY - timedelta(seconds=1), 0),
        (timedelta(0), 0),
        (-timedelta(seconds=1), None),
        (-9 * DAY, None),
    ],
)
def test_the_lowest_threshold_counts_that_a_certificate_has_come_to(
    left: timedelta, threshold: int | None
) -> None:
    assert certificate_threshold(certificate(NOW + left), NOW) == threshold


def test_every_threshold_is_told_of_once_as_the_end_comes_near_and_none_after_it() -> None:
    assert crossed(range(24 * 50), NOW + 40 * DAY) == list(CERTIFICATE_DAYS) == [30, 14, 7, 3, 1, 0]


@pytest.mark.parametrize("warn_days", CERTIFICATE_DAYS)
def test_the_threshold_at_which_the_service_is_degraded_is_left_to_the_incident(warn_days: int) -> None:
    told = crossed(range(24 * 50), NOW + 40 * DAY, warn_days)
    assert told == [threshold for threshold in CERTIFICATE_DAYS if threshold != warn_days]


def test_a_certificate_that_is_seen_first_near_its_end_tells_of_the_lowest_threshold_only() -> None:
    assert crossed(range(3), NOW + 5 * DAY) == [7]


def test_thresholds_that_no_check_saw_are_passed_over() -> None:
    before, after = state_at(NOW, NOW + 29 * DAY), state_at(NOW + 23 * DAY, NOW + 29 * DAY)
    assert crossed_threshold(before, after, None) == 7


def test_a_renewed_certificate_begins_anew() -> None:
    before = state_at(NOW, NOW + 5 * DAY)
    assert crossed_threshold(before, state_at(NOW, NOW + 90 * DAY), None) is None
    assert crossed_threshold(before, state_at(NOW, NOW + 6 * DAY), None) == 7
    assert crossed_threshold(before, before, None) is None


@pytest.mark.parametrize(
    "after", [ServiceState(), state_at(NOW, None), state_at(NOW, NOW - DAY), state_at(NOW, NOW + 99 * DAY)]
)
def test_there_is_nothing_to_tell_without_a_certificate_that_is_near_its_end(after: ServiceState) -> None:
    assert crossed_threshold(state_at(NOW, NOW + 99 * DAY), after, None) is None


def test_a_certificate_has_a_key_for_each_service_end_and_threshold() -> None:
    first, renewed = certificate(NOW), certificate(NOW + DAY)
    keys = {
        certificate_key(service_id, shown, threshold)
        for service_id in (1, 2)
        for shown in (first, renewed)
        for threshold in (7, 3)
    }
    assert len(keys) == 8
    assert certificate_key(1, first, 7) == certificate_key(1, replace(first, issuer="other"), 7)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (False, False, []),
        (False, True, [OccasionKind.FLAPPING]),
        (True, True, []),
        (True, False, [OccasionKind.FLAPPING_END]),
    ],
)
def test_flapping_is_told_of_where_it_begins_and_where_it_ends(
    before: bool, after: bool, told: list[OccasionKind]
) -> None:
    states = [ServiceState(flapping=Flapping(active=active)) for active in (before, after)]
    assert list(flapping_changes(*states)) == told
