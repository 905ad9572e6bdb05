"""The pane that says why a service failed: what the first and the latest failing check of a run met."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from rich.cells import chop_cells
from textual.app import ComposeResult
from textual.strip import Strip

from core.domain.evidence import FailureEvidence
from core.domain.text import readable
from core.i18n import _, ngettext
from core.wording import reach_text, reason_text
from tui import formatting
from tui.widgets.lines import Line, Lines
from tui.widgets.placard import wrapped
from tui.widgets.scroll_page import ScrollPage

_TAB = 4
"""Cells of a tab in what a peer sent."""
_MOST_LINES = 300
"""Lines that are drawn of one text: a body of nothing but line ends has thousands."""
_LEAST_CELLS = 10
"""Lines are wrapped at so many cells where there are even fewer."""


class EvidenceView(Lines):
    """The latest failure of the newest run, and below it the first one if that met something else."""

    DEFAULT_CSS = "EvidenceView { height: auto; }"

    def __init__(self) -> None:
        super().__init__()
        self.failures: tuple[FailureEvidence, ...] = ()
        self.now: datetime | None = None
        self.is_over = False
        self._drawn_for: object = None
        self._texts: dict[datetime, list[Strip]] = {}
        """What was drawn of each failure but its heading, by its time."""

    def show(self, failures: tuple[FailureEvidence, ...], now: datetime, *, is_over: bool) -> None:
        """Show the newest run of failures; one that is over is told in quiet colours."""
        before = (self.failures, self.is_over)
        self.failures, self.now, self.is_over = failures, now, is_over
        self.redraw()
        if before != (failures, is_over):
            self.refresh(layout=True)

    def draw(self, width: int, height: int) -> list[Strip]:
        """Draw everything, as many lines as it takes."""
        if not self.failures or self.now is None:
            none = self.line().add(" ").add_within(_("No failure is on record."), width, self.palette.quiet)
            return [none.strip(width)]
        latest, first = self.failures[-1], self.failures[0]
        if latest is first:
            return self._failure(latest, _("failed once") if self.is_over else _("failed"), width)
        strips = [*self._failure(latest, _("latest"), width), self.line().strip(width)]
        if first.met_the_same_as(latest):
            return [*strips, self._heading(first, _("first, just the same"), width)]
        return strips + self._failure(first, _("first"), width)

    def _failure(self, failure: FailureEvidence, which: str, width: int) -> list[Strip]:
        """Give everything of one failing check; only its age is drawn anew each second."""
        drawn_for = (self.failures, self.is_over, width, self.palette)
        if drawn_for != self._drawn_for:
            self._drawn_for = drawn_for
            self._texts = {}
        if failure.checked_at not in self._texts:
            lines = self._lines(failure, max(_LEAST_CELLS, width - 2))
            self._texts[failure.checked_at] = [line.strip(width) for line in lines]
        return [self._heading(failure, which, width), *self._texts[failure.checked_at]]

    def _lines(self, failure: FailureEvidence, cells: int) -> Iterator[Line]:
        """Give what a failing check met."""
        palette, evidence = self.palette, failure.evidence
        plain, strong = (palette.quiet,) * 2 if self.is_over else (palette.foreground, palette.strong)
        for sentence, colour in ((reason_text(failure), strong), (reach_text(evidence), palette.quiet)):
            yield from self._wrapped("\n".join(wrapped(readable(sentence), cells)), cells, colour)
        if evidence.head:
            status, _end, headers = evidence.head.partition("\n")
            yield self.line()
            yield from self._wrapped(status, cells, plain)
            yield from self._wrapped(headers, cells, palette.quiet)
        if evidence.body:
            yield self.line()
            yield from self._wrapped(evidence.body, cells, plain)
        if evidence.truncated:
            yield self.line().add(" ").add_within(_("… and more that is not kept"), cells, palette.faint)

    def _heading(self, failure: FailureEvidence, which: str, width: int) -> Strip:
        """Say which failure it is, and when it was."""
        assert self.now is not None
        age = formatting.duration((self.now - failure.checked_at).total_seconds())
        when = _("{time}, {age} ago").format(time=formatting.local_date_time(failure.checked_at), age=age)
        line = self.line().add(" ")
        line.add_within(
            which, width - 2, self.palette.quiet if self.is_over else self.palette.down, bold=True
        )
        return line.add_within(f"  {when}", width - 1 - line.cells, self.palette.quiet).strip(width)

    def _wrapped(self, text: str, cells: int, colour: str) -> Iterator[Line]:
        """Give the lines of a text from outside, each short enough and none steering the terminal."""
        lines = readable(text).splitlines()
        parts = [part for line in lines for part in chop_cells(line.expandtabs(_TAB), cells) or [""]]
        for part in parts[:_MOST_LINES]:
            yield self.line().add(" ").add(part, colour)
        left = len(parts) - _MOST_LINES
        if left > 0:
            more = ngettext("… and {count} more line", "… and {count} more lines", left).format(count=left)
            yield self.line().add(" ").add_within(more, cells, self.palette.faint)


class EvidencePane(ScrollPage):
    """The view with a scroll bar; the keys that move a cursor in lists scroll it."""

    def __init__(self) -> None:
        super().__init__(id="evidence", classes="panel")
        self.view = EvidenceView()

    def compose(self) -> ComposeResult:
        """Put the view into the pane."""
        self.border_title = _("last failure")
        yield self.view
