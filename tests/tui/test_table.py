"""The quiet table: how columns share the width, and a cursor that stays on its row."""

from __future__ import annotations

import pytest
from textual.app import ComposeResult

from tests.tui.forms import FormApp, screen_text
from tui.themes import Palette
from tui.widgets.table import Column, Table, TableRow, shared_widths

COLUMNS = (
    Column("name", 8, stretch=2),
    Column("count", 5, right=True),
    Column("tags", 10, stretch=1, dropped=1),
    Column("address", 20, dropped=2),
)


class TableApp(FormApp):
    """One table under the palette that it draws with."""

    def compose(self) -> ComposeResult:
        yield Table(COLUMNS)

    @property
    def palette(self) -> Palette:
        """The colours of the theme."""
        return Palette.of(self.theme_variables)

    @property
    def table(self) -> Table:
        """The table."""
        return self.query_one(Table)


def rows(*ids: int) -> list[TableRow]:
    return [
        TableRow(
            number,
            (
                (("row ", "quiet"), (str(number), "strong")),
                ((str(number), "down"),),
                (("a, b", "quiet"),),
                (),
            ),
        )
        for number in ids
    ]


@pytest.mark.parametrize(
    ("width", "cells"),
    [
        (60, [14, 5, 13, 20]),
        (51, [8, 5, 10, 20]),
        (50, [22, 5, 17, 0]),
        (28, [19, 5, 0, 0]),
        (10, [8, 5, 0, 0]),
    ],
)
def test_columns_share_the_width_and_the_least_needed_go_first(width: int, cells: list[int]) -> None:
    assert shared_widths(COLUMNS, width) == cells


async def test_rows_are_drawn_under_their_titles_numbers_flush_right() -> None:
    app = TableApp()
    async with app.run_test(size=(30, 5)) as pilot:
        app.table.show(rows(7, 8))
        await pilot.pause()
        lines = screen_text(app).splitlines()
        assert lines[0].split() == ["name", "count"]
        assert lines[1].split() == ["▌", "row", "7", "7"]
        assert lines[2].rstrip().endswith("8")
        assert lines[1].index("7", 10) == lines[0].index("count") + 4


async def test_the_cursor_stays_on_its_row_when_others_come_and_go() -> None:
    app = TableApp()
    async with app.run_test(size=(30, 8)):
        app.table.show(rows(1, 2, 3))
        app.table.move_to_id(2)
        followed = []
        for ids in ((5, 4, 2, 1), (5, 4), ()):
            app.table.show(rows(*ids))
            followed.append(app.table.row_id)
        assert followed == [2, 4, None]
        assert not app.table.move_to_id(5)


async def test_the_row_under_the_cursor_is_always_in_view() -> None:
    app = TableApp()
    async with app.run_test(size=(30, 6)) as pilot:
        app.table.show(rows(*range(1, 51)))
        for key, shown in (
            ("G", "50"),
            ("g", "1"),
            ("ctrl+d", "4"),
            ("pagedown", "8"),
            ("k", "7"),
            ("down", "8"),
        ):
            await pilot.press(key)
            await pilot.pause()
            assert app.table.row_id == int(shown)
            marked = next(line for line in screen_text(app).splitlines() if "▌" in line)
            assert marked.split()[2] == shown


async def test_nothing_is_drawn_again_when_the_rows_are_the_same() -> None:
    app = TableApp()
    async with app.run_test(size=(30, 6)) as pilot:
        app.table.show(rows(1, 2))
        before = app.table.rows
        await pilot.pause()
        app.table.show(rows(1, 2))
        assert app.table.rows is before
