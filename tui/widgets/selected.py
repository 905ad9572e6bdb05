"""The pane of the service under the cursor: its state, its figures and a chart of its last results."""

from __future__ import annotations

from datetime import datetime, timedelta

from rich.cells import cell_len
from textual.content import Content
from textual.strip import Strip

from core.domain.observations import Observation, Status
from core.domain.status import next_check_after
from core.i18n import _, ngettext
from core.wording import STATUS_WORDS
from tui import formatting
from tui.beats import quantile
from tui.board_model import Entry
from tui.glyphs import STATUS_GLYPHS
from tui.service_words import asked
from tui.themes import Palette
from tui.widgets.board_rows import trouble
from tui.widgets.chart import Series, draw_chart, time_labels
from tui.widgets.lines import Line, Lines

_LEAST_CHART = 4
"""Lines below which a chart says nothing."""


def beat_series(entry: Entry) -> Series:
    """Give the chart of the results that are loaded."""
    beats, spec = entry.beats, entry.line.service.spec
    span = max(1, len(beats)) * spec.interval_seconds
    return Series(
        values=beats.latencies_ms(),
        failed=[status is Status.DOWN for status in beats.statuses()],
        limit_ms=spec.degraded_above_ms,
        labels=time_labels(span, 4, _("now")),
    )


def next_check_in(entry: Entry, now: datetime) -> float | None:
    """Give the seconds until the next check is due; None if none is planned or none was made yet."""
    observation = entry.observation
    if observation is None or not entry.line.active:
        return None
    spec = entry.line.service.spec
    wait = next_check_after(entry.line.state, spec)
    due = observation.checked_at + timedelta(seconds=spec.interval_seconds if wait is None else wait)
    return max(0.0, (due - now).total_seconds())


def add_status_chip(line: Line, status: Status, palette: Palette) -> Line:
    """Put the status in reversed colours at the end of a line."""
    text = f" {STATUS_GLYPHS[status]} {STATUS_WORDS[status]} "
    return line.add(text, palette.background, bold=True, background=palette.status(status))


def answer_text(observation: Observation | None, now: datetime) -> str:
    """Say what the last answer was: code, certificate, address."""
    if observation is None:
        return _("not checked yet")
    parts = []
    if observation.status_code is not None:
        parts.append(str(observation.status_code))
    if observation.certificate is not None:
        days = observation.certificate.days_left(now)
        parts.append(ngettext("TLS {count} day", "TLS {count} days", days).format(count=days))
    if observation.address:
        parts.append(formatting.safe(observation.address))
    return " · ".join(parts) or STATUS_WORDS[observation.status]


class SelectedPane(Lines):
    """Everything about one service in a pane at the side, or its figures and a chart at the bottom."""

    def __init__(self, *, compact: bool = False, id: str | None = None) -> None:
        super().__init__(id=id, classes="panel")
        self.compact = compact
        self.entry: Entry | None = None
        self.now: datetime | None = None

    def show(self, entry: Entry | None, now: datetime) -> None:
        """Show this service, as it is now."""
        self.entry, self.now = entry, now
        if entry is None:
            self.border_title = _("service")
        elif self.compact:
            self.border_title = _("last {count} checks").format(count=len(entry.beats))
        else:
            spec, client = entry.line.service.spec, entry.line.client.spec
            title = f"{formatting.safe(spec.name)} · {formatting.safe(client.name)}"
            self.border_title = Content(title).markup
        self.redraw()

    def draw(self, width: int, height: int) -> list[Strip]:
        """Draw the service, or say that none is chosen."""
        if self.entry is None or self.now is None:
            return [self.line().add(" " + _("no service is chosen"), self.palette.quiet).strip(width)]
        lines = (self._compact_head if self.compact else self._head)(self.entry, self.now, width)
        strips = [line.strip(width) for line in lines]
        room = height - len(strips)
        if room >= _LEAST_CHART and len(self.entry.beats):
            strips += draw_chart(beat_series(self.entry), width - 1, room, self.palette)
        return strips

    def _compact_head(self, entry: Entry, now: datetime, width: int) -> list[Line]:
        palette, line = self.palette, self.line()
        spec, client = entry.line.service.spec, entry.line.client.spec
        colour = palette.status(entry.shown)
        line.add(f" {STATUS_GLYPHS[entry.shown]} ", colour, bold=True)
        right = self.line()
        for label, value in self._figures(entry)[:2]:
            right.add(f"  {label} ", palette.quiet).add(value, palette.foreground)
        line.add_within(formatting.safe(spec.name), 24, palette.strong, bold=True)
        problem = trouble(entry, now)
        if problem:
            line.add("  ").add_within(problem, width - line.cells - right.cells - 2, colour)
        else:
            room = max(0, width - line.cells - right.cells - 2)
            line.add_within(f" · {formatting.safe(client.name)}", room, palette.quiet)
        return [line.join_right(right.add(" "), width)]

    def _head(self, entry: Entry, now: datetime, width: int) -> list[Line]:
        palette = self.palette
        spec, problem = entry.line.service.spec, trouble(entry, now)
        target = self.line().add(f" {asked(spec)} ", palette.accent)
        target.add_within(formatting.safe(entry.line.target), width - target.cells - 1)
        answer = self.line().add(" ")
        if problem:
            answer.add_within(problem, width - 2, palette.status(entry.shown))
        else:
            answer.add_within(answer_text(entry.observation, now), width - 2, palette.quiet)
        figures = self.line()
        for label, value in self._figures(entry):
            if figures.cells + cell_len(label) + cell_len(value) + 4 <= width:
                figures.add(f" {label} ", palette.quiet).add(f"{value} ", palette.strong, bold=True)
        return [self._state_line(entry, now, width), target, answer, self.line(), figures, self.line()]

    def _state_line(self, entry: Entry, now: datetime, width: int) -> Line:
        palette, state = self.palette, entry.line.state
        line = add_status_chip(self.line().add(" "), entry.shown, palette)
        if state.since is not None and entry.shown is state.status:
            lasting = formatting.duration((now - state.since).total_seconds())
            line.add(" " + _("for") + " ", palette.quiet).add(lasting)
        every = formatting.interval(entry.line.service.spec.interval_seconds)
        line.add("   " + _("every") + " ", palette.quiet).add(every)
        wait = next_check_in(entry, now)
        if wait is not None:
            label, value = "   " + _("next in") + " ", formatting.duration(wait)
            if line.cells + cell_len(label) + cell_len(value) <= width:
                line.add(label, palette.quiet).add(value)
        return line

    def _figures(self, entry: Entry) -> list[tuple[str, str]]:
        ascending = entry.beats.good_ms()
        figures = [
            ("p50", formatting.latency(quantile(ascending, 0.5))),
            ("p95", formatting.latency(quantile(ascending, 0.95))),
        ]
        if entry.uptime is not None:
            figures.append((_("24 h"), formatting.percent(entry.uptime.ratio)))
            figures.append((_("seen"), formatting.percent(entry.uptime.coverage, 0)))
        return figures
