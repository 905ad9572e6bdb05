"""Drawing line by line: a builder for one line, and the base of all widgets that draw their own."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, cast

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from tui.formatting import fit
from tui.themes import Palette, ink

if TYPE_CHECKING:
    from tui.app import RondaApp


class Line:
    """One line in the making; every text knows its colours, cells are counted."""

    __slots__ = ("background", "cells", "palette", "segments")

    def __init__(self, palette: Palette, background: str | None = None) -> None:
        self.palette = palette
        self.background = background or palette.background
        self.segments: list[Segment] = []
        self.cells = 0

    def add(
        self, text: str, colour: str | None = None, *, bold: bool = False, background: str | None = None
    ) -> Line:
        """Put a text at the end."""
        if text:
            style = ink(colour or self.palette.foreground, background or self.background, bold)
            self.segments.append(Segment(text, style))
            self.cells += cell_len(text)
        return self

    def add_within(self, text: str, cells: int, colour: str | None = None, *, bold: bool = False) -> Line:
        """Put a text at the end, cut if it is longer than that many cells; never padded."""
        return self.add(fit(text, min(cells, cell_len(text))), colour, bold=bold)

    def fill_to(self, cells: int) -> Line:
        """Put spaces at the end up to that many cells in all."""
        return self.add(" " * (cells - self.cells)) if cells > self.cells else self

    def join_right(self, right: Line, width: int) -> Line:
        """Put another line at the right edge; what does not fit between them is cut from it."""
        self.fill_to(width - right.cells)
        self.segments += right.segments
        self.cells += right.cells
        return self

    def strip(self, width: int) -> Strip:
        """Give the line in exactly so many cells."""
        self.fill_to(width)
        strip = Strip(self.segments, self.cells)
        return strip if self.cells == width else strip.crop(0, width)


class Lines(Widget):
    """Draws its own lines, once for every change of what it shows.

    A subclass implements ``draw`` and calls ``redraw`` when what it drew is no longer true.
    """

    DEFAULT_CSS = "Lines { height: 1fr; }"

    _drawn: list[Strip] | None = None
    _drawn_size = Size(0, 0)
    """How large it was then; a scroll bar that appears takes a column before it is told by an event."""

    @property
    def palette(self) -> Palette:
        """The colours of the theme that is on."""
        return cast("RondaApp", self.app).palette

    def draw(self, width: int, height: int) -> list[Strip]:
        """Give the lines from the top; what is missing of them to ``width`` or ``height`` is blank."""
        raise NotImplementedError

    def line(self, background: str | None = None) -> Line:
        """Begin a line."""
        return Line(self.palette, background)

    def redraw(self) -> None:
        """Draw again; only the lines that came out differently are sent to the terminal."""
        before, (width, height) = self._drawn, self.size
        if before is None or not width or self._drawn_size != self.size:
            self._drawn = None
            self.refresh()
            return
        self._drawn = self._filled(width, height)
        blank = Strip.blank(width, self._ground)
        pairs = zip_longest(before, self._drawn, fillvalue=blank)
        changed = [Region(0, y, width, 1) for y, (old, new) in enumerate(pairs) if old != new]
        if changed:
            self.refresh(*changed)

    def render_line(self, y: int) -> Strip:
        """Give one line of the last drawing."""
        width, height = self.size
        if self._drawn is None or self._drawn_size != self.size:
            self._drawn, self._drawn_size = self._filled(width, height), self.size
        if y < len(self._drawn):
            return self._drawn[y]
        return Strip.blank(width, self._ground)

    @property
    def _ground(self) -> Style:
        return ink(self.palette.foreground, self.palette.background)

    def _filled(self, width: int, height: int) -> list[Strip]:
        """Draw, with the theme's own ground where a line is too short: the terminal's may be another."""
        return [strip.adjust_cell_length(width, self._ground) for strip in self.draw(width, height)]

    def notify_style_update(self) -> None:
        """Draw again in the colours of another theme."""
        super().notify_style_update()
        self._drawn = None

    def on_resize(self, event: events.Resize) -> None:
        """Draw again in another size."""
        self._drawn = None

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Give the height that ``height: auto`` takes."""
        return len(self.draw(width, 0)) if self.is_attached else 1
