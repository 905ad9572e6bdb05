from __future__ import annotations

from datetime import UTC, datetime

import pytest
from rich.cells import cell_len

from tui import formatting


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("api.prod", "api.prod"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("two\nlines\tand a tab", "two lines and a tab"),
        ("right\u202eto left", "rightto left"),
        ("zero\u200bwidth", "zerowidth"),
        ("café 東京", "café 東京"),
    ],
)
def test_a_text_from_outside_cannot_steer_the_terminal(text: str, shown: str) -> None:
    assert formatting.safe(text) == shown


@pytest.mark.parametrize("text", ["a", "exactly ten", "東京タワー", "東京 tower and more", ""])
@pytest.mark.parametrize("cells", [0, 1, 2, 5, 9, 11, 20])
def test_a_fitted_text_takes_exactly_the_cells_it_is_given(text: str, cells: int) -> None:
    assert cell_len(formatting.fit(text, cells)) == cells
    assert cell_len(formatting.fit_right(text, cells)) == cells


def test_a_cut_text_ends_with_an_ellipsis_and_a_whole_one_does_not() -> None:
    assert formatting.fit("checkout.prod", 8) == "checkou…"
    assert formatting.fit("checkout", 8) == "checkout"
    assert formatting.fit_right("4ms", 6) == "   4ms"


@pytest.mark.parametrize(
    ("milliseconds", "long", "short"),
    [
        (None, "—", "—"),
        (4.25, "4.2 ms", "4ms"),
        (9.96, "10 ms", "10ms"),
        (414.4, "414 ms", "414ms"),
        (9_999.4, "9999 ms", "9999ms"),
        (9_999.6, "10.0 s", "10.0s"),
        (12_340.0, "12.3 s", "12.3s"),
    ],
)
def test_latencies_are_told_in_the_unit_that_reads_best(
    milliseconds: float | None, long: str, short: str
) -> None:
    assert formatting.latency(milliseconds) == long
    assert formatting.short_latency(milliseconds) == short


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3, "0s"), (0, "0s"), (59.9, "59s"), (60, "1m"), (3_599, "59m"), (3_600, "1h 00m"),
        (3_900, "1h 05m"), (86_400, "1d 0h"), (273_600, "3d 4h"),
    ],
)  # fmt: skip
def test_a_duration_shows_its_two_largest_units(seconds: float, text: str) -> None:
    assert formatting.duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "now"), (9.9, "now"), (10, "10s"), (29, "20s"), (60, "1m"), (7_200, "2h"), (86_400 * 2_000, "999d")],
)
def test_an_age_moves_in_steps_and_fits_four_cells(seconds: float, text: str) -> None:
    assert formatting.age(seconds) == text
    assert len(text) <= 4


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(None, "—"), (1.0, "100%"), (0.99999, "99.99%"), (0.9951, "99.51%"), (0.0, "0.00%"), (0.07, "7.00%")],
)
def test_a_share_is_never_rounded_up_to_everything(ratio: float | None, text: str) -> None:
    assert formatting.percent(ratio) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(1.5, "1.5s"), (30, "30s"), (90, "90s"), (300, "5m"), (7200, "2h"), (0.1, "0.1s")]
)
def test_an_interval_is_told_exactly(seconds: float, text: str) -> None:
    assert formatting.interval(seconds) == text


@pytest.mark.parametrize(
    ("milliseconds", "text"), [(0.5, "0.5ms"), (3, "3ms"), (15, "15ms"), (800, "800ms"), (1500, "1.5s")]
)
def test_the_axis_of_a_chart_is_labelled_shortly(milliseconds: float, text: str) -> None:
    assert formatting.axis_latency(milliseconds) == text


def test_times_are_told_in_the_zone_of_the_operator() -> None:
    at = datetime(2026, 11, 23, 14, 32, 5, tzinfo=UTC)
    local = at.astimezone()
    assert formatting.local_time(at) == local.strftime("%H:%M")
    assert formatting.local_time(at, seconds=True) == local.strftime("%H:%M:%S")
    assert formatting.local_date_time(at) == local.strftime("%Y-%m-%d %H:%M:%S")
