"""The pane of everything that is not well: what, of whom, since when, why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.cells import cell_len
from textual.strip import Strip

from core.domain.observations import Status
from core.i18n import _, ngettext
from tui import formatting
from tui.board_model import Entry
from tui.glyphs import STATUS_GLYPHS
from tui.widgets.board_rows import trouble
from tui.widgets.lines import Lines

_ROWS_EACH = 2


class ProblemsPane(Lines):
    """Two lines for each problem, the worst and latest first."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="panel")
        self.border_title = _("problems")
        self.entries: Sequence[Entry] = ()
        self.now: datetime | None = None

    def show(self, entries: Sequence[Entry], now: datetime) -> None:
        """Show these problems."""
        self.entries, self.now = entries, now
        hidden = len(entries) - max(0, self.size.height // _ROWS_EACH)
        more = ngettext("{count} more", "{count} more", hidden).format(count=hidden) + " · "
        self.border_subtitle = (more if hidden > 0 else "") + _("] next") if entries else ""
        self.redraw()

    def draw(self, width: int, height: int) -> list[Strip]:
        """Draw as many problems as there is room for."""
        if self.now is None:
            return []
        if not self.entries:
            line = self.line().add(f" {STATUS_GLYPHS[Status.UP]} ", self.palette.up)
            return [line.add(_("nothing is down or degraded"), self.palette.quiet).strip(width)]
        shown = self.entries[: max(1, height // _ROWS_EACH)]
        return [strip for entry in shown for strip in self._problem(entry, width, self.now)]

    def _problem(self, entry: Entry, width: int, now: datetime) -> list[Strip]:
        palette, line = self.palette, self.line()
        colour = palette.status(entry.shown)
        since = entry.line.state.since
        lasting = formatting.duration((now - since).total_seconds()) if since else ""
        line.add(f" {STATUS_GLYPHS[entry.shown]} ", colour, bold=True)
        room = width - line.cells - cell_len(lasting) - 2
        line.add_within(
            formatting.safe(entry.line.service.spec.name), max(8, room), palette.strong, bold=True
        )
        rest = width - line.cells - cell_len(lasting) - 2
        if rest > 6:
            line.add_within(f" · {formatting.safe(entry.line.client.spec.name)}", rest, palette.quiet)
        first = line.join_right(self.line().add(f"{lasting} ", colour), width)
        second = self.line().add("   ").add_within(trouble(entry, now), width - 4, palette.quiet)
        return [first.strip(width), second.strip(width)]
