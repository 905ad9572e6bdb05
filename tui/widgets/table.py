"""A quiet table with a cursor, drawn line by line: clients, and the services of one client.

A row is a value: tables compare what they are given with what they show, and draw nothing when it is
the same. Colours are named as in ``Palette``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

from rich.cells import cell_len
from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.actions import Place, bindings_for
from tui.formatting import fit, fit_right
from tui.themes import Palette, ink
from tui.widgets.lines import Line

if TYPE_CHECKING:
    from tui.app import RondaApp

_EDGE = 2
"""Cells of the cursor's sign and the space after it."""
_GAP = 2
"""Cells between two columns."""

Span = tuple[str, str]
"""A text and the name of its colour."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column; the ones that stretch share what the others leave."""

    title: str
    cells: int
    """Width, or the least width of one that stretches."""
    stretch: int = 0
    """Share of the room that is left; 0: the width is fixed."""
    right: bool = False
    dropped: int = 0
    """Where room is short, the column with the highest number goes first; 0 stays."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row: who it is, and the coloured texts of each cell."""

    id: int
    cells: tuple[tuple[Span, ...], ...]


def shared_widths(columns: Sequence[Column], width: int) -> list[int]:
    """Give the cells of each column in a table so wide; 0 for one that is dropped."""
    kept = list(columns)
    while sum(column.cells + _GAP for column in kept) > width and any(column.dropped for column in kept):
        kept.remove(max(kept, key=lambda column: column.dropped))
    spare = max(0, width - sum(column.cells + _GAP for column in kept))
    shares = sum(column.stretch for column in kept) or 1
    return [column.cells + spare * column.stretch // shares if column in kept else 0 for column in columns]


class Table(ScrollView, can_focus=True):
    """Rows under the titles of their columns, with a cursor that stays on its row."""

    DEFAULT_CSS = """
    Table {
        height: 1fr;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
        background: $background;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(Place.CLIENTS, move=True)]

    @dataclass
    class Moved(Message):
        """The cursor stands on another row."""

        table: Table

    def __init__(self, columns: Sequence[Column], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.columns = tuple(columns)
        self.rows: tuple[TableRow, ...] = ()
        self.cursor = 0

    @property
    def row_id(self) -> int | None:
        """Who is under the cursor."""
        return self.rows[self.cursor].id if self.rows else None

    def show(self, rows: Iterable[TableRow]) -> None:
        """Show these rows; the cursor stays on its row, or where it was."""
        shown = tuple(rows)
        if shown == self.rows:
            return
        before = self.row_id
        self.rows = shown
        self.virtual_size = Size(self.size.width, len(shown) + 1)
        ids = [row.id for row in shown]
        kept = ids.index(before) if before in ids else min(self.cursor, len(shown) - 1)
        self.cursor = max(0, kept)
        self._keep_in_view()
        self.refresh()
        if self.row_id != before:
            self.post_message(self.Moved(self))

    def move_to_id(self, row_id: int) -> bool:
        """Put the cursor on a row; False if it is not shown."""
        ids = [row.id for row in self.rows]
        if row_id in ids:
            self._move_to(ids.index(row_id))
        return row_id in ids

    def action_move(self, step: int) -> None:
        """Move the cursor by rows."""
        self._move_to(self.cursor + step)

    def action_page(self, step: int) -> None:
        """Move the cursor by pages."""
        self._move_to(self.cursor + step * max(1, self.size.height - 2))

    def action_half_page(self, step: int) -> None:
        """Move the cursor by half pages."""
        self._move_to(self.cursor + step * max(1, self.size.height // 2))

    def action_edge(self, step: int) -> None:
        """Move the cursor to the first or last row."""
        self._move_to(0 if step < 0 else len(self.rows) - 1)

    def _move_to(self, index: int) -> None:
        index = max(0, min(index, len(self.rows) - 1))
        if index != self.cursor and self.rows:
            self.cursor = index
            self._keep_in_view()
            self.refresh()
            self.post_message(self.Moved(self))

    def _keep_in_view(self) -> None:
        height = max(1, self.size.height - 1)
        top = min(max(round(self.scroll_y), self.cursor - height + 1), self.cursor)
        self.scroll_to(y=top, animate=False, immediate=True, force=True)

    def on_resize(self, event: events.Resize) -> None:
        """Keep the cursor in view in another size."""
        self.virtual_size = Size(event.size.width, len(self.rows) + 1)
        self._keep_in_view()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is."""
        if event.y:
            self._move_to(self.scroll_offset.y + event.y - 1)

    # Drawing

    def render_line(self, y: int) -> Strip:
        """Give one line: the titles at the top, rows below."""
        palette, width = cast("RondaApp", self.app).palette, self.size.width
        widths = shared_widths(self.columns, width - _EDGE)
        if y == 0:
            return self._titles(palette, widths).strip(width)
        index = self.scroll_offset.y + y - 1
        if index >= len(self.rows):
            return Strip.blank(width, ink(palette.foreground, palette.background))
        return self._row(palette, widths, self.rows[index], index == self.cursor and self.can_focus).strip(
            width
        )

    def _titles(self, palette: Palette, widths: Sequence[int]) -> Line:
        line = Line(palette).add(" " * _EDGE)
        for column, cells in zip(self.columns, widths, strict=True):
            if cells:
                text = fit_right(column.title, cells) if column.right else fit(column.title, cells)
                line.add(text + " " * _GAP, palette.faint)
        return line

    def _row(self, palette: Palette, widths: Sequence[int], row: TableRow, selected: bool) -> Line:
        line = Line(palette, palette.selection if selected else palette.background)
        marked = selected and self.has_focus
        line.add("▌ " if marked else "  ", palette.accent, bold=True)
        for column, cells, spans in zip(self.columns, widths, row.cells, strict=True):
            if cells:
                _add_cell(line, column, cells, spans)
        return line


def _add_cell(line: Line, column: Column, cells: int, spans: tuple[Span, ...]) -> None:
    end = line.cells + cells
    taken = sum(cell_len(text) for text, _colour in spans)
    if column.right:
        line.fill_to(end - taken)
    for text, colour in spans:
        room = end - line.cells
        line.add_within(text, room, getattr(line.palette, colour), bold=colour == "strong")
    line.fill_to(end + _GAP)
