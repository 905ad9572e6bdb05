"""Draws the rows of the board: what a row says, and how its columns share the width.

``signature`` is everything that a drawn row depends on: equal signatures give equal strips.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime

from rich.cells import cell_len
from textual.strip import Strip

from core.domain.clients import Client
from core.domain.observations import Status
from core.i18n import _, ngettext
from core.operations.board import BEATS, BoardLine
from core.wording import STATUS_WORDS
from tui import formatting
from tui.board_model import PROBLEMS, Entry
from tui.glyphs import SOFT_GLYPH, STATUS_GLYPHS
from tui.themes import Palette
from tui.widgets.heartbeat import add_heartbeat
from tui.widgets.lines import Line

_EDGE = 4
"""Cells of cursor and glyph."""
_LATENCY = 9
_UPTIME = 9
_AGE = 5
_LEAST_BAR = 12
_LEAST_NAME, _MOST_NAME = 12, 40
_WORDS_FROM = 96
"""Cells from which the counts of a client are told in words too."""
_TEXT_FROM = 24
"""Cells of bar from which a failing row tells why, in place of its oldest results."""
_OFTEN = (Status.DOWN, Status.DEGRADED, Status.UNKNOWN, Status.MAINTENANCE, Status.BLIND, Status.PAUSED)


@dataclass(frozen=True, slots=True)
class Columns:
    """How many cells each column has; 0: it is dropped.

    In too narrow a board the bar shrinks to 12 results first, then the name to 12 cells; then age,
    uptime, bar and latency are dropped, in this order.
    """

    width: int
    name: int
    latency: int
    bar: int
    uptime: int
    age: int

    @classmethod
    def of(cls, width: int, longest_name: int = _MOST_NAME, most_fifths: int = 2) -> Columns:
        """Share a width among the columns.

        The name takes no more than the longest one needs, and at most so many fifths of what name and bar
        share.
        """
        age, uptime, latency, least_bar = _AGE, _UPTIME, _LATENCY, _LEAST_BAR
        if width < _EDGE + _LEAST_NAME + latency + least_bar + uptime + age:
            age = 0
        if width < _EDGE + _LEAST_NAME + latency + least_bar + uptime:
            uptime = 0
        if width < _EDGE + _LEAST_NAME + latency + least_bar:
            least_bar = 0
        if width < _EDGE + _LEAST_NAME + latency:
            latency = 0
        room = max(0, width - _EDGE - latency - uptime - age)
        needed = min(_MOST_NAME, longest_name + 1)
        name = min(room, max(_LEAST_NAME, min(needed, room * most_fifths // 5) if least_bar else room))
        bar = min(BEATS, room - name) if least_bar else 0
        return cls(width, room - bar, latency, bar, uptime, age)


@dataclass(frozen=True, slots=True)
class RowFacts:
    """What the row of a service says, as texts."""

    status: Status
    glyph: str
    name: str
    client: str
    """Told after the name where services do not stand under their client; empty otherwise."""
    latency: str
    uptime: str
    age: str
    text: str
    """Why it is not well, in maintenance or flapping; empty otherwise."""
    active: bool

    @classmethod
    def of(cls, entry: Entry, now: datetime, *, with_client: bool) -> RowFacts:
        """Read off a service what its row says."""
        line, status = entry.line, entry.shown
        soft = entry.failing and line.state.failing_attempt > 0
        return cls(
            status=status,
            glyph=SOFT_GLYPH if soft and status is not Status.DOWN else STATUS_GLYPHS[status],
            name=formatting.safe(line.service.spec.name),
            client=formatting.safe(line.client.spec.name) if with_client else "",
            latency=_latency_text(entry),
            uptime=formatting.percent(entry.uptime.ratio if entry.uptime else None),
            age=_age_text(entry, now),
            text=_row_text(entry, now),
            active=line.active,
        )


def trouble(entry: Entry, now: datetime) -> str:
    """Say in one line why a service is not well or in maintenance; empty if it is well, or nobody asks."""
    line, observation = entry.line, entry.observation
    if not line.active or observation is None:
        return ""
    if line.stale(now):
        seconds = (now - observation.checked_at).total_seconds()
        return _("no result for {age}").format(age=formatting.duration(seconds))
    if entry.shown is Status.BLIND:
        return _("not observed: our own line is down")
    detail = formatting.safe(observation.detail or STATUS_WORDS[observation.status])
    if entry.shown is Status.MAINTENANCE:
        return _maintenance_text(line, now, "" if observation.status is Status.UP else detail)
    attempt = line.state.failing_attempt
    if attempt:
        needed = line.service.spec.retries + 1
        return _("soft {attempt}/{needed}: {detail}").format(attempt=attempt, needed=needed, detail=detail)
    if line.state.soft and entry.shown in PROBLEMS:
        return _("recovering")
    above = entry.behind
    if above is not None:
        return _("behind {service}").format(service=formatting.safe(above.line.label))
    return detail if entry.shown in PROBLEMS else ""


def _maintenance_text(line: BoardLine, now: datetime, detail: str) -> str:
    """Say until when it is in maintenance, and what is wrong meanwhile."""
    ends_at = line.maintenance_until(now)
    if ends_at is None:  # it has ended, and the next sweep says so
        return detail
    text = _("in maintenance until {time}").format(time=formatting.local_minute(ends_at, now))
    return f"{text} · {detail}" if detail else text


def _row_text(entry: Entry, now: datetime) -> str:
    """Say why it is not well, after a word if it flaps."""
    text = trouble(entry, now)
    if not entry.line.active or not entry.line.state.flapping.active:
        return text
    return f"{_('flapping')} · {text}" if text else _("flapping")


def _latency_text(entry: Entry) -> str:
    observation = entry.observation
    if entry.shown not in (Status.UP, Status.DEGRADED):
        return STATUS_WORDS[entry.shown]
    return formatting.short_latency(observation.latency_ms if observation else None)


def _age_text(entry: Entry, now: datetime) -> str:
    observation = entry.observation
    if observation is None:
        return formatting.NOTHING
    return formatting.age((now - observation.checked_at).total_seconds())


class RowPainter:
    """Draws rows in the colours of one theme and the columns of one width."""

    def __init__(self, palette: Palette, columns: Columns) -> None:
        self.palette = palette
        self.columns = columns

    def signature(self, entry: Entry, facts: RowFacts, selected: bool) -> Hashable:
        """Give everything that the row of a service depends on, beside palette and width."""
        return facts, bytes(entry.beats.codes), entry.beats.latencies_us.tobytes(), selected

    def service(self, entry: Entry, facts: RowFacts, selected: bool) -> Strip:
        """Draw the row of a service."""
        palette, columns = self.palette, self.columns
        line = Line(palette, palette.selection if selected else palette.background)
        colour = palette.status(facts.status)
        line.add("▌" if selected else " ", palette.accent, bold=True)
        glyph_colour = palette.degraded if facts.glyph == SOFT_GLYPH else colour
        line.add(f" {facts.glyph} ", glyph_colour, bold=facts.status is Status.DOWN)
        self._add_name(line, facts, selected)
        quiet = palette.quiet if facts.status is Status.UP else colour
        if columns.latency:
            bold = facts.status is Status.DOWN
            line.add(formatting.fit_right(facts.latency, columns.latency - 1) + " ", quiet, bold=bold)
        self._add_bar(line, entry, facts)
        if columns.uptime:
            ratio = entry.uptime.ratio if entry.uptime else None
            well = ratio is None or ratio >= 0.999
            line.add(
                formatting.fit_right(facts.uptime, columns.uptime - 1) + " ",
                palette.quiet if well else palette.degraded,
            )
        if columns.age:
            faint = palette.quiet if selected else palette.faint
            line.add(formatting.fit_right(facts.age, columns.age - 1) + " ", faint)
        return line.strip(columns.width)

    def _add_name(self, line: Line, facts: RowFacts, selected: bool) -> None:
        palette, width = self.palette, self.columns.name
        colour = palette.strong if selected else palette.foreground if facts.active else palette.quiet
        end = line.cells + width
        line.add_within(facts.name, width - 1, colour, bold=selected)
        room = end - line.cells - 1
        if facts.client and room > 4:
            line.add_within(f" · {facts.client}", room, palette.quiet)
        line.fill_to(end)

    def _add_bar(self, line: Line, entry: Entry, facts: RowFacts) -> None:
        cells = self.columns.bar
        if not cells:
            return
        if facts.text and cells >= _TEXT_FROM:
            room = min(cell_len(facts.text), cells * 3 // 5)
            unsettled = facts.glyph == SOFT_GLYPH or facts.status is Status.UP
            colour = self.palette.degraded if unsettled else self.palette.status(facts.status)
            line.add(formatting.fit(facts.text, room) + " ", colour)
            cells -= room + 1
        add_heartbeat(line, entry.beats, cells, self.palette, faint=not facts.active)

    def heading(self, client: Client, counts: Mapping[Status, int], folded: bool, selected: bool) -> Strip:
        """Draw the heading of a client with its counts."""
        palette, width = self.palette, self.columns.width
        line = Line(palette, palette.selection if selected else palette.band)
        line.add("▌" if selected else " ", palette.accent, bold=True)
        line.add("▸ " if folded else "▾ ", palette.quiet)
        right = self._counts(client, counts, line.background)
        total = sum(counts.values())
        tail = "  " + ngettext("{count} service", "{count} services", total).format(count=total)
        room = width - line.cells - right.cells - 1
        name = formatting.safe(client.spec.name)
        line.add_within(name, max(4, room - (len(tail) if room > 24 else 0)), palette.strong, bold=True)
        if line.cells + len(tail) + right.cells < width:
            line.add(tail, palette.quiet)
        return line.join_right(right, width).strip(width)

    def _counts(self, client: Client, counts: Mapping[Status, int], background: str) -> Line:
        palette = self.palette
        line = Line(palette, background)
        in_words = self.columns.width >= _WORDS_FROM
        for status in _OFTEN:
            if counts.get(status):
                line.add(f"  {STATUS_GLYPHS[status]} {counts[status]}", palette.status(status), bold=True)
                line.add(f" {STATUS_WORDS[status]}" if in_words else "", palette.quiet)
        if line.cells == 0 and client.spec.active:
            line.add(f"  {STATUS_GLYPHS[Status.UP]} ", palette.up).add(_("all up"), palette.quiet)
        return line.add(" ")

    def column_titles(self) -> Strip:
        """Draw the titles above the columns."""
        columns, palette = self.columns, self.palette
        line = Line(palette).add(" " * _EDGE + formatting.fit(_("service"), columns.name), palette.faint)
        if columns.latency:
            line.add(formatting.fit_right(_("latency"), columns.latency - 1) + " ", palette.faint)
        if columns.bar:
            title = _("last {count} checks →").format(count=columns.bar)
            title = title if cell_len(title) <= columns.bar else _("checks →")
            line.add(formatting.fit_right(title, columns.bar), palette.faint)
        if columns.uptime:
            line.add(formatting.fit_right(_("24 h"), columns.uptime - 1) + " ", palette.faint)
        if columns.age:
            line.add(formatting.fit_right(_("age"), columns.age - 1) + " ", palette.faint)
        return line.strip(columns.width)
