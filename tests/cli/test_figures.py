from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from core.cli.figures import age, duration, iso, milliseconds, percent, rounded
from core.domain.uptime import Uptime

MOMENT = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)


def test_times_of_json_are_utc_with_a_z() -> None:
    assert iso(MOMENT) == "2026-11-23T18:00:00Z"
    assert iso(MOMENT.astimezone(timezone(timedelta(hours=2)))) == "2026-11-23T18:00:00Z"
    assert iso(MOMENT + timedelta(milliseconds=250)) == "2026-11-23T18:00:00.250Z"
    assert iso(None) is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0s"),
        (0.9, "0s"),
        (59, "59s"),
        (60, "1m"),
        (200, "3m 20s"),
        (3_600, "1h"),
        (18_120, "5h 2m"),
        (86_400 * 12 + 4 * 3_600, "12d 4h"),
    ],
)
def test_durations_have_two_units_at_most(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_an_age_is_counted_from_now() -> None:
    assert age(MOMENT, MOMENT + timedelta(seconds=7)) == "7s"
    assert age(None, MOMENT) == "-"


@pytest.mark.parametrize(
    ("latency", "text"),
    [(None, "-"), (0.04, "0.0 ms"), (9.94, "9.9 ms"), (123.4, "123 ms"), (12_345.0, "12.3 s")],
)
def test_latencies_have_a_unit_that_suits_them(latency: float | None, text: str) -> None:
    assert milliseconds(latency) == text


@pytest.mark.parametrize(
    ("uptime", "text"),
    [
        (None, "-"),
        (Uptime(86_400, 0, 0), "-"),
        (Uptime(86_400, 86_400, 86_400), "100.00%"),
        (Uptime(86_400, 86_400, 86_399), "99.99%"),
        (Uptime(86_400, 43_200, 21_600), "50.00% of 50%"),
        (Uptime(86_400, 60, 60), "100.00% of <1%"),
    ],
)
def test_uptime_is_never_rounded_up_and_says_how_much_was_seen(uptime: Uptime | None, text: str) -> None:
    assert percent(uptime) == text


def test_figures_of_json_are_rounded_and_nothing_stays_nothing() -> None:
    assert rounded(1.23456) == 1.235
    assert rounded(None) is None
