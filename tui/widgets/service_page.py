"""The panes of a service's page: its state in two lines, and its latency over a span."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from textual.strip import Strip

from core.domain.kinds import Kind
from core.domain.observations import LatencyPoint, Status
from core.i18n import _, ngettext
from tui import formatting
from tui.beats import quantile
from tui.board_model import Entry
from tui.latency_series import columns_of, series_of
from tui.widgets.board_rows import trouble
from tui.widgets.chart import draw_chart
from tui.widgets.lines import Lines
from tui.widgets.selected import add_status_chip, next_check_in

HOUR, DAY = 3_600.0, 86_400.0


class ServiceHead(Lines):
    """One line: the status as a chip, since when, how often, when next; what is wrong below."""

    DEFAULT_CSS = "ServiceHead { height: 2; padding: 0 1; }"

    def __init__(self) -> None:
        super().__init__()
        self.entry: Entry | None = None
        self.now: datetime | None = None

    def show(self, entry: Entry, now: datetime) -> None:
        """Show the service as it is now."""
        self.entry, self.now = entry, now
        self.redraw()

    def draw(self, width: int, height: int) -> list[Strip]:
        """Draw both lines."""
        if self.entry is None or self.now is None:
            return []
        palette, entry, state = self.palette, self.entry, self.entry.line.state
        line = add_status_chip(self.line(), entry.shown, palette)
        if state.since is not None and entry.shown is state.status:
            lasting = formatting.duration((self.now - state.since).total_seconds())
            since = formatting.local_date_time(state.since)
            line.add("  " + _("for") + " ", palette.quiet).add(lasting, palette.strong, bold=True)
            line.add("  " + _("since {time}").format(time=since), palette.quiet)
        if state.flapping.active and entry.line.active:
            told = _("flapping {percent:.0f} %").format(percent=state.flapping.percent)
            line.add("   ").add(told, palette.degraded)
        wait = next_check_in(entry, self.now)
        if wait is not None:
            line.add(f"   {_next_word(entry)} ", palette.quiet).add(formatting.duration(wait))
        problem = _problem_text(entry, self.now)
        second = self.line().add_within(problem, width, palette.status(entry.shown))
        return [line.strip(width), second.strip(width)]


def _problem_text(entry: Entry, now: datetime) -> str:
    """Say what is wrong, in a whole sentence where it is behind something else."""
    text, above = trouble(entry, now), entry.behind
    if above is None or entry.line.state.soft:
        return text
    return _("{trouble}, which is down").format(trouble=text)


def _next_word(entry: Entry) -> str:
    is_heartbeat = entry.line.service.spec.kind is Kind.HEARTBEAT
    return _("next report in") if is_heartbeat else _("next check in")


class LatencyChart(Lines):
    """The latency of a span that ends now."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="panel")
        self.span = HOUR
        """Seconds."""
        self.entry: Entry | None = None
        self.points: Sequence[LatencyPoint] = ()
        self.now: datetime | None = None

    def show(self, entry: Entry, points: Sequence[LatencyPoint], now: datetime) -> None:
        """Show these stretches of the span."""
        self.entry, self.points, self.now = entry, points, now
        hours = round(self.span / HOUR)
        title = ngettext("latency, last hour", "latency, last {count} hours", hours)
        self.border_title = title.format(count=hours)
        self.border_subtitle = self._figures()
        self.redraw()

    @property
    def columns(self) -> int:
        """Stretches that the span is gathered into."""
        interval = self.entry.line.service.spec.interval_seconds if self.entry else 1.0
        return columns_of(self.span, interval)

    def _figures(self) -> str:
        good = [point for point in self.points if point.status is not Status.DOWN]
        medians = sorted(point.median_ms for point in good if point.median_ms is not None)
        slowest = max((point.slowest_ms for point in good if point.slowest_ms is not None), default=None)
        median = formatting.latency(quantile(medians, 0.5))
        return _("median {median}   slowest {slowest}").format(
            median=median, slowest=formatting.latency(slowest)
        )

    def draw(self, width: int, height: int) -> list[Strip]:
        """Draw the chart in all the room there is."""
        if self.entry is None or self.now is None:
            return []
        limit = self.entry.line.service.spec.degraded_above_ms
        series = series_of(self.points, self.now, self.span, self.columns, limit)
        return draw_chart(series, width - 1, height, self.palette)
