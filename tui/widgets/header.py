"""The top of every place: where one is, how the round goes, and what must be said."""

from __future__ import annotations

from collections.abc import Mapping

from rich.cells import cell_len
from textual.strip import Strip

from core.clock import Clock
from core.domain.observations import Status
from core.domain.operators import Operator, Role
from core.i18n import _
from core.wording import STATUS_WORDS
from tui import formatting
from tui.actions import PLACE_TITLES, TABS, Place
from tui.glyphs import STATUS_GLYPHS
from tui.watch import Notice, Watch
from tui.widgets.lines import Line, Lines

LATE_LOOP_MS = 50.0
"""A lag of the event loop from which the figure is coloured: latencies begin to be wrong."""
_ORDER = (
    Status.DOWN, Status.DEGRADED, Status.UP, Status.MAINTENANCE, Status.PAUSED, Status.BLIND, Status.UNKNOWN,
)  # fmt: skip
_TAB_OF = {Place.SERVICE: Place.BOARD, Place.INCIDENT: Place.INCIDENTS, Place.CLIENT: Place.CLIENTS}
"""Under which place of the bar the pages stand that are opened from it."""
_ALWAYS = frozenset({Status.DOWN, Status.DEGRADED, Status.UP})


class TopBar(Lines):
    """Places with their digits at the left; the round, who leads and the time at the right."""

    DEFAULT_CSS = "TopBar { height: 1; }"

    def __init__(self, place: Place, clock: Clock) -> None:
        super().__init__()
        self.place = place
        self.clock = clock
        self.heard = Watch()
        self.operator: Operator | None = None

    def show(self, watch: Watch, operator: Operator | None) -> None:
        """Show what was last heard; called every second too, for the time."""
        self.heard, self.operator = watch, operator
        self.redraw()

    def draw(self, width: int, height: int) -> list[Strip]:
        """Draw the bar; of the figures, those that fit."""
        palette = self.palette
        time = self.line(palette.band).add(
            f" {formatting.local_time(self.clock.now())} ", palette.strong, bold=True
        )
        figures = self._figures()
        line = self._tabs(titles=True)
        if line.cells + time.cells + 1 + figures[-1].cells > width:
            line = self._tabs(titles=False)
        room = width - line.cells - time.cells - 1
        right = next((made for made in figures if made.cells <= room), self.line(palette.band))
        right.segments += time.segments
        right.cells += time.cells
        return [line.join_right(right, width).strip(width)]

    def _tabs(self, *, titles: bool) -> Line:
        """Give the places; without titles only the present one is named."""
        palette = self.palette
        line = self.line(palette.band)
        line.add(" ◆ ", palette.accent, bold=True).add(_("ronda"), palette.strong, bold=True).add("  ")
        for place, digit in TABS:
            self._add_tab(line, place, digit, titles=titles)
        return line

    def _add_tab(self, line: Line, place: Place, digit: str, *, titles: bool) -> None:
        palette = self.palette
        here = place is _TAB_OF.get(self.place, self.place)
        background = palette.selection if here else None
        line.add(f" {digit}", palette.strong if here else palette.key, bold=True, background=background)
        title = f" {PLACE_TITLES[place].lower()} " if titles or here else " "
        line.add(title, palette.strong if here else palette.quiet, bold=here, background=background)

    def _figures(self) -> list[Line]:
        """Give the figures in full, and shorter for narrower screens."""
        full, short, least = (self.line(self.palette.band) for _number in range(3))
        for line in (full, short, least):
            self._add_role(line)
        for line in (full, short):
            self._add_rate(line)
        for line in (full, short, least):
            self._add_waiting(line)
            self._add_messages(line)
        self._add_lag(full)
        self._add_lead(full)
        return [full, short, least]

    def _add_role(self, line: Line) -> None:
        if self.operator is not None and not self.operator.may(Role.OPERATOR):
            line.add(_("read-only"), self.palette.key, bold=True).add("   ")

    def _add_rate(self, line: Line) -> None:
        if self.heard.leader is not None:
            rate = self.heard.health.checks_per_second
            figure = f"{rate:.1f}" if rate < 10 else f"{rate:,.0f}"
            line.add(figure, self.palette.foreground, bold=True).add(
                " " + _("checks/s") + "  ", self.palette.quiet
            )

    def _add_lag(self, line: Line) -> None:
        if self.heard.leader is not None:
            lag = self.heard.health.lag_ms
            colour = self.palette.up if lag < LATE_LOOP_MS else self.palette.degraded
            line.add(" " + _("loop") + " ", self.palette.quiet)
            line.add(formatting.short_latency(lag), colour).add("  ")

    def _add_waiting(self, line: Line) -> None:
        if self.heard.offline_since is not None and self.heard.health.waiting:
            text = _("{count} waiting").format(count=f"{self.heard.health.waiting:,}")
            line.add(f" {text}  ", self.palette.degraded, bold=True)

    def _add_messages(self, line: Line) -> None:
        text = self.heard.messages_text
        if text:
            failed = bool(self.heard.health.messages_failed)
            line.add(f" {text}  ", self.palette.down if failed else self.palette.quiet, bold=failed)

    def _add_lead(self, line: Line) -> None:
        leader = self.heard.leader
        if leader is not None:
            where = _("here") if self.heard.leads_here else formatting.safe(leader.host)
            who = formatting.safe(leader.operator)
            line.add(" " + _("lead") + " ", self.palette.quiet)
            line.add(f"{who}@{where}" if not self.heard.leads_here else where, self.palette.foreground).add(
                " "
            )


