"""A latency chart of braille dots: area with a gradient, a threshold, failure marks, labelled axes.

Pure drawing: values in, strips out. (Own, because the plotting widgets at hand cost two to six times as
much per frame and pull in numpy.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from textual.strip import Strip

from tui import formatting
from tui.themes import Palette, blend
from tui.widgets.lines import Line

_DOTS = ((0x40, 0x80), (0x04, 0x20), (0x02, 0x10), (0x01, 0x08))
"""Braille dots from the lowest row up: left, right."""
_ROWS_PER_CELL, _COLUMNS_PER_CELL = 4, 2
_LABELS = 8
"""Cells of the labels at the left, the axis among them."""
_STEPS = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)
_FAILURE, _FAILURE_LINE, _LIMIT_LINE, _GRID_LINE = "✗", "┊", "╌", "·"


@dataclass(frozen=True, slots=True)
class Series:
    """What a chart shows, oldest first."""

    values: Sequence[float | None]
    """Milliseconds; None where a check failed or nothing was seen."""
    failed: Sequence[bool]
    limit_ms: float | None = None
    """Above it an answer is degraded."""
    labels: Sequence[str] = ()
    """Under the time axis, evenly spaced from the oldest to now."""


@dataclass(frozen=True, slots=True)
class _Column:
    """Half a cell of the chart."""

    dots: int
    """Height in dots."""
    failed: bool


def nice_top(value: float) -> float:
    """Give the round number at or above a value that an axis can end with."""
    if value <= 0:
        return 1.0
    magnitude = 10 ** math.floor(math.log10(value))
    return float(next(step * magnitude for step in _STEPS if value <= step * magnitude * (1 + 1e-9)))


def draw_chart(series: Series, width: int, height: int, palette: Palette) -> list[Strip]:
    """Draw a chart of exactly that size, its time axis in the last line."""
    plot_width, plot_height = max(4, width - _LABELS), max(2, height - 1)
    known = [value for value in series.values if value is not None]
    highest = max(known, default=0.0)
    top = nice_top(max(highest * 1.05, 1.0))
    limit = series.limit_ms if series.limit_ms is not None and series.limit_ms <= top else None
    columns = _columns(series, plot_width * _COLUMNS_PER_CELL, plot_height * _ROWS_PER_CELL, top)
    plot = _Plot(columns, top, limit, plot_height, palette)
    strips = [plot.line(row).strip(width) for row in range(plot_height)]
    return [*strips, _time_axis(series.labels, plot_width, palette).strip(width)]


def _columns(series: Series, count: int, height: int, top: float) -> list[_Column]:
    """Spread the values over the half cells: several share one, or one fills several."""
    total = len(series.values)
    columns = []
    for index in range(count):
        start = index * total // count
        end = max(start + 1, (index + 1) * total // count)
        found = [value for value in series.values[start:end] if value is not None]
        dots = max(1, min(height, round(max(found) / top * height))) if found else 0
        columns.append(_Column(dots, any(series.failed[start:end])))
    return columns


@dataclass(frozen=True, slots=True)
class _Plot:
    columns: Sequence[_Column]
    top: float
    limit: float | None
    """The threshold, if it lies within the plot."""
    height: int
    palette: Palette

    @property
    def limit_row(self) -> int | None:
        """The row that the threshold runs through, from the top."""
        if self.limit is None:
            return None
        return self.height - 1 - min(self.height - 1, int(self.limit / self.top * self.height))

    def line(self, row: int) -> Line:
        """Draw one row, from the top."""
        palette = self.palette
        line = Line(palette)
        at_limit = row == self.limit_row
        colour = palette.degraded if at_limit else palette.quiet
        line.add(formatting.fit_right(self._label(row, at_limit), _LABELS - 2) + " ", colour)
        line.add("│", palette.line)
        run, run_colour = "", ""
        for cell in range(len(self.columns) // _COLUMNS_PER_CELL):
            mark, colour = self._cell(cell, row)
            if colour != run_colour:
                line.add(run, run_colour or None)
                run, run_colour = "", colour
            run += mark
        return line.add(run, run_colour or None)

    def _label(self, row: int, at_limit: bool) -> str:
        if at_limit and self.limit is not None:
            return formatting.axis_latency(self.limit)
        if not any(column.dots for column in self.columns):
            return ""
        if row == 0:
            return formatting.axis_latency(self.top)
        if row == self.height // 2 and self.height >= 6:
            return formatting.axis_latency(self.top / 2)
        return ""

    def _cell(self, cell: int, row: int) -> tuple[str, str]:
        """Give the mark and the colour of one cell."""
        palette = self.palette
        left, right = self.columns[2 * cell], self.columns[2 * cell + 1]
        lowest = row == self.height - 1
        failed = left.failed or right.failed
        if failed and lowest:
            return _FAILURE, palette.down
        base = (self.height - 1 - row) * _ROWS_PER_CELL
        code = 0
        for side, column in enumerate((left, right)):
            for dot in range(_ROWS_PER_CELL):
                if column.dots - base > dot:
                    code |= _DOTS[dot][side]
        if code:
            return chr(0x2800 + code), self._colour(row)
        if failed:
            return _FAILURE_LINE, blend(palette.faint, palette.down, 0.4)
        if row == self.limit_row:
            return _LIMIT_LINE, palette.degraded_wash
        on_grid = row in (0, self.height // 2) and cell % 2 == 0
        return (_GRID_LINE if on_grid else " "), palette.line

    def _colour(self, row: int) -> str:
        """Give the colour of a height: calm below, the threshold's hue near it, alarming above."""
        palette = self.palette
        value = (self.height - row - 0.5) / self.height * self.top
        if self.limit is None:
            return blend(palette.chart_low, palette.chart_high, value / self.top)
        share = value / self.limit
        if share < 0.7:
            return blend(palette.chart_low, palette.chart_high, share / 0.6)
        if share < 1:
            return blend(palette.chart_high, palette.degraded, (share - 0.7) / 0.3)
        return blend(palette.degraded, palette.down, (share - 1) * 2)


def _time_axis(labels: Sequence[str], width: int, palette: Palette) -> Line:
    cells = [" "] * width
    for index, label in enumerate(labels):
        place = round(index * (width - 1) / max(1, len(labels) - 1))
        if index == len(labels) - 1:
            place -= len(label) - 1
        elif index:
            place -= len(label) // 2
        for offset, char in enumerate(label):
            if 0 <= place + offset < width:
                cells[place + offset] = char
    line = Line(palette).add(formatting.fit_right("0", _LABELS - 2) + " ", palette.quiet)
    return line.add("└", palette.line).add("".join(cells), palette.quiet)


def time_labels(span_seconds: float, count: int, now_word: str) -> list[str]:
    """Give evenly spaced labels from a span ago to now."""
    steps = [span_seconds * (count - 1 - index) / (count - 1) for index in range(count - 1)]
    return [*(f"-{_compact(seconds)}" for seconds in steps), now_word]


def _compact(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f}s"
    minutes = seconds / 60
    if minutes < 120:
        return f"{minutes:.0f}m"
    return f"{minutes / 60:.0f}h"
