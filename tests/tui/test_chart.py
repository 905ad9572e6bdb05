from __future__ import annotations

from datetime import timedelta

import pytest
from textual.strip import Strip

from core.domain.observations import LatencyPoint, Observation, Status
from tests.tui.canned import NOW, answer
from tests.tui.test_themes import palette_of
from tui.latency_series import columns_of, point_of, series_of
from tui.widgets.chart import Series, draw_chart, nice_top, time_labels

PALETTE = palette_of("ronda-night")


def plot(series: Series, width: int = 48, height: int = 9) -> list[Strip]:
    strips = draw_chart(series, width, height, PALETTE)
    assert len(strips) == height
    assert {strip.cell_length for strip in strips} == {width}
    return strips


def texts(series: Series) -> list[str]:
    return [strip.text for strip in plot(series)]


def braille(text: str) -> str:
    return "".join(char for char in text if "\u2800" < char <= "\u28ff")


def steady(value: float | None, count: int = 60) -> Series:
    return Series([value] * count, [False] * count)


@pytest.mark.parametrize(("width", "height"), [(20, 3), (48, 9), (150, 20), (12, 2)])
def test_a_chart_has_the_size_that_was_asked_for(width: int, height: int) -> None:
    strips = draw_chart(steady(20.0), width, max(3, height), PALETTE)
    assert {strip.cell_length for strip in strips} == {max(width, 12)}


@pytest.mark.parametrize(
    ("value", "top"),
    [(0, 1), (0.7, 0.8), (1, 1), (1.2, 1.5), (29, 30), (810, 1000), (4200, 5000), (9.5e3, 1e4)],
)
def test_an_axis_ends_with_a_round_number_at_or_above_the_highest(value: float, top: float) -> None:
    assert nice_top(value) == pytest.approx(top)


def test_the_axis_is_labelled_at_the_top_the_middle_and_zero() -> None:
    lines = texts(steady(28.0))
    assert lines[0].lstrip().startswith("30ms")
    assert lines[4].lstrip().startswith("15ms")
    assert lines[-1].lstrip().startswith("0 └")


def test_without_a_single_latency_no_figure_is_invented() -> None:
    lines = texts(Series([None] * 60, [True] * 60))
    assert not any("ms" in line for line in lines)
    assert lines[-2].count("✗") == 40


def test_higher_latencies_make_higher_columns() -> None:
    values = [10.0] * 30 + [100.0] * 30
    top_row = texts(Series(values, [False] * 60))[3]
    assert braille(top_row[8:28]) == ""
    assert len(braille(top_row[28:])) == 20


def test_the_smallest_latency_still_shows() -> None:
    lowest = texts(Series([1.0] * 59 + [1000.0], [False] * 60))[-2]
    assert len(braille(lowest)) == 40


def test_failures_are_marked_at_the_bottom_and_dotted_above() -> None:
    lines = texts(Series([10.0] * 55 + [None] * 5, [False] * 55 + [True] * 5))
    assert lines[-2].count("✗") == 3
    assert lines[0].count("┊") == 3


def test_a_gap_is_neither_a_failure_nor_a_latency() -> None:
    lines = texts(Series([None] * 30 + [10.0] * 30, [False] * 60))
    assert braille(lines[-2][8:28]) == ""
    assert "✗" not in lines[-2]


def test_the_threshold_is_drawn_where_it_lies_and_left_out_above_the_top() -> None:
    inside = texts(Series([1_500.0] * 30 + [100.0] * 30, [False] * 60, limit_ms=800))
    assert any(line.lstrip().startswith("800ms") and "╌" in line for line in inside)
    outside = texts(Series([20.0] * 60, [False] * 60, limit_ms=800))
    assert not any("800ms" in line or "╌" in line for line in outside)


def test_what_is_above_the_threshold_is_coloured_otherwise_than_what_is_below() -> None:
    strips = plot(Series([4_000.0] * 60, [False] * 60, limit_ms=800))
    colours = {
        segment.style.color
        for strip in strips[:-1]
        for segment in strip
        if segment.style and braille(segment.text)
    }
    assert len(colours) >= 3


def test_time_is_labelled_from_the_oldest_to_now() -> None:
    assert time_labels(3_600, 5, "now") == ["-60m", "-45m", "-30m", "-15m", "now"]
    assert time_labels(86_400, 5, "now") == ["-24h", "-18h", "-12h", "-6h", "now"]
    assert time_labels(60, 4, "now") == ["-60s", "-40s", "-20s", "now"]
    axis = texts(Series([1.0], [False], labels=time_labels(3_600, 5, "now")))[-1]
    assert axis.split() == ["0", "└-60m", "-45m", "-30m", "-15m", "now"]
    assert axis.endswith("now")


def test_columns_are_never_shorter_than_the_interval() -> None:
    assert columns_of(3_600, 30) == 120
    assert columns_of(86_400, 30) == 240
    assert columns_of(3_600, 7_200) == 1


def test_checks_fall_into_the_column_of_their_time() -> None:
    checks = [
        answer(NOW - timedelta(seconds=age), ms) for age, ms in ((0, 5.0), (10, 9.0), (59, 7.0), (61, 99.0))
    ]
    series = series_of(map(point_of, checks), NOW, 60, 6, 800)
    assert list(series.values) == [7.0, None, None, None, 9.0, 5.0]
    assert not any(series.failed)


def test_a_column_holds_its_slowest_answer_and_that_something_failed() -> None:
    points = [
        LatencyPoint(NOW - timedelta(seconds=3), Status.UP, 4.0, 4.0),
        LatencyPoint(NOW - timedelta(seconds=2), Status.DEGRADED, 900.0, 1_200.0),
        point_of(Observation(NOW - timedelta(seconds=1), Status.DOWN, latency_ms=3.0)),
    ]
    series = series_of(points, NOW, 10, 1, None)
    assert list(series.values) == [1_200.0]
    assert list(series.failed) == [True]