class Summary(Lines):
    """Counts by status as glyph, number and word, over a bar of their shares."""

    DEFAULT_CSS = "Summary { height: 2; padding: 0 1; }"

    def __init__(self) -> None:
        super().__init__()
        self.totals: Mapping[Status, int] = {}
        self.aside: tuple[str, ...] = ()
        """Sentences for the right edge, the longest first; the first that fits is shown."""

    def show(self, totals: Mapping[Status, int], aside: tuple[str, ...] = ()) -> None:
        """Show these counts."""
        self.totals, self.aside = totals, aside
        self.redraw()

    def draw(self, width: int, height: int) -> list[Strip]:
        """Draw the counts, and the bar below."""
        return [self._counts(width).strip(width), self._shares(width).strip(width)]

    def _counts(self, width: int) -> Line:
        palette = self.palette
        gap = "    " if width >= 110 else "  "
        line = self.line()
        for status in _ORDER:
            count = self.totals.get(status, 0)
            if not count and status not in _ALWAYS:
                continue
            colour = palette.status(status)
            loud = status is Status.UP or (count and status in (Status.DOWN, Status.DEGRADED))
            line.add(f"{STATUS_GLYPHS[status]} ", colour if count else palette.faint, bold=True)
            line.add(f"{count:,}", colour if loud else palette.quiet, bold=bool(count))
            line.add(f" {STATUS_WORDS[status]}{gap}", palette.quiet if count else palette.faint)
        aside = next((text for text in self.aside if line.cells + cell_len(text) <= width), "")
        return line.join_right(self.line().add(aside, palette.quiet), width)

    def _shares(self, width: int) -> Line:
        palette, line = self.palette, self.line()
        total = sum(self.totals.values())
        if not total:
            return line.add("▔" * width, palette.line)
        cells = {status: _share(self.totals.get(status, 0), total, width) for status in _ORDER}
        largest = max(cells, key=lambda status: cells[status])
        cells[largest] += width - sum(cells.values())
        for status in _ORDER:
            line.add("▀" * cells[status], palette.beat(status))
        return line


def _share(count: int, total: int, width: int) -> int:
    """Give the cells of a share; whatever there is takes one cell at least."""
    return max(1, round(count * width / total)) if count else 0


class NoticeBar(Lines):
    """One sentence over everything, while there is something to say."""

    DEFAULT_CSS = """
    NoticeBar { height: 1; display: none; }
    NoticeBar.-told { display: block; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.notice: Notice | None = None

    def show(self, notice: Notice | None) -> None:
        """Say this, or nothing."""
        self.notice = notice
        self.set_class(notice is not None, "-told")
        self.redraw()

    def draw(self, width: int, height: int) -> list[Strip]:
        """Draw the sentence on the colour of its weight."""
        palette = self.palette
        if self.notice is None:
            return []
        colour = getattr(palette, self.notice.weight.value)
        wash = getattr(palette, f"{self.notice.weight.value}_wash")
        glyph = STATUS_GLYPHS[Status(self.notice.weight.value)]
        line = self.line(wash).add(f" {glyph} ", colour, bold=True)
        line.add_within(self.notice.text, width - line.cells - 1, palette.strong, bold=True)
        return [line.strip(width)]
