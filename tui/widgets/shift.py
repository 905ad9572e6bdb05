"""A shift, drawn part by part."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from textual.strip import Strip

from core.i18n import _, ngettext
from core.operations.handover import MOST_LISTED, HandOver
from tui.formatting import fit_right
from tui.shift_words import Part, ShiftRow, counts_text, messages_text, parts_of
from tui.widgets.lines import Line, Lines
from tui.widgets.placard import wrapped

_LEAST_TEXT = 30
"""With fewer cells beside it, the time stands on a line of its own."""
_INDENT = 2


class ShiftView(Lines):
    """What a shift leaves; or a sentence while there is none."""

    DEFAULT_CSS = "ShiftView { height: auto; }"

    def __init__(self) -> None:
        super().__init__()
        self.shift: HandOver | None = None
        self.words = ""
        self.bad = False

    def show(self, shift: HandOver | None, words: str = "", *, bad: bool = False) -> None:
        """Show a shift, or these words; ``bad`` ones tell of something that went wrong."""
        self.shift, self.words, self.bad = shift, words, bad
        self.redraw()
        self.refresh(layout=True)

    def draw(self, width: int, height: int) -> list[Strip]:
        """Draw figures, then every part that has something to tell."""
        lines = self._sentence(width) if self.shift is None else self._shift(self.shift, width)
        return [line.strip(width) for line in lines]

    def _sentence(self, width: int) -> Iterator[Line]:
        colour = self.palette.down if self.bad else self.palette.quiet
        for part in wrapped(self.words, max(1, width)):
            yield self.line().add(part, colour)

    def _shift(self, shift: HandOver, width: int) -> Iterator[Line]:
        palette = self.palette
        yield self.line().add_within(counts_text(shift), width, palette.strong, bold=True)
        colour = palette.down if shift.failed else palette.quiet
        yield self.line().add_within(messages_text(shift), width, colour)
        if shift.is_quiet:
            yield self.line()
            yield self.line().add_within(_("Nothing happened, and nothing goes on."), width)
        parts = list(parts_of(shift))
        cells = max((len(_time(row, shift.until)) for _title, rows in parts for row in rows), default=0)
        for part in parts:
            yield from self._part(shift, part, cells, width)

    def _part(self, shift: HandOver, part: Part, time_cells: int, width: int) -> Iterator[Line]:
        title, rows = part
        yield self.line()
        yield self.line().add(f"{title} ({len(rows)})", self.palette.accent, bold=True)
        for row in rows[:MOST_LISTED]:
            yield from self._row(shift, row, time_cells, width)
        more = len(rows) - MOST_LISTED
        if more > 0:
            words = ngettext("and {count} more", "and {count} more", more).format(count=f"{more:,}")
            yield self.line().fill_to(_INDENT).add(words, self.palette.quiet)

    def _row(self, shift: HandOver, row: ShiftRow, time_cells: int, width: int) -> Iterator[Line]:
        """Draw sign, time and text; what is too long goes on below its own beginning."""
        palette = self.palette
        line = self.line().add(f"{row.sign} ", getattr(palette, row.colour), bold=True)
        line.add(fit_right(_time(row, shift.until), time_cells), palette.quiet)
        indent = _INDENT + (time_cells + 2 if time_cells else 0)
        if width - indent < _LEAST_TEXT:
            yield line
            line, indent = self.line(), _INDENT
        text = f"{row.subject}  {row.text}".rstrip()
        strong: str | None = row.subject
        for part in wrapped(text, max(1, width - indent - 1)):
            line.fill_to(indent)
            if strong is not None and part.startswith(strong):
                line.add(strong, palette.strong)
                part = part.removeprefix(strong)
            strong = None
            yield line.add_within(part, width - line.cells)
            line = self.line()


def _time(row: ShiftRow, now: datetime) -> str:
    """Give the time of day in the operator's zone, with month and day if it was another day."""
    if row.at is None:
        return ""
    local = row.at.astimezone()
    return f"{local:%H:%M}" if local.date() == now.astimezone().date() else f"{local:%m-%d %H:%M}"
