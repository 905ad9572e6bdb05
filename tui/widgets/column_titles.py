"""The titles above the columns of the board."""

from __future__ import annotations

from textual.strip import Strip

from tui.widgets.board_rows import Columns, RowPainter
from tui.widgets.lines import Lines


class ColumnTitles(Lines):
    """One line, laid out as the rows below it."""

    DEFAULT_CSS = "ColumnTitles { height: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self.columns: Columns | None = None

    def show(self, columns: Columns) -> None:
        """Show the titles of these columns."""
        if columns != self.columns:
            self.columns = columns
            self.redraw()

    def draw(self, width: int, height: int) -> list[Strip]:
        """Draw the titles."""
        if self.columns is None:
            return []
        return [RowPainter(self.palette, self.columns).column_titles()]
